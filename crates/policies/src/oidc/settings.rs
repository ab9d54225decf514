//! What is said of a login in a configuration.

use super::browser::is_own_page;
use crate::authenticate::Credentials;
use crate::issuer::IssuerName;
use pintle_core::config::{ConfigPath, Diagnostic, Map, Node, Read, Reader, SecretSource, Spanned, TemplateText, Text};
use pintle_core::fields::is_token;
use std::ops::Deref;
use std::time::Duration;

/// Browsers log in at an issuer (OpenID Connect: authorization code with PKCE), and have a session here. Who asks for a page without
/// one is sent to the issuer and comes back to that page; who asks for anything else (a script, a program: what does not accept
/// `text/html`, or is no GET) gets 401. Expressions know what the ID token says as `claims`.
///
/// The session stands in a cookie of the browser, sealed with `session.keys` (AES-256-GCM), so it is the same on every replica
/// with these keys and after a restart; or in a store that replicas share (`session.shared`). Over TLS its name begins with `__Host-`. No service gets to see it.
///
/// `callback`, `logout` and `back_channel_logout` are answered by the gateway itself, on the hosts and listeners of the routes that have the policy, inside of the
/// policies of their listeners and of `defaults`, but for those that ask who it is.
///
/// ```yaml
/// policies:
///   browser-login:
///     oidc:
///       issuer: https://login.example.com/
///       client_id: shop-web
///       client_secret: {env: OIDC_SECRET}
///       callback: /login/callback
///       logout: /logout
///       session: {cookie: shop_session, ttl: 8h, keys: [{file: secrets/session.key}]}
///       forward: {x-user: "${claims.sub}"}
///   inside-login:
///     oidc:
///       issuer: http://login.inside:8080/realms/shop
///       danger_plain_http: true
///       via: login
///       client_id: shop-web
///       callback: /inside/callback
///       logout: /inside/logout
///       after_logout: /inside/gone
///       back_channel_logout: /inside/ended
///       scopes: [profile, email]
///       parameters: {prompt: login}
///       login_timeout: 5m
///       skew: 10s
///       session: {keys: [{env: NEW_KEY}, {env: OLD_KEY}]}
///       send_access_token: true
///       optional: true
///   shared-login:
///     oidc:
///       issuer: https://login.example.com/
///       client_id: desk-web
///       callback: /desk/callback
///       logout: /desk/logout
///       session: {shared: true, idle: 30m, ttl: 12h, keys: [{file: secrets/session.key}]}
/// stores: {shared: redis://127.0.0.1:6379}
/// upstreams: {login: {endpoints: [127.0.0.1:8081]}}
/// routes:
///   - {match: desk.example.com/**, policies: [shared-login], proxy: http://127.0.0.1:9001}
///   - {match: shop.example.com/account/**, policies: [browser-login], proxy: http://127.0.0.1:9001}
///   - {match: inside.example.com/**, policies: [inside-login], proxy: http://127.0.0.1:9001}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "oidc", check)]
pub struct Oidc {
    /// The issuer, to the letter as its tokens say it. What it offers is found at `/.well-known/openid-configuration` below it.
    pub issuer: Spanned<IssuerName>,
    /// The name that it gave this client.
    pub client_id: Spanned<String>,
    /// The secret that goes with it. Without one the client is public, and PKCE alone protects the code.
    pub client_secret: Option<Spanned<SecretSource>>,
    /// The path that browsers come back to: its URL on each host must be known to the issuer.
    pub callback: Spanned<OwnPath>,
    /// The path that ends a session, here and at the issuer (RP-Initiated Logout 1.0). Without it sessions end by time alone.
    pub logout: Option<Spanned<OwnPath>>,
    /// The path that a browser comes to after that; its URL must be known to the issuer too.
    #[read(default = "/")]
    pub after_logout: OwnPath,
    /// The path that the issuer ends sessions by (Back-Channel Logout 1.0). It is remembered by the process that is told, and
    /// by other replicas with `session.shared` alone.
    pub back_channel_logout: Option<Spanned<OwnPath>>,
    /// What is asked for, beside `openid`: `[profile, email, offline_access]`.
    #[read(default)]
    pub scopes: Vec<Spanned<String>>,
    /// More parameters that browsers take to the issuer: `{audience: …, prompt: login}`.
    #[read(default)]
    pub parameters: Map<String>,
    /// How long a browser may take to log in.
    #[read(default = "15m")]
    pub login_timeout: Duration,
    /// How far the issuer's clock may be off.
    #[read(default = "30s")]
    pub skew: Duration,
    /// The session that comes of a login.
    pub session: SessionConfig,
    /// Gives the service the issuer's access token, as `authorization: Bearer …`. It stands in the session then.
    #[read(default = "false")]
    pub send_access_token: bool,
    /// Lets a request without a session through, as nobody; nobody is sent to the issuer then.
    #[read(default = "false")]
    pub optional: bool,
    /// Fields for the service, with values that may name `claims` and `consumer`. A client's own of those names are dropped, in
    /// whatever spelling.
    #[read(default)]
    pub forward: Map<TemplateText>,
    /// An upstream by its name, through which the issuer is asked: for one with an authority of its own, or behind another address.
    pub via: Option<Spanned<String>>,
    /// Takes an issuer over plain http that is on another machine: whoever is on the way can log in as anyone.
    #[read(default = "false")]
    pub danger_plain_http: bool,
}

