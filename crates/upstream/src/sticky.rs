//! Stickiness: a cookie that says which endpoint a client is to go to. It holds a hash of the endpoint's address, salted with
//! the upstream's name, so every replica of the gateway reads it and the address does not stand in it.

use crate::settings::StickyConfig;
use pintle_core::{Fields, names};
use std::fmt::Write;
use std::hash::BuildHasher;
use std::time::Duration;

/// How an upstream's cookie is read and written.
#[derive(Debug)]
pub(crate) struct Sticky {
    cookie: Box<str>,
    ttl: Option<Duration>,
    salt: u64,
}

impl Sticky {
    pub(crate) fn new(config: &StickyConfig, upstream: &str) -> Self {
        let salt = foldhash::quality::FixedState::default().hash_one(upstream);
        Sticky { cookie: config.cookie.0.as_str().into(), ttl: config.ttl, salt }
    }

    /// The mark of the endpoint that the client was sent to before.
    pub(crate) fn read(&self, fields: &Fields) -> Option<u64> {
        let (_, value) = fields.cookies().find(|(name, _)| *name == self.cookie.as_bytes())?;
        let value = std::str::from_utf8(value).ok()?;
        (value.len() == 16).then(|| u64::from_str_radix(value, 16).ok()).flatten().map(|held| held ^ self.salt)
    }

    /// Tells the client to come back to the endpoint with that mark.
    pub(crate) fn write(&self, mark: u64, secure: bool, fields: &mut Fields) {
        let mut cookie = format!("{}={:016x}; Path=/; HttpOnly; SameSite=Lax", self.cookie, mark ^ self.salt);
        if let Some(ttl) = self.ttl {
            let _ = write!(cookie, "; Max-Age={}", ttl.as_secs());
        }
        if secure {
            cookie.push_str("; Secure");
        }
        fields.append(names::SET_COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let config = crate::testing::read("{cookie: shop, ttl: 1h}");
        let sticky = Sticky::new(&config, "orders");
        let mut answer = Fields::new();
        sticky.write(7, true, &mut answer);
        let cookie = answer.get_str(names::SET_COOKIE).expect("a cookie").to_owned();
        let (pair, rest) = cookie.split_once("; ").expect("attributes");
        assert_eq!(rest, "Path=/; HttpOnly; SameSite=Lax; Max-Age=3600; Secure");
        let mut request = Fields::new();
        request.append(names::COOKIE, format!("other=1; {pair}; shop=second"));
        assert_eq!(sticky.read(&request), Some(7));
        assert_ne!(Sticky::new(&config, "users").read(&request), Some(7), "each upstream has its own");
        for wrong in ["shop=", "shop=7", "shop=zzzzzzzzzzzzzzzz", "shop", "xshop=0000000000000007", ""] {
            let mut request = Fields::new();
            request.append(names::COOKIE, wrong);
            assert_eq!(sticky.read(&request), None, "{wrong}");
        }
    }
}
