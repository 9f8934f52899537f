//! Where the demonstration's three partners live: folders and ports. Ports stay the
//! same from one start to the next as long as nobody else has taken them.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use volbridge_proto::PartnerId;

use super::content::PartnerContent;

/// One partner's node.
#[derive(Clone, Debug)]
pub struct Site {
    /// "bvf", "unv", "avi".
    pub key: &'static str,
    /// Folder of its configuration; the data folder is `data` in it.
    pub dir: PathBuf,
    pub ports: Ports,
}

/// Where a node listens on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub portal: u16,
    pub api: u16,
    pub exchange: u16,
}

impl Site {
    /// "BVF"
    pub fn short(&self) -> String {
        self.key.to_uppercase()
    }

    pub fn portal(&self) -> String {
        format!("http://localhost:{}", self.ports.portal)
    }

    pub fn api(&self) -> String {
        format!("127.0.0.1:{}", self.ports.api)
    }

    pub fn exchange(&self) -> String {
        format!("127.0.0.1:{}", self.ports.exchange)
    }

    pub fn config(&self) -> PathBuf {
        self.dir.join("volbridge.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("node.log")
    }
}

/// The three sites: portals from `first` on, the other ports as they were, or free ones.
pub fn sites(
    dir: &Path,
    first: u16,
    partners: &[PartnerContent],
    known: &[(String, Ports)],
) -> io::Result<Vec<Site>> {
    let mut taken = Vec::new();
    let mut sites = Vec::new();
    for (nth, partner) in partners.iter().enumerate() {
        let before = known.iter().find(|(key, _)| key == partner.key).map(|(_, ports)| *ports);
        let wanted = first.saturating_add(u16::try_from(nth).unwrap_or(u16::MAX));
        let ports = Ports {
            portal: next_free(wanted, &mut taken)?,
            api: again_or_any(before.map(|ports| ports.api), &mut taken)?,
            exchange: again_or_any(before.map(|ports| ports.exchange), &mut taken)?,
        };
        sites.push(Site { key: partner.key, dir: dir.join(partner.key), ports });
    }
    Ok(sites)
}

/// The first free port from `wanted` on.
fn next_free(wanted: u16, taken: &mut Vec<u16>) -> io::Result<u16> {
    let free = (wanted.max(1)..=u16::MAX).find(|port| !taken.contains(port) && is_free(*port));
    let port = free.ok_or_else(|| io::Error::new(io::ErrorKind::AddrInUse, "no free port"))?;
    taken.push(port);
    Ok(port)
}

fn again_or_any(before: Option<u16>, taken: &mut Vec<u16>) -> io::Result<u16> {
    if let Some(port) = before.filter(|port| !taken.contains(port) && is_free(*port)) {
        taken.push(port);
        return Ok(port);
    }
    for _ in 0..64 {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        if !taken.contains(&port) {
            taken.push(port);
            return Ok(port);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free port"))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

/// A site's configuration: what differs from the defaults.
pub fn configuration(site: &Site, name: &str, carrier: Option<PartnerId>) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let name = text(name);
    let data = text(&site.data().display().to_string());
    let (api, exchange, portal) = (text(&site.api()), text(&site.exchange()), text(&site.portal()));
    let carriers = carrier.map(|id| text(&id.to_string())).unwrap_or_default();
    let gateway = text(&format!("127.0.0.1:{}", site.ports.portal));
    format!(
        "# Demonstration data: written at each start of `volbridge demo`.\n\n[node]\nname = {name}\ndata_dir = {data}\n\
         demo = true\n\n[api]\nlisten = {api}\n\n[exchange]\nlisten = {exchange}\nendpoints = [{exchange}]\n\
         allow_private_addresses = true\ncarriers = [{carriers}]\n\n[log]\nreceipt_interval_seconds = 0\n\n[gateway]\nlisten = {gateway}\npublic_url = {portal}\n"
    )
}

/// Writes a file whole or not at all.
pub fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let part = path.with_extension("new");
    fs::write(&part, text)?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_passed_over_and_a_known_one_kept() {
        let holder = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken_port = holder.local_addr().unwrap().port();
        let mut taken = Vec::new();
        assert!(next_free(taken_port, &mut taken).unwrap() > taken_port);
        let free = again_or_any(None, &mut taken).unwrap();
        assert_eq!(again_or_any(Some(free), &mut Vec::new()).unwrap(), free);
        assert_ne!(again_or_any(Some(free), &mut taken).unwrap(), free);
        assert_ne!(again_or_any(Some(taken_port), &mut taken).unwrap(), taken_port);
    }

    #[test]
    fn the_written_configuration_is_accepted() {
        let folder = tempfile::tempdir().unwrap();
        let ports = Ports { portal: 8080, api: 7400, exchange: 7443 };
        let site = Site { key: "bvf", dir: folder.path().join("a \"b\""), ports };
        fs::create_dir_all(&site.dir).unwrap();
        fs::write(site.config(), configuration(&site, "北京 \"x\"", None)).unwrap();
        let sources = volbridge_node::config::Sources { file: Some(site.config()), ..Default::default() };
        let config = volbridge_node::config::Config::load(&sources).unwrap();
        assert!(config.node.demo && config.exchange.allow_private_addresses);
        assert_eq!(config.node.data_dir, site.data());
    }
}
