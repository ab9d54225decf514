//! The one ordered list: what may stand in a `policies:` list, where it runs, outer to inner, and why there. The written
//! order in a configuration plays no part.
//!
//! An entry is a place. `policy NAME: TYPE` makes a kind of policy of the file of that name; `runs FUNCTION` is what adds
//! its steps at the place, `authenticates by FUNCTION` what makes an authentication of it; `later KIND` is a kind of which
//! this version knows the name alone. A policy that runs in two places has two entries, and is a kind in one of them: the
//! places are `KIND.PART`, and `parts FUNCTION` says what of its settings belongs to a part.
//!
//! Long because it is one list, and what is made of each of its entries.

use crate::authenticate::{Alternative, Sure};
use crate::build::Building;
use crate::layers::{At, Layers, Levels};
use crate::{
    NamedPolicies, Setting, access_log, any, api_key, authenticate, authorize, bandwidth, basic_auth, body_limit,
    client_certificate, compress, concurrency, cors, csrf, forward_auth, headers, hmac, introspect, ip_filter, jwt, oidc,
    quota, rate_limit, security_headers, timeout,
};
use pintle_core::config::{ConfigPath, Node, Read, Reader, Shape, Spanned};
use std::sync::OnceLock;

run_order! {
    "access_log" policy access_log: AccessLog, runs access_log::check
        "It tells of everything, so nothing stands outside of it.";
    "bandwidth" policy bandwidth: Bandwidth, runs bandwidth::edit
        "It shapes the bytes as they leave, after all that changes them.";
    "headers.response" policy headers: Headers, parts headers::part, runs headers::response
        "The last word on every answer's fields, the gateway's own refusals among them.";
    "security_headers" policy security_headers: SecurityHeaders, runs security_headers::steps
        "On every answer, and within reach of `headers`, which has the last word.";
    "compress" policy compress: Compress, runs compress::steps
        "It compresses what is final; caches inside hold what is not compressed.";
    "timeout" policy timeout: Timeout, runs timeout::check
        "Its time is the client's: all that may wait stands inside of it.";
    "ip_filter" policy ip_filter: IpFilter, runs ip_filter::check
        "The cheapest refusal, and it needs no more than an address.";
    "client_certificate" policy client_certificate: ClientCertificate, authenticates by client_certificate::make
        "Decided by the handshake that is over; nothing is read for it.";
    "cors" policy cors: Cors, runs cors::steps
        "A preflight carries no credentials, so it is answered before any are asked for.";
    "csrf" policy csrf: Csrf, runs csrf::check
        "As cheap as CORS, and about the same field.";
    "rate_limit.request" policy rate_limit: RateLimit, parts rate_limit::part, runs rate_limit::request
        "By request or client: before anything that costs more than a counter.";
    "concurrency.request" policy concurrency: Concurrency, parts concurrency::part, runs concurrency::request
        "By request or client; after the rate, so that what is refused there holds no place.";
    "body_limit" policy body_limit: BodyLimit, runs body_limit::check
        "Before the first that reads content.";
    "waf" later Waf
        "It sees what clients send, before credentials are looked at: they may be the attack.";
    "hmac" policy hmac: Hmac, authenticates by hmac::make
        "Authentication by a signature over the request, so it is looked at before others take their credentials off.";
    "jwt" policy jwt: Jwt, authenticates by jwt::make
        "Authentication: all further in may ask who it is.";
    "oidc" policy oidc: Oidc, authenticates by oidc::make
        "Authentication.";
    "introspect" policy introspect: Introspect, authenticates by introspect::make
        "Authentication.";
    "api_key" policy api_key: ApiKey, authenticates by api_key::make
        "Authentication.";
    "basic_auth" policy basic_auth: BasicAuth, authenticates by basic_auth::make
        "Authentication.";
    "forward_auth" policy forward_auth: ForwardAuth, authenticates by forward_auth::make
        "Authentication by another service, after what the gateway decides by itself.";
    "any" policy any: Any, authenticates by any::make
        "One of several authentications.";
    "authorize" policy authorize: Authorize, runs authorize::check
        "It asks about claims and consumers.";
    "rate_limit.identity" runs rate_limit::identity
        "By claims or consumers, and only for what is allowed.";
    "quota" policy quota: Quota, runs quota::check
        "Counted by identity, and only for what is allowed.";
    "headers.request" runs headers::request
        "What the service gets: it may name claims and consumers, and nothing outside reads what it sets.";
    "script" later Script
        "It changes requests as `headers` does, and has the last word.";
    "cache" later Cache
        "Past every check, so that nobody is served what he may not have; its key sees the request as the service would.";
    "concurrency.identity" runs concurrency::identity
        "Only what goes on to the service holds a place.";
    // Transforms of content: they work on what the service gets and gives, so that a cache holds what came of them.
    // The action.
}

