//! `jwt` as its user writes it.

use crate::authenticate::Credentials;
use crate::issuer::{IssuerName, Refresh};
use crate::web_url::WebUrl;
use pintle_core::config::{
    ConfigPath, Diagnostic, Map, Node, OneOrMany, Read, Reader, SecretSource, Spanned, TemplateText, Text,
};
use pintle_jose::{Algorithm, Algorithms, Audience, Rules, Types};
use std::time::Duration;

/// A signed token (JWT) that says who a request comes from. Without one the answer is 401, and where it is wrong as well; why is
/// in the log. What it says is `claims` in expressions; a consumer it makes only where `consumers[].jwt` says so. An
/// authentication on an inner level stands in place of all outer ones.
///
/// ```yaml
/// policies:
///   shop-token:
///     jwt:
///       issuer: https://login.example.com/
///       audience: [shop]
///       forward: {x-user: "${claims.sub}"}
/// routes:
///   - {match: /api/**, policies: [shop-token], proxy: orders}
/// ```
///
/// With more to say: an issuer behind an authority of its own, keys that are here, tokens in other places.
///
/// ```yaml
/// upstreams:
///   orders: {endpoints: [127.0.0.1:9001]}
///   login: {endpoints: [10.0.0.7:8443], tls: {ca: certs/ca.pem, server_name: login.example.com}}
/// policies:
///   own-authority:
///     jwt:
///       issuer: https://login.example.com/
///       audience: shop
///       jwks: https://login.example.com/keys
///       via: login
///       refresh: {least: 10s, most: 15m}
///       algorithms: [RS256, ES256]
///       skew: 5s
///       require: [scope]
///       type: at+jwt
///       optional: true
///   in-a-cookie:
///     jwt: {issuer: shop, audience: shop, cookie: token, jwks: "http://login.internal/keys", danger_plain_http: true}
///   of-a-partner:
///     jwt: {issuer: partner, danger_any_audience: true, header: x-token, keys: [{file: keys/partner.pem, kid: "1", algorithm: ES256}]}
///   of-a-link:
///     jwt: {issuer: links, audience: files, query: token, algorithms: HS256, keys: [{secret: {env: LINKS_SECRET}}]}
/// routes:
///   - {match: /api/**, policies: [own-authority], proxy: orders}
///   - {match: /shop/**, policies: [in-a-cookie], proxy: orders}
///   - {match: /partner/**, policies: [of-a-partner], proxy: orders}
///   - {match: /files/**, policies: [of-a-link], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "jwt", check)]
pub struct Jwt {
    /// Who must have made the token: its `iss`, to the letter. Where keys are is found out by it, unless `jwks` or `keys` say.
    pub issuer: Spanned<IssuerName>,
    /// Whom the token must be for: one of these must be in its `aud` (RFC 8725 3.9).
    #[read(default)]
    pub audience: OneOrMany<String>,
    /// Takes tokens whomever they are for. Then a token that was made for another service opens this one too.
    #[read(default = "false")]
    pub danger_any_audience: bool,
    /// Where the issuer's keys are (JWKS). Without it, where its discovery document says.
    pub jwks: Option<Spanned<WebUrl>>,
    /// Keys that are here, in place of the issuer's.
    #[read(default)]
    pub keys: Vec<Spanned<JwtKey>>,
    /// An upstream by its name, through which the issuer is asked: for one with an authority of its own, or behind another address.
    pub via: Option<Spanned<String>>,
    /// Lets keys be fetched in cleartext from another machine. Whoever is on the way can then give out keys.
    #[read(default = "false")]
    pub danger_plain_http: bool,
    /// How often the issuer is asked for its keys.
    #[read(default)]
    pub refresh: Refresh,
    /// The algorithms that are taken; every one whose key can be public if there are none. `HS256`, `HS384` and `HS512` hold only
    /// where they are named. A key that does not say its algorithm is for the first of these that it can be used with.
    #[read(default)]
    pub algorithms: OneOrMany<Spanned<SignedBy>>,
    /// How far the issuer's clock and this one may differ.
    #[read(default = "30s")]
    pub skew: Duration,
    /// Claims that must be there, beside `iss` and `exp`.
    #[read(default)]
    pub require: OneOrMany<String>,
    /// What the token's `typ` must say, such as `at+jwt` (RFC 9068). Without it: nothing, `JWT` or `at+jwt`.
    #[read(key = "type")]
    pub kind: Option<String>,
    /// A header whose value is the token, in place of `Authorization: Bearer`.
    pub header: Option<Spanned<String>>,
    /// A cookie that is the token, in place of `Authorization: Bearer`. Then add `csrf`: browsers send cookies by themselves.
    pub cookie: Option<Spanned<String>>,
    /// A value of the query that is the token, in place of `Authorization: Bearer`. URLs end up in logs and histories: only where
    /// nothing else can be (RFC 6750 2.3).
    pub query: Option<Spanned<String>>,
    /// Fields for the service, whose values may name `claims` and `consumer`. The client's own of these names are dropped.
    #[read(default)]
    pub forward: Map<TemplateText>,
    /// Lets requests without a token through, as nobody. A wrong one is refused all the same.
    #[read(default = "false")]
    pub optional: bool,
}