impl Oidc {
    /// All that decides what becomes of a login, in a text that is the same where that is: not what is forwarded, and not
    /// whether a request may do without. Secrets stand in it by where they are.
    pub(super) fn likeness(&self) -> String {
        let named = |path: &Option<Spanned<OwnPath>>| path.as_ref().map(|path| path.value.0.clone());
        let scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.as_str()).collect();
        let parameters: Vec<(&str, &str)> =
            self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let keys: Vec<&SecretSource> = self.session.keys.iter().map(|key| &key.value).collect();
        let client = (&**self.issuer, self.client_id.as_str(), self.client_secret.as_ref().map(|one| &one.value));
        let paths = (named(&self.logout), &self.after_logout.0, named(&self.back_channel_logout));
        let shared = (*self.session.shared, self.session.idle);
        let session = (self.session.cookie.as_str(), self.session.ttl, keys, self.send_access_token, shared);
        let asked = (scopes, parameters, self.login_timeout, self.skew, self.via.as_ref().map(|via| via.as_str()));
        format!("{client:?} {:?} {paths:?} {session:?} {asked:?} {}", self.callback.value.0, self.danger_plain_http)
    }
}

/// A browser's session.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "session", check)]
pub struct SessionConfig {
    /// The cookie's name, without `__Host-`, which it has besides over TLS. It may be cut into several: `NAME.1` and so on.
    #[read(default = "session")]
    pub cookie: Spanned<String>,
    /// How long it lasts from the login on, however often it is renewed at the issuer.
    #[read(default = "8h")]
    pub ttl: Duration,
    /// Secrets of at least 32 bytes of any text. The first seals, all open: to change one, put the new one before it, and take the old one
    /// away when `ttl` is over.
    pub keys: Spanned<Vec<Spanned<SecretSource>>>,
    /// Keeps the session in the store that replicas share (`stores.shared`); the cookie holds a sealed random secret. An end then
    /// holds on every replica at once, and a session is renewed once for all of them. Each request asks the store; without an answer it
    /// gets 503.
    #[read(default = "false")]
    pub shared: Spanned<bool>,
    /// How long a session that nobody uses lasts, with `shared`. Without it, as long as `ttl`.
    pub idle: Option<Duration>,
}

/// A path that the gateway answers itself.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a path such as /login/callback")]
pub struct OwnPath(pub String);

