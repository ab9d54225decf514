//! What the client gets, once the parts are settled.

use super::caching;
use super::fields::Picked;
use super::merge;
use super::part::{Answered, Failure, FailureKind, Settled, State};
use super::plan::{Built, Failing, PartSet, Plan};
use super::run::Run;
use super::scope::PlanScope;
use crate::files::conditions;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pintle_core::refusal::FailedPart;
use pintle_core::template::Template;
use pintle_core::{Body, Exchange, Fields, Method, Reason, Refusal, Response, StatusCode, names};
use pintle_policies::held::{self, Account, Share};
use pintle_policies::template::Part as TemplatePart;
use std::fmt::Write;
use std::sync::Arc;

/// What a partial answer says of the parts that it lacks.
pub(super) const GATEWAY_PARTIAL: &str = "gateway-partial";

/// The answer of a plan whose parts are all settled, and none of which fails the whole.
pub(super) fn complete(
    plan: &Plan,
    run: &Run<'_>,
    exchange: &Exchange,
    picked: Option<&Picked>,
    account: &Arc<Account>,
) -> Result<Response, Refusal> {
    let scope = run.scope(exchange);
    let mut text = content(plan, &scope)?;
    if let Some(picked) = picked {
        text = super::fields::pick(picked, &text)
            .map_err(|why| Refusal::new(Reason::Internal).internal(format!("`fields` cannot be applied: {why}")))?;
    }
    let mut response = Response::new(plan.answer.status);
    let is_partial = head(plan, &scope, &mut response.fields);
    // One that is kept by nobody has no version.
    let tag = (plan.answer.etag && !is_partial).then(|| tag_of(&text));
    if let Some(tag) = &tag {
        response.fields.set(names::ETAG, tag);
    }
    let is_read = matches!(exchange.request.method, Method::GET | Method::HEAD);
    let has_it = is_read && tag.is_some_and(|tag| conditions::has(&exchange.request.fields, &tag));
    if has_it && response.status.is_success() {
        response.status = StatusCode::NOT_MODIFIED;
        response.fields.retain(|name, _| !matches!(name.as_str(), "content-type" | "content-language"));
    } else {
        let mut share = Share::new(account);
        if !share.grow(text.len()) {
            return Err(held::no_room());
        }
        response.body = Body::full(text);
        response.hold(share);
    }
    Ok(response)
}

/// Status and fields that are known before any part is, of an answer that begins then.
pub(super) fn early(plan: &Plan, scope: &PlanScope<'_>) -> Response {
    let mut response = Response::new(plan.answer.status);
    plan.answer.headers.put(scope, &mut response.fields);
    if !response.fields.contains(names::CACHE_CONTROL) {
        // Whether it is partial is known at its end.
        response.fields.append(names::CACHE_CONTROL, "no-store");
    }
    response
}

/// The fields of the answer; whether it is partial.
fn head(plan: &Plan, scope: &PlanScope<'_>, fields: &mut Fields) -> bool {
    caching::derive(plan, scope.parts, scope.exchange, fields);
    plan.answer.headers.put(scope, fields);
    let Some(partial) = partial(plan, scope.parts) else { return false };
    fields.set(names::CACHE_CONTROL, "no-store");
    fields.retain(|name, _| !matches!(name.as_str(), "expires" | "etag"));
    fields.set(GATEWAY_PARTIAL, partial);
    plan.answer.partial.put(scope, fields);
    true
}

/// The parts that failed, and why: `orders; reason=timeout, items; reason=status; status=500` (a list of RFC 9651).
/// None where none did.
pub(super) fn partial(plan: &Plan, parts: &[Option<Settled>]) -> Option<String> {
    let mut text = String::new();
    for (part, settled) in plan.parts.iter().zip(parts) {
        let Some(failure) = settled.as_ref().and_then(|settled| settled.failure.as_ref()) else { continue };
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{}; reason={}", part.name, failure.reason);
        if let Some(status) = failure.status {
            let _ = write!(text, "; status={}", status.as_u16());
        }
    }
    Some(text).filter(|text| !text.is_empty())
}

