//! A password as the configuration has it: a hash by Argon2 or bcrypt, with what it costs. What it may cost is bounded
//! here, as whoever asks makes the gateway pay it.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use pintle_core::config::{Diagnostic, Field, Form, Node, Read, Reader, Shape};
use std::fmt;
use std::str::FromStr;

/// RFC 9106 4 recommends 64 MiB where memory is dear; each that is hashed at a time takes so much.
const MOST_KIB: u32 = 128 * 1024;
const MOST_PASSES: u32 = 10;
const MOST_LANES: u32 = 16;
/// Each step more doubles the time; this one is about a second.
const MOST_COST: u32 = 14;
/// What bcrypt takes of a password (the rest would be cut off).
const MOST_OF_BCRYPT: usize = 72;

/// The hash of a password. It is one line of text, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    text: Box<str>,
    way: Way,
}

#[derive(Clone, PartialEq, Eq)]
enum Way {
    Argon2 { algorithm: Algorithm, version: Version, params: Params, salt: Box<[u8]>, hash: Box<[u8]> },
    Bcrypt,
}

impl PasswordHash {
    /// Whether this is the password. Takes some 10 to 1,000 ms, and up to 128 MiB: not for a worker's thread.
    pub(crate) fn verifies(&self, password: &[u8]) -> bool {
        match &self.way {
            Way::Argon2 { algorithm, version, params, salt, hash } => {
                let mut made = vec![0; hash.len()];
                let argon2 = Argon2::new(*algorithm, *version, params.clone());
                argon2.hash_password_into(password, salt, &mut made).is_ok()
                    && constant_time::verify_slices_are_equal(&made, hash).is_ok()
            }
            // What is longer would be taken for its beginning; the time is spent all the same.
            Way::Bcrypt => bcrypt::verify(password, &self.text).unwrap_or(false) && password.len() <= MOST_OF_BCRYPT,
        }
    }

    /// What it is, and differs where the hash does.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn argon2(text: &str) -> Result<Self, String> {
        let mut parts = text.strip_prefix('$').ok_or(FORM)?.split('$');
        let algorithm = parts.next().and_then(|name| Algorithm::from_str(name).ok()).ok_or(FORM)?;
        let mut next = || parts.next().ok_or(FORM);
        let (version, costs, salt, hash) = (next()?, next()?, next()?, next()?);
        let version = match version {
            "v=19" => Version::V0x13,
            "v=16" => Version::V0x10,
            _ => return Err("the version is v=19".into()),
        };
        let (mut memory, mut passes, mut lanes) = (None, None, None);
        for cost in costs.split(',') {
            let (name, value) = cost.split_once('=').ok_or(FORM)?;
            let place = match name {
                "m" => &mut memory,
                "t" => &mut passes,
                "p" => &mut lanes,
                _ => return Err(FORM.into()),
            };
            if place.replace(value.parse::<u32>().map_err(|_| FORM)?).is_some() {
                return Err(FORM.into());
            }
        }
        let (memory, passes, lanes) = (memory.ok_or(FORM)?, passes.ok_or(FORM)?, lanes.ok_or(FORM)?);
        if parts.next().is_some() {
            return Err(FORM.into());
        }
        if memory > MOST_KIB || passes > MOST_PASSES || lanes > MOST_LANES {
            return Err(format!("at most m={MOST_KIB},t={MOST_PASSES},p={MOST_LANES}: whoever asks costs that much"));
        }
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).map_err(|_| FORM);
        let (salt, hash) = (bytes(salt)?, bytes(hash)?);
        if salt.len() < argon2::MIN_SALT_LEN || hash.len() < 16 || hash.len() > 64 || salt.len() > 64 {
            return Err("salt and hash have 8 to 64 and 16 to 64 bytes".into());
        }
        let params = Params::new(memory, passes, lanes, Some(hash.len())).map_err(|_| FORM)?;
        let way = Way::Argon2 { algorithm, version, params, salt: salt.into(), hash: hash.into() };
        Ok(PasswordHash { text: text.into(), way })
    }

    fn bcrypt(text: &str) -> Result<Self, String> {
        let parts = bcrypt::HashParts::from_str(text).map_err(|_| "it begins with `$2b$`, and has 60 characters")?;
        if text.starts_with("$2x$") {
            return Err("`$2x$` marks hashes of a broken version; hash the password anew".into());
        }
        match parts.get_cost() {
            4..=MOST_COST => Ok(PasswordHash { text: text.into(), way: Way::Bcrypt }),
            _ => Err(format!("a cost from 4 to {MOST_COST}: whoever asks costs that much")),
        }
    }
}

