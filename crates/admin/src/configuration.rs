//! `/config` and what is below it: the texts in force, the ones kept, and how another comes in force.

use crate::answer::{Answer, not_allowed};
use crate::call::{Call, Content};
use crate::control::{Change, Control, Offer, Verdict};
use pintle_core::{Method, StatusCode, names};
use serde_json::Value;

/// Answers a call below `/config`; `content` is what came with a PUT.
pub(crate) fn answer(control: &dyn Control, call: &Call<'_>, content: Content) -> Answer {
    match (call.path, call.reads(), call.method) {
        ("/config", true, _) => {
            let (version, config) = control.config();
            Answer { extra: vec![tag(version)], ..json(StatusCode::OK, &config) }
        }
        ("/config", _, &Method::PUT) => put(control, call, content).unwrap_or_else(|refused| refused),
        ("/config/history", true, _) => json(StatusCode::OK, &control.history()),
        ("/config/rollback", _, &Method::POST) => roll_back(control, call).unwrap_or_else(|refused| refused),
        ("/config", ..) => not_allowed("GET, HEAD, PUT"),
        ("/config/history", ..) => not_allowed("GET, HEAD"),
        ("/config/rollback", ..) => not_allowed("POST"),
        _ => Answer::text(StatusCode::NOT_FOUND, "there are: /config, /config/history, and POST /config/rollback\n"),
    }
}

fn put(control: &dyn Control, call: &Call<'_>, mut content: Content) -> Result<Answer, Answer> {
    let mut dry_run = false;
    call.parameters(|name, value| match (name, value) {
        ("dry_run", "" | "true") => {
            dry_run = true;
            Ok(())
        }
        ("dry_run", "false") => Ok(()),
        _ => Err("there is `?dry_run`".into()),
    })?;
    // The turn ends with the answer.
    let text = std::mem::take(&mut content.text);
    change(control, call, Offer::Text(text), dry_run)
}

fn roll_back(control: &dyn Control, call: &Call<'_>) -> Result<Answer, Answer> {
    let (mut dry_run, mut to) = (false, None);
    call.parameters(|name, value| match (name, value) {
        ("dry_run", "" | "true") => {
            dry_run = true;
            Ok(())
        }
        ("dry_run", "false") => Ok(()),
        ("to", number) => {
            to = Some(number.parse().map_err(|_| "a version is a number: `?to=3`")?);
            Ok(())
        }
        _ => Err("there are `?to=VERSION` and `?dry_run`".into()),
    })?;
    change(control, call, Offer::Back(to), dry_run)
}

fn change(control: &dyn Control, call: &Call<'_>, offer: Offer, dry_run: bool) -> Result<Answer, Answer> {
    let only_after = call.only_after()?;
    Ok(match control.change(Change { offer, dry_run, only_after }) {
        Verdict::Good(version, said) => Answer { extra: vec![tag(version)], ..json(StatusCode::OK, &said) },
        Verdict::Refused(_, messages) if call.wants_json() => json(StatusCode::UNPROCESSABLE_ENTITY, &messages),
        Verdict::Refused(messages, _) => Answer::text(StatusCode::UNPROCESSABLE_ENTITY, messages + "\n"),
        Verdict::Stale(version) => {
            let why = format!("version {version} is in force: look at it before you change it\n");
            Answer { extra: vec![tag(version)], ..Answer::text(StatusCode::PRECONDITION_FAILED, why) }
        }
        Verdict::Unknown(why) => Answer::text(StatusCode::NOT_FOUND, why + "\n"),
    })
}

fn json(status: StatusCode, value: &Value) -> Answer {
    Answer { kind: "application/json", ..Answer::text(status, format!("{value:#}\n")) }
}

fn tag(version: u64) -> (pintle_core::Name<'static>, String) {
    (names::ETAG, format!("\"{version}\""))
}
