//! Secrets that policies need: fetched when the configuration loads.

use crate::build::Building;
use pintle_core::config::{Diagnostic, SecretSource, Span};
use pintle_core::secret::Secret;

/// Fetches a secret. What cannot be had is reported where the configuration is to serve somebody; else the secret is
/// empty: `check` runs where no secrets are, and warns of them by itself.
pub(crate) fn resolve(source: &SecretSource, at: &Span, building: &mut Building<'_, '_>) -> Option<Secret> {
    match source.resolve() {
        Ok(secret) => Some(secret),
        Err(_) if !building.around.lasting.serves() => Some(Secret::default()),
        Err(why) => {
            building.reader.report(Diagnostic::error("no-secret", why, at));
            None
        }
    }
}
