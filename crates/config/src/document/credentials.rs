//! Which names of headers, cookies and parameters must not be shown with their values: those of `redact`, and those under
//! which the configuration's own policies look for credentials.

use super::{Document, RouteConfig};
use crate::maybe::Maybe;
use pintle_core::redact::Names;

impl Document {
    /// The names of what is left out wherever requests are shown. Routes that were left unread are not looked at.
    pub fn names(&self) -> Names {
        let mut found = Vec::new();
        self.policies.credentials(&mut found);
        self.defaults.policies.credentials(&mut found);
        for listener in self.listeners.iter().filter_map(Maybe::get) {
            listener.policies.credentials(&mut found);
        }
        let mut routes: Vec<&RouteConfig> =
            self.routes.iter().filter_map(Maybe::get).map(|route| &route.value).collect();
        while let Some(route) = routes.pop() {
            route.policies.credentials(&mut found);
            routes.extend(route.routes.iter().flatten().filter_map(Maybe::get).map(|route| &route.value));
        }
        Names::and(found).with(&self.telemetry.names())
    }
}
