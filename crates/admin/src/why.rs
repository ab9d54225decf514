//! What may be asked of the last requests: the list of them, and one.

use crate::answer::{Answer, JSON, TEXT};
use crate::asked::Asked;
use crate::control::{Explained, Unexplained, WhyAsk};
use crate::operation::{Form, Operation, Parameter, Place, Says};
use crate::operations::{PLAIN, QUERY, TEXT_SIZE, unexplained};
use crate::trouble::{NOT_KEPT, Trouble};
use std::time::Duration;

const FORMAT: Parameter = Parameter {
    name: "format",
    form: Form::Word(&["json", "text"]),
    about: "For programs or for people; without it as `Accept` says, which is for people where it does not name JSON.",
    example: "json",
    ..QUERY
};

const fn text(name: &'static str, about: &'static str, example: &'static str) -> Parameter {
    Parameter { name, form: Form::Text(TEXT_SIZE), about, example, ..QUERY }
}

pub(crate) const LIST: Operation = Operation {
    path: "/why",
    id: "whys",
    summary: "The last requests",
    about: "The newest first, each with what became of it in a sentence. As many are kept as `telemetry.why` says; those \
        that went wrong the longest.",
    parameters: &[
        Parameter {
            name: "last",
            form: Form::Number(1_000),
            about: "At most so many; 20 if it is left out.",
            example: "5",
            ..QUERY
        },
        Parameter {
            name: "errors",
            about: "Those alone that went wrong: a status of 400 or more, an answer that was cut, a gRPC status but 0, an aggregate's answer without a part that failed.",
            example: "true",
            ..QUERY
        },
        text("route", "Of this route.", "orders"),
        text("status", "Of this status, or of all that begin with its digit.", "5xx"),
        text("reason", "For this reason.", "no_route"),
        text("upstream", "That were sent to this upstream.", "orders"),
        text("path", "Whose path begins so.", "/orders/"),
        text("client", "Of the client with this address.", "203.0.113.7"),
        FORMAT,
    ],
    says: &[Says { status: 200, about: "Them.", kinds: &[(TEXT, None), (JSON, Some("Requests"))], tagged: false }],
    limit: Some(Duration::from_secs(30)),
    work: |control, asked| {
        let given = &asked.given;
        let text = |name| given.text(name).map(str::to_owned);
        let wanted = WhyAsk {
            most: given.number("last").map_or(20, |number| number as usize),
            errors: given.flag("errors"),
            route: text("route"),
            status: text("status"),
            reason: text("reason"),
            upstream: text("upstream"),
            path: text("path"),
            client: text("client"),
        };
        answer(asked, control.whys(&wanted))
    },
    ..PLAIN
};

pub(crate) const ONE: Operation = Operation {
    path: "/why/{id}",
    id: "why",
    summary: "What became of a request, and why",
    about: "The routes that were candidates and what ruled each out, what became of each policy, what was asked of which \
        endpoint, where the time went: as `/explain` would have said it, by the configuration of then, with what did happen.",
    parameters: &[
        Parameter {
            name: "id",
            place: Place::Path,
            form: Form::Text(255),
            many: false,
            about: "The request's id: `X-Request-Id` of its answer, `request_id` of a problem and of the log; or its trace's; \
                or the first eight characters or more of either.",
            example: "0af7651916cd43dd8448eb211c80319c",
        },
        FORMAT,
    ],
    says: &[Says { status: 200, about: "It.", kinds: &[(TEXT, None), (JSON, Some("Explanation"))], tagged: false }],
    troubles: &[&NOT_KEPT],
    limit: Some(Duration::from_secs(30)),
    work: |control, asked| {
        let id = asked.given.text("id").unwrap_or_default();
        answer(asked, control.why(id))
    },
    ..PLAIN
};

fn answer(asked: &Asked<'_>, explained: Result<Explained, Unexplained>) -> Result<Answer, Trouble> {
    let json = asked.given.text("format").map_or(asked.json, |format| format == "json");
    match explained {
        Ok(explained) if json => Ok(Answer::json(&explained.json)),
        Ok(explained) => Ok(Answer::text(explained.text)),
        Err(why) => Err(unexplained(why)),
    }
}
