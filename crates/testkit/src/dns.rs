//! A DNS server played by hand, over UDP: what it says of each name is the test's, and what it was asked is kept.
//!
//! As much of RFC 1035 as a stub resolver's questions need: one question, an answer of A or AAAA records, no compression
//! but of the question's own name. Whoever is not spoken of has no name (NXDOMAIN).

use crate::wait::within;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::UdpSocket;
use tokio::sync::watch::Sender;

const A: u16 = 1;
const AAAA: u16 = 28;
const NAME_ERROR: u8 = 3;

/// A DNS server on a port of its own, gone with its owner.
pub struct Dns {
    address: SocketAddr,
    state: Arc<Sender<State>>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    says: HashMap<String, Says>,
    asked: Vec<(String, u16)>,
    silent_on_ipv6: bool,
}

impl State {
    fn asked_for(&self, name: &str) -> usize {
        self.asked.iter().filter(|(asked, kind)| asked == name && *kind == A).count()
    }
}

#[derive(Clone)]
enum Says {
    Addresses(Vec<IpAddr>, u32),
    Code(u8),
    Silence,
}

impl Dns {
    /// Starts a server that knows no name.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port: {error}"));
        let address = socket.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let state = Arc::new(Sender::new(State::default()));
        let served = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut question = [0; 1500];
            while let Ok((length, from)) = socket.recv_from(&mut question).await {
                let mut said = None;
                served.send_modify(|state| said = answer(&question[..length], state));
                if let Some(answer) = said {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Dns { address, state, task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives a name these addresses, for so many seconds.
    pub fn says(&self, name: &str, addresses: &[&str], ttl: u32) {
        let parsed = addresses.iter().map(|text| text.parse().unwrap_or_else(|error| panic!("{text}: {error}")));
        self.set(name, Says::Addresses(parsed.collect(), ttl));
    }

    /// Answers questions for a name with a response code: 2 is SERVFAIL, 3 NXDOMAIN, 5 REFUSED.
    pub fn fails(&self, name: &str, code: u8) {
        self.set(name, Says::Code(code));
    }

    /// Does not answer questions for a name.
    pub fn is_silent_on(&self, name: &str) {
        self.set(name, Says::Silence);
    }

    /// Answers no question for IPv6 addresses, of whatever name.
    pub fn is_silent_on_ipv6(&self) {
        self.state.send_modify(|state| state.silent_on_ipv6 = true);
    }

    fn set(&self, name: &str, says: Says) {
        self.state.send_modify(|state| drop(state.says.insert(name.to_owned(), says)));
    }

    /// How often it was asked for a name's IPv4 addresses.
    pub fn asked(&self, name: &str) -> usize {
        self.state.borrow().asked_for(name)
    }

    /// Every name whose IPv4 addresses it was asked for, in order.
    pub fn names(&self) -> Vec<String> {
        self.state.borrow().asked.iter().filter(|(_, kind)| *kind == A).map(|(name, _)| name.clone()).collect()
    }

    /// Waits until it was asked for a name's IPv4 addresses so often.
    pub async fn wait_asked(&self, name: &str, times: usize) {
        let mut state = self.state.subscribe();
        let asked = state.wait_for(|state| state.asked_for(name) >= times);
        // The sender is here, so that it cannot be gone.
        drop(within(format!("{times} questions for {name}"), asked).await);
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The answer to a message with one question; none where it is none, or where silence is wanted.
fn answer(message: &[u8], state: &mut State) -> Option<Vec<u8>> {
    let (name, end) = name(message, 12)?;
    let kind = u16::from_be_bytes(message.get(end..end + 2)?.try_into().ok()?);
    state.asked.push((name.clone(), kind));
    if kind == AAAA && state.silent_on_ipv6 {
        return None;
    }
    let (code, addresses, ttl) = match state.says.get(&name).cloned() {
        Some(Says::Silence) => return None,
        Some(Says::Code(code)) => (code, Vec::new(), 0),
        Some(Says::Addresses(addresses, ttl)) => (0, addresses, ttl),
        None => (NAME_ERROR, Vec::new(), 0),
    };
    let records: Vec<Vec<u8>> = addresses.iter().filter_map(|address| record(*address, kind, ttl)).collect();
    // Its id; an answer, recursion asked for and available; one question, so many answers.
    let mut out = vec![message[0], message[1], 0x81, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0];
    out.extend_from_slice(message.get(12..end + 4)?);
    records.iter().for_each(|record| out.extend_from_slice(record));
    Some(out)
}

fn record(address: IpAddr, kind: u16, ttl: u32) -> Option<Vec<u8>> {
    let data = match (address, kind) {
        (IpAddr::V4(address), A) => address.octets().to_vec(),
        (IpAddr::V6(address), AAAA) => address.octets().to_vec(),
        _ => return None,
    };
    // The name is the question's, at offset 12.
    let mut out = vec![0xc0, 12];
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 1]);
    out.extend_from_slice(&ttl.to_be_bytes());
    out.extend_from_slice(&(data.len() as u16).to_be_bytes());
    out.extend_from_slice(&data);
    Some(out)
}

/// A name in small letters, and where it ends.
fn name(message: &[u8], mut at: usize) -> Option<(String, usize)> {
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        labels.push(String::from_utf8_lossy(message.get(at..at + length)?).to_ascii_lowercase());
        at += length;
    }
}
