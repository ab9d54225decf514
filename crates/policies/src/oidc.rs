//! `oidc: {issuer, client_id, client_secret, callback, session}`: the login for browsers (OpenID Connect Core 1.0, authorization
//! code with PKCE), and the session that comes of it.
//!
//! An authentication: the innermost level that has any replaces all outer ones. Who is not logged in and asks for a page is sent
//! to the issuer and comes back to that page; who asks for anything else gets 401. The paths that it answers itself (callback, logout)
//! are routes that it brings along. The gateway keeps nothing of a login that is under way: that stands sealed in the
//! browser (`browser.rs`), as does the session (`session.rs`).

mod browser;
mod callback;
mod client;
mod cookies;
mod counts;
mod ended;
mod endpoints;
mod form;
mod granted;
mod id_token;
mod login;
mod logout;
mod made;
mod refresh;
mod seal;
mod session;
mod settings;
mod stored;
mod together;

pub(crate) use counts::{Counts, FAMILIES};
pub use settings::{Oidc, OwnPath, SessionConfig};

use crate::authenticate::Authenticate;
use crate::build::Building;
use crate::layers::{Levels, Origin};
use callback::Callback;
use client::Client;
use login::Login;
use logout::{BackChannel, Logout};
use pintle_core::config::Spanned;
use pintle_core::step::{Action, Brought};
use std::sync::Arc;

pub(crate) const LEVELS: Levels = Levels::Authentication;

/// Builds the login, and the routes that it brings along; what is wrong is reported.
pub(crate) fn make(
    settings: &Oidc,
    origin: Origin<'_>,
    building: &mut Building<'_, '_>,
) -> Option<Arc<dyn Authenticate>> {
    let instance = origin.to_string();
    let client = Client::find(settings, &instance, building)?;
    let like: Arc<str> = settings.likeness().into();
    let mut bring = |path: &Spanned<OwnPath>, what, action: Arc<dyn Action>| {
        let name = format!("{instance} {what}").into();
        let (like, span) = (Arc::clone(&like), path.span.clone());
        building.brought.push(Brought { path: path.0.as_str().into(), name, like, span, action });
    };
    bring(&settings.callback, "callback", Arc::new(Callback(Arc::clone(&client))));
    if let Some(path) = &settings.logout {
        bring(path, "logout", Arc::new(Logout(Arc::clone(&client))));
    }
    if let Some(path) = &settings.back_channel_logout {
        bring(path, "back-channel logout", Arc::new(BackChannel(Arc::clone(&client))));
    }
    let consumers = Arc::clone(&building.around.consumers);
    Some(Arc::new(Login { client, consumers, optional: settings.optional }))
}