/// The places, beside those of authentications, that go by who it is: a route that a policy brings along has none of them.
const GO_BY_WHO: [&str; 4] = ["authorize", "rate_limit.identity", "quota", "concurrency.identity"];

/// A place of the run order, for the reference and for `explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The policy's kind, and which part of it where it runs in several places.
    pub name: &'static str,
    /// Why it stands where it stands.
    pub why: &'static str,
    /// Whether this version has it.
    pub is_there: bool,
}

impl Policy {
    /// Where it runs, as places in [`ORDER`]: several for one that runs in several places, none for one that does nothing
    /// or switches its kind off.
    pub fn places(&self) -> Vec<usize> {
        let view = self.view();
        let written = match &view.setting {
            Setting::On { written, .. } | Setting::Use { changes: written, .. } => Some(written),
            Setting::Off => None,
        };
        let has = |part| written.is_none_or(|written| (view.part)(written, part).is_some());
        let here = |place: &Place| match place.name.split_once('.') {
            None => place.name == view.kind,
            Some((name, part)) => name == view.kind && has(part),
        };
        let off = written.is_none();
        let all = ORDER.iter().enumerate().filter(|(_, place)| !off && here(place));
        all.map(|(at, _)| at).collect()
    }
}

impl Policy {
    /// The upstream that it names as `via`, to ask somebody through.
    pub fn via(&self) -> Option<String> {
        let view = self.view();
        let text = view.setting.node()?.get("via")?.as_text()?.to_owned();
        Some(text)
    }
}

/// What of a policy's settings belongs to a part of its kind, if anything does.
pub(crate) type Part = fn(&Node, &str) -> Option<Node>;

/// All of them, for a kind that runs in one place.
fn whole(settings: &Node, _: &str) -> Option<Node> {
    Some(settings.clone())
}

/// The one that is given, or all.
const fn whole_or(parts: &[Part]) -> Part {
    match parts {
        [part] => *part,
        _ => whole,
    }
}

/// A policy as it is written, whatever its kind.
pub(crate) struct View {
    pub(crate) kind: &'static str,
    pub(crate) levels: Levels,
    pub(crate) shape: fn() -> Shape,
    pub(crate) part: Part,
    pub(crate) setting: Setting<()>,
}

/// The configuration of one kind of policy.
pub(crate) trait Kind: Read {
    /// The kind's key.
    const NAME: &'static str;
    /// How its levels go together.
    const LEVELS: Levels;

    /// The settings, if the policy is of this kind.
    fn of(policy: &Policy) -> Option<&Setting<Self>>;
}

