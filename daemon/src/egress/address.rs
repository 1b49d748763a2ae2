//! Kinds of IP addresses, by what a request to them would reach.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is, from most to least ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressKind {
    /// A host on the internet.
    Public,
    /// A host in a private network, a provider's shared space (100.64.0.0/10, where vendors keep
    /// their intranet endpoints) or an IPv6 unique local range.
    Private,
    /// A cloud's metadata service, which hands out credentials.
    Metadata,
    /// This machine.
    Loopback,
    /// The local link.
    LinkLocal,
    /// Several hosts at once.
    Multicast,
    /// No host: unspecified, reserved, or for documentation.
    Reserved,
}

/// How near the allowed addresses may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Neighbourhood {
    /// The internet only.
    Public,
    /// The internet and private networks.
    Private,
}

impl AddressKind {
    /// The kind of an address. An IPv6 address that stands for an IPv4 one is of that one's kind.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => match embedded_v4(address) {
                Some(inner) => of_v4(inner),
                None => of_v6(address),
            },
        }
    }

    /// Whether the neighbourhood includes such addresses.
    pub fn is_in(self, neighbourhood: Neighbourhood) -> bool {
        match self {
            Self::Public => true,
            Self::Private => neighbourhood == Neighbourhood::Private,
            _ => false,
        }
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "a literal address",
            Self::Private => "a private address",
            Self::Metadata => "a cloud's metadata service",
            Self::Loopback => "this machine itself",
            Self::LinkLocal => "a link-local address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved address",
        })
    }
}

/// Metadata services: most clouds, Alibaba Cloud, Oracle's older one.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// Amazon's metadata service on IPv6.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

fn of_v4(address: Ipv4Addr) -> AddressKind {
    let [a, b, c, _] = address.octets();
    if METADATA_V4.contains(&address) {
        AddressKind::Metadata
    } else if address.is_loopback() {
        AddressKind::Loopback
    } else if address.is_link_local() {
        AddressKind::LinkLocal
    } else if address.is_private() || (a == 100 && b & 0xc0 == 64) {
        AddressKind::Private
    } else if address.is_multicast() {
        AddressKind::Multicast
    } else if a == 0
        || a >= 240
        || address.is_documentation()
        || (a, b, c) == (192, 0, 0)
        || (a, b & 0xfe) == (198, 18)
    {
        AddressKind::Reserved
    } else {
        AddressKind::Public
    }
}

fn of_v6(address: Ipv6Addr) -> AddressKind {
    let [first, second, ..] = address.segments();
    if address == METADATA_V6 {
        AddressKind::Metadata
    } else if address.is_loopback() {
        AddressKind::Loopback
    } else if first & 0xffc0 == 0xfe80 {
        AddressKind::LinkLocal
    } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfec0 {
        AddressKind::Private
    } else if address.is_multicast() {
        AddressKind::Multicast
    } else if first & 0xe000 != 0x2000
        || (first, second) == (0x2001, 0)
        || (first, second) == (0x2001, 0xdb8)
    {
        // Outside of 2000::/3 nothing is global; 2001::/32 is Teredo, which hides another address.
        AddressKind::Reserved
    } else {
        AddressKind::Public
    }
}

/// The IPv4 address inside: mapped (`::ffff:a.b.c.d`), compatible, NAT64 (`64:ff9b::`), or
/// 6to4 (`2002:`).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] => Some(join(high, low)),
        // `::` and `::1` are IPv6's own.
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 => Some(join(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}
