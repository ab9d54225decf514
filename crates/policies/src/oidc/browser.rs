//! What binds the logins of one browser to it, so that nobody can have another's browser log in as somebody else. A browser has
//! one secret in a cookie for all logins that it has begun (several tabs); each login has a state, sealed with that secret,
//! and both of PKCE's verifier (RFC 7636) and the ID token's nonce come of secret and state. So the gateway remembers
//! nothing of a login until it is done, however many are begun.

use super::seal::{Purpose, Seals, UNBOUND, random};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How many logins that were ended are remembered in the browser's cookie, so that going back in its history asks the issuer
/// nothing twice.
const ENDED: usize = 8;
/// The longest page to come back to; beyond it is the root.
const LONGEST_PAGE: usize = 1_500;

/// A login's number: random.
pub(super) type Number = [u8; 12];

/// What one browser's logins have in common.
pub(super) struct Browser {
    secret: [u8; 32],
    /// When its last login began, in seconds since 1970.
    began: u64,
    ended: Vec<Number>,
}

/// One login.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Login {
    number: Number,
    /// When it began, in seconds since 1970.
    pub(super) began: u64,
    /// Path and query of the page that was asked for.
    pub(super) page: String,
}

impl Browser {
    /// One that no login was begun in.
    pub(super) fn new() -> Self {
        Browser { secret: random(), began: 0, ended: Vec::new() }
    }

    /// The one that a cookie is of; none where it is none of ours, or its last login began before `since`.
    pub(super) fn open(seals: &Seals, cookie: &str, since: u64) -> Option<Self> {
        let bytes = seals.open(Purpose::Browser, UNBOUND, cookie)?;
        let (secret, rest) = bytes.split_first_chunk()?;
        let (began, rest) = rest.split_first_chunk()?;
        let (ended, []) = rest.as_chunks() else { return None };
        let began = u64::from_be_bytes(*began);
        (began >= since).then(|| Browser { secret: *secret, began, ended: ended.to_vec() })
    }

    /// The cookie's value.
    pub(super) fn seal(&self, seals: &Seals) -> String {
        let mut bytes = self.secret.to_vec();
        bytes.extend_from_slice(&self.began.to_be_bytes());
        bytes.extend_from_slice(self.ended.as_flattened());
        seals.seal(Purpose::Browser, UNBOUND, &bytes)
    }

    /// Begins a login that comes back to a page of this host.
    pub(super) fn begin(&mut self, page: &str, now: u64) -> Login {
        self.began = self.began.max(now);
        let fits = page.len() <= LONGEST_PAGE && is_own_page(page);
        Login { number: random(), began: now, page: if fits { page } else { "/" }.to_owned() }
    }

    /// Takes note that a login is over. False if it was before.
    pub(super) fn end(&mut self, login: &Login) -> bool {
        if self.ended.contains(&login.number) {
            return false;
        }
        if self.ended.len() == ENDED {
            self.ended.remove(0);
        }
        self.ended.push(login.number);
        true
    }

    /// The state that goes to the issuer and comes back.
    pub(super) fn state(&self, seals: &Seals, login: &Login) -> String {
        let mut bytes = login.number.to_vec();
        bytes.extend_from_slice(&login.began.to_be_bytes());
        bytes.extend_from_slice(login.page.as_bytes());
        seals.seal(Purpose::State, &self.secret, &bytes)
    }

    /// The login that a state is of; none where it is not this browser's, or began before `since`.
    pub(super) fn login(&self, seals: &Seals, state: &str, since: u64) -> Option<Login> {
        let bytes = seals.open(Purpose::State, &self.secret, state)?;
        let (number, rest) = bytes.split_first_chunk()?;
        let (began, page) = rest.split_first_chunk()?;
        let began = u64::from_be_bytes(*began);
        let page = String::from_utf8(page.to_vec()).ok().filter(|page| is_own_page(page))?;
        (began >= since).then_some(Login { number: *number, began, page })
    }

    /// PKCE's verifier: 43 letters (RFC 7636 4.1).
    pub(super) fn verifier(&self, login: &Login) -> String {
        URL_SAFE_NO_PAD.encode(self.derive(b"verifier", login))
    }

