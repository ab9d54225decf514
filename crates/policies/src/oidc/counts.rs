//! What is counted of logins and sessions.

use pintle_core::counters::{Count, Counters, Family};
use std::fmt;
use std::sync::Arc;

static LOGINS: Family = Family::counter(
    "pintle_oidc_logins_total",
    "Logins by what became of them: begun, done, refused (nobody logged in), failed (the issuer could not be asked).",
    &["result"],
);
static REFRESHES: Family = Family::counter(
    "pintle_oidc_refreshes_total",
    "Sessions that were to be renewed, by what became of that: renewed, refused (they are over), failed (the issuer could not be asked).",
    &["result"],
);
static ENDED: Family = Family::counter(
    "pintle_oidc_sessions_ended_total",
    "Sessions that were ended before their time, by whom.",
    &["by"],
);
static FORGOTTEN: Family = Family::counter(
    "pintle_oidc_ends_not_remembered_total",
    "Sessions that were to be ended and were not, because as many as may be are remembered.",
    &[],
);
static FOREIGN: Family = Family::counter(
    "pintle_oidc_cookies_refused_total",
    "Cookies with a session's name that hold none: changed, sealed by a key that is not there any more, or over.",
    &[],
);
static STORE: Family = Family::counter(
    "pintle_oidc_store_failures_total",
    "What could not be done because the store of sessions was away: read (the request got 503), keep (a login), end (a logout), renew.",
    &["what"],
);

/// All that is counted here.
pub(crate) static FAMILIES: &[&Family] = &[&LOGINS, &REFRESHES, &ENDED, &FORGOTTEN, &FOREIGN, &STORE];

type One = Arc<dyn Count>;

/// The counters.
pub(crate) struct Counts {
    pub(super) begun: One,
    pub(super) done: One,
    pub(super) refused: One,
    pub(super) failed: One,
    pub(super) renewed: One,
    pub(super) not_renewed: One,
    pub(super) renewal_failed: One,
    pub(super) logged_out: One,
    pub(super) back_channel: One,
    pub(super) forgotten: One,
    pub(super) foreign: One,
    pub(super) not_read: One,
    pub(super) not_kept: One,
    pub(super) not_ended: One,
    pub(super) not_replaced: One,
}

impl Counts {
    pub(crate) fn new(counters: &dyn Counters) -> Self {
        let one = |family, label| counters.counter(family, &[label]);
        Counts {
            begun: one(&LOGINS, "begun"),
            done: one(&LOGINS, "done"),
            refused: one(&LOGINS, "refused"),
            failed: one(&LOGINS, "failed"),
            renewed: one(&REFRESHES, "renewed"),
            not_renewed: one(&REFRESHES, "refused"),
            renewal_failed: one(&REFRESHES, "failed"),
            logged_out: one(&ENDED, "logout"),
            back_channel: one(&ENDED, "issuer"),
            forgotten: counters.counter(&FORGOTTEN, &[]),
            foreign: counters.counter(&FOREIGN, &[]),
            not_read: one(&STORE, "read"),
            not_kept: one(&STORE, "keep"),
            not_ended: one(&STORE, "end"),
            not_replaced: one(&STORE, "renew"),
        }
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}