const FORM: &str = "it looks like $argon2id$v=19$m=19456,t=2,p=1$SALT$HASH";
const EXPECTED: &str = "a password's hash as {argon2: HASH} or {bcrypt: HASH}";
const REMEDY: &str = "`pintle hash password` makes it";

impl Read for PasswordHash {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        // What stands here may be the password, so it is never shown, whatever is wrong.
        reader.diagnostics.hide(node.span());
        let Some([entry]) = node.as_map() else {
            if !node.is_broken() && !node.is_cut() {
                let found = if matches!(node.form(), Form::Scalar { .. }) { "plain text".into() } else { node.found() };
                let message = format!("expected {EXPECTED}, found {found}");
                reader.report(Diagnostic::error("plain-secret", message, node.span()).help(REMEDY));
            }
            return None;
        };
        let text = entry.value.as_text().unwrap_or_default();
        let (read, kind) = match &**entry.key {
            "argon2" => (Self::argon2(text), "Argon2"),
            "bcrypt" => (Self::bcrypt(text), "bcrypt"),
            other => {
                let message = format!("expected {EXPECTED}, found `{other}`");
                reader.report(Diagnostic::error("unknown-kind", message, &entry.key.span).help(REMEDY));
                return None;
            }
        };
        let wrong = |why: String| {
            let message = format!("this is no hash by {kind} that can be used");
            reader.report(Diagnostic::error("bad-hash", message, entry.value.span()).help(format!("{why}; {REMEDY}")));
        };
        read.map_err(wrong).ok()
    }

    fn shape() -> Shape {
        let field = |key, doc| Field { key, doc, required: false, default: None, later: false, shape: String::shape };
        Shape::Kinds {
            name: "PasswordHash",
            doc: "The hash of a password, as `pintle hash password` prints it. A password itself is refused.",
            secret: true,
            kinds: vec![
                field(
                    "argon2",
                    "By Argon2 (RFC 9106), in the form `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH`; at most 128 MiB and 10 passes.",
                ),
                field("bcrypt", "By bcrypt, in the form `$2b$COST$…`; cost 4 to 14, passwords of at most 72 bytes."),
            ],
        }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, try_read};

    #[test]
    fn both_ways_verify_what_other_programs_hashed() {
        // As the reference implementation gives it, and as the paper's own test has it.
        for (hash, password) in [
            (
                "{argon2: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$WfPnSpo5dPwz04O6R4xdhoAh3QZSqx54OncEmuENylc'}",
                "correct-horse",
            ),
            ("{bcrypt: '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'}", "U*U"),
        ] {
            let hash: PasswordHash = read(hash);
            assert!(hash.verifies(password.as_bytes()));
            assert!(!hash.verifies(b"U*V") && !hash.verifies(b""));
        }
    }

    #[test]
    fn what_would_cost_too_much_or_is_no_hash_is_refused_and_not_shown() {
        for (text, help) in [
            ("hunter2", "`pintle hash password`"),
            ("{plain: hunter2}", "`pintle hash password`"),
            ("{argon2: hunter2}", "$argon2id$"),
            ("{argon2: '$argon2id$v=19$m=1048576,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA'}", "at most m=131072"),
            ("{argon2: '$argon2id$v=19$m=1024,m=8,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA'}", "$argon2id$"),
            ("{argon2: '$argon2id$v=19$m=1024,t=2,p=1$c2Fs$AAAAAAAAAAAAAAAAAAAAAA'}", "8 to 64"),
            ("{bcrypt: hunter2}", "60 characters"),
            ("{bcrypt: '$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'}", "from 4 to 14"),
            ("{bcrypt: '$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'}", "anew"),
        ] {
            let (hash, said) = try_read::<PasswordHash>(text);
            assert!(hash.is_none() && said.len() == 1, "{text}: {said:?}");
            assert!(said[0].contains(help) && !said[0].contains("hunter2"), "{text}: {said:?}");
        }
    }
}
