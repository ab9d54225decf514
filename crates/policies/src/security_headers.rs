//! `security_headers: {…}`: fields that have browsers keep pages and their visitors safer, with sane defaults.
//!
//! It stands on every answer, the gateway's own too. What a service says itself stays, field by field, unless `override`:
//! it knows its pages. The inner level replaces the outer.

#[cfg(test)]
mod tests;

use crate::build::Building;
use crate::field;
use crate::layers::{Layers, Levels};
use pintle_core::config::{Diagnostic, Node, Read, Reader, Spanned};
use pintle_core::step::Step;
use pintle_core::{Fields, Scheme};
use std::time::Duration;

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// Fields of answers that have browsers keep pages and visitors safer. `security_headers: {}` is, over TLS,
/// `strict-transport-security: max-age=31536000`, and always `x-content-type-options: nosniff`,
/// `referrer-policy: strict-origin-when-cross-origin`, `x-frame-options: SAMEORIGIN` and
/// `content-security-policy: frame-ancestors 'self'`. A field that the service sets itself stays as it is. The inner level
/// stands in place of the outer.
///
/// ```yaml
/// listeners:
///   - address: 127.0.0.1:8080
///     policies: [{security_headers: {hsts: {max_age: 365d, subdomains: true}, frames: deny}}]
/// routes:
///   - match: /pages/**
///     policies:
///       - security_headers:
///           hsts: {max_age: 730d, subdomains: true, preload: true}
///           content_type_options: true
///           referrer_policy: same-origin
///           content_security_policy: default-src 'self'
///           permissions_policy: camera=(), geolocation=()
///           cross_origin_opener_policy: same-origin
///           cross_origin_resource_policy: same-site
///           override: true
///     proxy: orders
///   - {match: /widget/**, policies: [{security_headers: {frames: none}}], proxy: orders}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "security_headers", check)]
pub struct SecurityHeaders {
    /// `strict-transport-security` (RFC 6797): browsers use TLS alone with this host from now on. It is sent over TLS only;
    /// behind a trusted proxy, where that says so.
    #[read(default = "{}")]
    pub hsts: HstsConfig,
    /// `x-content-type-options: nosniff`: browsers go by `content-type`, and don't guess.
    #[read(default = "true")]
    pub content_type_options: bool,
    /// `referrer-policy`: how much other sites learn of where their visitors come from.
    #[read(default = "strict-origin-when-cross-origin")]
    pub referrer_policy: ReferrerPolicy,
    /// Who may show pages in a frame: `x-frame-options`, and `frame-ancestors` of `content-security-policy`.
    #[read(default = "same_origin")]
    pub frames: Frames,
    /// `content-security-policy`. Who may show pages in a frame is added from `frames` unless it says that itself.
    pub content_security_policy: Option<Spanned<String>>,
    /// `permissions-policy`: which features of the browser pages may use, such as `camera=(), geolocation=()`.
    pub permissions_policy: Option<Spanned<String>>,
    /// `cross-origin-opener-policy`: `same-origin` keeps pages that opened this one, or that it opens, apart from it. A
    /// login in a window of its own may need that it is not set.
    pub cross_origin_opener_policy: Option<OpenerPolicy>,
    /// `cross-origin-resource-policy`: whose pages may load what is served here, as a picture or a script.
    pub cross_origin_resource_policy: Option<ResourcePolicy>,
    /// Puts these in place of what a service says itself.
    #[read(default = "false", key = "override")]
    pub replaces: bool,
}

/// `none`, or what `strict-transport-security` says.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "a map, or `none`")]
pub enum HstsConfig {
    /// It is left out.
    #[read(none)]
    Off,
    /// It is sent.
    #[read(map)]
    On(Hsts),
}

/// What `strict-transport-security` says.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "hsts", check)]
pub struct Hsts {
    /// How long browsers remember it; `0s` has them forget it.
    #[read(default = "365d")]
    pub max_age: Duration,
    /// Whether it holds for every host below this one: those without TLS are out of reach then.
    #[read(default = "false")]
    pub subdomains: bool,
    /// Whether browsers may come with it built in (hstspreload.org): hard to take back. Asks for `subdomains: true` and a
    /// year.
    #[read(default = "false")]
    pub preload: bool,
}

impl Hsts {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        const YEAR: Duration = Duration::from_secs(31_536_000);
        if self.preload && !(self.subdomains && self.max_age >= YEAR) {
            let at = node.get("preload").unwrap_or(node).span();
            let help = "add `subdomains: true` and a `max_age` of 365d or more, or leave `preload` out";
            let message = "browsers preload only what holds for all subdomains and for a year";
            reader.report(Diagnostic::error("hsts", message, at).help(help));
            return None;
        }
        Some(self)
    }

    fn value(&self) -> String {
        let subdomains = if self.subdomains { "; includeSubDomains" } else { "" };
        let preload = if self.preload { "; preload" } else { "" };
        format!("max-age={}{subdomains}{preload}", self.max_age.as_secs())
    }
}

