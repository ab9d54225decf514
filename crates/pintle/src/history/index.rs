//! The list of what is kept, as JSON: in the state folder, and for whoever asks the admin address.

use super::{Entry, Standing};
use crate::cause::{Cause, Origin};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a folder of ours says that it is. Another number is another program's version, which is not guessed at.
const FORMAT: &str = "pintle-state-1";

/// What an index holds.
pub(super) struct Index {
    pub(super) last: u64,
    pub(super) standing: Standing,
    pub(super) entries: Vec<Entry>,
}

/// Why an index is not read.
pub(super) enum Unread {
    /// It is of another format.
    Foreign(String),
    /// It is no index, or not a whole one.
    Broken,
}

pub(super) fn write(last: u64, standing: &Standing, entries: &VecDeque<Entry>) -> Value {
    json!({
        "format": FORMAT,
        "last": last,
        "in_force": standing.version,
        "origin": standing.origin.word(),
        "files": standing.files,
        "entries": entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

pub(super) fn show(standing: &Standing, entries: &VecDeque<Entry>) -> Value {
    let shown: Vec<_> = entries.iter().rev().map(entry).collect();
    json!({"in_force": standing.version, "origin": standing.origin.word(), "versions": shown})
}

fn entry(entry: &Entry) -> Value {
    json!({
        "version": entry.version,
        "at": entry.at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
        "by": entry.by.word(),
        "who": entry.who,
        "took_ms": entry.took_ms,
        "digest": entry.digest,
        "copy_of": entry.copy_of,
        "taken_back": entry.taken_back,
    })
}

pub(super) fn read(text: &[u8]) -> Result<Index, Unread> {
    let value: Value = serde_json::from_slice(text).map_err(|_| Unread::Broken)?;
    match value.get("format").and_then(Value::as_str) {
        Some(FORMAT) => whole(&value).ok_or(Unread::Broken),
        Some(other) => Err(Unread::Foreign(format!("its format is `{other}`, and this version reads `{FORMAT}`"))),
        None => Err(Unread::Foreign("it does not say which format it has".into())),
    }
}

fn whole(value: &Value) -> Option<Index> {
    let number = |key| value.get(key).and_then(Value::as_u64);
    let standing = Standing {
        version: number("in_force")?,
        origin: Origin::of(value.get("origin")?.as_str()?)?,
        files: value.get("files").and_then(Value::as_str).map(str::to_owned),
    };
    let entries: Option<Vec<Entry>> = value.get("entries")?.as_array()?.iter().map(read_entry).collect();
    Some(Index { last: number("last")?, standing, entries: entries? })
}

fn read_entry(value: &Value) -> Option<Entry> {
    let number = |key| value.get(key).and_then(Value::as_u64);
    Some(Entry {
        version: number("version")?,
        at: UNIX_EPOCH.checked_add(Duration::from_secs(number("at")?)).unwrap_or(SystemTime::now()),
        by: Cause::of(value.get("by")?.as_str()?)?,
        // Not there in what earlier versions wrote.
        who: value.get("who").filter(|who| who.is_object()).cloned(),
        took_ms: number("took_ms")?,
        digest: value.get("digest")?.as_str()?.to_owned(),
        copy_of: number("copy_of"),
        taken_back: value.get("taken_back")?.as_bool()?,
        text: None,
    })
}
