//! What changes the configuration, and what is said of it: to who asked, and to the log.

use crate::answer::{Answer, tag};
use crate::asked::Asked;
use crate::control::{Change, Control, Done, Offer, Refused, Verdict};
use crate::trouble::{NOT_GOOD, NOT_KEPT, STALE, Trouble};

/// Makes a change, or says what it would do.
pub(crate) fn change(control: &dyn Control, asked: &Asked<'_>, offer: Offer) -> Result<Answer, Trouble> {
    let dry_run = asked.given.flag("dry_run");
    let verdict = control.change(Change { offer, dry_run, only_after: asked.only_after }, asked.caller);
    changed(asked, dry_run, verdict, |done| Answer::json(&done.said))
}

/// Goes back to an earlier configuration.
pub(crate) fn roll_back(control: &dyn Control, asked: &mut Asked<'_>) -> Result<Answer, Trouble> {
    change(control, asked, Offer::Back(asked.given.number("to")))
}

/// What became of a change.
pub(crate) fn changed(
    asked: &Asked<'_>,
    dry_run: bool,
    verdict: Verdict,
    say: impl FnOnce(&Done) -> Answer,
) -> Result<Answer, Trouble> {
    let tried = if dry_run { "tried: " } else { "" };
    Err(match verdict {
        Verdict::Good(done) => {
            let Done { version, before, digest, .. } = &done;
            let told = match dry_run {
                true => format!("tried: good, {version} stays, sha256 {digest}"),
                false => format!("configuration {version} in place of {before}, sha256 {digest}"),
            };
            return Ok(say(&done).tagged(*version).told(told));
        }
        Verdict::Refused(Refused { stays, text, messages }) => {
            // The report ends in how many mistakes there are.
            let count = text.lines().next_back().unwrap_or_default();
            let told = format!("{tried}refused, {stays} stays: {count}");
            Trouble { messages: Some(messages), told: Some(told), ..Trouble::new(NOT_GOOD, text) }
        }
        Verdict::Stale(version) => {
            let wanted = asked.only_after.unwrap_or_default();
            let told = format!("{tried}refused, {version} stays: it was to follow {wanted}");
            let detail = format!("version {version} is in force: look at it before you change it");
            let (name, value) = tag(version);
            Trouble { told: Some(told), ..Trouble::new(STALE, detail).field(name, value) }
        }
        Verdict::Unknown(why) => {
            Trouble { told: Some(format!("{tried}refused: {why}")), ..Trouble::new(NOT_KEPT, why) }
        }
    })
}