/// The content, whole.
fn content(plan: &Plan, scope: &PlanScope<'_>) -> Result<String, Refusal> {
    match &plan.answer.built {
        Built::Nothing => Ok(String::new()),
        Built::Content(content) => {
            // Mostly that is what it becomes, and what grows to it by doubling is there twice for a moment.
            let sizes = scope.parts.iter().flatten().map(|settled| settled.body.size());
            let most = plan.limits.total.in_memory();
            let mut text = String::with_capacity(sizes.sum::<usize>().min(most) + 256);
            content
                .render_while(0, scope, &mut text, &|_| true)
                .map_err(|failed| cannot_be_built(plan, scope, failed))?;
            Ok(text)
        }
        Built::Merged(parts, on_conflict) => {
            let settled = parts.iter().map(|at| (*at, scope.parts[*at].as_ref()));
            // A part that is skipped gives nothing.
            let given = settled.filter(|(_, settled)| settled.is_some_and(|settled| settled.state != State::Skipped));
            let values = given.filter_map(|(at, settled)| Some((at, settled?.body.value()))).collect();
            merge::merged(values, *on_conflict).map_err(|(at, reason, why)| {
                let status = scope.parts[at].as_ref().and_then(|settled| settled.status);
                refused(plan, at, &Failure { status, ..Failure::new(reason, why) })
            })
        }
    }
}

/// A template of the content that fails is the fault of the first part that it names.
pub(super) fn cannot_be_built(
    plan: &Plan,
    scope: &PlanScope<'_>,
    (template, refusal): (&TemplatePart, Refusal),
) -> Refusal {
    match named(template.template()) {
        Some(at) => {
            let status = scope.parts[at].as_ref().and_then(|settled| settled.status);
            let why = refusal.internal.unwrap_or_default();
            refused(plan, at, &Failure { status, ..Failure::new("expression", why) })
        }
        None => refusal,
    }
}

fn named(template: &Template) -> Option<usize> {
    PartSet::of_template(template).iter().next()
}

/// The answer where those of all parts together are too large.
pub(super) fn too_large(plan: &Plan) -> Refusal {
    let most = plan.limits.total;
    Refusal::new(Reason::PartFailed)
        .detail("The answers of all parts together are too large.")
        .internal(format!("the answers of all parts together have more than {most} (`limits.total` of the aggregate)"))
}

/// The answer where a part fails the whole.
pub(super) fn failing(
    plan: &Plan,
    parts: &[Option<Settled>],
    at: usize,
    exchange: &mut Exchange,
) -> Result<Response, Refusal> {
    let Some(failure) = parts[at].as_ref().and_then(|settled| settled.failure.as_ref()) else {
        return Err(Refusal::new(Reason::Internal).internal("a part that did not fail decided"));
    };
    match (&plan.parts[at].failing, &failure.answer) {
        (Failing::Pass, Some(answer)) => Ok(passed(answer, exchange)),
        _ => Err(refused(plan, at, failure)),
    }
}

/// A service's own answer.
fn passed(answer: &Arc<Answered>, exchange: &mut Exchange) -> Response {
    exchange.notes.upstream_status = Some(answer.status.as_u16());
    let mut response = Response::new(answer.status);
    response.fields = (*answer.fields).clone();
    response.body = Body::full(answer.content());
    response
}

/// What a part's failure makes of the whole.
fn refused(plan: &Plan, at: usize, failure: &Failure) -> Refusal {
    let reason = match failure.kind {
        FailureKind::Failed => Reason::PartFailed,
        FailureKind::Unavailable => Reason::PartUnavailable,
        FailureKind::TimedOut => Reason::PartTimeout,
    };
    let name = &plan.parts[at].name;
    let status = failure.status.map(|status| status.as_u16());
    let said = status.map(|status| format!(" with status {status}")).unwrap_or_default();
    let mut refusal = Refusal::new(reason)
        .detail(format!("The part `{name}` failed: {}{said}.", failure.reason))
        .internal(format!("the part `{name}` ({}): {}", plan.parts[at].call, failure.why));
    refusal.part =
        Some(Box::new(FailedPart { name: Arc::clone(name), reason: failure.reason, status, why: failure.why.clone() }));
    refusal
}

/// A strong tag of content.
fn tag_of(text: &str) -> String {
    let digest = digest(&SHA256, text.as_bytes());
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(&digest.as_ref()[..16]))
}