/// Who may show pages in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Frames {
    /// Nobody.
    Deny,
    /// Pages of the same origin.
    SameOrigin,
    /// Nothing is said of it: anybody.
    None,
}

macro_rules! values {
    ($(#[doc = $doc:literal] $type:ident { $($(#[doc = $word:literal])+ $variant:ident = $text:literal),+ $(,)? })+) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
        #[read(word)]
        pub enum $type { $($(#[doc = $word])+ #[read(key = $text)] $variant),+ }

        impl $type {
            fn value(self) -> &'static str {
                match self { $($type::$variant => $text),+ }
            }
        }
    )+};
}

values! {
    /// How much other sites learn of where their visitors come from.
    ReferrerPolicy {
        /// Nothing.
        NoReferrer = "no-referrer",
        /// All of the address, but nothing where the way there has no TLS.
        NoReferrerWhenDowngrade = "no-referrer-when-downgrade",
        /// The origin.
        Origin = "origin",
        /// The origin; pages of the same one all of the address.
        OriginWhenCrossOrigin = "origin-when-cross-origin",
        /// Pages of the same origin all of the address, others nothing.
        SameOrigin = "same-origin",
        /// The origin, but nothing where the way there has no TLS.
        StrictOrigin = "strict-origin",
        /// Pages of the same origin all of the address, others the origin, and nothing where the way there has no TLS.
        StrictOriginWhenCrossOrigin = "strict-origin-when-cross-origin",
        /// All of the address.
        UnsafeUrl = "unsafe-url",
        /// The field is left out.
        None = "none",
    }
    /// Which pages share a group with one.
    OpenerPolicy {
        /// Those of the same origin.
        SameOrigin = "same-origin",
        /// Those of the same origin, and those that it opens.
        SameOriginAllowPopups = "same-origin-allow-popups",
        /// Those of the same origin, and any that is opened and does not ask for more.
        NoopenerAllowPopups = "noopener-allow-popups",
        /// All.
        UnsafeNone = "unsafe-none",
    }
    /// Whose pages may load something.
    ResourcePolicy {
        /// Those of the same origin.
        SameOrigin = "same-origin",
        /// Those of the same site.
        SameSite = "same-site",
        /// All.
        CrossOrigin = "cross-origin",
    }
}

impl SecurityHeaders {
    fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
        let texts = [&self.content_security_policy, &self.permissions_policy];
        let wrong = texts.into_iter().flatten().filter(|text| field::check_value(text, reader).is_none());
        (wrong.count() == 0).then_some(self)
    }

    /// What it says but for `strict-transport-security`.
    fn fields(&self) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        let mut say = |name, value: Option<&str>| all.extend(value.map(|value| (name, value.to_owned())));
        say("x-content-type-options", self.content_type_options.then_some("nosniff"));
        let referrer = Some(self.referrer_policy).filter(|policy| *policy != ReferrerPolicy::None);
        say("referrer-policy", referrer.map(ReferrerPolicy::value));
        let (options, ancestors) = match self.frames {
            Frames::Deny => (Some("DENY"), Some("frame-ancestors 'none'")),
            Frames::SameOrigin => (Some("SAMEORIGIN"), Some("frame-ancestors 'self'")),
            Frames::None => (None, None),
        };
        say("x-frame-options", options);
        let own = self.content_security_policy.as_ref().map(|text| text.trim().trim_end_matches(';').to_owned());
        let policy = match (own, ancestors) {
            (Some(own), Some(ancestors)) if !own.contains("frame-ancestors") => Some(format!("{own}; {ancestors}")),
            (Some(own), _) => Some(own),
            (None, ancestors) => ancestors.map(String::from),
        };
        say("content-security-policy", policy.as_deref());
        say("permissions-policy", self.permissions_policy.as_ref().map(|text| text.trim()));
        say("cross-origin-opener-policy", self.cross_origin_opener_policy.map(OpenerPolicy::value));
        say("cross-origin-resource-policy", self.cross_origin_resource_policy.map(ResourcePolicy::value));
        all
    }
}

/// Sets the fields.
pub(crate) fn steps(layers: &Layers<'_, SecurityHeaders>, building: &mut Building<'_, '_>) -> Option<()> {
    let Some(config) = layers.innermost() else { return Some(()) };
    let all = config.fields();
    let hsts = match &config.hsts {
        HstsConfig::Off => None,
        HstsConfig::On(hsts) => Some(hsts.value()),
    };
    let replaces = config.replaces;
    building.steps.push(Step::Edit(Box::new(move |exchange, response| {
        let fields = &mut response.fields;
        let say = |name: &'static str, value: &str, fields: &mut Fields| {
            if replaces || !fields.contains(name) {
                fields.set(name, value);
            }
        };
        for (name, value) in &all {
            say(name, value, fields);
        }
        // RFC 6797 7.2: never without TLS.
        if let Some(hsts) = hsts.as_ref().filter(|_| exchange.request.scheme == Scheme::Https) {
            say("strict-transport-security", hsts, fields);
        }
    })));
    Some(())
}
