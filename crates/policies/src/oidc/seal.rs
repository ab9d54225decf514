//! What a browser keeps for the gateway is sealed: it can neither be read nor changed there, nor be taken for something
//! that it was not sealed as. AES-256-GCM with a key of its own for each text, derived from `session.keys` by HKDF-SHA256
//! (RFC 5869), so that no count of texts wears a key out.
//!
//! Knows no cookie and no clock: whoever seals a time looks at it when it is open again.

use crate::digest::Digest;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Prk, Salt};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pintle_core::secret::Secret;
use std::fmt;

/// Random bytes at the beginning of each sealed text, of which its key is derived.
const SALT: usize = 24;
/// As many letters at the beginning of each sealed text: they differ from text to text.
pub(super) const SALT_LETTERS: usize = SALT / 3 * 4;
/// What AES-256-GCM adds.
const TAG: usize = 16;
/// The form of all that is sealed here; another form gets another text.
const FORM: &[u8] = b"pintle oidc 1";

/// What a text is sealed as. One is never taken for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A session.
    Session,
    /// What binds a browser's logins to it.
    Browser,
    /// The state of one login, which is bound to a browser's secret.
    State,
    /// What a browser has of a session in the store.
    Handle,
    /// A session in the store, which is bound to the browser's secret.
    Stored,
    /// A name under which the store has something: not sealed, but of the same keys.
    Name,
}

/// The keys of one client of one issuer: the first one seals, all open.
pub(super) struct Seals(Box<[Prk]>);

impl Seals {
    /// Derives them. `of` is what the sealed texts are for: of another issuer or client none opens.
    pub(super) fn new(secrets: &[Secret], of: [&str; 2]) -> Self {
        let mut salt = FORM.to_vec();
        for part in of {
            salt.extend_from_slice(&(part.len() as u64).to_be_bytes());
            salt.extend_from_slice(part.as_bytes());
        }
        let salt = Salt::new(HKDF_SHA256, &salt);
        Seals(secrets.iter().map(|secret| salt.extract(secret.expose_bytes())).collect())
    }

    /// Seals bytes; the text is of base64url's letters. `bound` is what must be given again to open it.
    pub(super) fn seal(&self, purpose: Purpose, bound: &[u8; 32], plain: &[u8]) -> String {
        let mut bytes = Vec::with_capacity(SALT + plain.len() + TAG);
        bytes.extend_from_slice(&random::<SALT>());
        bytes.extend_from_slice(plain);
        let prk = self.0.first().expect("there is a key");
        let (salt, content) = bytes.split_at_mut(SALT);
        let (key, nonce) = key(prk, purpose, bound, salt);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::empty(), content).expect("it is not too long to seal");
        bytes.extend_from_slice(tag.as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What a text of that kind, or that there is none, is called where others can read it: by each of the keys, the first one first.
    pub(super) fn names(&self, kind: &[u8], text: Option<&str>) -> impl Iterator<Item = [u8; 32]> {
        let mut whole = kind.to_vec();
        whole.push(u8::from(text.is_some()));
        whole.extend_from_slice(text.unwrap_or_default().as_bytes());
        let digest = Digest::of(&whole).bytes();
        self.0.iter().map(move |prk| {
            let mut name = [0; 32];
            let info = [&[Purpose::Name as u8][..], &digest];
            prk.expand(&info, HKDF_SHA256).and_then(|okm| okm.fill(&mut name)).expect("it is not too long to derive");
            name
        })
    }

    /// Opens what was sealed; none if it was not, by none of the keys, as something else, or was changed since.
    pub(super) fn open(&self, purpose: Purpose, bound: &[u8; 32], text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (salt, content) = bytes.split_at_checked(SALT)?;
        self.0.iter().find_map(|prk| {
            let (key, nonce) = key(prk, purpose, bound, salt);
            let mut content = content.to_vec();
            let length = key.open_in_place(nonce, Aad::empty(), &mut content).ok()?.len();
            content.truncate(length);
            Some(content)
        })
    }
}

/// As many bytes as a key and its one nonce take.
struct Length;

impl KeyType for Length {
    fn len(&self) -> usize {
        32 + 12
    }
}

/// The key of one text, and the nonce that it is used with once. All parts are of fixed length, so no two are one.
fn key(prk: &Prk, purpose: Purpose, bound: &[u8; 32], salt: &[u8]) -> (LessSafeKey, Nonce) {
    let mut bytes = [0; 32 + 12];
    let info = [&[purpose as u8][..], bound, salt];
    prk.expand(&info, Length).and_then(|okm| okm.fill(&mut bytes)).expect("it is not too long to derive");
    let key = UnboundKey::new(&AES_256_GCM, &bytes[..32]).expect("it is as long as a key");
    let nonce = Nonce::try_assume_unique_for_key(&bytes[32..]).expect("it is as long as a nonce");
    (LessSafeKey::new(key), nonce)
}

/// What is bound to nothing.
pub(super) const UNBOUND: &[u8; 32] = &[0; 32];

/// Bytes that nobody can guess.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system has randomness");
    bytes
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seals({} keys)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seals(keys: &[&str], of: [&str; 2]) -> Seals {
        let secrets: Vec<Secret> = keys.iter().map(|key| Secret::new((*key).to_owned())).collect();
        Seals::new(&secrets, of)
    }