/// Makes of the list: the enum of the kinds, what holds for a route of each, the order of their steps, and its
/// description.
macro_rules! run_order {
    ($(
        $name:literal
        $(later $later:ident)?
        $(policy $kind:ident: $type:ident, $(parts $parted:ident::$part:ident,)?)?
        $(runs $module:ident::$steps:ident)?
        $(authenticates by $by:ident::$make:ident)?
        $why:literal;
    )+) => {
        /// A policy as it is written: its kind and what is said of it.
        #[derive(Clone, Debug, PartialEq, Read)]
        #[read(kind, called = "policy")]
        pub enum Policy {
            $(
                $(#[doc = $why] #[read(later)] $later,)?
                $(#[doc = $why] $type(Setting<$kind::$type>),)?
            )+
        }

        /// The run order, outer to inner.
        pub const ORDER: &[Place] = &[$(
            Place { name: $name, why: $why, is_there: { const LATER: &[&str] = &[$(stringify!($later))?]; LATER.is_empty() } },
        )+];

        impl Policy {
            /// Every kind that there is, by its key.
            pub const KINDS: &'static [&'static str] = &[$($(stringify!($kind),)?)+];

            /// The kind's key.
            pub fn kind(&self) -> &'static str {
                match self {
                    $($(Policy::$type(_) => stringify!($kind),)?)+
                    $($(Policy::$later => $name,)?)+
                }
            }

            /// The named policy that it changes, if it is one by `use`.
            pub fn used(&self) -> Option<&Spanned<String>> {
                match self {
                    $($(Policy::$type(Setting::Use { name, .. }) => Some(name),)?)+
                    _ => None,
                }
            }

            /// Adds the files that its settings name.
            pub(crate) fn files(&self, found: &mut Vec<ConfigPath>) {
                match self {
                    $($(Policy::$type(setting) => {
                        // Most kinds name none, whatever is written.
                        static MAY: OnceLock<bool> = OnceLock::new();
                        if let Some(node) = setting.node()
                            && *MAY.get_or_init(|| $kind::$type::shape().may_name_files())
                        {
                            $kind::$type::shape().files(node, found);
                        }
                    },)?)+
                    $($(Policy::$later => {},)?)+
                }
            }

            /// What was written of it.
            pub(crate) fn view(&self) -> View {
                match self {
                    $($(Policy::$type(setting) => View {
                        kind: stringify!($kind),
                        levels: $kind::LEVELS,
                        shape: $kind::$type::shape,
                        part: whole_or(&[$($parted::$part)?]),
                        setting: setting.written(),
                    },)?)+
                    $($(Policy::$later => View {
                        kind: $name,
                        levels: Levels::Innermost,
                        shape: pintle_core::config::Later::shape,
                        part: whole,
                        setting: Setting::Off,
                    },)?)+
                }
            }

            /// Whether it is an authentication: one on an inner level replaces those of outer ones, whatever their kinds.
            pub(crate) fn replaces_authentications(&self) -> bool {
                match self {
                    $($(Policy::$type(setting) => {
                        $kind::LEVELS == Levels::Authentication && !matches!(setting, Setting::Off)
                    },)?)+
                    $($(Policy::$later => false,)?)+
                }
            }

            /// The authentication that it is, as one of several; what is none is reported.
            pub(crate) fn alternative(&self, at: Alternative<'_>, building: &mut Building<'_, '_>) -> Option<Sure> {
                $($(
                    if let Some(made) = at.one_of(self, building, $by::$make) {
                        return made;
                    }
                )?)+
                at.unfit(self, building)
            }

            /// Why no name can be given to it, if none can.
            pub(crate) fn unfit_for_a_name(&self) -> Option<&'static str> {
                match self {
                    $($(
                        Policy::$type(Setting::Off) => Some("leave it out: `none` is for lists"),
                        Policy::$type(Setting::Use { .. }) => Some("`use` is for lists; write its settings here"),
                    )?)+
                    _ => None,
                }
            }
        }

        $($(
            impl Kind for $kind::$type {
                const NAME: &'static str = stringify!($kind);
                const LEVELS: Levels = $kind::LEVELS;

                fn of(policy: &Policy) -> Option<&Setting<Self>> {
                    match policy {
                        Policy::$type(setting) => Some(setting),
                        _ => None,
                    }
                }
            }
        )?)+

        /// What holds for one route, by kind.
        #[derive(Default)]
        pub(crate) struct Effective<'a> {
            $($($kind: Layers<'a, $kind::$type>,)?)+
        }

        impl<'a> Effective<'a> {
            /// Takes one entry of a level's list.
            pub(crate) fn take(
                &mut self,
                policy: &'a Policy,
                at: At<'a>,
                named: &NamedPolicies,
                reader: &mut Reader,
            ) -> Option<()> {
                if policy.replaces_authentications() {
                    $($(
                        if $kind::LEVELS == Levels::Authentication {
                            self.$kind.leave_to(at.level);
                        }
                    )?)+
                }
                match policy {
                    $($(Policy::$type(setting) => self.$kind.take(setting, at, named, reader),)?)+
                    $($(Policy::$later => None,)?)+
                }
            }

            /// Adds the steps in their order; false if something was reported.
            pub(crate) fn steps(&self, building: &mut Building<'_, '_>) -> bool {
                let mut good = true;
                $(
                    $(if building.asks_who || !GO_BY_WHO.contains(&$name) {
                        good &= $module::$steps(&self.$module, building).is_some();
                    })?
                    $(if building.asks_who {
                        good &= authenticate::steps($name, &self.$by, building, $by::$make).is_some();
                    })?
                    building.settle($name);
                )+
                good
            }
        }
    };
}
use run_order;
