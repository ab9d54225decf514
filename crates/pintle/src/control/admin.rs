//! What the admin address asks.

use super::Controller;
use super::explaining::Unexplained;
use crate::explain;
use crate::guard::Guard;
use crate::stats;
use crate::status::{self, Facts};
use pintle_admin::{Access, Caller, Change, Control, ExplainAsk, Explained, StatusAsk, Verdict, WhyAsk};
use pintle_core::Body;
use pintle_telemetry::metrics::Format;
use serde_json::Value;
use std::sync::Arc;

impl Control for Controller {
    fn is_ready(&self) -> bool {
        !self.server.gateway().is_draining()
    }

    fn status(&self, wanted: &StatusAsk) -> Value {
        let change = self.state.lock().change.clone();
        let watched = self.guard.lock().as_ref().map(Guard::watches);
        let state = self.told.state_failure();
        let facts = Facts {
            change: &change,
            watched,
            state: state.as_deref(),
            started: self.started,
            admin: self.admin_local.as_deref(),
        };
        status::render(&self.server, &facts, wanted)
    }

    fn stats(&self) -> Body {
        let change = self.state.lock().change.clone();
        Body::full(stats::render(&self.server, &change, self.began.elapsed()))
    }

    fn metrics(&self, format: Format) -> Body {
        self.metrics.scrape(format)
    }

    fn reload(&self, caller: &Caller) -> Verdict {
        self.reloaded_by_call(caller)
    }

    fn config(&self) -> (u64, Value) {
        self.texts()
    }

    fn history(&self) -> Value {
        self.history.lock().to_json()
    }

    fn change(&self, change: Change, caller: &Caller) -> Verdict {
        self.changed_by_call(change, caller)
    }

    fn explain(&self, asked: &ExplainAsk) -> Result<Explained, pintle_admin::Unexplained> {
        let question = explain::question(asked).map_err(wrong)?;
        let version = asked.version.unwrap_or_else(|| self.version());
        let explainer = self.explainer(version).map_err(|why| unexplained(why, version))?;
        let explanation = explainer.explain(&question).map_err(wrong)?;
        let mut json = explanation.json();
        json["version"] = explainer.version.into();
        Ok(Explained { text: explanation.to_string(), json, mermaid: explanation.mermaid() })
    }

    fn why(&self, id: &str) -> Result<Explained, pintle_admin::Unexplained> {
        self.why_of(id)
    }

    fn whys(&self, asked: &WhyAsk) -> Result<Explained, pintle_admin::Unexplained> {
        self.whys_of(asked)
    }

    fn access(&self) -> Arc<Access> {
        Arc::clone(&self.state.lock().access)
    }
}

fn wrong(mistake: pintle_config::explain::Mistake) -> pintle_admin::Unexplained {
    let pintle_config::explain::Mistake { what, help } = mistake;
    pintle_admin::Unexplained::Wrong(format!("{what}: {help}"))
}

/// What is said where there is nothing to explain by.
fn unexplained(why: Unexplained, version: u64) -> pintle_admin::Unexplained {
    let unknown = |what: String| pintle_admin::Unexplained::Unknown(what);
    match why {
        Unexplained::Busy => pintle_admin::Unexplained::Busy,
        Unexplained::NotKept => unknown(format!("version {version} is not kept: see /config/history")),
        Unexplained::Broken => unknown(format!(
            "version {version} cannot be put together any more: a file that it names has changed or gone"
        )),
    }
}
