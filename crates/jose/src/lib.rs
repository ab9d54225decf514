//! Signed tokens: JWS (RFC 7515), keys (RFC 7517, 7518, 8037), JWT (RFC 7519) and its best practice (RFC 8725). Useful
//! alone: knows no request, no clock and no network; the time is handed in.
//!
//! A token goes through in three steps, each of which can end it: [`Compact::read`] takes it apart and believes nothing,
//! [`Compact::verified`] holds its signature against a [`KeySet`], and [`Rules::check`] asks whether what it says holds
//! here and now. Which algorithm counts is the key's to say: a token's `alg` is compared with it and decides nothing.
//! What a header says of where keys are (`jku`, `x5u`, `jwk`, `x5c`, `x5t`) is read by nobody: keys come from the
//! configuration (RFC 8725 3.10). Such members are no error, because issuers send them as a matter of course.
#![forbid(unsafe_code)]

mod algorithm;
mod base64url;
mod compact;
mod flaw;
mod jwk;
mod key;
mod pem;
mod rules;

pub use algorithm::{Algorithm, Algorithms};
pub use base64url::decode as decode_base64url;
pub use compact::{Compact, Header, LONGEST};
pub use flaw::{Flaw, Part};
pub use jwk::{KeySetFault, Skipped};
pub use key::{Key, KeyFault, KeySet};
pub use rules::{Audience, Rules, Types};
