//! Who asks: what is told of a caller in the log and kept with a change. Never holds what a caller shows, only what it is
//! called.

use serde_json::{Value, json};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

/// How much of what a caller says of itself is told.
const MOST: usize = 128;

/// Who asks, and by which call.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Where it comes from.
    pub peer: Peer,
    /// What the token is called that it showed, if it was the right one.
    pub token: Option<String>,
    /// SHA-256 of the client certificate that it proved to have.
    pub certificate: Option<String>,
    /// What it says that it is (`User-Agent`).
    pub agent: Option<String>,
    /// The call's id: its `X-Request-Id`, or one of ours.
    pub request: String,
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// By TCP.
    Tcp(SocketAddr),
    /// By a unix socket: the user and the process that connected, as the kernel says (`SO_PEERCRED`).
    Unix {
        /// The user.
        uid: Option<u32>,
        /// The process; it may have ended since.
        pid: Option<i32>,
    },
}

impl Caller {
    /// As an object, for what is kept with a change. What is not known is null.
    pub fn to_json(&self) -> Value {
        let (peer, uid, pid) = match self.peer {
            Peer::Tcp(address) => (address.to_string(), None, None),
            Peer::Unix { uid, pid } => ("unix".to_owned(), uid, pid),
        };
        json!({
            "peer": peer,
            "uid": uid,
            "pid": pid,
            "token": self.token,
            "certificate": self.certificate,
            "agent": self.agent,
            "request_id": self.request,
        })
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Peer::Tcp(address) => address.fmt(f)?,
            Peer::Unix { uid, pid } => {
                f.write_str("unix")?;
                if let Some(uid) = uid {
                    write!(f, " uid {uid}")?;
                }
                if let Some(pid) = pid {
                    write!(f, " pid {pid}")?;
                }
            }
        }
        if let Some(token) = &self.token {
            write!(f, ", token {token}")?;
        }
        if let Some(certificate) = &self.certificate {
            write!(f, ", certificate {}", certificate.get(..16).unwrap_or(certificate))?;
        }
        if let Some(agent) = &self.agent {
            write!(f, ", agent {agent}")?;
        }
        write!(f, ", request {}", self.request)
    }
}

/// What a caller says of itself, fit for a line: cut, and without what is no visible ASCII.
pub(crate) fn agent(value: &[u8]) -> Option<String> {
    let clean = |byte: &u8| if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '?' };
    let text: String = value.iter().take(MOST).map(clean).collect();
    Some(text).filter(|text| !text.is_empty())
}

/// The id of a call: the caller's own if it is one, else a new one of 32 hexadecimal digits.
pub(crate) fn request_id(value: Option<&[u8]>) -> String {
    let own = value.filter(|id| (1..=MOST).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic));
    match own {
        Some(id) => String::from_utf8_lossy(id).into_owned(),
        // The standard library's keys come from the system's random source.
        None => (0..2).map(|half| format!("{:016x}", RandomState::new().hash_one(half))).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_caller_says_breaks_no_line() {
        assert_eq!(agent(b"curl/8.5\n\x1b[31m"), Some("curl/8.5??[31m".into()));
        assert_eq!(agent(&[b'a'; 500]).map(|agent| agent.len()), Some(MOST));
        assert_eq!(agent(b""), None);
        assert_eq!(request_id(Some(b"abc-1")), "abc-1");
        for bad in [&b""[..], b"two words", &[b'a'; 129]] {
            assert_eq!(request_id(Some(bad)).len(), 32);
        }
        assert_ne!(request_id(None), request_id(None));
    }
}
