//! Who asks. The address of the connection, unless it is a proxy that the operator
//! trusts: then the last address in `X-Forwarded-For` that isn't one. Whoever else
//! sends that header is not believed (threat T68).

use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Once,
};

use axum::extract::ConnectInfo;
use http::{HeaderMap, request::Parts};

use crate::{config::GatewayConfig, guard};

const FORWARDED_FOR: &str = "x-forwarded-for";
/// Bits of an IPv6 address that tell customers apart; the rest is theirs to choose.
const CUSTOMER_BITS: u8 = 64;

/// Who is counted together: an IPv4 address, or the /64 of an IPv6 one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address(IpAddr);

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let mask = !(u128::MAX >> CUSTOMER_BITS);
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
            }
        })
    }
}

/// Networks whose word about the asker's address is taken: address and length of its prefix.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(pub Vec<(IpAddr, u8)>);

impl TrustedProxies {
    fn include(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|(network, bits)| in_network(address, network.to_canonical(), *bits))
    }
}

fn in_network(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let same = |one: u128, other: u128, width: u32| {
        let kept = u32::from(bits).min(width);
        // A shift by the whole width would overflow: no bit is compared then.
        kept == 0 || (one ^ other) >> (width - kept) == 0
    };
    match (address, network) {
        (IpAddr::V4(one), IpAddr::V4(other)) => same(one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
        _ => false,
    }
}

/// Whom a request counts for. `None`: a browser on this machine, or no connection at all.
pub fn asker(parts: &Parts, config: &GatewayConfig) -> Option<Address> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    if guard::comes_from_this_machine(parts) {
        return None;
    }
    let proxies = &config.limits.trusted_proxies;
    if !proxies.include(peer.ip()) {
        if parts.headers.contains_key(FORWARDED_FOR) {
            say_once(peer.ip());
        }
        return Some(peer.ip().into());
    }
    Some(forwarded(&parts.headers, proxies).unwrap_or_else(|| peer.ip()).into())
}

/// An operator who forgot the proxy would see its readers refused, and not why.
fn say_once(peer: IpAddr) {
    static SAID: Once = Once::new();
    SAID.call_once(|| {
        tracing::warn!(
            %peer,
            "requests come with X-Forwarded-For through an address that isn't in gateway.trusted_proxies: they count as one reader"
        );
    });
}

/// From the right: each proxy adds at the end whom it heard, so what stands left of
/// a stranger is the stranger's own word.
fn forwarded(headers: &HeaderMap, proxies: &TrustedProxies) -> Option<IpAddr> {
    let lines: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut heard = None;
    for text in lines.iter().rev().flat_map(|line| line.rsplit(',')) {
        let address = plain(text.trim())?;
        heard = Some(address);
        if !proxies.include(address) {
            break;
        }
    }
    heard
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn plain(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;
    use crate::config::Clock;

    fn config(trusted: &[(&str, u8)]) -> GatewayConfig {
        let mut config = GatewayConfig::new("https://portal.example", Clock::new(|| 0));
        config.limits.trusted_proxies =
            TrustedProxies(trusted.iter().map(|(address, bits)| (address.parse().unwrap(), *bits)).collect());
        config
    }

    fn who(peer: &str, forwarded: &[&str], config: &GatewayConfig) -> Option<Address> {
        let mut request = Request::get("/").header("host", "portal.example");
        for line in forwarded {
            request = request.header(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
        asker(&parts, config)
    }

    fn is(address: &str) -> Option<Address> {
        Some(Address(address.parse().unwrap()))
    }

    #[test]
    fn t68_a_header_of_a_stranger_changes_nothing() {
        for trusted in [&[][..], &[("10.0.0.1", 32)], &[("127.0.0.0", 8)]] {
            let config = config(trusted);
            for line in ["192.0.2.9", "127.0.0.1", "10.0.0.1, 192.0.2.9", "nonsense"] {
                assert_eq!(who("203.0.113.5", &[line], &config), is("203.0.113.5"), "{line}");
            }
        }
        assert_eq!(who("127.0.0.1", &["192.0.2.9"], &config(&[])), is("127.0.0.1"), "a proxy nobody named");
    }

    #[test]
    fn t68_of_a_trusted_proxys_header_the_last_stranger_counts() {
        let config = config(&[("127.0.0.1", 32), ("10.0.0.0", 8), ("2001:db8:1::", 48)]);
        for (lines, expected) in [
            (&["192.0.2.9"][..], "192.0.2.9"),
            (&["198.51.100.1, 192.0.2.9"], "192.0.2.9"),
            (&["198.51.100.1", "192.0.2.9, 10.1.1.1"], "192.0.2.9"),
            (&["192.0.2.9:5000, 10.1.1.1, 2001:db8:1::7"], "192.0.2.9"),
            (&["[2001:db8:2::9]:5000"], "2001:db8:2::"),
            (&["10.1.1.1"], "10.1.1.1"),
            (&["unknown"], "127.0.0.1"),
            (&[], "127.0.0.1"),
        ] {
            assert_eq!(who("127.0.0.1", lines, &config), is(expected), "{lines:?}");
        }
    }

    #[test]
    fn one_customer_of_ipv6_is_one_asker() {
        let config = config(&[]);
        assert_eq!(who("2001:db8:5:6:aaaa::1", &[], &config), is("2001:db8:5:6::"));
        assert_eq!(who("2001:db8:5:6:bbbb::2", &[], &config), is("2001:db8:5:6::"));
        assert_eq!(who("2001:db8:5:7::1", &[], &config), is("2001:db8:5:7::"));
        assert_eq!(who("::ffff:192.0.2.9", &[], &config), is("192.0.2.9"), "IPv4 on an IPv6 socket");
    }
}
