//! `volbridge.node-info.v1`: where a partner's node is and what it reads.

use super::{
    ClassRule, KindInfo,
    faults::{Faults, Form},
};
use crate::{
    error::{Code, Refusal},
    record::limits,
    wire::record::v1::NodeInfo,
};

/// The kind's name.
pub const KIND: &str = "volbridge.node-info.v1";
/// What goes for the kind as a whole.
pub const INFO: KindInfo = KindInfo::new(KIND, "NodeInfo", ClassRule::Public).for_ever();

/// Every fault of the payload.
pub fn validate(info: &NodeInfo) -> Vec<Refusal> {
    let mut faults = Faults::new();
    faults.each("endpoints", &info.endpoints, limits::NODE_LIST, |faults, endpoint| {
        faults.demand(is_endpoint(endpoint), "", Code::FieldInvalid);
    });
    faults.distinct("endpoints", &info.endpoints);
    portal(&mut faults, &info.portal);
    faults.ids_or_none("carriers", &info.carriers, 32, limits::NODE_LIST);
    faults.each("kinds", &info.kinds, limits::NODE_LIST, |faults, kind| {
        let shaped =
            (1..=limits::KIND).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_graphic());
        faults.demand(shaped, "", Code::FieldInvalid);
    });
    faults.ascending("kinds", &info.kinds);
    faults.text("software", &info.software, Form::Line, limits::LINE);
    faults.into_vec()
}

/// `https://…`; `http://localhost…` and loopback addresses too, for trying things out.
fn portal(faults: &mut Faults, portal: &str) {
    let local = ["http://localhost", "http://127.0.0.1", "http://[::1]"]
        .iter()
        .find_map(|start| portal.strip_prefix(start))
        .is_some_and(|rest| {
            let (port, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)) && path.len() <= 1
        });
    if !local {
        faults.url("portal", portal);
    }
}

/// `node.example.org:7443`, `192.0.2.1:7443`, `[2001:db8::1]:7443`
fn is_endpoint(endpoint: &str) -> bool {
    let Some((host, port)) = endpoint.rsplit_once(':') else { return false };
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.parse::<core::net::Ipv6Addr>().is_ok(),
        None => super::common::is_domain(host),
    };
    is_host && is_port(port)
}

fn is_port(port: &str) -> bool {
    !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}
