//! `redirect: {to} | {scheme, host, port, path}`, with `status`: sends the client elsewhere.
//!
//! `to` is the whole place; of the parts, what is not given is the request's. A new scheme without a port takes its own.
//! The query is kept unless `to` or `path` has one. The status is 308 unless told: it keeps the method.

use crate::url::{Host, Url};
use pintle_core::config::{Diagnostic, Node, Read, Reader, Spanned, TemplateText, Text};
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::template::{Declared, Template};
use pintle_core::{Exchange, Reason, Refusal, Response, Scheme, StatusCode, names};
use std::fmt::Write;
use std::sync::Arc;

/// Sends the client elsewhere: `to` is the whole place, and excludes its parts; of the parts, what is not given is the
/// request's.
///
/// ```yaml
/// routes:
///   - {match: /old/**, redirect: {to: "https://shop.example.com/${path.rest}", status: 301}}
///   - {match: "plain.example.com/**", redirect: {scheme: https, port: 8443}}
///   - {match: "www.example.com/shop/**", redirect: {host: shop.example.com, path: "/${path.rest}"}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "redirect", instead = "write `{to: …}`", check)]
pub struct RedirectConfig {
    /// Where to: a URL, or a path on the same host. The query is kept unless this has one.
    pub to: Option<TemplateText>,
    /// The scheme, if it is to be another. Without `port` it takes its own port.
    pub scheme: Option<RedirectScheme>,
    /// The host, if it is to be another.
    pub host: Option<TemplateText>,
    /// The port, if it is to be another.
    pub port: Option<Spanned<u16>>,
    /// The path, if it is to be another.
    pub path: Option<TemplateText>,
    /// The status (RFC 9110 15.4). 307 and 308 keep the method; 301 and 308 are for good.
    #[read(default = "308")]
    pub status: RedirectStatus,
}

/// A scheme to redirect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum RedirectScheme {
    /// Cleartext.
    Http,
    /// TLS.
    Https,
}

/// The status of a redirection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "301, 302, 303, 307 or 308", range = "301-308")]
pub struct RedirectStatus(pub StatusCode);

impl Text for RedirectStatus {
    fn parse(text: &str) -> Result<Self, String> {
        Ok(RedirectStatus(match text {
            "301" => StatusCode::MOVED_PERMANENTLY,
            "302" => StatusCode::FOUND,
            "303" => StatusCode::SEE_OTHER,
            "307" => StatusCode::TEMPORARY_REDIRECT,
            "308" => StatusCode::PERMANENT_REDIRECT,
            _ => return Err(String::new()),
        }))
    }
}

impl RedirectConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let parts = self.scheme.is_some() || self.host.is_some() || self.port.is_some() || self.path.is_some();
        let (message, help) = match (&self.to, parts) {
            (Some(_), true) => {
                ("`to` is the whole place, and excludes the parts of one", "write all of it in `to`, or leave `to` out")
            }
            (None, false) => ("`redirect` does not say where to", "give `to`, or any of scheme, host, port, path"),
            _ if self.port.as_ref().is_some_and(|port| port.value == 0) => ("0 is no port", ""),
            _ => return Some(self),
        };
        reader.report(Diagnostic::error("redirect-to", message, node.span()).help(help));
        None
    }
}

/// Sends clients elsewhere.
#[derive(Debug)]
pub struct Redirect {
    status: StatusCode,
    to: To,
}

#[derive(Debug)]
enum To {
    Url(Url),
    Parts { scheme: Option<Scheme>, host: Option<Host>, port: Option<u16>, path: Option<Url> },
}

impl RedirectConfig {
    /// Builds the action; what is wrong is reported. `place` says what its templates may name.
    pub fn build(&self, place: &Declared<'_>, reader: &mut Reader) -> Option<Arc<dyn Action>> {
        Some(Arc::new(Redirect::build(self, place, reader)?))
    }
}

impl Redirect {
    /// As [`RedirectConfig::build`].
    pub fn build(config: &RedirectConfig, place: &Declared<'_>, reader: &mut Reader) -> Option<Self> {
        let status = config.status.0;
        if let Some(to) = &config.to {
            return Some(Redirect { status, to: To::Url(Url::location(to, place, reader)?) });
        }
        let host = config.host.as_ref().map(|host| Host::build(host, false, place, reader));
        let path = config.path.as_ref().map(|path| Url::path(path, place, reader));
        let scheme = config.scheme.map(|scheme| match scheme {
            RedirectScheme::Http => Scheme::Http,
            RedirectScheme::Https => Scheme::Https,
        });
        // An inner None was reported: it is no absence.
        let host = host.map_or(Some(None), |host| host.map(Some))?;
        let path = path.map_or(Some(None), |path| path.map(Some))?;
        let port = config.port.as_ref().map(|port| port.value);
        Some(Redirect { status, to: To::Parts { scheme, host, port, path } })
    }

    /// Its templates.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        let (to, host, path) = match &self.to {
            To::Url(url) => (Some(url), None, None),
            To::Parts { host, path, .. } => (None, host.as_ref(), path.as_ref()),
        };
        to.or(path).map(Url::template).into_iter().chain(host.map(Host::template))
    }

    fn answer(&self, exchange: &Exchange) -> Outcome {
        let location = self.location(exchange)?;
        let mut response = Response::new(self.status);
        response.fields.append(names::LOCATION, location);
        Ok(response)
    }

    /// Where a request is sent.
    pub fn location(&self, exchange: &Exchange) -> Result<String, Refusal> {
        let target = &exchange.request.target;
        let (scheme, host, port, path) = match &self.to {
            To::Url(url) => return url.render(exchange, target.query()),
            To::Parts { scheme, host, port, path } => (*scheme, host, *port, path),
        };
        let path = match path {
            Some(path) => path.render(exchange, target.query())?,
            None => target.path_and_query().to_owned(),
        };
        let host = match host {
            Some(host) => host.render(exchange)?,
            None if !target.host().is_empty() => target.host().to_owned(),
            // HTTP/1.0 without Host: a path alone needs none.
            None if scheme.is_none() && port.is_none() => return Ok(path),
            None => return Err(Refusal::new(Reason::BadTemplate).detail("The request names no host.")),
        };
        let own = exchange.request.scheme;
        let scheme = scheme.unwrap_or(own);
        let port = port.or(if scheme == own { target.port() } else { None });
        let mut url = String::with_capacity(host.len() + path.len() + 16);
        url.extend([scheme.as_str(), "://", &host]);
        if let Some(port) = port.filter(|port| *port != scheme.default_port()) {
            let _ = write!(url, ":{port}");
        }
        url.push_str(&path);
        Ok(url)
    }
}

impl Action for Redirect {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        Box::pin(std::future::ready(self.answer(exchange)))
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        self.answer(exchange).map(Plan::Answer)
    }
}

#[cfg(test)]
mod tests;
