//! What an issuer gives for a code or for a refresh token, and what it says where it gives nothing (RFC 6749 4.1.3, 5, 6).

use super::form;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pintle_core::json::{Limits, Object};
use pintle_core::secret::Secret;
use pintle_core::{Fields, StatusCode, names};

/// How much an answer may hold.
pub(super) const MOST: usize = 64 * 1024;
const LIMITS: Limits = Limits { bytes: MOST, depth: 16 };

/// What was given.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) id_token: Option<String>,
    pub(super) access: Option<Secret>,
    pub(super) refresh: Option<Secret>,
    /// For how many seconds the access token holds.
    pub(super) seconds: Option<u64>,
}

/// Why nothing was given.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// What was given in is not good, or not any more.
    Grant(String),
    /// The issuer cannot be asked, does not know this client, or says what makes no sense. For the operator.
    Failed(String),
}

impl Granted {
    /// Reads an answer.
    pub(super) fn read(status: StatusCode, content: &[u8]) -> Result<Self, Denied> {
        let answer = Object::parse(content, LIMITS);
        if !status.is_success() {
            let error = answer.ok().and_then(|answer| answer.text("error").map(word)).unwrap_or_default();
            let said = format!("the issuer answered {} {error}", status.as_u16());
            return Err(match (status.as_u16(), &*error) {
                (400..500, "invalid_grant") => Denied::Grant(said),
                _ => Denied::Failed(said),
            });
        }
        let answer = answer.map_err(|fault| Denied::Failed(format!("the issuer's answer is not read: {fault}")))?;
        let text = |name| answer.text(name).filter(|text| !text.is_empty());
        if !text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
            return Err(Denied::Failed("the issuer gave a token that is none for bearers".into()));
        }
        let secret = |name| text(name).map(|text| Secret::new(text.to_owned()));
        // Some say it as a text.
        let seconds = answer.number("expires_in").or_else(|| answer.text("expires_in"));
        Ok(Granted {
            id_token: text("id_token").map(str::to_owned),
            access: secret("access_token"),
            refresh: secret("refresh_token"),
            seconds: seconds.and_then(|seconds| seconds.parse().ok()),
        })
    }
}

/// An error's word as it may stand in a log: what an issuer, or whoever passes for it, writes beyond that is left out.
pub(super) fn word(text: &str) -> String {
    let is_word = |letter: &char| letter.is_ascii_lowercase() || matches!(letter, '_' | '0'..='9');
    text.chars().filter(is_word).take(40).collect()
}

/// What the client gives in, in the form of its issuer: content and fields.
pub(super) fn request(pairs: &[(&str, &str)], client: &str, secret: Option<&Secret>, basic: bool) -> (String, Fields) {
    let mut content = String::new();
    for (name, value) in pairs {
        form::append(&mut content, name, value);
    }
    let mut fields = Fields::new();
    fields.append(names::CONTENT_TYPE, "application/x-www-form-urlencoded");
    fields.append(names::ACCEPT, "application/json");
    match secret.and_then(Secret::expose_text) {
        Some(secret) if basic => {
            // Both are in the letters of a form before they are joined (RFC 6749 2.3.1).
            let mut both = String::new();
            form::encode(&mut both, client);
            both.push(':');
            form::encode(&mut both, secret);
            fields.append(names::AUTHORIZATION, format!("Basic {}", STANDARD.encode(both)));
        }
        Some(secret) => {
            form::append(&mut content, "client_id", client);
            form::append(&mut content, "client_secret", secret);
        }
        None => form::append(&mut content, "client_id", client),
    }
    (content, fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, content: &str) -> Result<Granted, Denied> {
        Granted::read(StatusCode::from_u16(status).expect("a status"), content.as_bytes())
    }

    #[test]
    fn what_is_given_is_taken() {
        let text = r#"{"access_token": "a", "token_type": "bearer", "expires_in": 300, "refresh_token": "r", "id_token": "i"}"#;
        let granted = read(200, text).expect("it is whole");
        assert_eq!((granted.id_token.as_deref(), granted.seconds), (Some("i"), Some(300)));
        assert!(granted.access.expect("one").equals(b"a") && granted.refresh.expect("one").equals(b"r"));
        let granted = read(200, r#"{"token_type": "Bearer", "expires_in": "60", "refresh_token": ""}"#).expect("it is whole");
        assert!(granted.refresh.is_none() && granted.seconds == Some(60));
    }

    #[test]
    fn who_is_to_blame_is_told_apart() {
        let denied = |status, text| read(status, text).expect_err("nothing is given");
        assert_eq!(denied(400, r#"{"error": "invalid_grant"}"#), Denied::Grant("the issuer answered 400 invalid_grant".into()));
        for (status, text) in [
            (401, r#"{"error": "invalid_client"}"#),
            (500, r#"{"error": "invalid_grant"}"#),
            (200, "<html>"),
            (200, r#"{"token_type": "DPoP", "access_token": "a"}"#),
            (200, r#"{"token_type": "Bearer", "token_type": "Bearer"}"#),
            (302, ""),
        ] {
            assert!(matches!(denied(status, text), Denied::Failed(_)), "{status} {text}");
        }
        assert_eq!(word("a\r\nB<c>_1"), "ac_1");
    }

    #[test]
    fn the_secret_goes_as_the_issuer_takes_it() {
        let secret = Secret::new("s:e c".into());
        let (content, fields) = request(&[("grant_type", "x")], "a b", Some(&secret), true);
        assert_eq!(content, "grant_type=x");
        let value = STANDARD.encode("a+b:s%3Ae+c");
        assert_eq!(fields.get_str(names::AUTHORIZATION), Some(&*format!("Basic {value}")));
        let (content, fields) = request(&[("grant_type", "x")], "a b", Some(&secret), false);
        assert_eq!(content, "grant_type=x&client_id=a+b&client_secret=s%3Ae+c");
        assert!(!fields.contains(names::AUTHORIZATION));
        assert_eq!(request(&[], "c", None, true).0, "client_id=c");
    }
}