/// A key of an issuer that is here: a file, or a shared secret.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "key", check)]
pub struct JwtKey {
    /// A file with a public key (PEM), or with a key set (JWKS).
    pub file: Option<ConfigPath>,
    /// A secret that the issuer has too, for HS256, HS384 or HS512; at least 32 bytes. Whoever has it can make tokens.
    pub secret: Option<SecretSource>,
    /// The name of the key: only tokens with this `kid`, or without any, are held against it. For a key set its own names hold.
    pub kid: Option<String>,
    /// The one algorithm that the key is for, where it does not say so itself.
    pub algorithm: Option<Spanned<SignedBy>>,
}

/// An algorithm for signatures (RFC 7518 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "an algorithm such as RS256")]
pub struct SignedBy(pub Algorithm);

impl Text for SignedBy {
    fn parse(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("none") {
            return Err("a token without a signature says nothing".into());
        }
        let names: Vec<&str> = Algorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        Algorithm::named(text).map(SignedBy).ok_or_else(|| format!("there are {}", names.join(", ")))
    }
}

impl Jwt {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut sound = true;
        let mut refuse = |message: &str, help: &str, key: &str| {
            let at = node.get(key).unwrap_or(node).span();
            reader.report(Diagnostic::error("jwt", message, at).help(help));
            sound = false;
        };
        if self.issuer.is_empty() {
            refuse("the issuer has no name", "write the `iss` of its tokens", "issuer");
        }
        match (self.audience.is_empty(), self.danger_any_audience) {
            (true, false) => {
                let help =
                    "name whom its tokens are for, such as `audience: [shop]`, or write `danger_any_audience: true`";
                refuse("`jwt` does not say for whom a token must be", help, "audience");
            }
            (false, true) => {
                refuse(
                    "`audience` means nothing beside `danger_any_audience`",
                    "leave one of them out",
                    "danger_any_audience",
                );
            }
            _ => {}
        }
        if self.jwks.is_some() && !self.keys.is_empty() {
            refuse("the keys are both at a URL and here", "leave `jwks` or `keys` out", "keys");
        }
        if !self.keys.is_empty() && self.via.is_some() {
            refuse("nobody is asked for keys that are here", "leave `via` out", "via");
        }
        if self.skew > LONGEST_SKEW {
            refuse(
                "clocks do not differ by so much",
                "at most 10m: for longer sessions make tokens that live longer",
                "skew",
            );
        }
        sound.then_some(self)
    }

    /// What must hold for its tokens.
    pub(super) fn rules(&self) -> Rules {
        let all = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
        Rules {
            issuer: (**self.issuer).into(),
            audience: match self.danger_any_audience {
                true => Audience::DangerAnyone,
                false => Audience::AnyOf(all(&self.audience)),
            },
            skew: self.skew,
            required: all(&self.require),
            types: self.kind.as_deref().map_or(Types::Usual, |kind| Types::Only(kind.into())),
        }
    }

    /// The algorithms that are taken.
    pub(super) fn algorithms(&self) -> Algorithms {
        match self.algorithms.is_empty() {
            true => Algorithms::default(),
            false => Algorithms::new(self.algorithms.iter().map(|named| named.0)),
        }
    }
}

/// The most that clocks may differ.
const LONGEST_SKEW: Duration = Duration::from_secs(600);

impl JwtKey {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let help = "write `{file: PATH}`, or `{secret: {env: NAME}}` for HS256, HS384 or HS512";
        let message = match (&self.file, &self.secret) {
            (None, None) => "this is no key",
            (Some(_), Some(_)) => "this is two keys",
            _ => return Some(self),
        };
        reader.report(Diagnostic::error("jwt", message, node.span()).help(help));
        None
    }
}

impl Credentials for Jwt {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}
