//! Asking an issuer: for its discovery document, and for its keys. Redirects are not followed: where keys are is for the
//! configuration and the issuer to say.

use super::{Discovery, Found, Place, discovery};
use crate::web_url::WebUrl;
use bytes::Bytes;
use pintle_core::{Fields, Method, StatusCode, names};
use pintle_jose::KeySet;
use pintle_upstream::{Answer, Call, Origin, Upstream};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long all of it may take.
const TIME: Duration = Duration::from_secs(10);

/// Asks an issuer. Connections are its own, because it runs in the background.
#[derive(Default)]
pub(super) struct Fetch {
    /// The upstream that was made for each service; none stands for the one with a name.
    upstreams: Vec<(Option<Origin>, Arc<Upstream>)>,
}

/// What an issuer said.
pub(super) struct Told {
    pub(super) found: Found,
    /// How long that is good for, if the answer said so.
    pub(super) fresh: Option<Duration>,
}

impl Fetch {
    /// Asks; the error is for the operator.
    pub(super) async fn ask(&mut self, place: &Place) -> Result<Told, String> {
        let deadline = Instant::now() + TIME;
        let told = self.ask_until(place, deadline).await;
        // It is asked again in a while; nobody else uses its connections.
        let later = Instant::now() + Duration::from_secs(24 * 3600);
        self.upstreams.iter().for_each(|(_, upstream)| upstream.sweep(later));
        told
    }

    async fn ask_until(&mut self, place: &Place, deadline: Instant) -> Result<Told, String> {
        let discovery = match &place.discovery {
            None => None,
            Some(url) => {
                let answer = self.get(url, discovery::LIMITS.bytes, place, deadline).await?;
                let read = Discovery::read(&answer.content, &place.issuer).map_err(|why| format!("{url}: {why}"))?;
                Some(read)
            }
        };
        let said = || discovery.as_ref()?.url("jwks_uri");
        let url = place.jwks.clone().or_else(said).ok_or("its discovery document has no `jwks_uri`")?;
        let answer = self.get(&url, KeySet::MOST_BYTES, place, deadline).await?;
        let (keys, skipped) = KeySet::parse(&answer.content, false).map_err(|why| format!("{url}: {why}"))?;
        if keys.keys().is_empty() {
            let why = skipped.first().map_or("there is none".to_owned(), |first| first.why.to_string());
            return Err(format!("{url}: no key can be used: {why}"));
        }
        let number = number(&answer.content);
        Ok(Told { found: Found { number, keys, discovery }, fresh: fresh(&answer.fields) })
    }

    async fn get(&mut self, url: &WebUrl, most: usize, place: &Place, deadline: Instant) -> Result<Answer, String> {
        if !(url.is_private() || place.danger_plain_http) {
            return Err(format!("{url} would be asked in cleartext"));
        }
        let upstream = self.upstream(url.origin(), place).await?;
        let mut fields = Fields::new();
        fields.append(names::ACCEPT, "application/json");
        fields.append(names::USER_AGENT, concat!("pintle/", env!("CARGO_PKG_VERSION")));
        let call = Call {
            method: &Method::GET,
            target: url.target(),
            host: Some(url.host()),
            fields: &fields,
            body: &Bytes::new(),
            deadline,
            most,
        };
        let answer = upstream.call(&call).await.map_err(|refusal| {
            let internal = refusal.internal.as_deref().unwrap_or("no answer");
            format!("{url}: {}: {internal}", refusal.reason.code())
        })?;
        match answer.status {
            StatusCode::OK => Ok(answer),
            other => Err(format!("{url}: it answered {}", other.as_u16())),
        }
    }

    async fn upstream(&mut self, origin: &Origin, place: &Place) -> Result<Arc<Upstream>, String> {
        let wanted = (!place.by_name).then_some(origin);
        if let Some((_, known)) = self.upstreams.iter().find(|(of, _)| of.as_ref() == wanted) {
            return Ok(Arc::clone(known));
        }
        let (through, origin) = (Arc::clone(&place.through), wanted.cloned());
        // It reads the authorities that are trusted.
        let make = move || match &origin {
            Some(origin) => through.beside(origin),
            None => through.apart(),
        };
        let made = tokio::task::spawn_blocking(make).await.map_err(|_| "it could not be prepared")?;
        let made = made.map_err(|fault| fault.message)?;
        self.upstreams.push((wanted.cloned(), Arc::clone(&made)));
        Ok(made)
    }
}

/// A number that other keys do not have.
pub(crate) fn number(text: &[u8]) -> u64 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text);
    digest.as_ref().iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// How long an answer is good for (RFC 9111 5.2.2), where it says so.
fn fresh(fields: &Fields) -> Option<Duration> {
    let mut age = None;
    for directive in fields.list(names::CACHE_CONTROL) {
        let Ok(directive) = str::from_utf8(directive) else { continue };
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match &*name.trim().to_ascii_lowercase() {
            "no-cache" | "no-store" => return Some(Duration::ZERO),
            "max-age" => age = value.trim().trim_matches('"').parse().ok().map(Duration::from_secs),
            _ => {}
        }
    }
    age
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_how_long_it_is_good_for() {
        let said = |value| fresh(&[("cache-control", value)].into_iter().collect()).map(|age| age.as_secs());
        assert_eq!(said("public, max-age=600"), Some(600));
        assert_eq!(said("Max-Age=\"5\", public"), Some(5));
        assert_eq!((said("no-store, max-age=600"), said("max-age=x"), said("public")), (Some(0), None, None));
        assert_eq!(fresh(&Fields::new()), None);
    }
}