    const ONE: &str = "a key of more than thirty-two bytes, the first";
    const TWO: &str = "a key of more than thirty-two bytes, the second";
    const OF: [&str; 2] = ["https://login.test", "web"];

    #[test]
    fn what_is_sealed_opens_with_all_that_belongs_to_it() {
        let one = seals(&[ONE], OF);
        let text = one.seal(Purpose::Session, UNBOUND, b"hello");
        assert_eq!(one.open(Purpose::Session, UNBOUND, &text).as_deref(), Some(&b"hello"[..]));
        assert_ne!(one.seal(Purpose::Session, UNBOUND, b"hello"), text, "no two are the same");
        for (seals, purpose, bound) in [
            (seals(&[TWO], OF), Purpose::Session, UNBOUND),
            (seals(&[ONE], ["https://login.test", "other"]), Purpose::Session, UNBOUND),
            (seals(&[ONE], ["https://login.testw", "eb"]), Purpose::Session, UNBOUND),
            (seals(&[ONE], OF), Purpose::State, UNBOUND),
            (seals(&[ONE], OF), Purpose::Session, &[1; 32]),
        ] {
            assert_eq!(seals.open(purpose, bound, &text), None);
        }
    }

    #[test]
    fn all_keys_open_what_the_first_one_sealed_before() {
        let text = seals(&[ONE], OF).seal(Purpose::Session, UNBOUND, b"");
        let rotated = seals(&[TWO, ONE], OF);
        assert_eq!(rotated.open(Purpose::Session, UNBOUND, &text).as_deref(), Some(&b""[..]));
        let text = rotated.seal(Purpose::Session, UNBOUND, b"new");
        assert_eq!(seals(&[ONE], OF).open(Purpose::Session, UNBOUND, &text), None);
        assert!(seals(&[TWO], OF).open(Purpose::Session, UNBOUND, &text).is_some());
    }

    #[test]
    fn no_change_of_any_letter_goes_unnoticed() {
        let one = seals(&[ONE], OF);
        let text = one.seal(Purpose::Session, UNBOUND, b"sub=alice");
        for at in 0..text.len() {
            for letter in *b"Az0_" {
                let mut changed = text.clone().into_bytes();
                if changed[at] == letter {
                    continue;
                }
                changed[at] = letter;
                let changed = String::from_utf8(changed).expect("letters");
                assert_eq!(one.open(Purpose::Session, UNBOUND, &changed), None, "{at}");
            }
        }
        for short in ["", "A", &text[..20], &text[..text.len() - 1], "%%%", &format!("{text}A")] {
            assert_eq!(one.open(Purpose::Session, UNBOUND, short), None);
        }
    }
}
