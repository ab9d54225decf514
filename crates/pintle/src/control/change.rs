//! What the admin address asks for: the texts in force, another configuration, one that was in force before.

use super::take::{Taking, Wrong};
use super::{Controller, Held, watched};
use crate::cause::{Cause, Origin};
use crate::cost::Stopwatch;
use crate::inputs::Named;
use pintle_admin::{Caller, Change, Done, Offer, Refused, Verdict};
use pintle_config::{Bundle, Checked, Description, describe, diff, load, load_bundle, load_text};
use serde_json::{Value, json};

/// What is asked for, read.
struct Asked {
    checked: Checked,
    by: Cause,
    origin: Origin,
    copy_of: Option<u64>,
}

/// What a configuration says; none of one that could not be read.
fn described(checked: &Checked) -> Option<Description> {
    let document = checked.document.as_ref().filter(|_| !checked.reader.diagnostics.has_errors())?;
    Some(describe(&checked.root, document))
}

impl Controller {
    /// The version in force and its texts.
    pub(super) fn texts(&self) -> (u64, Value) {
        let (version, text) = {
            let state = self.state.lock();
            (state.change.version, state.text.clone())
        };
        let mut texts = text.unpack().map_or_else(|| json!({}), |bundle| bundle.to_json());
        texts["version"] = version.into();
        (version, texts)
    }

    /// Reads the files again, because somebody asks for it.
    pub(super) fn reloaded_by_call(&self, caller: &Caller) -> Verdict {
        let mut changing = self.changing.lock();
        let before = self.version();
        match self.take_files(Cause::Admin, Some(caller.to_json()), &mut changing) {
            Ok(version) => self.done(before, json!({"version": version})),
            Err(wrong) => self.stays(wrong),
        }
    }

    /// What is in force now, in answer to who asked for it.
    fn done(&self, before: u64, said: Value) -> Verdict {
        let change = self.state.lock().change.clone();
        Verdict::Good(Done { version: change.version, before, digest: change.digest, said })
    }

    fn stays(&self, wrong: Wrong) -> Verdict {
        Verdict::Refused(Refused { stays: self.version(), text: wrong.text, messages: wrong.messages })
    }

    pub(super) fn changed_by_call(&self, change: Change, caller: &Caller) -> Verdict {
        let mut changing = self.changing.lock();
        changing.began = Stopwatch::start();
        let (version, text) = {
            let state = self.state.lock();
            (state.change.version, state.text.clone())
        };
        if change.only_after.is_some_and(|wanted| wanted != version) {
            return Verdict::Stale(version);
        }
        // Before the rest is read: what changes meanwhile is news.
        let files = (!change.dry_run).then(|| self.files());
        let mut asked = match self.asked(change.offer) {
            Ok(asked) => asked,
            Err(why) => return Verdict::Unknown(why),
        };
        let old = text.unpack().map(|bundle| load_bundle(&bundle, self.directory()));
        let different = old.and_then(|old| Some(diff(&described(&old)?, &described(&asked.checked)?).json()));
        let different = different.unwrap_or_default();
        let Some(files) = files else { return self.tried(&mut asked, version, &different) };
        let Asked { checked, by, origin, copy_of } = asked;
        let who = Some(caller.to_json());
        let taking = Taking { checked, by, who, origin, held: Some(files), copy_of, against: None };
        match self.take(taking, &mut changing) {
            Ok(now) => self.done(version, json!({"version": now, "changes": different})),
            Err(wrong) => self.stays(wrong),
        }
    }

    fn asked(&self, offer: Offer) -> Result<Asked, String> {
        match offer {
            Offer::Text(text) => {
                let checked = load_text(&self.path, text);
                Ok(Asked { checked, by: Cause::Put, origin: Origin::Put, copy_of: None })
            }
            Offer::Back(to) => {
                let history = self.history.lock();
                let to = to.or_else(|| history.before()).ok_or("there is no configuration before the one in force")?;
                let (_, bundle) =
                    history.text(to).ok_or_else(|| format!("version {to} is not kept: see /config/history"))?;
                drop(history);
                let checked = load_bundle(&bundle, self.directory());
                Ok(Asked { checked, by: Cause::Rollback, origin: Origin::Rollback, copy_of: Some(to) })
            }
        }
    }

    /// What would happen.
    fn tried(&self, asked: &mut Asked, version: u64, different: &Value) -> Verdict {
        let mut document = asked.checked.document.take();
        let good = document.as_mut().is_some_and(|document| {
            self.around.adjust(document);
            self.assembled(document, &mut asked.checked).is_some()
        });
        let wrong = Wrong::of(&mut asked.checked);
        if !good {
            return self.stays(wrong);
        }
        let digest = Bundle::new(&asked.checked.texts).map(|bundle| bundle.digest()).unwrap_or_default();
        let said = json!({"version": version, "dry_run": true, "changes": different, "messages": wrong.messages});
        Verdict::Good(Done { version, before: version, digest, said })
    }

    /// What the files say now, good or not: it is no news from now on.
    fn files(&self) -> Held {
        let checked = load(&self.path);
        let digest = Bundle::new(&checked.texts).map(|bundle| bundle.digest());
        let watched = watched(&self.path, &self.server, &checked, &Named::of(checked.document.as_ref()));
        Held { texts: checked.digest, digest, watched }
    }
}
