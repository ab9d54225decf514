//! Routes that no request comes to. What is found, and what is not, is said in `pintle_router`'s `table/reach.rs`.

use super::Subject;
use super::outline::Outline;
use pintle_core::config::{Diagnostic, Reader};
use pintle_router::{Entry, Listeners, Table};

/// So many of those that take a route's requests are shown.
const SHOWN: usize = 3;

/// Routes all of whose requests go to others.
pub(super) fn shadowed(subject: &Subject<'_>, reader: &mut Reader) {
    let routes = &subject.outline.routes;
    let Some(table) = table(&subject.outline) else { return };
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
    let Some(table) = table(&subject.outline) else { return };
    for (route, one, other) in table.contradictory() {
        let message = format!("no value meets both `{one}` and `{other}`: only a request that has two gets here");
        let span = subject.outline.routes[route].span();
        reader.report(Diagnostic::warning("contradiction", message, span).help("a list of values means any of them"));
    }
}

/// None where two routes are equal, which is an error.
fn table(outline: &Outline<'_>) -> Option<Table<()>> {
    let entry = |leaf: &super::outline::Leaf<'_>| Entry {
        pattern: leaf.pattern.clone(),
        listeners: leaf.listeners.clone().map_or(Listeners::ALL, Listeners::only),
        value: (),
    };
    Table::build(outline.routes.iter().map(entry).collect()).ok()
}
