//! `csrf: {origins}`: refuses what a page of another site sends in a user's name, by what browsers tell of where a request
//! comes from. No token, no cookie, no state.
//!
//! GET, HEAD, OPTIONS, QUERY and TRACE pass, as they change nothing (RFC 9110 9.2.1); a WebSocket does not count among them: a page of
//! any site can open one with the user's cookies. Then, in this order: an `Origin` that is listed passes; `Sec-Fetch-Site`
//! passes if it is `same-origin` or `none` (the user's own doing), and no other value does; without it an `Origin` passes
//! whose host and port are the request's own, or without that too such a `Referer`. What sends none of them is no browser of
//! these years, and passes: it has no cookies that another site could use. Any of them twice does not pass. The inner level replaces the outer.

#[cfg(test)]
mod tests;

use crate::build::Building;
use crate::layers::{Layers, Levels};
use crate::origin::Origin;
use crate::sender::Sender;
use pintle_core::config::{OneOrMany, Read};
use pintle_core::step::Step;
use pintle_core::{Exchange, Method, Reason, Refusal};

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// Refuses requests that pages of other sites make in the name of their visitor (cross-site request forgery): 403 where
/// `Sec-Fetch-Site` says that the request is not of the same origin or, in a browser without that, where `Origin` (or without it
/// `Referer`) is another host than the request's own, or where one of these is there twice. Requests that change nothing pass
/// (GET, HEAD, OPTIONS), and so do those of programs that send none of these fields. WebSockets are looked at as well. The inner level stands in place of the outer.
///
/// ```yaml
/// routes:
///   - match: /account/**
///     policies: [{csrf: {origins: ["https://shop.example.com"]}}]
///     proxy: users
///   - {match: POST /hooks/**, policies: [{csrf: none}], proxy: users}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "csrf")]
pub struct Csrf {
    /// Other origins whose pages may send: `https://*.example.com` is all below a name.
    #[read(default)]
    pub origins: OneOrMany<Origin>,
}

/// Refuses what comes of another site.
pub(crate) fn check(layers: &Layers<'_, Csrf>, building: &mut Building<'_, '_>) -> Option<()> {
    if let Some(csrf) = layers.innermost() {
        let origins: Box<[Origin]> = csrf.origins.0.clone().into();
        building.steps.push(Step::Check(Box::new(move |exchange| {
            decide(exchange, &origins).map_err(|internal| {
                let detail = "The request comes from another site.";
                Refusal::new(Reason::CrossSite).detail(detail).internal(internal)
            })
        })));
    }
    Some(())
}

/// The error is for the operator.
fn decide(exchange: &Exchange, origins: &[Origin]) -> Result<(), String> {
    let request = &exchange.request;
    let is_safe = matches!(request.method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE)
        || request.method.as_str() == "QUERY";
    if is_safe && request.protocol.is_none() {
        return Ok(());
    }
    match Sender::of(exchange, origins) {
        Sender::Own | Sender::Unknown => Ok(()),
        Sender::SameSite => Err("sec-fetch-site is \"same-site\"".into()),
        Sender::Other(why) => Err(why),
    }
}
