//! Functions on text. Indices count code points. What is part of a borrowed text stays borrowed.

use std::borrow::Cow;
use std::ops::Range;

use super::budget::Budget;
use super::fault::Reason;
use super::functions::{Signature, regex};
use super::value::{List, Value};

/// The longest pattern that a request may bring.
const MAX_PATTERN: usize = 256;
/// What compiling such a pattern is worth, in steps.
const PATTERN_STEPS: usize = 5_000;

type Result<'a> = std::result::Result<Value<'a>, Reason>;

fn text<'s>(args: &'s [Value<'_>], at: usize) -> std::result::Result<&'s str, Reason> {
    match args.get(at) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err("a string is missing here".into()),
    }
}

fn int(args: &[Value<'_>], at: usize) -> Option<i64> {
    match args.get(at) {
        Some(Value::Int(int)) => Some(*int),
        _ => None,
    }
}

/// Part of a text, borrowed if the text is.
fn part<'a>(whole: &Cow<'a, str>, range: Range<usize>) -> Value<'a> {
    Value::Text(match whole {
        Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
        Cow::Owned(text) => Cow::Owned(text[range].to_owned()),
    })
}

fn this<'s, 'a>(args: &'s [Value<'a>]) -> std::result::Result<&'s Cow<'a, str>, Reason> {
    match args.first() {
        Some(Value::Text(text)) => Ok(text),
        _ => Err("a string is missing here".into()),
    }
}

fn made<'a>(text: String) -> Result<'a> {
    Ok(Value::Text(Cow::Owned(text)))
}

fn out_of_range(index: i64) -> Reason {
    format!("index out of range: {index}").into()
}

/// Where the code point `index` begins; the length for the one after the last.
fn offset(text: &str, index: i64) -> std::result::Result<usize, Reason> {
    let wanted = usize::try_from(index).map_err(|_| out_of_range(index))?;
    let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    starts.into_iter().nth(wanted).ok_or_else(|| out_of_range(index))
}

fn count(text: &str) -> i64 {
    text.chars().count() as i64
}

pub(super) fn size<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    Ok(Value::Int(match &args[0] {
        Value::Text(text) => {
            budget.look(text.len())?;
            count(text)
        }
        Value::Bytes(bytes) => bytes.len() as i64,
        Value::List(list) => list.len() as i64,
        Value::Map(map) => map.len() as i64,
        _ => 0,
    }))
}

pub(super) fn matches<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let (text, pattern) = (text(args, 0)?, text(args, 1)?);
    if pattern.len() > MAX_PATTERN {
        return Err(format!("a pattern that is not literal has at most {MAX_PATTERN} bytes").into());
    }
    budget.work(PATTERN_STEPS)?;
    budget.look(text.len())?;
    Ok(Value::Bool(regex(pattern)?.is_match(text)))
}

pub(super) fn contains<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let (text, part) = (text(args, 0)?, text(args, 1)?);
    budget.look(text.len())?;
    Ok(Value::Bool(memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()))
}

pub(super) fn starts_with<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    Ok(Value::Bool(text(args, 0)?.starts_with(text(args, 1)?)))
}

pub(super) fn ends_with<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    Ok(Value::Bool(text(args, 0)?.ends_with(text(args, 1)?)))
}

pub(super) fn char_at<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let text = this(args)?;
    budget.look(text.len())?;
    let start = offset(text, int(args, 1).unwrap_or(-1))?;
    let len = text[start..].chars().next().map_or(0, char::len_utf8);
    Ok(part(text, start..start + len))
}

/// The byte where a search begins, or the answer where nothing is searched.
fn search_from(
    args: &[Value<'_>],
    text: &str,
    part: &str,
) -> std::result::Result<std::result::Result<usize, i64>, Reason> {
    let Some(from) = int(args, 2) else { return Ok(Ok(usize::MAX)) };
    if from < 0 {
        return Err(out_of_range(from));
    }
    if part.is_empty() {
        return Ok(Err(from.min(count(text))));
    }
    match offset(text, from) {
        Ok(at) if at < text.len() => Ok(Ok(at)),
        _ => Err(out_of_range(from)),
    }
}

pub(super) fn index_of<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let (text, part) = (text(args, 0)?, text(args, 1)?);
    budget.look(text.len())?;
    let from = match search_from(args, text, part)? {
        Ok(usize::MAX) => 0,
        Ok(from) => from,
        Err(answer) => return Ok(Value::Int(answer)),
    };
    let found = memchr::memmem::find(&text.as_bytes()[from..], part.as_bytes());
    Ok(Value::Int(found.map_or(-1, |at| count(&text[..from + at]))))
}

