//! `files: ROOT | {root | file, index, fallback, precompressed, listing}`: serves files.
//!
//! A request is answered from what one look finds: the file is opened once, and all that is said of it is of what was
//! opened. Opening and asking for a file's state are done on the worker, as they are answered from memory but for the
//! first time; its bytes are read as `files/disk.rs` says.

mod answer;
mod coding;
pub(crate) mod conditions;
mod config;
mod content;
mod disk;
mod find;
mod kind;
mod listing;
mod name;
mod range;
mod root;
#[cfg(test)]
mod tests;
mod version;
mod walk;

pub use coding::Precompressed;
pub use config::{FilesConfig, FilesMap};

use answer::Head;
use disk::Pace;
use find::Finding;
use listing::Listing;
use pintle_core::config::{ConfigPath, Diagnostic, Reader, Span, Spanned};
use pintle_core::step::{Action, BoxFuture, Outcome, Plan};
use pintle_core::{Exchange, Method, Reason, Refusal, Response, StatusCode, names};
use root::{Root, Way};
use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

/// What is done with a file.
const ALLOW: &str = "GET, HEAD, OPTIONS";

/// Serves files.
pub(crate) struct Files {
    place: Place,
    precompressed: Box<[Precompressed]>,
    pace: Arc<Pace>,
}

enum Place {
    One(Box<Path>),
    Below { root: Root, index: Box<[Box<str>]>, fallback: Option<Box<str>>, listing: bool },
}

impl FilesConfig {
    /// Builds the action; what is wrong is reported. `has_rest` is whether the match of the route at `matched` has a `**`.
    pub fn build(&self, has_rest: bool, matched: &Span, reader: &mut Reader) -> Option<Arc<dyn Action>> {
        Some(Arc::new(self.files(Way::here(), has_rest, matched, reader)?))
    }

    fn files(&self, way: Way, has_rest: bool, matched: &Span, reader: &mut Reader) -> Option<Files> {
        let map = match self {
            FilesConfig::Root(_) => None,
            FilesConfig::Long(map) => Some(map),
        };
        // What is there and is the other one was never meant; what is not there may come.
        let is_other = |path: &Spanned<ConfigPath>, is_folder| {
            std::fs::metadata(&**path).is_ok_and(|there| there.is_dir() == is_folder)
        };
        let place = match (self.root(), self.file()) {
            (Some(root), _) => {
                if is_other(root, false) {
                    let message = format!("{} is no folder", root.display());
                    let help = "a root is a folder; serve one file by `file`";
                    reader.report(Diagnostic::error("files", message, &root.span).help(help));
                    return None;
                }
                if !has_rest {
                    let message = "files below a root are named by what `**` of the match stands for, and it has none";
                    let help = "end the match in `/**`, or serve one file by `file`";
                    reader.report(Diagnostic::error("files", message, matched).also(&root.span, "the root").help(help));
                    return None;
                }
                let index = match map {
                    Some(map) => map.index.iter().map(|name| name.as_str().into()).collect(),
                    None => [Box::from("index.html")].into(),
                };
                Place::Below {
                    root: Root::new(root.to_path_buf(), way),
                    index,
                    fallback: self.fallback().and_then(|path| path.strip_prefix('/')).map(Box::from),
                    listing: map.is_some_and(|map| map.listing),
                }
            }
            (None, Some(file)) if is_other(file, true) => {
                let message = format!("{} is a folder", file.display());
                let help = "serve what is in a folder by `root`";
                reader.report(Diagnostic::error("files", message, &file.span).help(help));
                return None;
            }
            (None, Some(file)) => Place::One(file.value.as_ref().into()),
            // Reported when it was read.
            (None, None) => return None,
        };
        let precompressed = map.map_or(&[][..], |map| &map.precompressed).iter().map(|coding| coding.value).collect();
        Some(Files { place, precompressed, pace: Pace::new() })
    }
}

impl Files {
    fn varies(&self) -> bool {
        !self.precompressed.is_empty()
    }

    fn begin(&self, exchange: &Exchange) -> Result<Begun, Refusal> {
        if let Some(answer) = by_method(&exchange.request.method) {
            return answer.map(Begun::Done);
        }
        Ok(match self.find(exchange)? {
            Finding::File(found) => Begun::File(found.head(exchange, self.varies())?),
            Finding::Slash => Begun::Done(slash(exchange)),
            Finding::Listing(listing) => Begun::Listing(listing),
        })
    }
}

/// An answer as far as it is known without waiting.
enum Begun {
    Done(Response),
    File(Head),
    Listing(Box<Listing>),
}

/// What a method that reads no file is answered.
fn by_method(method: &Method) -> Option<Outcome> {
    match *method {
        Method::GET | Method::HEAD => None,
        Method::OPTIONS => {
            let mut response = Response::new(StatusCode::NO_CONTENT);
            response.fields.append(names::ALLOW, ALLOW);
            Some(Ok(response))
        }
        _ => Some(Err(Refusal::new(Reason::MethodNotAllowed).field(names::ALLOW, ALLOW))),
    }
}

/// Sends to the folder's own path. It is normalised, so that it never begins with two slashes, which would be a host.
fn slash(exchange: &Exchange) -> Response {
    let target = &exchange.request.target;
    let query = target.query().map_or(Cow::Borrowed(""), |query| format!("?{query}").into());
    let mut response = Response::new(StatusCode::PERMANENT_REDIRECT);
    response.fields.append(names::LOCATION, format!("{}/{query}", target.path()));
    response
}

impl Action for Files {
    fn call<'a>(&'a self, exchange: &'a mut Exchange) -> BoxFuture<'a, Outcome> {
        let begun = self.begin(exchange);
        Box::pin(async move {
            match begun? {
                Begun::Done(response) => Ok(response),
                Begun::File(head) => head.read(&self.pace).await,
                Begun::Listing(listing) => listing.answer().await,
            }
        })
    }

    fn plan(&self, exchange: &mut Exchange) -> Result<Plan, Refusal> {
        Ok(Plan::Answer(match self.begin(exchange)? {
            Begun::Done(response) => response,
            Begun::File(head) => head.unread(&self.pace),
            Begun::Listing(_) => listing::head(),
        }))
    }
}
