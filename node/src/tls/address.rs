//! Where a partner's node is: `host:port`, and which addresses may be called (threats.md T23).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// A name, an IPv4 address, or an IPv6 address in brackets, and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPort {
    host: String,
    port: u16,
}

/// Not `host:port`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not host:port")]
pub struct NotHostPort;

impl HostPort {
    /// The host, without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for HostPort {
    type Err = NotHostPort;

    fn from_str(text: &str) -> Result<Self, NotHostPort> {
        let (host, port) = text.rsplit_once(':').ok_or(NotHostPort)?;
        let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) => v6.parse::<Ipv6Addr>().is_ok(),
            None => {
                (1..=253).contains(&host.len())
                    && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'))
            }
        };
        // `+1` and `0443` are numbers, too; a place is written in one way.
        let prints_back = |number: &u16| *number > 0 && number.to_string() == port;
        let port = port.parse().ok().filter(prints_back).ok_or(NotHostPort)?;
        if is_host { Ok(Self { host: host.to_ascii_lowercase(), port }) } else { Err(NotHostPort) }
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Is it an address of the public internet? Those of this machine, of private networks and of cloud metadata are not,
/// in none of the forms in which they can be written.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match a {
        0 | 240..=255 => true,
        100 => (64..128).contains(&b),
        192 => (b, c) == (0, 0) || (b, c) == (88, 99),
        198 => b == 18 || b == 19,
        _ => false,
    };
    !(special
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    match parts {
        // ::ffff:a.b.c.d, and 64:ff9b::a.b.c.d behind a NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // 6to4
        [0x2002, high, low, ..] => v4(high, low),
        // Documentation, Teredo, benchmarks, and other special uses.
        [0x2001, 0xdb8 | 0..=0x1ff, ..] => false,
        // All that has been given out for the public.
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_a_host_and_a_port_and_nothing_else() {
        for good in ["node.example.org:7443", "10.0.0.1:1", "[2001:db8::1]:443"] {
            assert_eq!(good.parse::<HostPort>().unwrap().to_string(), good);
        }
        let v6: HostPort = "[2001:db8::1]:443".parse().unwrap();
        assert_eq!((v6.host(), v6.port()), ("2001:db8::1", 443));
        for bad in [
            "",
            "host",
            "host:",
            ":1",
            "h:0",
            "h:99999",
            "http://h:1",
            "a b:1",
            "[::g]:1",
            "::1:80",
            "h:+1",
            "h:0443",
            "h:00",
            "[2001:db8::1]:0443",
            "u@h:1",
            "unix:/s:1",
            "h/p:1",
            "h%2e:1",
        ] {
            assert_eq!(bad.parse::<HostPort>(), Err(NotHostPort), "{bad}");
        }
    }

    #[test]
    fn t23_addresses_inside_networks_are_not_public() {
        for inside in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "192.0.0.192",
            "198.18.0.1",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
            "fd00:ec2::254",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for public in [
            "8.8.8.8",
            "203.0.114.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }
}
