//! Where an issuer is found, and how often it is asked.

use super::{Issuer, IssuerName, discovery};
use crate::build::Building;
use crate::web_url::{WebUrl, is_private};
use pintle_core::config::{Diagnostic, Node, Read, Reader, Spanned};
use pintle_upstream::reference::Scheme;
use pintle_upstream::{Reference, Upstream};
use std::sync::Arc;
use std::time::Duration;

/// How often an issuer is asked for its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(called = "refresh", check)]
pub struct Refresh {
    /// The shortest time between two times that it is asked, whatever its `Cache-Control` says. A token whose `kid` is new has it
    /// asked at once, but not sooner than this after the last time.
    #[read(default = "30s")]
    pub least: Duration,
    /// The longest time, which holds too where its answer has no `Cache-Control`.
    #[read(default = "1h")]
    pub most: Duration,
}

impl Default for Refresh {
    fn default() -> Self {
        Refresh { least: Duration::from_secs(30), most: Duration::from_secs(3600) }
    }
}

impl Refresh {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.least.is_zero() {
            reader.zero(node, "least");
            return None;
        }
        if self.least > self.most {
            let message = "the shortest time between two refreshes is longer than the longest";
            reader.report(Diagnostic::error("refresh", message, node.span()).help("make `least` less than `most`"));
            return None;
        }
        Some(self)
    }
}

/// What a configuration says of an issuer.
pub(crate) struct Said<'c> {
    /// Its name, as tokens have it.
    pub(crate) issuer: &'c Spanned<IssuerName>,
    /// Whether its discovery document is needed; it is also asked for where nothing else says where its keys are.
    pub(crate) needs_discovery: bool,
    /// Where its keys are.
    pub(crate) jwks: Option<&'c Spanned<WebUrl>>,
    /// The upstream that all goes through.
    pub(crate) via: Option<&'c Spanned<String>>,
    /// Whether it may be asked in cleartext over a network.
    pub(crate) danger_plain_http: bool,
    /// How often it is asked.
    pub(crate) refresh: Refresh,
}

impl Said<'_> {
    /// The issuer; what is wrong is reported.
    pub(crate) fn find(&self, building: &mut Building<'_, '_>) -> Option<Arc<Issuer>> {
        let place = self.place(building)?;
        Some(Issuer::find(&place, &building.around.lasting, &building.around.defaults.counts.issuer))
    }

    fn place(&self, building: &mut Building<'_, '_>) -> Option<Place> {
        let discovery = match self.needs_discovery || self.jwks.is_none() {
            false => None,
            true => match discovery::place(self.issuer) {
                Ok(url) => Some(Spanned::new(url, self.issuer.span.clone())),
                Err(why) => {
                    let message = format!("`{}` does not say where its keys are: {why}", &*self.issuer.value);
                    let help = "say it by `jwks: URL` or `keys`";
                    building.reader.report(Diagnostic::error("issuer", message, &self.issuer.span).help(help));
                    return None;
                }
            },
        };
        let open = discovery.iter().chain(self.jwks).find(|url| !(url.value.is_private() || self.danger_plain_http));
        if let Some(open) = open.filter(|_| self.via.is_none()) {
            let message =
                format!("`{}` would be asked in cleartext, where anybody on the way can give out keys", open.value);
            let help = "write `https://`, or `danger_plain_http: true`";
            building.reader.report(Diagnostic::error("plain-http", message, &open.span).help(help));
            return None;
        }
        let first = discovery.as_ref().or(self.jwks)?;
        let reference = match self.via {
            Some(name) => Spanned::new(Reference::Named(name.value.clone()), name.span.clone()),
            None => Spanned::new(Reference::Url(first.value.origin().clone()), first.span.clone()),
        };
        let through = building.services.upstream(&reference, Scheme::Http, building.reader)?;
        if self.via.is_some() && !self.danger_plain_http && !is_private(&through) {
            let message =
                format!("`{}` is asked in cleartext, where anybody on the way can give out keys", through.name);
            let help = "give the upstream `tls: {}`, or write `danger_plain_http: true`";
            building.reader.report(Diagnostic::error("plain-http", message, &reference.span).help(help));
            return None;
        }
        Some(Place {
            issuer: (***self.issuer).into(),
            discovery: discovery.as_ref().map(|url| url.value.clone()),
            jwks: self.jwks.map(|url| url.value.clone()),
            through,
            by_name: self.via.is_some(),
            danger_plain_http: self.danger_plain_http || self.via.is_some(),
            refresh: self.refresh,
        })
    }
}

/// Where an issuer is found.
#[derive(Clone)]
pub(crate) struct Place {
    /// Its name, as tokens have it.
    pub(crate) issuer: Box<str>,
    /// Its discovery document, if that is asked for.
    pub(crate) discovery: Option<WebUrl>,
    /// Its keys, where it is not the discovery document that says it.
    pub(crate) jwks: Option<WebUrl>,
    /// What is asked. If it has a name, all goes that way; else other services are looked up as it is.
    pub(crate) through: Arc<Upstream>,
    /// Whether all goes through the upstream.
    pub(crate) by_name: bool,
    /// Whether it may be asked in cleartext over a network.
    pub(crate) danger_plain_http: bool,
    /// How often it is asked.
    pub(crate) refresh: Refresh,
}

impl Place {
    /// Places of one name are one issuer's, which may be reached in another way by now.
    pub(crate) fn name(&self) -> String {
        let url = |url: &Option<WebUrl>| url.as_ref().map_or_else(String::new, ToString::to_string);
        format!("{} {} {} {}", self.issuer, url(&self.discovery), url(&self.jwks), self.through.name)
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        let said = |place: &Place| (place.by_name, place.danger_plain_http, place.refresh);
        self.name() == other.name() && said(self) == said(other) && Arc::ptr_eq(&self.through, &other.through)
    }
}
