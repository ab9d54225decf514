//! `compress: {algorithms, min_size, types}`: answers are compressed on their way to clients that accept it, and what a
//! service compressed is undone for those that do not.
//!
//! The inner level replaces the outer. On the way in it notes what the client accepts, before anything further in may
//! change that field for the service, and puts validators back into the service's words; on the way out it decides by the
//! answer's fields alone and wraps the content. Nothing is refused here. What `headers` sets on answers comes later: a
//! `no-transform` of it is for those beyond.

mod accept;
mod answer;
mod coding;
mod counts;
mod decode;
mod encode;
mod lent;
mod memory;
mod stream;
#[cfg(test)]
mod tests;
mod types;
mod undo;
mod validators;

pub(crate) use counts::{Counts, FAMILIES};

use crate::build::Building;
use crate::layers::{Layers, Levels};
use accept::Accepted;
use answer::Settings;
use coding::Coding;
use pintle_core::Exchange;
use pintle_core::config::{ByteSize, Diagnostic, Node, Read, Reader, Spanned};
use pintle_core::step::Step;
use std::sync::Arc;
use types::Types;
use validators::Validators;

pub(crate) const LEVELS: Levels = Levels::Innermost;

/// Compresses answers for clients that accept it (RFC 9110 12.5.3), as they flow: nothing waits for a whole answer, and
/// what a service has sent so far goes on at once, so that events of an event stream arrive one by one. `compress: {}` is
/// all of the defaults. The inner level stands in place of the outer.
///
/// Left alone are answers of other types, small ones, parts (206), what is compressed already, gRPC, and what says
/// `cache-control: no-transform`, in the request or in the answer. What a service has compressed itself passes as it is, or
/// is decompressed for a client that did not say that it can read it (gzip, br, zstd).
///
/// An answer that could have been compressed carries `vary: accept-encoding`. A compressed one has an entity tag of its
/// own: `"v1"` becomes `"v1~gzip"`, and is the service's own again in the `if-match` and `if-none-match` of later requests.
///
/// An answer in which a secret stands beside text that an attacker chooses gives the secret away by its compressed size
/// (the BREACH attack): write `compress: none` for such a route.
///
/// ```yaml
/// defaults: {policies: [{compress: {}}]}
/// routes:
///   - {match: /api/**, policies: [{compress: {algorithms: [zstd, gzip], min_size: 4KiB}}], proxy: orders}
///   - {match: /tiles/**, policies: [{compress: {types: [application/vnd.tile, text/*, +json]}}], proxy: orders}
///   - {match: /login, policies: [{compress: none}], proxy: users}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "compress", check)]
pub struct Compress {
    /// What answers are compressed by. Where a client likes several equally well, the first of them.
    #[read(default = "[zstd, br, gzip]")]
    pub algorithms: Vec<Spanned<Coding>>,
    /// The least content that is worth it, where its length is known beforehand. What is of unknown length is compressed.
    #[read(default = "1KiB")]
    pub min_size: ByteSize,
    /// The media types that are compressed, in place of the gateway's own list: `TYPE/SUBTYPE`, `TYPE/*` for all of a
    /// type, `+SUFFIX` for all with that suffix (RFC 6838 4.2.8). Without it: text, JSON, XML, JavaScript, WebAssembly,
    /// SVG, YAML, fonts and images that are not compressed by their format. Never gRPC, whose messages have a compression
    /// of their own.
    pub types: Option<Types>,
}

impl Compress {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.algorithms.is_empty() {
            let at = node.get("algorithms").unwrap_or(node);
            let none = Diagnostic::error("compress", "the list of algorithms is empty", at.span());
            reader.report(none.help("for no compression write `compress: none`"));
            return None;
        }
        let mut good = true;
        for (at, coding) in self.algorithms.iter().enumerate() {
            if let Some(first) = self.algorithms[..at].iter().find(|one| one.value == coding.value) {
                let message = format!("`{}` is there twice", coding.value.name());
                let twice = Diagnostic::error("compress", message, &coding.span).also(&first.span, "first here");
                reader.report(twice.help("the first one counts: leave this one out"));
                good = false;
            }
        }
        good.then_some(self)
    }
}

/// What is known of a request on its way in that its answer needs.
struct Wanted {
    accepted: Accepted,
    validators: Validators,
    no_transform: bool,
}

/// Notes what the client accepts, and compresses what comes back.
pub(crate) fn steps(layers: &Layers<'_, Compress>, building: &mut Building<'_, '_>) -> Option<()> {
    let Some(config) = layers.innermost() else { return Some(()) };
    let settings = Settings {
        algorithms: config.algorithms.iter().map(|coding| coding.value).collect(),
        min_size: config.min_size.bytes(),
        types: config.types.clone().unwrap_or_default(),
        counts: Arc::clone(&building.around.defaults.counts.compress),
    };
    let algorithms = settings.algorithms.clone();
    building.steps.push(Step::Check(Box::new(move |exchange| {
        note(exchange, &algorithms);
        Ok(())
    })));
    building.steps.push(Step::Edit(Box::new(move |exchange, response| {
        // There is none where the request never came so far in.
        if let Some(wanted) = exchange.kept.get::<Wanted>() {
            answer::edit(&settings, wanted, exchange, response);
        }
    })));
    Some(())
}

fn note(exchange: &mut Exchange, algorithms: &[Coding]) {
    let request = &mut exchange.request;
    if request.protocol.is_some() {
        return;
    }
    let accepted = Accepted::of(&request.fields, algorithms);
    let no_transform = answer::no_transform(&request.fields);
    let validators = Validators::take(&mut request.fields, accepted.best);
    exchange.kept.put(Wanted { accepted, validators, no_transform });
}
