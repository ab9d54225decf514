//! What the program's log tells of the admin address: every call that changes something, or would, with who made it and what
//! came of it; and calls of those who may not, of which there may be many, once a minute for each kind.

use crate::answer::Answer;
use crate::call::Call;
use crate::caller::{self, Caller};
use crate::dispatch::Found;
use crate::operation::{Operation, Who};
use crate::trouble::{CROSS_SITE, MISDIRECTED, NO_CHANGES, NO_TOKEN, Trouble, WRONG_TOKEN};
use pintle_telemetry::log::{self, Level};

/// A call of somebody who may is over.
pub(crate) fn told(operation: &Operation, caller: &Caller, result: Result<&Answer, &Trouble>) {
    if operation.who != Who::Writer {
        return;
    }
    let (verb, path) = (operation.verb.word(), operation.path);
    match result {
        Ok(answer) => {
            let what = answer.told.as_deref().unwrap_or("done");
            log::info(format_args!("admin: {verb} {path}: {what} (by {caller})"));
        }
        Err(trouble) => {
            let what = trouble.told.clone().unwrap_or_else(|| format!("refused, {}", trouble.kind.reason));
            log::info(format_args!("admin: {verb} {path}: {what} (by {caller})"));
        }
    }
}

/// A call was not made. Reading without the token is told of no more than asking for what there is not.
pub(crate) fn refused(found: &Found<'_>, call: &Call<'_>, caller: &Caller, why: &Trouble) {
    let key = match why.kind {
        WRONG_TOKEN => "admin.wrong_token",
        CROSS_SITE => "admin.cross_site",
        MISDIRECTED => "admin.wrong_host",
        NO_TOKEN if writes(found) => "admin.no_token",
        NO_CHANGES if writes(found) => "admin.no_changes",
        _ => return,
    };
    let path = caller::agent(call.path.as_bytes()).unwrap_or_default();
    let (method, reason) = (call.method, why.kind.reason);
    log::limited(key, Level::Warn, format_args!("admin: {method} {path}: not allowed, {reason} (by {caller})"));
}

fn writes(found: &Found<'_>) -> bool {
    found.operation().is_some_and(|operation| operation.who == Who::Writer)
}
