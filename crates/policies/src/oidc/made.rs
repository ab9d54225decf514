//! A client as its configuration makes it: found again where nothing of it has changed, so that what it remembers goes on over reloads.

use super::client::Client;
use super::cookies::Cookie;
use super::ended::EndedSessions;
use super::id_token::Expected;
use super::refresh::Refreshes;
use super::seal::Seals;
use super::settings::Oidc;
use super::stored::Stored;
use crate::build::Building;
use crate::issuer::{Refresh, Said};
use crate::secrets;
use parking_lot::Mutex;
use pintle_core::config::Diagnostic;
use pintle_core::secret::Secret;
use pintle_jose::{Algorithm, Algorithms};
use pintle_store::Store;
use std::sync::Arc;

/// The least bytes of a key.
const SHORTEST: usize = 32;

/// What a client is made of.
#[derive(Clone)]
pub(super) struct MadeOf {
    settings: Oidc,
    secret: Option<Secret>,
    keys: Vec<Secret>,
}

impl PartialEq for MadeOf {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Secret, two: &Secret| one.equals(two.expose_bytes());
        let secret = match (&self.secret, &other.secret) {
            (Some(one), Some(two)) => same(one, two),
            (None, None) => true,
            _ => false,
        };
        let keys = self.keys.len() == other.keys.len() && self.keys.iter().zip(&other.keys).all(|(a, b)| same(a, b));
        secret && keys && self.settings == other.settings
    }
}

impl Client {
    /// The client that settings mean; what is wrong is reported.
    pub(super) fn find(settings: &Oidc, instance: &str, building: &mut Building<'_, '_>) -> Option<Arc<Self>> {
        let said = Said {
            issuer: &settings.issuer,
            needs_discovery: true,
            jwks: None,
            via: settings.via.as_ref(),
            danger_plain_http: settings.danger_plain_http,
            refresh: Refresh::default(),
        };
        let issuer = said.find(building);
        let secret = match &settings.client_secret {
            Some(source) => secrets::resolve(source, &source.span, building).map(Some),
            None => Some(None),
        };
        let keys = keys(settings, building);
        let store = store(settings, building);
        let (issuer, store, made_of) =
            (issuer?, store?, MadeOf { settings: settings.clone(), secret: secret?, keys: keys? });
        let lasting = &building.around.lasting;
        let fits = |known: &Client| {
            let is_same = match (&known.stored, &store) {
                (Some(known), Some(store)) => Arc::ptr_eq(&known.store, store),
                (known, store) => known.is_none() && store.is_none(),
            };
            is_same && known.made_of == made_of && Arc::ptr_eq(&known.issuer, &issuer)
        };
        let ended_of = format!("{} {}", &**settings.issuer, *settings.client_id);
        let ended = lasting.find("oidc ended", &ended_of, |_| true, Arc::<EndedSessions>::default);
        let of: [&str; 2] = [&settings.issuer, &settings.client_id];
        Some(lasting.find("oidc", instance, fits, || {
            let mut scope = String::from("openid");
            for one in settings.scopes.iter().filter(|one| ***one != *"openid") {
                scope.push(' ');
                scope.push_str(one);
            }
            let pair = |(name, value): &(pintle_core::config::Spanned<String>, String)| {
                (name.as_str().into(), value.as_str().into())
            };
            Arc::new(Client {
                issuer: Arc::clone(&issuer),
                issuer_name: (**settings.issuer).into(),
                id: settings.client_id.as_str().into(),
                secret: made_of.secret.clone(),
                scope: scope.into(),
                parameters: settings.parameters.iter().map(pair).collect(),
                expected: Expected::new(&settings.issuer, &settings.client_id, settings.skew),
                allowed: Algorithms::new(Algorithm::ALL.iter().copied().filter(|one| !one.is_symmetric())),
                seals: Seals::new(&made_of.keys, of),
                session: Cookie::new(&settings.session.cookie),
                browser: Cookie::new(&format!("{}-login", *settings.session.cookie)),
                ttl: settings.session.ttl.as_secs().max(1),
                login_time: settings.login_timeout.as_secs().max(1),
                callback: settings.callback.0.as_str().into(),
                after_logout: settings.after_logout.0.as_str().into(),
                sends_access_token: settings.send_access_token,
                ended,
                stored: store.clone().map(|store| Stored::new(store, of, settings.session.idle)),
                refreshes: Refreshes::default(),
                counts: Arc::clone(&building.around.defaults.counts.oidc),
                lasting: Arc::clone(lasting),
                danger_plain_http: settings.danger_plain_http,
                made_of: made_of.clone(),
                tokens: Mutex::default(),
                described: Mutex::default(),
            })
        }))
    }
}

/// The store that sessions are in, if they are.
fn store(settings: &Oidc, building: &mut Building<'_, '_>) -> Option<Option<Arc<Store>>> {
    if !*settings.session.shared {
        return Some(None);
    }
    let store = building.around.store.clone();
    if store.is_none() {
        let message = "there is no store for replicas to share";
        let help = "name one at the top: `stores: {shared: redis://HOST}`";
        building.reader.report(Diagnostic::error("no-store", message, &settings.session.shared.span).help(help));
    }
    store.map(Some)
}

/// The keys that seal sessions.
fn keys(settings: &Oidc, building: &mut Building<'_, '_>) -> Option<Vec<Secret>> {
    let mut all = Some(Vec::new());
    for source in &settings.session.keys.value {
        let secret = secrets::resolve(source, &source.span, building);
        // An empty one is of a check where no secrets are.
        let is_short = secret.as_ref().is_some_and(|secret| (1..SHORTEST).contains(&secret.len()));
        if is_short {
            let message = format!("this key has fewer than {SHORTEST} bytes");
            let help = "`openssl rand -base64 32` makes one";
            building.reader.report(Diagnostic::error("short-key", message, &source.span).help(help));
        }
        all = all.zip(secret.filter(|_| !is_short)).map(|(mut all, secret)| {
            all.push(secret);
            all
        });
    }
    all
}
