//! A session in the store is renewed once for all replicas: one of them takes the lock, the others wait for what it puts there. Most
//! issuers take a refresh token once, and end the session of whoever comes with it again (RFC 9700 4.14).

use super::client::{Client, Known};
use super::refresh::{Came, WAIT};
use super::seal::random;
use super::stored::{Claim, Handle, Stored};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often it is looked whether another replica is done.
const LOOK: Duration = Duration::from_millis(50);
/// How often it is tried to put a renewed session in the store, and how long between: the token of before is worth nothing any more.
const TRIES: (u32, Duration) = (20, Duration::from_millis(250));

impl Client {
    /// Renews a session, or takes what another replica has renewed. In the background alone, so that it is done once begun.
    pub(super) async fn renewed_for_all(
        self: &Arc<Self>,
        stored: &Stored,
        (handle, version): &(Handle, Box<str>),
        known: &Known,
    ) -> Came {
        let own = URL_SAFE_NO_PAD.encode(random::<16>());
        let until = Instant::now() + WAIT;
        loop {
            let claim = stored.claim(handle, version, &own).await.map_err(|failure| {
                self.counts.not_replaced.add(1);
                failure.to_string()
            })?;
            match claim {
                Claim::Mine => break,
                Claim::Over => return Ok(None),
                Claim::Done(text) => return Ok(handle.opened(&self.seals, &text).map(Arc::new)),
                Claim::Failed => return Err("another replica could not ask the issuer a moment ago".into()),
                Claim::Another if Instant::now() >= until => {
                    return Err("another replica takes too long to renew it".into());
                }
                Claim::Another => sleep(LOOK).await,
            }
        }
        let came = self.renewed(known).await;
        match &came {
            Ok(Some(renewed)) => {
                let text = handle.text(&self.seals, &renewed.session);
                for _ in 0..TRIES.0 {
                    match stored.replace(handle, version, &own, &text).await {
                        Ok(true) => return came,
                        // It was ended meanwhile.
                        Ok(false) => return Ok(None),
                        Err(_) => sleep(TRIES.1).await,
                    }
                }
                self.counts.not_replaced.add(1);
            }
            // The issuer has ended it: where the store is away, each replica hears that from the issuer.
            Ok(None) => drop(stored.end(handle).await),
            Err(_) => drop(stored.fail(handle, &own).await),
        }
        came
    }
}