    /// PKCE's challenge by S256 (RFC 7636 4.2).
    pub(super) fn challenge(&self, login: &Login) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier(login).as_bytes()))
    }

    /// What the ID token must repeat.
    pub(super) fn nonce(&self, login: &Login) -> String {
        URL_SAFE_NO_PAD.encode(self.derive(b"nonce", login))
    }

    fn derive(&self, what: &[u8], login: &Login) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &self.secret));
        context.update(&login.number);
        context.update(what);
        context.sign()
    }
}

/// Whether a text is path and query of a page on the host that it is asked of, whoever reads it: not `//other.host`, and
/// nothing that a browser makes one of (WHATWG URL 4.4).
pub(super) fn is_own_page(page: &str) -> bool {
    let mut letters = page.bytes();
    letters.next() == Some(b'/')
        && !matches!(letters.next(), Some(b'/' | b'\\'))
        && page.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::secret::Secret;

    fn seals() -> Seals {
        Seals::new(&[Secret::new("a key of more than thirty-two bytes".into())], ["i", "c"])
    }

    #[test]
    fn several_logins_of_a_browser_come_back_each_to_its_own_page() {
        let seals = seals();
        let mut browser = Browser::new();
        let logins = ["/a?b=c", "/d"].map(|page| browser.begin(page, 100));
        let states = [0, 1].map(|at| browser.state(&seals, &logins[at]));
        let again = Browser::open(&seals, &browser.seal(&seals), 100).expect("it is its cookie");
        for (login, state) in logins.iter().zip(&states) {
            assert_eq!(again.login(&seals, state, 100).as_ref(), Some(login));
            assert_eq!(again.verifier(login), browser.verifier(login));
            assert_eq!((again.verifier(login).len(), again.challenge(login).len()), (43, 43));
        }
        assert_ne!(browser.verifier(&logins[0]), browser.verifier(&logins[1]));
        assert_ne!(browser.nonce(&logins[0]), browser.nonce(&logins[1]));
        assert_ne!(browser.nonce(&logins[0]), browser.verifier(&logins[0]));
    }

    #[test]
    fn another_browsers_state_is_none() {
        let seals = seals();
        let (mut one, two) = (Browser::new(), Browser::new());
        let login = one.begin("/", 100);
        let state = one.state(&seals, &login);
        assert!(one.login(&seals, &state, 100).is_some() && two.login(&seals, &state, 100).is_none());
        assert!(one.login(&seals, &one.seal(&seals), 0).is_none(), "a cookie is no state");
    }

    #[test]
    fn what_is_too_old_is_none() {
        let seals = seals();
        let mut browser = Browser::new();
        let login = browser.begin("/", 100);
        let state = browser.state(&seals, &login);
        assert!(browser.login(&seals, &state, 101).is_none());
        assert!(Browser::open(&seals, &browser.seal(&seals), 101).is_none());
        let _ = browser.begin("/", 200);
        assert!(Browser::open(&seals, &browser.seal(&seals), 200).is_some(), "a later one keeps it");
    }

    #[test]
    fn a_login_ends_once() {
        let seals = seals();
        let mut browser = Browser::new();
        let login = browser.begin("/", 100);
        assert!(browser.end(&login) && !browser.end(&login));
        let mut again = Browser::open(&seals, &browser.seal(&seals), 0).expect("it is its cookie");
        assert!(!again.end(&login));
        for _ in 0..ENDED {
            let other = again.begin("/", 100);
            assert!(again.end(&other));
        }
        assert!(again.ended.len() == ENDED && again.end(&login), "the oldest are forgotten");
    }

    // Rule: oidc-return
    #[test]
    fn only_pages_of_the_own_host_are_come_back_to() {
        for page in ["/", "/a", "/a//b?c=//d", "/a/../b", "/%5C"] {
            assert!(is_own_page(page), "{page}");
        }
        for page in
            ["", "a", "//evil.test", "/\\evil.test", "\\\\evil.test", "/a\\b", "https://evil.test", "/a\r\nb", "/\t/e"]
        {
            assert!(!is_own_page(page), "{page}");
            assert_eq!(Browser::new().begin(page, 0).page, "/");
        }
        assert_eq!(Browser::new().begin(&format!("/{}", "a".repeat(LONGEST_PAGE)), 0).page, "/");
    }
}
