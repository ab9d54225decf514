//! Who is logged in, and what the gateway needs to keep that so: the issuer's ID token, and what it gave to ask for another
//! one. It is kept as bytes, which stand sealed in a cookie; all that is read of them was written here.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pintle_core::secret::Secret;
use std::fmt;

/// The form of the bytes. One of another form is no session.
const FORM: u8 = 1;

/// A session.
#[derive(Clone)]
pub(super) struct Session {
    /// Random: what it is known by when it is ended.
    pub(super) id: [u8; 16],
    /// When the login was, in seconds since 1970.
    pub(super) began: u64,
    /// Until when the issuer's answer holds, in seconds since 1970; none where it did not say.
    pub(super) good_until: Option<u64>,
    /// When it is to be renewed, in seconds since 1970: some time before that.
    pub(super) due: Option<u64>,
    /// What the issuer said of who it is.
    pub(super) id_token: IdToken,
    /// What another answer is had for; none if the issuer gave none.
    pub(super) refresh: Option<Secret>,
    /// The access token, where services are to get it.
    pub(super) access: Option<Secret>,
}

/// An ID token whose signature was checked, without the third that base64url adds.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct IdToken {
    head: Box<[u8]>,
    claims: Box<[u8]>,
    signature: Box<[u8]>,
}

impl IdToken {
    /// Takes a token in its compact form apart (RFC 7515 7.1); none if it is not in that form.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).ok().map(Vec::into_boxed_slice));
        let (head, claims, signature) = (parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(IdToken { head, claims, signature })
    }

    /// The text that it was: base64url has one for the same bytes.
    pub(super) fn text(&self) -> String {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        format!("{}.{}.{}", part(&self.head), part(&self.claims), part(&self.signature))
    }

    /// What it claims, as JSON.
    pub(super) fn claims(&self) -> &[u8] {
        &self.claims
    }
}

/// How long before its end a session is renewed, in seconds; what holds for less than twice as long is renewed at half of it.
const AHEAD: u64 = 30;

/// Until when an answer of that moment holds, and when it is to be renewed.
pub(super) fn times(at: u64, seconds: Option<u64>) -> (Option<u64>, Option<u64>) {
    let due = |seconds: u64| at.saturating_add(seconds.saturating_sub(AHEAD).max(seconds / 2));
    (seconds.map(|seconds| at.saturating_add(seconds)), seconds.map(due))
}

impl Session {
    /// Whether the issuer's answer still holds.
    pub(super) fn is_good(&self, now: u64) -> bool {
        self.good_until.is_none_or(|until| now < until)
    }

    /// Whether it is to be renewed: shortly before the issuer's answer is over, where there is something to renew it with. Without
    /// that it lasts as long as sessions do.
    pub(super) fn is_due(&self, now: u64) -> bool {
        self.refresh.is_some() && self.due.is_some_and(|due| now >= due)
    }

    /// Its bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![FORM];
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&self.began.to_be_bytes());
        for at in [self.good_until, self.due] {
            out.extend_from_slice(&at.unwrap_or(0).to_be_bytes());
        }
        let secret = |secret: &'_ Option<Secret>| secret.as_ref().map(|secret| secret.expose_bytes().to_vec());
        let (refresh, access) = (secret(&self.refresh), secret(&self.access));
        let IdToken { head, claims, signature } = &self.id_token;
        for part in [&**head, claims, signature, &refresh.unwrap_or_default(), &access.unwrap_or_default()] {
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part);
        }
        out
    }

    /// What the bytes say; none if they are of another form.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, mut rest) = bytes.strip_prefix(&[FORM])?.split_first_chunk()?;
        let id = *id;
        let (began, good_until, due) = (number(&mut rest)?, number(&mut rest)?, number(&mut rest)?);
        let mut part = || part(&mut rest).map(Box::<[u8]>::from);
        let id_token = IdToken { head: part()?, claims: part()?, signature: part()? };
        let mut secret = || Some(Some(Secret::from(part()?.into_vec())).filter(|secret| !secret.is_empty()));
        let (refresh, access) = (secret()?, secret()?);
        let [good_until, due] = [good_until, due].map(|at| Some(at).filter(|&at| at != 0));
        rest.is_empty().then_some(Session { id, began, good_until, due, id_token, refresh, access })
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (first, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(u64::from_be_bytes(*first))
}

fn part<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (length, after) = rest.split_first_chunk()?;
    let (part, after) = after.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *rest = after;
    Some(part)
}

impl fmt::Debug for Session {
    /// Nothing of whom it is of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session(began {})", self.began)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A session whose ID token claims that.
    pub(crate) fn session(claims: &str) -> Session {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = format!("{}.{}.{}", part("{\"alg\":\"RS256\"}"), part(claims), part("signed"));
        Session {
            id: [7; 16],
            began: 1_700_000_000,
            good_until: Some(1_700_000_600),
            due: Some(1_700_000_570),
            id_token: IdToken::new(&token).expect("it has the form"),
            refresh: Some(Secret::new("refresh".into())),
            access: None,
        }
    }

    #[test]
    fn it_comes_back_as_it_was() {
        let mut one = session("{\"sub\":\"alice\"}");
        for (good_until, access) in [(None, None), (Some(5), Some(Secret::new("access".into())))] {
            (one.good_until, one.access) = (good_until, access);
            let two = Session::from_bytes(&one.to_bytes()).expect("it was written here");
            assert_eq!((two.id, two.began, two.good_until, two.due), (one.id, one.began, one.good_until, one.due));
            assert_eq!(two.id_token.text(), one.id_token.text());
            assert_eq!(two.id_token.claims(), b"{\"sub\":\"alice\"}");
            assert!(two.refresh.expect("there is one").equals(b"refresh"));
            assert_eq!(two.access.is_some(), one.access.is_some());
        }
    }

    #[test]
    fn it_is_renewed_some_time_before_its_end() {
        assert_eq!(times(100, Some(300)), (Some(400), Some(370)));
        assert_eq!(times(100, Some(20)), (Some(120), Some(110)));
        assert_eq!(times(100, Some(1)), (Some(101), Some(100)));
        assert_eq!(times(100, None), (None, None));
        let mut one = session("{}");
        assert!(!one.is_due(1_700_000_569) && one.is_due(1_700_000_570) && one.is_good(1_700_000_599));
        one.refresh = None;
        assert!(!one.is_due(1_700_000_600) && !one.is_good(1_700_000_600));
    }

    #[test]
    fn other_bytes_are_no_session() {
        let good = session("{}").to_bytes();
        for end in 0..good.len() {
            assert!(Session::from_bytes(&good[..end]).is_none(), "{end}");
        }
        let mut long = good.clone();
        long.push(0);
        let mut other = good;
        other[0] = 2;
        assert!(Session::from_bytes(&long).is_none() && Session::from_bytes(&other).is_none());
    }

    #[test]
    fn a_token_has_three_parts_of_base64url() {
        for text in ["", "a.b", "YQ.YQ.YQ.YQ", "YQ.YQ.Y", "Y Q.YQ.YQ", "YQ==.YQ.YQ"] {
            assert!(IdToken::new(text).is_none(), "{text}");
        }
        assert_eq!(IdToken::new("YQ.YQ.").map(|token| token.text()).as_deref(), Some("YQ.YQ."));
    }
}
