//! `aggregate` as its user writes it.

mod answer;
mod call;
mod each;
mod limits;

pub use answer::{AnswerConfig, OnConflict, PartialConfig};
pub use call::PartCall;
pub use each::ForEach;
pub(super) use each::is_name;
pub use limits::PlanLimits;

use super::decode::Decode;
use super::plan::MOST_PARTS;
use pintle_core::StatusCode;
use pintle_core::config::{
    Diagnostic, ExpressionText, Later, Map, Node, Read, Reader, Spanned, TemplateText, TemplateTree, Text,
};
use pintle_upstream::Reference;
use std::time::Duration;

/// One request from the client, several calls to services, one answer. Each part is a call; a part that names another one
/// (`parts.NAME`) waits for it, and all others run beside each other. The plan is checked when the configuration loads.
///
/// ```yaml
/// routes:
///   - match: GET /home/{user}
///     policies: [{timeout: 2s}]
///     aggregate:
///       pass_headers: [authorization]
///       parts:
///         profile: {call: "GET users:/users/${path.user}", on_failure: pass}
///         orders:
///           call: "GET orders:/orders?user=${path.user}"
///           timeout: 300ms
///           accept: [404]
///           on_failure: {value: {items: []}}
///         items:
///           for_each: order in parts.orders.body.items
///           at_most: 20
///           parallel: 4
///           call: "GET orders:/items/${order.item}"
///           decode: json
///           on_failure: {value: null}
///         tier:
///           when: parts.profile.body.tier != "none"
///           call: POST http://127.0.0.1:9003/tiers
///           host: rewards.internal
///           headers: {content-type: application/json}
///           body: {tier: "${parts.profile.body.tier}"}
///       respond:
///         status: 200
///         headers: {x-tier: "${parts.tier.body}"}
///         body: {name: "${parts.profile.body.name}", orders: "${parts.orders.body.items}", items: "${parts.items.body}"}
///       partial: {headers: {cache-control: max-age=1}}
///       limits: {calls: 100, part: 256KiB, total: 4MiB, depth: 32, request: 64KiB}
///       fields: true
///       etag: true
///   - match: GET /search
///     aggregate:
///       parts:
///         users: {call: "GET users:/search?q=${request.query.q}"}
///         orders: {call: "GET orders:/search?q=${request.query.q}"}
///       respond: {merge: [users, orders], on_conflict: first}
///   - match: GET /report
///     aggregate:
///       parts: {lines: {call: GET orders:/lines, on_failure: {value: []}}}
///       respond: {body: {lines: "${parts.lines.body}"}}
///       stream: true
/// upstreams: {users: {endpoints: [127.0.0.1:9002]}, orders: {endpoints: [127.0.0.1:9001]}}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "aggregate", check)]
pub struct AggregateConfig {
    /// The client's fields that the calls carry; nothing else of the client's goes on. What policies set on the request for
    /// services counts as the client's.
    #[read(default)]
    pub pass_headers: Vec<Spanned<String>>,
    /// The calls, each under the name by which expressions know it: a letter, then letters, digits and `_`; at most 64.
    pub parts: Map<PartConfig>,
    /// The answer; the default is an object of every part's body under the part's name.
    pub respond: Option<AnswerConfig>,
    /// What differs where a part failed for which there is a value.
    #[read(default = "{}")]
    pub partial: PartialConfig,
    /// Bounds on what one request may ask of services and hold in memory.
    #[read(default = "{}")]
    pub limits: PlanLimits,
    /// Sends the answer as its parts become known, in the order of `respond.body`. Every part then has a value for
    /// `on_failure`, and neither status nor headers of the answer name a part. What a partial answer says by
    /// `Gateway-Partial` is then a trailer field.
    #[read(default = "false")]
    pub stream: Spanned<bool>,
    /// Lets clients pick what they get: `?fields=name,orders(id,total)`.
    #[read(key = "fields", default = "false")]
    pub picks: Spanned<bool>,
    /// Gives the answer an `ETag` of its content, and answers 304 to a client that has it (RFC 9110 13.1.2).
    #[read(default = "false")]
    pub etag: Spanned<bool>,
}

