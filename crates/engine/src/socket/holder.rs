//! Who listens on an address already: found in Linux's `/proc`, so that a conflict can be told from our own sockets, and
//! the program that holds it can be named.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

/// Who stands in the way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Holder {
    /// This process.
    Ourselves,
    /// Another one, by name and process id where that can be seen.
    Other(Option<String>),
}

/// Finds who listens where `wanted` could not be bound.
pub(super) fn of(wanted: SocketAddr) -> Holder {
    let inodes: Vec<u64> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok())
        .flat_map(|table| listeners(&table))
        .filter(|(address, _)| overlap(*address, wanted))
        .map(|(_, inode)| inode)
        .collect();
    let ours = sockets_of(Path::new("/proc/self"));
    match inodes.iter().find(|inode| !ours.contains(inode)) {
        None if !inodes.is_empty() => Holder::Ourselves,
        None => Holder::Other(None),
        Some(&inode) => Holder::Other(program(inode)),
    }
}

/// The listening sockets of a table in the form of `/proc/net/tcp`, with their inodes.
fn listeners(table: &str) -> Vec<(SocketAddr, u64)> {
    const LISTEN: &str = "0A";
    let entry = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let local = words.nth(1)?;
        let state = words.nth(1)?;
        let inode = words.nth(5)?.parse().ok()?;
        (state == LISTEN).then_some((address(local)?, inode))
    };
    table.lines().skip(1).filter_map(entry).collect()
}

/// `0100007F:1F90` is 127.0.0.1:8080: words of 32 bits in the machine's order, here in hexadecimal.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let words = ip.as_bytes().chunks(8).map(|word| {
        let word = std::str::from_utf8(word).ok()?;
        u32::from_str_radix(word, 16).ok().map(u32::to_ne_bytes)
    });
    let bytes = words.collect::<Option<Vec<_>>>()?.concat();
    let ip = match bytes.len() {
        4 => IpAddr::from(Ipv4Addr::from_octets(bytes.try_into().ok()?)),
        _ => IpAddr::from(Ipv6Addr::from_octets(bytes.try_into().ok()?)),
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// Whether a socket that listens at `there` can stand in the way of `wanted`. Other programs' `[::]` may take IPv4 too.
fn overlap(there: SocketAddr, wanted: SocketAddr) -> bool {
    let (ip, asked) = (there.ip().to_canonical(), wanted.ip());
    let same_family = ip.is_ipv4() == asked.is_ipv4();
    there.port() == wanted.port()
        && match same_family {
            true => ip == asked || ip.is_unspecified() || asked.is_unspecified(),
            false => ip.is_ipv6() && ip.is_unspecified(),
        }
}

/// The inodes of the sockets that a process has open.
fn sockets_of(process: &Path) -> HashSet<u64> {
    let Ok(descriptors) = fs::read_dir(process.join("fd")) else { return HashSet::new() };
    let inode = |entry: fs::DirEntry| {
        let target = fs::read_link(entry.path()).ok()?;
        target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
    };
    descriptors.flatten().filter_map(inode).collect()
}

/// The program that holds a socket, as far as our rights let us see.
fn program(inode: u64) -> Option<String> {
    let processes = fs::read_dir("/proc").ok()?;
    let holder = processes.flatten().find(|process| sockets_of(&process.path()).contains(&inode))?;
    let name = fs::read_to_string(holder.path().join("comm")).ok()?;
    Some(format!("{} (process {})", name.trim_end(), holder.file_name().to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listening_sockets_are_read_from_the_kernels_table() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
            0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100 0 0 10 0\n\
            1: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 4712 1 0 20 4 30 10 -1\n";
        let expected = if cfg!(target_endian = "little") { "127.0.0.1:8080" } else { "1.0.0.127:8080" };
        assert_eq!(listeners(table), [(expected.parse().unwrap(), 4711)]);
    }

    #[test]
    fn wildcards_stand_in_the_way() {
        let meet = |there: &str, wanted: &str| overlap(there.parse().unwrap(), wanted.parse().unwrap());
        assert!(meet("0.0.0.0:80", "127.0.0.2:80"));
        assert!(meet("127.0.0.2:80", "0.0.0.0:80"));
        assert!(meet("[::]:80", "127.0.0.1:80"));
        assert!(meet("[::ffff:127.0.0.1]:80", "127.0.0.1:80"));
        assert!(!meet("0.0.0.0:80", "[::]:80"));
        assert!(!meet("127.0.0.1:80", "127.0.0.2:80"));
        assert!(!meet("127.0.0.1:80", "127.0.0.1:81"));
    }
}
