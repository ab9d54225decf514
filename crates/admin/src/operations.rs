//! Everything that can be asked for at the admin address: one entry each, from which all else about it comes.
//!
//! Long because it is a table.

use crate::answer::{Answer, JSON, TEXT};
use crate::changes::{change, changed, roll_back};
use crate::control::{ExplainAsk, StatusAsk, Unexplained};
use crate::operation::{Form, Operation, Parameter, Place, Says, Takes, Verb, Who};
use crate::trouble::{BAD_PARAMETER, NOT_GOOD, NOT_KEPT, NOT_READY, STALE, Trouble};
use crate::{Offer, openapi, why};
use pintle_core::names;
use pintle_telemetry::metrics::{Format, Syntax};
use std::time::Duration;

macro_rules! operations {
    ($($(#[doc = $doc:literal])+ $name:ident = $operation:expr;)+) => {
        $($(#[doc = $doc])+ pub const $name: &Operation = &$operation;)+
        /// All of them, in the order in which they are told of.
        pub const OPERATIONS: &[&Operation] = &[$($name),+];
    };
}

/// What most entries have.
pub(crate) const PLAIN: Operation = Operation {
    verb: Verb::Get,
    path: "",
    id: "",
    summary: "",
    about: "",
    who: Who::Reader,
    parameters: &[],
    takes: None,
    says: &[],
    troubles: &[],
    limit: None,
    work: |_, _| Ok(Answer::text("")),
};

pub(crate) const QUERY: Parameter =
    Parameter { name: "", place: Place::Query, form: Form::Flag, many: false, about: "", example: "" };

const DRY_RUN: Parameter =
    Parameter { name: "dry_run", about: "Says what would change, and changes nothing.", example: "true", ..QUERY };

const PROMETHEUS: Format = Format { syntax: Syntax::Prometheus, gzip: false };
const OPEN_METRICS: Format = Format { syntax: Syntax::OpenMetrics, gzip: false };

/// What is said where there is nothing to draw.
pub const NO_CHART: &str =
    "`mermaid` draws the calls of an aggregate, and this request is for none: ask for `text` or `json`";

/// How large a request to explain may be.
pub(crate) const TEXT_SIZE: usize = 8 << 10;

const CHANGED: Says = Says {
    status: 200,
    about: "It is in force, or with `dry_run` could be.",
    kinds: &[(JSON, Some("Changed"))],
    tagged: true,
};

operations! {
    /// Whether the program lives.
    HEALTHZ = Operation {
        path: "/healthz",
        id: "healthz",
        summary: "Whether the program lives",
        about: "Always `ok`. Free for all, and answered however much else is asked.",
        who: Who::Anyone,
        says: &[Says { status: 200, about: "It lives.", kinds: &[(TEXT, None)], tagged: false }],
        work: |_, _| Ok(Answer::text("ok\n")),
        ..PLAIN
    };
    /// Whether it takes requests.
    READYZ = Operation {
        path: "/readyz",
        id: "readyz",
        summary: "Whether it takes requests",
        about: "503 while it starts or drains. Free for all, and answered however much else is asked.",
        who: Who::Anyone,
        says: &[Says { status: 200, about: "It takes requests.", kinds: &[(TEXT, None)], tagged: false }],
        troubles: &[&NOT_READY],
        work: |control, _| match control.is_ready() {
            true => Ok(Answer::text("ready\n")),
            false => Err(Trouble::new(NOT_READY, "not ready")),
        },
        ..PLAIN
    };
    /// What runs.
    STATUS = Operation {
        path: "/status",
        id: "status",
        summary: "What runs",
        about: "The program, the configuration in force and what became of the last change, listeners with their \
            certificates, upstreams with their endpoints, what was lost. Of upstreams it tells page by page: `upstreams_next` \
            is what to give as `after` for the next one. Members may be added in later versions.",
        parameters: &[
            Parameter {
                name: "upstream",
                form: Form::Text(TEXT_SIZE),
                about: "Tells of this upstream alone, with all of its endpoints.",
                example: "orders",
                ..QUERY
            },
            Parameter {
                name: "upstreams",
                form: Form::Number(1_000),
                about: "Tells of at most so many upstreams; 100 if it is left out.",
                example: "0",
                ..QUERY
            },
            Parameter {
                name: "after",
                form: Form::Text(TEXT_SIZE),
                about: "Tells of upstreams whose names come after this one.",
                example: "orders",
                ..QUERY
            },
        ],
        says: &[Says { status: 200, about: "What runs.", kinds: &[(JSON, Some("Status"))], tagged: false }],
        work: |control, asked| {
            let text = |name| asked.given.text(name).map(str::to_owned);
            let upstreams = asked.given.number("upstreams").map_or(100, |number| number as usize);
            let wanted = StatusAsk { upstream: text("upstream"), after: text("after"), upstreams };
            Ok(Answer::json(&control.status(&wanted)))
        },
        ..PLAIN
    };
    /// What routes and upstreams have come to.
    STATS = Operation {
        path: "/stats",
        id: "stats",
        summary: "What each route and each upstream has come to",
        about: "Numbers that only grow, of all routes that have had requests and of all upstreams, and what the program uses: \
            who looks twice knows rates, shares of errors and percentiles of the time between, as `pintle top` does. `instance` \
            is another one after a restart, when all began anew. A number may also fall when a listener, an upstream or a \
            route goes away. A look at ten thousand routes takes some milliseconds. Members may be added in later versions.",
        says: &[Says { status: 200, about: "The numbers.", kinds: &[(JSON, Some("Stats"))], tagged: false }],
        work: |control, _| Ok(Answer { kind: JSON, body: control.stats(), ..Answer::text("") }),
        ..PLAIN
    };
    /// The metrics.
    METRICS = Operation {
        path: "/metrics",
        id: "metrics",
        summary: "The metrics, for Prometheus",
        about: "In Prometheus' text format 0.0.4, or OpenMetrics 1.0 for who likes that better by `accept`; by gzip for who accepts it.",
        says: &[Says { status: 200, about: "All series.", kinds: &[(PROMETHEUS.content_type(), None), (OPEN_METRICS.content_type(), None)], tagged: false }],
        work: |control, asked| {
            let format = Format::wanted(&asked.fields);
            let mut fields = vec![(names::VARY, "accept, accept-encoding".to_owned())];
            fields.extend(format.encoding().map(|coding| (names::CONTENT_ENCODING, coding.to_owned())));
            Ok(Answer { kind: format.content_type(), body: control.metrics(format), fields, ..Answer::text("") })
        },
        ..PLAIN
    };
    /// The texts in force.
    CONFIG = Operation {
        path: "/config",
        id: "config",
        summary: "The configuration in force",
        about: "Its texts, the main file's first. Names are relative to its folder. Secrets are references, so none is in it.",
        says: &[Says { status: 200, about: "The texts.", kinds: &[(JSON, Some("Config"))], tagged: true }],
        work: |control, _| {
            let (version, config) = control.config();
            Ok(Answer::json(&config).tagged(version))
        },
        ..PLAIN
    };
    /// Puts a configuration in force.
    PUT_CONFIG = Operation {
        verb: Verb::Put,
        path: "/config",
        id: "put_config",
        summary: "Puts a configuration in force",
        about: "The document is read as if it stood in the main file, and is in force whole or not at all. It stays until the \
            files change. With `If-Match: \"N\"` it is put only while version N is in force.",
        who: Who::Writer,
        parameters: &[DRY_RUN],
        takes: Some(Takes {
            kinds: &["application/yaml", "application/x-yaml", "text/yaml"],
            about: "The main file's text, UTF-8, of at most 64 MiB, not compressed.",
        }),
        says: &[CHANGED],
        troubles: &[&NOT_GOOD, &STALE],
        work: |control, asked| {
            let text = std::mem::take(&mut asked.content);
            change(control, asked, Offer::Text(text))
        },
        ..PLAIN
    };
    /// The configurations that are kept.
    HISTORY = Operation {
        path: "/config/history",
        id: "history",
        summary: "The last ten configurations",
        about: "The newest first: when each came in force, by what and by whom, how long that took, and its texts' digest.",
        says: &[Says { status: 200, about: "Them.", kinds: &[(JSON, Some("History"))], tagged: false }],
        work: |control, _| Ok(Answer::json(&control.history())),
        ..PLAIN
    };
    /// Goes back.
    ROLLBACK = Operation {
        verb: Verb::Post,
        path: "/config/rollback",
        id: "rollback",
        summary: "Goes back to an earlier configuration",
        about: "To the one before the one in force; again, and it is the one before that. With `If-Match: \"N\"` only while \
            version N is in force.",
        who: Who::Writer,
        parameters: &[
            Parameter {
                name: "to",
                form: Form::Number(u64::MAX),
                about: "Goes to this version, one of the history's.",
                example: "3",
                ..QUERY
            },
            DRY_RUN,
        ],
        says: &[CHANGED],
        troubles: &[&NOT_GOOD, &NOT_KEPT, &STALE],
        work: roll_back,
        ..PLAIN
    };
    /// Reads the files again.
    RELOAD = Operation {
        verb: Verb::Post,
        path: "/reload",
        id: "reload",
        summary: "Reads the files again",
        about: "What they say is in force whole or not at all. What was put gives way to them.",
        who: Who::Writer,
        says: &[Says {
            status: 200,
            about: "The version that is in force.",
            kinds: &[(TEXT, None), (JSON, Some("Reloaded"))],
            tagged: true,
        }],
        troubles: &[&NOT_GOOD],
        work: |control, asked| {
            let verdict = control.reload(asked.caller);
            changed(asked, false, verdict, |done| match asked.json {
                true => Answer::json(&done.said),
                false => Answer::text(format!("configuration {} is in force\n", done.version)),
            })
        },
        ..PLAIN
    };
    /// Says what would become of a request.
    EXPLAIN = Operation {
        path: "/explain",
        id: "explain",
        summary: "What would become of a request, and why",
        about: "As `pintle explain` says it, by the configuration that runs: the listener, each route that was a candidate, the \
            policies in run order, and what a service would get. Nothing is sent.",
        parameters: &[
            Parameter {
                name: "request",
                place: Place::Needed,
                form: Form::Text(TEXT_SIZE),
                about: "Method and URL.",
                example: "GET https://shop.example.com/orders/1",
                ..QUERY
            },
            Parameter {
                name: "header",
                form: Form::Text(TEXT_SIZE),
                many: true,
                about: "A header field; may stand several times.",
                example: "accept: text/html",
                ..QUERY
            },
            Parameter {
                name: "from",
                form: Form::Text(64),
                about: "Who asks, by address; the default is a client on the gateway's machine.",
                example: "203.0.113.7",
                ..QUERY
            },
            Parameter {
                name: "listener",
                form: Form::Text(TEXT_SIZE),
                about: "The listener, where scheme and port do not say which.",
                example: "public",
                ..QUERY
            },
            Parameter {
                name: "body_size",
                form: Form::Text(32),
                about: "How much content comes with it.",
                example: "2MiB",
                ..QUERY
            },
            Parameter {
                name: "client_certificate",
                form: Form::Text(TEXT_SIZE),
                about: "The certificate that the client shows, PEM.",
                example: "-----BEGIN CERTIFICATE-----…",
                ..QUERY
            },
            Parameter {
                name: "version",
                form: Form::Number(u64::MAX),
                about: "By this configuration, one of the history's; the default is the one in force.",
                example: "3",
                ..QUERY
            },
            Parameter {
                name: "format",
                form: Form::Word(&["json", "text", "mermaid"]),
                about: "For programs, which is the default, for people, or as a flowchart for Mermaid, which an aggregate has alone.",
                example: "text",
                ..QUERY
            },
        ],
        says: &[Says {
            status: 200,
            about: "The explanation.",
            kinds: &[(JSON, Some("Explanation")), (TEXT, None)],
            tagged: false,
        }],
        troubles: &[&NOT_KEPT],
        limit: Some(Duration::from_secs(30)),
        work: |control, asked| {
            let given = &asked.given;
            let text = |name| given.text(name).map(str::to_owned);
            let question = ExplainAsk {
                request: text("request").unwrap_or_default(),
                fields: given.texts("header").map(str::to_owned).collect(),
                from: text("from"),
                listener: text("listener"),
                body_size: text("body_size"),
                client_certificate: text("client_certificate"),
                version: given.number("version"),
            };
            match control.explain(&question) {
                Ok(explained) if given.text("format") == Some("text") => Ok(Answer::text(explained.text)),
                Ok(explained) if given.text("format") == Some("mermaid") => match explained.mermaid {
                    Some(chart) => Ok(Answer::text(chart)),
                    None => Err(Trouble::new(BAD_PARAMETER, NO_CHART)),
                },
                Ok(explained) => Ok(Answer::json(&explained.json)),
                Err(why) => Err(unexplained(why)),
            }
        },
        ..PLAIN
    };
    /// The last requests.
    WHYS = why::LIST;
    /// What became of a request.
    WHY = why::ONE;
    /// This table.
    OPENAPI = Operation {
        path: "/openapi.json",
        id: "openapi",
        summary: "This description",
        about: "OpenAPI 3.1.",
        says: &[Says { status: 200, about: "The document.", kinds: &[(JSON, Some("OpenApi"))], tagged: false }],
        work: |_, _| Ok(Answer::json(&openapi())),
        ..PLAIN
    };
}

/// Why something is not explained, as a refusal.
pub(crate) fn unexplained(why: Unexplained) -> Trouble {
    match why {
        Unexplained::Wrong(why) => Trouble::new(BAD_PARAMETER, why),
        Unexplained::Unknown(what) => Trouble::new(NOT_KEPT, what),
        Unexplained::Busy => Trouble::busy("others are being explained to: try again"),
    }
}