impl Text for OwnPath {
    fn parse(text: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'-' | b'.' | b'_' | b'~');
        if text.contains("://") {
            return Err("the path alone: it is the same on every host of its routes".into());
        }
        let dots = text.split('/').any(|segment| matches!(segment, "." | ".."));
        if !is_own_page(text) || !text.bytes().all(plain) || text.contains("//") || dots {
            return Err("it begins with `/`, and has letters, digits and `-._~` between slashes".into());
        }
        Ok(OwnPath(text.to_owned()))
    }
}

impl Deref for OwnPath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// What the gateway says itself to the issuer.
const OWN: [&str; 9] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "nonce",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

impl Oidc {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        for (name, _) in self.parameters.iter().filter(|(name, _)| OWN.contains(&&*name.value)) {
            let message = format!("`{name}` is said by the gateway itself");
            let help = if **name == *"scope" { "write `scopes`" } else { "leave it out" };
            reader.report(Diagnostic::error("oidc-parameter", message, &name.span).help(help));
            good = false;
        }
        for scope in self.scopes.iter().filter(|scope| !is_scope(scope)) {
            reader.report(
                Diagnostic::error("oidc-scope", format!("`{scope}` is no scope"), &scope.span)
                    .help("one for each, without spaces and quotes: `[profile, email]`"),
            );
            good = false;
        }
        let paths = [Some(&self.callback), self.logout.as_ref(), self.back_channel_logout.as_ref()];
        let paths: Vec<&Spanned<OwnPath>> = paths.into_iter().flatten().collect();
        for (at, path) in paths.iter().enumerate() {
            if let Some(other) = paths[..at].iter().find(|other| other.value == path.value) {
                let twice = Diagnostic::error("oidc-path", format!("`{}` is answered in two ways", path.0), &path.span);
                reader.report(twice.also(&other.span, "the other one").help("give each a path of its own"));
                good = false;
            }
        }
        if self.client_id.is_empty() {
            reader.expected("the name that the issuer gave", node.get("client_id").unwrap_or(node), "");
            good = false;
        }
        if self.login_timeout.is_zero() {
            reader.zero(node, "login_timeout");
            good = false;
        }
        good.then_some(self)
    }

    /// The files that its secrets are in.
    pub fn files(&self) -> impl Iterator<Item = &ConfigPath> {
        let keys = self.session.keys.iter().map(|key| &key.value);
        self.client_secret.iter().map(|secret| &secret.value).chain(keys).filter_map(|secret| match secret {
            SecretSource::File(path) => Some(path),
            SecretSource::Env(_) => None,
        })
    }

    /// The name of its cookie: what must not be shown of requests.
    pub fn cookie(&self) -> &str {
        &self.session.cookie
    }
}

/// RFC 6749 3.3.
fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'))
}

impl SessionConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        let name = &self.cookie;
        let is_name = !name.is_empty() && name.bytes().all(|byte| is_token(byte) && byte != b'.') && name.len() <= 64;
        if !is_name || name.starts_with("__") {
            let help = "letters, digits, `-` and `_`, 64 at most; `__Host-` comes of itself";
            let message = format!("`{name}` is no name for the session's cookie");
            reader.report(Diagnostic::error("oidc-cookie", message, &name.span).help(help));
            good = false;
        }
        if self.ttl.is_zero() {
            reader.zero(node, "ttl");
            good = false;
        }
        if self.idle.is_some_and(|idle| idle.is_zero()) {
            reader.zero(node, "idle");
            good = false;
        }
        if self.idle.is_some() && !*self.shared {
            let at = node.get("idle").unwrap_or(node).span();
            let message = "a session in a cookie does not know when it was used";
            reader.report(Diagnostic::error("unexpected", message, at).help("add `shared: true`, or leave `idle` out"));
            good = false;
        }
        if self.keys.value.is_empty() {
            let help = "such as `[{file: secrets/session.key}]`: 32 random bytes, or any text that long";
            reader.expected("a key at least", node.get("keys").unwrap_or(node), help);
            good = false;
        }
        good.then_some(self)
    }
}

impl Credentials for Oidc {
    fn optional(&self) -> bool {
        self.optional
    }

    fn forward(&self) -> &Map<TemplateText> {
        &self.forward
    }
}
