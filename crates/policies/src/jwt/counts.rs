//! What is counted of tokens.

use pintle_core::counters::{Count, Counters, Family};
use pintle_jose::Flaw;
use std::fmt;
use std::sync::Arc;

static TOKENS: Family =
    Family::counter("pintle_jwt_tokens_total", "Tokens that `jwt` looked at, by what came of it.", &["result"]);

/// All that is counted here.
pub(crate) const FAMILIES: &[&Family] = &[&TOKENS];

/// The counters.
pub(crate) struct Counts {
    /// Taken, because it was taken before.
    pub(super) remembered: Arc<dyn Count>,
    /// Taken.
    pub(super) verified: Arc<dyn Count>,
    /// There is not one token.
    pub(super) malformed: Arc<dyn Count>,
    /// There were no keys to hold it against.
    pub(super) keyless: Arc<dyn Count>,
    untimely: Arc<dyn Count>,
    unknown_key: Arc<dyn Count>,
    forged: Arc<dyn Count>,
    of_others: Arc<dyn Count>,
}

impl Counts {
    pub(crate) fn new(counters: &dyn Counters) -> Self {
        let counter = |result| counters.counter(&TOKENS, &[result]);
        Counts {
            remembered: counter("remembered"),
            verified: counter("verified"),
            malformed: counter("malformed"),
            keyless: counter("no_keys"),
            untimely: counter("untimely"),
            unknown_key: counter("unknown_key"),
            forged: counter("bad_signature"),
            of_others: counter("not_for_us"),
        }
    }

    /// Counts one that is refused.
    pub(super) fn refused(&self, flaw: &Flaw) {
        let counter = match flaw {
            Flaw::Expired(_) | Flaw::NotYet(_) => &self.untimely,
            Flaw::UnknownKey | Flaw::KeyNotNamed => &self.unknown_key,
            Flaw::Signature | Flaw::KeyForAnother | Flaw::Unsigned | Flaw::Algorithm(_) => &self.forged,
            Flaw::Issuer | Flaw::Audience | Flaw::Type | Flaw::Missing(_) => &self.of_others,
            Flaw::TooLong
            | Flaw::Shape
            | Flaw::Encrypted
            | Flaw::Base64(_)
            | Flaw::Json(..)
            | Flaw::Header(_)
            | Flaw::UnknownAlgorithm
            | Flaw::Critical(_)
            | Flaw::Nested
            | Flaw::Claim(_) => &self.malformed,
        };
        counter.add(1);
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}
