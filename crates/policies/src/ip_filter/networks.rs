//! Networks, each with a verdict, made flat: ranges in order that don't overlap, of which the one that holds an address
//! is found by bisection. The longest prefix is worked out once, when they are laid flat, and not for each address.
//!
//! An address costs one step for each doubling of the ranges that begin with its first 16 bits. Of 100,000 networks there
//! are up to 200,000 ranges, at 6 bytes each for IPv4 and 18 for IPv6, and half a megabyte of index.

#[cfg(test)]
mod tests;

use pintle_core::config::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a network says of its addresses. Of two networks that are the same the later one here decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Verdict {
    /// They may come in.
    Allow,
    /// They may not.
    Deny,
}

/// Networks to look addresses up in.
#[derive(Debug, Default)]
pub(super) struct Networks {
    v4: Ranges<u32>,
    v6: Ranges<u128>,
}

impl Networks {
    /// Lays networks flat.
    pub(super) fn new(networks: &[(Network, Verdict)]) -> Self {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for &(network, verdict) in networks {
            match network.address() {
                IpAddr::V4(address) => v4.push(Rule::new(address.to_bits(), network.prefix(), verdict)),
                IpAddr::V6(address) => v6.push(Rule::new(address.to_bits(), network.prefix(), verdict)),
            }
        }
        Networks { v4: Ranges::new(v4), v6: Ranges::new(v6) }
    }

    /// The network with the longest prefix that holds an address, and what it says. IPv4 mapped into IPv6 is IPv4.
    pub(super) fn find(&self, address: IpAddr) -> Option<(Network, Verdict)> {
        let (prefix, verdict) = match address.to_canonical() {
            IpAddr::V4(address) => self.v4.find(address.to_bits()),
            IpAddr::V6(address) => self.v6.find(address.to_bits()),
        }?;
        Some((Network::new(address.to_canonical(), prefix)?, verdict))
    }

    /// The first address of each range: where any of them passes, one of these does.
    pub(super) fn starts(&self) -> impl Iterator<Item = IpAddr> {
        let v4 = self.v4.starts.iter().map(|&start| Ipv4Addr::from_bits(start).into());
        v4.chain(self.v6.starts.iter().map(|&start| Ipv6Addr::from_bits(start).into()))
    }
}

/// An address as a number.
trait Bits: Copy + Ord {
    const WIDTH: u8;

    /// The last address that has the first `prefix` bits of this one.
    fn last(self, prefix: u8) -> Self;
    /// The one after it.
    fn next(self) -> Option<Self>;
    /// Its first 16 bits.
    fn head(self) -> usize;
}

macro_rules! bits {
    ($($number:ty),+) => {$(
        impl Bits for $number {
            const WIDTH: u8 = <$number>::BITS as u8;

            fn last(self, prefix: u8) -> Self {
                self | <$number>::MAX.checked_shr(prefix.into()).unwrap_or(0)
            }

            fn next(self) -> Option<Self> {
                self.checked_add(1)
            }

            fn head(self) -> usize {
                (self >> (<$number>::BITS - 16)) as usize
            }
        }
    )+};
}
bits!(u32, u128);

/// A network, as it is laid flat.
struct Rule<T> {
    first: T,
    prefix: u8,
    mark: Mark,
}

/// What holds in a range: nothing, or a prefix and a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Mark(u16);

impl Mark {
    const NONE: Mark = Mark(0);

    fn new(prefix: u8, verdict: Verdict) -> Self {
        Mark(1 + 2 * u16::from(prefix) + u16::from(verdict == Verdict::Deny))
    }

    fn read(self) -> Option<(u8, Verdict)> {
        let number = self.0.checked_sub(1)?;
        Some(((number / 2) as u8, if number % 2 == 1 { Verdict::Deny } else { Verdict::Allow }))
    }
}

impl<T> Rule<T> {
    fn new(first: T, prefix: u8, verdict: Verdict) -> Self {
        Rule { first, prefix, mark: Mark::new(prefix, verdict) }
    }
}

/// Where ranges begin, and what holds from there on to the next one.
#[derive(Debug)]
struct Ranges<T> {
    starts: Box<[T]>,
    marks: Box<[Mark]>,
    /// For each 16 bits how many ranges begin before them, and at the end all; empty where bisection is as good.
    index: Box<[u32]>,
}

/// With so few ranges all of them lie in some lines of the cache.
const FEW: usize = 512;

impl<T> Default for Ranges<T> {
    fn default() -> Self {
        Ranges { starts: Box::default(), marks: Box::default(), index: Box::default() }
    }
}

impl<T: Bits> Ranges<T> {
    fn new(mut rules: Vec<Rule<T>>) -> Self {
        // An outer network comes before those in it; of equal ones the last stays.
        rules.sort_unstable_by_key(|rule| (rule.first, rule.prefix, rule.mark));
        let mut flat = Flat { starts: Vec::with_capacity(rules.len() * 2), marks: Vec::with_capacity(rules.len() * 2) };
        let mut open: Vec<(T, Mark)> = Vec::with_capacity(T::WIDTH.into());
        for rule in &rules {
            flat.close(&mut open, |last| last < rule.first);
            flat.begin(rule.first, rule.mark);
            open.push((rule.first.last(rule.prefix), rule.mark));
        }
        flat.close(&mut open, |_| true);
        let index = if flat.starts.len() > FEW { index(&flat.starts) } else { Box::default() };
        Ranges { starts: flat.starts.into(), marks: flat.marks.into(), index }
    }

    fn find(&self, address: T) -> Option<(u8, Verdict)> {
        let head = address.head();
        let (from, to) = match (self.index.get(head), self.index.get(head + 1)) {
            (Some(&from), Some(&to)) => (from as usize, to as usize),
            _ => (0, self.starts.len()),
        };
        let within = self.starts.get(from..to)?.partition_point(|start| *start <= address);
        self.marks.get((from + within).checked_sub(1)?)?.read()
    }
}

/// Ranges, while they are laid.
struct Flat<T> {
    starts: Vec<T>,
    marks: Vec<Mark>,
}

impl<T: Bits> Flat<T> {
    /// From here on something holds, whatever was said of the same place before.
    fn begin(&mut self, start: T, mark: Mark) {
        if self.starts.last() == Some(&start) {
            self.starts.pop();
            self.marks.pop();
        }
        if self.marks.last().copied().unwrap_or(Mark::NONE) != mark {
            self.starts.push(start);
            self.marks.push(mark);
        }
    }

    /// Ends the networks that are open and over: what is around them holds again.
    fn close(&mut self, open: &mut Vec<(T, Mark)>, is_over: impl Fn(T) -> bool) {
        while let Some((last, _)) = open.pop_if(|(last, _)| is_over(*last)) {
            let outer = open.last().map_or(Mark::NONE, |(_, mark)| *mark);
            if let Some(next) = last.next() {
                self.begin(next, outer);
            }
        }
    }
}

/// For each 16 bits how many of the ranges begin before them.
fn index<T: Bits>(starts: &[T]) -> Box<[u32]> {
    let mut index = vec![0; (1 << 16) + 1].into_boxed_slice();
    for start in starts {
        index[start.head() + 1] += 1;
    }
    for at in 1..index.len() {
        index[at] += index[at - 1];
    }
    index
}
