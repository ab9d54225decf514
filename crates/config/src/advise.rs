//! What a configuration says that is probably not meant: warnings, asked for by `pintle check` alone. One file a subject,
//! and one list of them.
//!
//! A warning is only given where it is certain that what it says is true; where it may be meant so all the same, its help
//! says how to write it that way. Nothing here changes what runs.

mod access;
mod admin;
mod certificates;
mod empty;
mod files;
mod hosts;
mod identity;
mod loops;
mod order;
mod outline;
mod plain;
mod quiet;
mod reach;
mod secrets;
mod unused;

use crate::document::Document;
use outline::Outline;
use pintle_core::config::Reader;
use pintle_engine::Runtime;
use pintle_router::{Conflict, Table};

/// What there is to look at.
struct Subject<'d> {
    document: &'d Document,
    outline: Outline<'d>,
    /// The routes of the outline by their places in it; an error names those that are equal.
    table: Result<Table<()>, Vec<Conflict>>,
}

type Advice = fn(&Subject<'_>, &mut Reader);

/// Those that are true whatever errors there are elsewhere.
const ALWAYS: &[Advice] = &[
    empty::check,
    hosts::check,
    order::check,
    access::constant,
    access::shut,
    access::cors,
    plain::check,
    admin::check,
    secrets::check,
    files::check,
    reach::equal,
    reach::contradictory,
];

/// Those that look at what is not there, and would follow from any error.
const OF_SOUND: &[Advice] = &[
    reach::shadowed,
    loops::check,
    quiet::check,
    unused::upstreams,
    unused::policies,
    identity::unknown,
    identity::consumers,
];

/// Reports what is doubtful. `runtime` is what was assembled of the document, if it is without errors.
pub(crate) fn advise(document: &Document, runtime: Option<&Runtime>, reader: &mut Reader) {
    let outline = Outline::of(document);
    let subject = Subject { document, table: reach::table(&outline), outline };
    ALWAYS.iter().for_each(|advice| advice(&subject, reader));
    if let Some(runtime) = runtime {
        OF_SOUND.iter().for_each(|advice| advice(&subject, reader));
        certificates::check(&subject, runtime, reader);
    }
}
