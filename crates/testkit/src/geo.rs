//! Files in MaxMind's format (MaxMind DB 2.0), of a test's own networks.

use std::net::IpAddr;

/// What is known of a network.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Its country, by two letters.
    Country(&'static str),
    /// Its number.
    Asn(u32),
}

/// A file that knows these networks, none of which lies in another.
pub fn geo_file(networks: &[(&str, Place)]) -> Vec<u8> {
    let (mut tree, mut data) = (Tree(vec![[Child::Nothing; 2]]), Vec::new());
    for (network, place) in networks {
        let at = data.len();
        match place {
            Place::Country(code) => {
                map(1, &mut data);
                text("country", &mut data);
                map(1, &mut data);
                text("iso_code", &mut data);
                text(code, &mut data);
            }
            Place::Asn(number) => {
                map(1, &mut data);
                text("autonomous_system_number", &mut data);
                whole(6, *number, &mut data);
            }
        }
        tree.insert(network, at);
    }
    let nodes = tree.0.len() as u32;
    let mut file = Vec::new();
    for child in tree.0.iter().flatten() {
        let record = match child {
            Child::Nothing => nodes,
            Child::Node(node) => *node as u32,
            // 16 bytes of nothing stand between the tree and the data.
            Child::Data(at) => nodes + 16 + *at as u32,
        };
        file.extend(&record.to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.append(&mut data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    map(9, &mut file);
    for (key, kind, number) in [
        ("node_count", 6, nodes),
        ("record_size", 5, 24),
        ("ip_version", 5, 6),
        ("binary_format_major_version", 5, 2),
        ("binary_format_minor_version", 5, 0),
        ("build_epoch", 9, 1_700_000_000),
    ] {
        text(key, &mut file);
        whole(kind, number, &mut file);
    }
    text("database_type", &mut file);
    text("Pintle-Test", &mut file);
    text("languages", &mut file);
    file.extend([0, 4]);
    text("description", &mut file);
    map(0, &mut file);
    file
}

#[derive(Clone, Copy)]
enum Child {
    Nothing,
    Node(usize),
    Data(usize),
}

/// The nodes, each with what follows a 0 and what follows a 1. IPv4 is what begins with 96 zeros.
struct Tree(Vec<[Child; 2]>);

impl Tree {
    fn insert(&mut self, network: &str, data: usize) {
        let (address, prefix) = network.split_once('/').expect("a network with its prefix");
        let prefix: u32 = prefix.parse().expect("a prefix");
        let (bits, prefix) = match address.parse().expect("an address") {
            IpAddr::V4(address) => (u128::from(address.to_bits()), prefix + 96),
            IpAddr::V6(address) => (address.to_bits(), prefix),
        };
        let mut node = 0;
        for depth in 0..prefix {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == prefix {
                self.0[node][side] = Child::Data(data);
                break;
            }
            node = match self.0[node][side] {
                Child::Node(next) => next,
                _ => {
                    self.0.push([Child::Nothing; 2]);
                    self.0[node][side] = Child::Node(self.0.len() - 1);
                    self.0.len() - 1
                }
            };
        }
    }
}

fn map(entries: u8, out: &mut Vec<u8>) {
    out.push(7 << 5 | entries);
}

fn text(text: &str, out: &mut Vec<u8>) {
    assert!(text.len() < 29, "a longer one has another form");
    out.push(2 << 5 | text.len() as u8);
    out.extend(text.as_bytes());
}

/// A number of a type, without the zeros before it. Types past 7 stand in a byte of their own.
fn whole(kind: u8, number: u32, out: &mut Vec<u8>) {
    let bytes = number.to_be_bytes();
    let digits = &bytes[number.leading_zeros() as usize / 8..];
    match kind {
        0..=7 => out.push(kind << 5 | digits.len() as u8),
        _ => out.extend([digits.len() as u8, kind - 7]),
    }
    out.extend(digits);
}
