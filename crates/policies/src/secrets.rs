//! Secrets that policies need: fetched when the configuration loads.

use crate::build::Building;
use pintle_core::config::{Diagnostic, SecretSource, Span};
use pintle_core::secret::Secret;

/// Fetches a secret. What cannot be had is an error where the configuration is to serve somebody; else it is a warning
/// and the secret is empty: `check` may run where no secrets are.
pub(crate) fn resolve(source: &SecretSource, at: &Span, building: &mut Building<'_, '_>) -> Option<Secret> {
    match source.resolve() {
        Ok(secret) => Some(secret),
        Err(why) if !building.around.lasting.serves() => {
            building.reader.report(Diagnostic::warning("no-secret", why, at).help("`run` needs it"));
            Some(Secret::default())
        }
        Err(why) => {
            building.reader.report(Diagnostic::error("no-secret", why, at));
            None
        }
    }
}
