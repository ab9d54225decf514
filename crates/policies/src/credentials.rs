//! The names under which credentials come that a configuration chooses itself: what must not be shown of requests, beside
//! what is a credential by its name anywhere.

use crate::api_key::ApiKey;
use crate::{NamedPolicies, Policy, PolicyEntry, PolicyList, Setting};

impl Policy {
    /// Those of which it chooses one, if it is `any`.
    pub fn alternatives(&self) -> &[PolicyEntry] {
        match self {
            Policy::Any(Setting::On { value, .. }) => value.alternatives(),
            _ => &[],
        }
    }

    /// Adds the names of headers, parameters and cookies that carry credentials.
    fn credentials<'p>(&'p self, names: &mut Vec<&'p str>) {
        match self {
            Policy::ApiKey(Setting::On { value, .. }) => names.extend(value.name()),
            Policy::Jwt(Setting::On { value, .. }) => {
                let places = [&value.header, &value.cookie, &value.query];
                names.extend(places.into_iter().flatten().map(|name| name.as_str()));
            }
            Policy::Introspect(Setting::On { value, .. }) => {
                let places = [&value.header, &value.cookie, &value.query];
                names.extend(places.into_iter().flatten().map(|name| name.as_str()));
            }
            Policy::Oidc(Setting::On { value, .. }) => names.push(value.cookie()),
            Policy::ApiKey(Setting::Use { changes, .. })
            | Policy::Jwt(Setting::Use { changes, .. })
            | Policy::Introspect(Setting::Use { changes, .. }) => {
                names.extend(ApiKey::PLACES.iter().filter_map(|place| changes.get(place)?.as_text()));
            }
            Policy::Any(Setting::On { value, .. }) => of_entries(value.alternatives(), names),
            _ => {}
        }
    }
}

fn of_entries<'p>(entries: &'p [PolicyEntry], names: &mut Vec<&'p str>) {
    for entry in entries {
        if let PolicyEntry::Inline(policy) = entry {
            policy.credentials(names);
        }
    }
}

impl PolicyList {
    /// Adds the names of what carries credentials by policies that stand in the list itself.
    pub fn credentials<'p>(&'p self, names: &mut Vec<&'p str>) {
        of_entries(self, names);
    }
}

impl NamedPolicies {
    /// Adds the names of what carries credentials.
    pub fn credentials<'p>(&'p self, names: &mut Vec<&'p str>) {
        for policy in self.names().filter_map(|name| self.get(name)) {
            policy.credentials(names);
        }
    }
}
