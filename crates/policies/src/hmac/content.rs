//! Content against its digest (RFC 9530). Knows nothing of where the content comes from.

use super::DIGEST;
use super::structured::{Bare, Item, Member, dictionary};
use aws_lc_rs::{constant_time, digest};
use pintle_core::Fields;

/// Whether content is what its digests say: each that is known, and one at least. Where the signature does not cover them
/// they say nothing.
pub(super) fn matches(covered: bool, fields: &Fields, content: &[u8]) -> Result<(), String> {
    if !covered {
        return Ok(());
    }
    let text = fields.joined(DIGEST).ok_or("there is no `content-digest`")?;
    let members = dictionary(&text).ok_or("`content-digest` is no dictionary")?;
    let mut known = 0;
    for (name, member) in &members {
        let by = match &**name {
            "sha-256" => &digest::SHA256,
            "sha-512" => &digest::SHA512,
            _ => continue,
        };
        let Member::Item(Item { value: Bare::Bytes(said), .. }) = member else {
            return Err(format!("`content-digest` has no bytes for `{name}`"));
        };
        if constant_time::verify_slices_are_equal(digest::digest(by, content).as_ref(), said).is_err() {
            return Err("the content is not what its digest says".into());
        }
        known += 1;
    }
    if known == 0 { Err("`content-digest` has neither `sha-256` nor `sha-512`".into()) } else { Ok(()) }
}