/// A call of an aggregate.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "part", check)]
pub struct PartConfig {
    /// What is called: a method, which is GET unless it is said, and an upstream's name or a URL, with a path and a query in
    /// which `${…}` may stand: `GET users:/users/${path.user}`. Values are percent-encoded for their place.
    pub call: Spanned<PartCall>,
    /// What must hold; else the part is skipped, and its body is null.
    pub when: Option<ExpressionText>,
    /// Makes a call for each item of a list, under a name for the item: `order in parts.orders.body.items`. The part's body is then
    /// the list of the calls' bodies, in the order of that list.
    pub for_each: Option<Spanned<ForEach>>,
    /// The most items that `for_each` takes; the part fails beyond it. 100 unless it is said.
    pub at_most: Option<u32>,
    /// How many calls of `for_each` are under way at a time; 8 unless it is said.
    pub parallel: Option<u32>,
    /// How long the part may take, with all of its calls. It has what is left of the whole in any case.
    pub timeout: Option<Duration>,
    /// Statuses besides 2xx with which the part succeeds: `404`, or `4xx`.
    #[read(default)]
    pub accept: Vec<Accepted>,
    /// Fields that the call carries besides.
    #[read(default)]
    pub headers: Map<TemplateText>,
    /// The Host to ask for; the default is the service's own.
    pub host: Option<TemplateText>,
    /// The content that is sent: a text, or a tree that becomes JSON.
    pub body: Option<TemplateTree>,
    /// How the answer's content is read. By its `content-type` where it is not said.
    pub decode: Option<Decode>,
    /// What becomes of the whole where the part fails.
    #[read(default = "fail")]
    pub on_failure: OnFailure,
    /// Keeps the part's answer for a time.
    #[read(later)]
    pub cache: Later,
}

/// A status with which a part succeeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a status such as 404, or a class such as 4xx", range = "200-599")]
pub enum Accepted {
    /// This one.
    Status(u16),
    /// Those that begin with this digit.
    Class(u16),
}

impl Accepted {
    /// Whether it is that status.
    pub fn has(self, status: StatusCode) -> bool {
        match self {
            Accepted::Status(one) => status.as_u16() == one,
            Accepted::Class(class) => status.as_u16() / 100 == class,
        }
    }
}

impl Text for Accepted {
    fn parse(text: &str) -> Result<Self, String> {
        if let Some(class) = text.strip_suffix("xx") {
            return match class.parse() {
                Ok(class @ 2..=5) => Ok(Accepted::Class(class)),
                _ => Err("a class is 2xx, 3xx, 4xx or 5xx".into()),
            };
        }
        match text.parse() {
            Ok(status @ 200..=599) => Ok(Accepted::Status(status)),
            _ => Err(String::new()),
        }
    }
}

/// What becomes of the whole where a part fails.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "`fail`, `pass` or `{value: …}`")]
pub enum OnFailure {
    /// `fail`: the answer is 502, 504 where time ran out, 503 where the service was not asked; its problem names the part.
    /// `pass`: the client gets this call's own status and content; where it gave none, as `fail`.
    #[read(text)]
    Word(Ending),
    /// The answer goes out all the same, and says that it is partial.
    #[read(map)]
    Value(Instead),
}

/// How a failing part ends the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "`fail`, `pass` or `{value: …}`")]
pub enum Ending {
    /// By an error of the gateway's own.
    Fail,
    /// By the service's own answer.
    Pass,
}

impl Text for Ending {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "fail" => Ok(Ending::Fail),
            "pass" => Ok(Ending::Pass),
            _ => Err("to go on without the part write `{value: null}`, or what stands for its body".into()),
        }
    }
}

/// A body in place of the one that failed.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "on_failure")]
pub struct Instead {
    /// It: a text, or a tree. Under `for_each` it stands for one item. Templates in it may name all but parts.
    pub value: TemplateTree,
}

impl AggregateConfig {
    /// Every service that it names.
    pub fn services(&self) -> impl Iterator<Item = &Reference> {
        self.parts.iter().map(|(_, part)| &part.call.service)
    }

    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let parts = node.get("parts").unwrap_or(node);
        if self.parts.is_empty() {
            let help = "name at least one: `parts: {profile: {call: GET users:/me}}`";
            reader.report(Diagnostic::error("no-parts", "an aggregate without parts", parts.span()).help(help));
            return None;
        }
        if let Some((first, _)) = self.parts[..].get(MOST_PARTS) {
            let message = format!("`{}` is one too many: an aggregate has at most {MOST_PARTS} parts", first.value);
            let help = "call for several things at once: `for_each`, or a service that gives more than one";
            reader.report(Diagnostic::error("too-many-parts", message, &first.span).help(help));
            return None;
        }
        Some(self)
    }
}

impl PartConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        for (key, value) in [("at_most", self.at_most), ("parallel", self.parallel)] {
            let Some(value) = value else { continue };
            if self.for_each.is_none() {
                let message = format!("`{key}` bounds the calls of `for_each`, and there is none");
                let at = node.get(key).unwrap_or(node).span();
                let help = "leave it out, or add `for_each: item in LIST`";
                reader.report(Diagnostic::error("without-for-each", message, at).help(help));
                good = false;
            } else if value == 0 {
                reader.zero(node, key);
                good = false;
            }
        }
        if self.timeout.is_some_and(|timeout| timeout.is_zero()) {
            reader.zero(node, "timeout");
            good = false;
        }
        good.then_some(self)
    }
}
