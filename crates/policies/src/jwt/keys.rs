//! The keys that tokens are held against: the issuer's, or those of the configuration.

use super::config::{Jwt, JwtKey};
use crate::build::Building;
use crate::issuer::{Found, Issuer, Said};
use crate::secrets;
use pintle_core::config::{Diagnostic, FILE_LIMIT, Spanned, read_file};
use pintle_jose::{Key, KeySet};
use std::sync::Arc;
use std::time::Instant;

/// Where keys come from.
pub(super) enum Keys {
    /// They are here.
    Here(Arc<Fixed>),
    /// The issuer gives them.
    Issuer(Arc<Issuer>),
}

/// Keys that change with the configuration alone.
pub(super) struct Fixed {
    number: u64,
    keys: KeySet,
}

/// Keys that there are.
pub(super) enum Held {
    Here(Arc<Fixed>),
    Issuer(Arc<Found>),
}

impl Held {
    pub(super) fn keys(&self) -> &KeySet {
        match self {
            Held::Here(fixed) => &fixed.keys,
            Held::Issuer(found) => &found.keys,
        }
    }

    /// Other keys have another number.
    pub(super) fn number(&self) -> u64 {
        match self {
            Held::Here(fixed) => fixed.number,
            Held::Issuer(found) => found.number,
        }
    }
}

impl Keys {
    /// Finds them; what is wrong is reported. Reads files: not for a worker's thread.
    pub(super) fn build(settings: &Jwt, building: &mut Building<'_, '_>) -> Option<Self> {
        match settings.keys.is_empty() {
            false => fixed(settings, building).map(Keys::Here),
            true => issuer(settings, building).map(Keys::Issuer),
        }
    }

    /// Those that there are now.
    pub(super) fn now(&self) -> Option<Held> {
        match self {
            Keys::Here(fixed) => Some(Held::Here(Arc::clone(fixed))),
            Keys::Issuer(issuer) => issuer.now().map(Held::Issuer),
        }
    }

    /// As [`Keys::now`]; waits for the first ones.
    pub(super) async fn first(&self, deadline: Instant) -> Option<Held> {
        match self {
            Keys::Here(fixed) => Some(Held::Here(Arc::clone(fixed))),
            Keys::Issuer(issuer) => issuer.first(deadline).await.map(Held::Issuer),
        }
    }

    /// Newer ones, if it is time to ask for them.
    pub(super) async fn newer(&self, deadline: Instant) -> Option<Held> {
        match self {
            Keys::Here(_) => None,
            Keys::Issuer(issuer) => issuer.newer(deadline).await.map(Held::Issuer),
        }
    }

    /// Whether there may be newer ones.
    pub(super) fn may_be_newer(&self) -> bool {
        match self {
            Keys::Here(_) => false,
            Keys::Issuer(issuer) => issuer.may_be_asked(),
        }
    }

    /// Whether keys may ever have to be waited for.
    pub(super) fn may_change(&self) -> bool {
        matches!(self, Keys::Issuer(_))
    }

    /// Why there are none, for the operator.
    pub(super) fn why(&self) -> String {
        match self {
            Keys::Here(_) => String::new(),
            Keys::Issuer(issuer) => issuer.why(),
        }
    }
}

fn issuer(settings: &Jwt, building: &mut Building<'_, '_>) -> Option<Arc<Issuer>> {
    let said = Said {
        issuer: &settings.issuer,
        needs_discovery: settings.jwks.is_none(),
        jwks: settings.jwks.as_ref(),
        via: settings.via.as_ref(),
        danger_plain_http: settings.danger_plain_http,
        refresh: settings.refresh,
    };
    said.find(building)
}

/// Keys of the configuration, parsed once for all routes and reloads as long as they are the same.
fn fixed(settings: &Jwt, building: &mut Building<'_, '_>) -> Option<Arc<Fixed>> {
    let (mut keys, mut texts) = (Vec::new(), Vec::new());
    let mut sound = true;
    for key in &settings.keys {
        match of_one(key, settings, building) {
            Some((found, text)) => {
                keys.extend(found);
                texts.extend_from_slice(&text);
                texts.extend(format!("{:?} {:?}\n", key.kid, key.algorithm.as_ref().map(|named| named.value)).bytes());
            }
            None => sound = false,
        }
    }
    let number = crate::issuer::number(&texts);
    sound.then(|| Arc::new(Fixed { number, keys: KeySet::new(keys) }))
}

/// The keys of one entry, and a digest's worth of what they were made of.
fn of_one(key: &Spanned<JwtKey>, settings: &Jwt, building: &mut Building<'_, '_>) -> Option<(Vec<Key>, Vec<u8>)> {
    let (read, text) = match (&key.file, &key.secret) {
        (Some(path), _) => match read_file(path, FILE_LIMIT) {
            Ok(text) => (of_file(&text), text),
            Err(error) => (Err(format!("`{}` cannot be read: {error}", path.display())), Vec::new()),
        },
        (None, Some(source)) => {
            let secret = secrets::resolve(source, &key.span, building)?;
            let bytes = secret.expose_bytes();
            // A digest: what is remembered is not to be the secret.
            let number = crate::issuer::number(bytes).to_be_bytes().to_vec();
            match bytes {
                // Nobody is served by what it would be for.
                [] => (Ok(Vec::new()), number),
                bytes => (Key::secret(bytes).map(|key| vec![key]).map_err(|why| why.to_string()), number),
            }
        }
        (None, None) => return None,
    };
    let named = |read: Key| {
        let only = match &key.algorithm {
            Some(algorithm) => read.only(algorithm.0).map_err(|why| why.to_string())?,
            None => read,
        };
        Ok(match &key.kid {
            Some(kid) => only.named(kid),
            None => only,
        })
    };
    let keys = read.and_then(|keys| keys.into_iter().map(named).collect::<Result<Vec<_>, String>>());
    let mut refuse = |message: String, help: &str| {
        building.reader.report(Diagnostic::error("jwt-key", message, &key.span).help(help));
        None
    };
    let keys = match keys {
        Ok(keys) => keys,
        Err(why) => {
            return refuse(why, "a public key begins with `-----BEGIN PUBLIC KEY-----`, a key set with `{\"keys\": [`");
        }
    };
    let allowed = settings.algorithms();
    let fits = |key: &Key| key.algorithms().any(|algorithm| allowed.has(algorithm));
    if let Some(useless) = keys.iter().find(|key| !fits(key)) {
        let names: Vec<&str> = useless.algorithms().map(|algorithm| algorithm.name()).collect();
        let message = format!("this key is for {}, which `algorithms` does not have", names.join(", "));
        let help = format!("write `algorithms: [{}]`", names.first().copied().unwrap_or_default());
        return refuse(message, &help);
    }
    Some((keys, text))
}

/// The keys of a file: a key set, or one public key.
fn of_file(text: &[u8]) -> Result<Vec<Key>, String> {
    if !text.trim_ascii_start().starts_with(b"{") {
        return Key::of_pem(text).map(|key| vec![key]).map_err(|why| why.to_string());
    }
    let (keys, skipped) = KeySet::parse(text, true).map_err(|why| why.to_string())?;
    match skipped.first() {
        Some(first) => Err(format!("the key {} of the set cannot be used: {}", first.at + 1, first.why)),
        None if keys.keys().is_empty() => Err("the key set is empty".into()),
        None => Ok(keys.keys().to_vec()),
    }
}
