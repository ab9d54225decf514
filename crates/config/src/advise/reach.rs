//! Routes that no request comes to. What is found, and what is not, is said in `pintle_router`'s `table/reach.rs`.

use super::Subject;
use super::outline::Outline;
use crate::assemble::report_conflicts;
use pintle_core::config::{Diagnostic, Reader, Span};
use pintle_router::{Conflict, Entry, Table};

/// So many of those that take a route's requests are shown.
const SHOWN: usize = 3;

/// Routes that match exactly the same: an error that assembling finds too, but not where one of them has another one.
pub(super) fn equal(subject: &Subject<'_>, reader: &mut Reader) {
    let Err(conflicts) = &subject.table else { return };
    let spans: Vec<Span> = subject.outline.routes.iter().map(|route| route.span().clone()).collect();
    report_conflicts(conflicts, &spans, reader);
}

/// Routes all of whose requests go to others.
pub(super) fn shadowed(subject: &Subject<'_>, reader: &mut Reader) {
    let routes = &subject.outline.routes;
    let Ok(table) = &subject.table else { return };
    for shadowed in table.shadowed(subject.outline.listeners.len() as u32) {
        let span = routes[shadowed.route].span();
        let mut diagnostic = Diagnostic::warning("unreachable", "no request comes to this route", span);
        for (at, by) in shadowed.by.iter().take(SHOWN).enumerate() {
            let label = if at == 0 { "its requests go here" } else { "and here" };
            diagnostic = diagnostic.also(routes[*by].span(), label);
        }
        let named = shadowed.by.iter().any(|by| routes[*by].listeners.is_some());
        let help = match named && routes[shadowed.route].listeners.is_none() {
            true => "where two are equal, the one that names its listener wins there: remove this one, or the other",
            false => "remove it, or make it more specific",
        };
        reader.report(diagnostic.help(help));
    }
}

/// Routes whose conditions no single value of a name meets.
pub(super) fn contradictory(subject: &Subject<'_>, reader: &mut Reader) {
    let Ok(table) = &subject.table else { return };
    for (route, one, other) in table.contradictory() {
        let message = format!("no value meets both `{one}` and `{other}`: only a request that has two gets here");
        let span = subject.outline.routes[route].span();
        reader.report(Diagnostic::warning("contradiction", message, span).help("a list of values means any of them"));
    }
}

/// The table of an outline's routes, or those that are equal.
pub(super) fn table(outline: &Outline<'_>) -> Result<Table<()>, Vec<Conflict>> {
    let entry = |leaf: &super::outline::Leaf<'_>| Entry {
        pattern: leaf.pattern.clone(),
        listeners: leaf.on.clone(),
        value: (),
    };
    Table::build(outline.routes.iter().map(entry).collect())
}
