//! A group without routes: its match takes nothing, and what it says of policies holds nowhere.

use super::Subject;
use crate::document::RouteConfig;
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Reader};

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    for route in subject.document.routes.iter().filter_map(Maybe::get) {
        look(route, reader);
    }
}

fn look(route: &RouteConfig, reader: &mut Reader) {
    let Some(children) = &route.routes else { return };
    if children.is_empty() {
        let message = "a group without routes: no request comes to it";
        let help = "add routes, or remove the group";
        reader.report(Diagnostic::warning("empty-group", message, &route.pattern.span).help(help));
    }
    for child in children.iter().filter_map(Maybe::get) {
        look(child, reader);
    }
}
