//! What became of requests: found in the ring, and explained by the configuration of then.

use super::Controller;
use super::explaining::Unexplained;
use pintle_admin::{Explained, WhyAsk};
use pintle_config::explain::{Explanation, Past, Standing, happened, listed};
use pintle_core::Reason;
use pintle_telemetry::utc;
use pintle_telemetry::why::{Class, Extent, Found, Kept, PREFIX, Wanted};
use serde_json::{Value, json};
use std::fmt::Write;

impl Controller {
    pub(super) fn why_of(&self, id: &str) -> Result<Explained, pintle_admin::Unexplained> {
        let why = &self.server.gateway().why;
        match why.find(id) {
            Found::One(kept) => {
                let explanation = self.explained(&kept);
                let mut json = explanation.json();
                json["version"] = kept.version().into();
                Ok(Explained { text: explanation.to_string(), json, mermaid: None })
            }
            Found::Several(ids) => {
                Err(pintle_admin::Unexplained::Wrong(format!("several begin so: {}", ids.join(", "))))
            }
            Found::None(_) if !why.is_on() => Err(off()),
            Found::None(extent) => Err(pintle_admin::Unexplained::Unknown(unknown(id, &extent))),
        }
    }

    pub(super) fn whys_of(&self, asked: &WhyAsk) -> Result<Explained, pintle_admin::Unexplained> {
        let why = &self.server.gateway().why;
        if !why.is_on() {
            return Err(off());
        }
        let wanted = wanted(asked).map_err(pintle_admin::Unexplained::Wrong)?;
        let found: Vec<Explanation> = why.list(&wanted).iter().map(listed).collect();
        let extent = why.extent();
        let mut text = String::new();
        for one in &found {
            let _ = writeln!(text, "{}", one.line());
        }
        if found.is_empty() {
            let _ = writeln!(text, "none of the kept requests is such a one: {}", reach(&extent));
        }
        let json = json!({
            "kept": extent.records,
            "oldest": extent.oldest.map(utc),
            "requests": found.iter().map(Explanation::brief).collect::<Value>(),
        });
        Ok(Explained { text, json, mermaid: None })
    }

    fn explained(&self, kept: &Kept) -> Explanation {
        let now = |name: &str| self.standing(name);
        if kept.version() == 0 {
            return happened(kept, &Past::Gone("no configuration was asked".into()), now);
        }
        let version = kept.version();
        match self.explainer(version) {
            Ok(explainer) => happened(kept, &Past::Known(&explainer.runtime, &explainer.description), now),
            Err(why) => {
                let why = match why {
                    Unexplained::Busy => "others are being explained to, try again".to_owned(),
                    Unexplained::NotKept => format!("configuration {version} is not kept any more"),
                    Unexplained::Broken => {
                        format!(
                            "configuration {version} cannot be put together any more: a file that it names has changed or gone"
                        )
                    }
                };
                happened(kept, &Past::Gone(why), now)
            }
        }
    }

    /// How an upstream stands now.
    fn standing(&self, name: &str) -> Option<Standing> {
        let runtime = self.server.gateway().runtime();
        let upstream = runtime.upstreams.iter().find(|one| *one.name == *name)?;
        let endpoints = upstream.endpoints();
        let endpoints = endpoints.iter().map(|one| (one.name.to_string(), one.state().to_owned())).collect();
        Some(Standing { breaker_open: upstream.is_open(), endpoints })
    }
}

fn off() -> pintle_admin::Unexplained {
    pintle_admin::Unexplained::Unknown("no requests are kept: `telemetry.why` is `none`".into())
}

/// Why there is nothing of an id.
fn unknown(id: &str, extent: &Extent) -> String {
    let short = match id.len() < PREFIX {
        true => format!("; the beginning of an id needs {PREFIX} characters"),
        false => String::new(),
    };
    format!(
        "there is no request `{id}` among those that are kept{short}: {}. It may be another replica's, or still under way: a \
         request is kept when it is over. The access log has it as `pintle.request_id`",
        reach(extent)
    )
}

/// How far back the ring goes.
fn reach(extent: &Extent) -> String {
    match extent.oldest {
        Some(oldest) => format!("{} are kept, the oldest of {}", extent.records, utc(oldest)),
        None => "none is kept yet".to_owned(),
    }
}

fn wanted(asked: &WhyAsk) -> Result<Wanted, String> {
    let status = asked.status.as_ref().map(|status| {
        Class::parse(status).ok_or_else(|| format!("`status`: `{status}` is no status: write one as in 404 or 5xx"))
    });
    let client = asked.client.as_ref().map(|client| {
        client.parse().map_err(|_| format!("`client`: `{client}` is no address: write one as in 203.0.113.7"))
    });
    if let Some(reason) = &asked.reason
        && !Reason::ALL.iter().any(|one| one.code() == reason)
    {
        return Err(format!("`reason`: there is no `{reason}`: docs/config.md#problems lists them"));
    }
    Ok(Wanted {
        most: asked.most,
        errors: asked.errors,
        route: asked.route.clone(),
        status: status.transpose()?,
        reason: asked.reason.clone(),
        upstream: asked.upstream.clone(),
        path: asked.path.clone(),
        client: client.transpose()?,
    })
}