pub(super) fn last_index_of<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let (text, part) = (text(args, 0)?, text(args, 1)?);
    budget.look(text.len())?;
    let end = match search_from(args, text, part)? {
        Ok(usize::MAX) => text.len(),
        Ok(from) => from.saturating_add(part.len()).min(text.len()),
        Err(answer) => return Ok(Value::Int(answer)),
    };
    let found = memchr::memmem::rfind(&text.as_bytes()[..end], part.as_bytes());
    Ok(Value::Int(found.map_or(-1, |at| count(&text[..at]))))
}

pub(super) fn lower_ascii<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let text = this(args)?;
    if !text.bytes().any(|b| b.is_ascii_uppercase()) {
        return Ok(part(text, 0..text.len()));
    }
    budget.make(text.len())?;
    made(text.to_ascii_lowercase())
}

pub(super) fn upper_ascii<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let text = this(args)?;
    if !text.bytes().any(|b| b.is_ascii_lowercase()) {
        return Ok(part(text, 0..text.len()));
    }
    budget.make(text.len())?;
    made(text.to_ascii_uppercase())
}

pub(super) fn trim<'a>(_: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<'a> {
    let text = this(args)?;
    let start = text.len() - text.trim_start().len();
    Ok(part(text, start..start + text.trim().len()))
}

pub(super) fn reverse<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let text = text(args, 0)?;
    budget.make(text.len())?;
    made(text.chars().rev().collect())
}

pub(super) fn replace<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let (text, from, to) = (text(args, 0)?, text(args, 1)?, text(args, 2)?);
    budget.look(text.len())?;
    let limit = int(args, 3).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let times = if to.len() <= from.len() { 0 } else { text.matches(from).take(limit).count() };
    budget.make((text.len()).saturating_add(times.saturating_mul(to.len())))?;
    made(text.replacen(from, to, limit))
}

pub(super) fn substring<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let text = this(args)?;
    budget.look(text.len())?;
    let start = int(args, 1).unwrap_or(-1);
    let Some(end) = int(args, 2) else { return Ok(part(text, offset(text, start)?..text.len())) };
    if start > end {
        return Err(format!("a substring from {start} to {end} ends before it begins").into());
    }
    Ok(part(text, offset(text, start)?..offset(text, end)?))
}

pub(super) fn split<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let (whole, mark) = (this(args)?, text(args, 1)?);
    budget.look(whole.len())?;
    let limit = int(args, 2).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    let mut parts: Vec<Value<'a>> = Vec::new();
    let mut start = 0;
    let mut push = |range: Range<usize>| -> std::result::Result<(), Reason> {
        budget.make(size_of::<Value<'_>>() + if matches!(whole, Cow::Owned(_)) { range.len() } else { 0 })?;
        parts.push(part(whole, range));
        Ok(())
    };
    let mut left = limit;
    while left > 1 {
        let (end, next) = match mark.is_empty() {
            true => match whole[start..].chars().next() {
                Some(c) if start + c.len_utf8() < whole.len() => (start + c.len_utf8(), start + c.len_utf8()),
                _ => break,
            },
            false => match memchr::memmem::find(&whole.as_bytes()[start..], mark.as_bytes()) {
                Some(at) => (start + at, start + at + mark.len()),
                None => break,
            },
        };
        push(start..end)?;
        start = next;
        left -= 1;
    }
    if left > 0 && !(mark.is_empty() && whole.is_empty()) {
        push(start..whole.len())?;
    }
    Ok(Value::List(List::Made(parts.into())))
}

pub(super) fn join<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let mark = if args.len() > 1 { text(args, 1)? } else { "" };
    let Some(Value::List(list)) = args.first() else { return Err("a list is missing here".into()) };
    let mut joined = String::new();
    for (at, item) in list.iter().enumerate() {
        let Value::Text(item) = item else {
            return Err(format!("`join` takes a list of strings, found {}", item.kind()).into());
        };
        budget.make(item.len() + mark.len() + 1)?;
        if at > 0 {
            joined.push_str(mark);
        }
        joined.push_str(&item);
    }
    made(joined)
}

pub(super) fn quote<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<'a> {
    let text = text(args, 0)?;
    budget.make(text.len().saturating_mul(2))?;
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0c' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\x0b' => quoted.push_str("\\v"),
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    made(quoted)
}
