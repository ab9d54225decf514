//! The actions: what a route does in the end. One file an action, with its configuration, what it becomes, and its
//! documentation. Knows upstreams by [`pintle_upstream::Services`] alone, and nothing of listeners or routes.
#![forbid(unsafe_code)]

mod aggregate;
mod batch;
mod fallback;
mod files;
mod forward;
mod made;
mod maintenance;
mod proxy;
mod redirect;
mod respond;
#[cfg(test)]
mod testing;
mod time;
mod tunnel;
mod url;

pub use aggregate::{
    Accepted, Aggregate, AggregateConfig, AnswerConfig, Decode, Ending, ForEach, Instead, OnConflict, OnFailure,
    PartCall, PartConfig, PartialConfig, PlanLimits,
};
pub use batch::{BatchConfig, BatchLimits, Depth, Parallel, Requests};
pub use fallback::Fallback;
pub use files::{FilesConfig, FilesMap, Precompressed};
pub use maintenance::{Closed, MaintenanceConfig};
pub use proxy::{MirrorConfig, Proxy, ProxyConfig, ProxyMap, Split};
pub use redirect::{Redirect, RedirectConfig, RedirectScheme, RedirectStatus};
pub use respond::{Respond, RespondConfig, RespondStatus};
pub use tunnel::TunnelConfig;
pub use url::{Host, Url};

use pintle_core::counters::Family;

/// Every metric of the actions.
pub fn families() -> impl Iterator<Item = &'static Family> {
    batch::FAMILIES.iter().copied()
}
