//! The name of this process in `Via` (RFC 9110 7.6.3): random, so that it tells no host's name, and so that two gateways
//! in a row are none to each other while a request that comes back is found.

use std::fmt::Write;
use std::sync::OnceLock;

/// The pseudonym of this process: a token, the same for its whole life.
pub fn instance() -> &'static str {
    static INSTANCE: OnceLock<String> = OnceLock::new();
    INSTANCE.get_or_init(|| {
        use std::hash::{BuildHasher, RandomState};
        // The standard library's keys come from the system's random source.
        let random = [RandomState::new().hash_one(0u8), RandomState::new().hash_one(1u8)];
        let mut name = String::from("pintle-");
        for number in random {
            let _ = write!(name, "{number:016x}");
        }
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_a_token_and_stays() {
        assert_eq!(instance(), instance());
        assert_eq!(instance().len(), 7 + 32);
        assert!(instance().bytes().all(crate::fields::is_token));
    }
}
