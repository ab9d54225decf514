//! What is in a folder, as a page or as JSON: only where `listing` asks for it. Nothing that would not be served is in it.

use super::disk::elsewhere;
use super::name::Name;
use super::root::Folder;
use bytes::Bytes;
use pintle_core::step::Outcome;
use pintle_core::template::Value;
use pintle_core::{Body, Fields, Reason, Refusal, Response, StatusCode, names};
use rustix::fs::{Dir, FileType};
use std::fmt::Write;
use std::fs::File;
use std::io;
use std::time::{Duration, SystemTime};
use tokio::sync::Semaphore;

/// The most entries of a listing.
const MOST: usize = 1000;
/// The most that are looked at: what is hidden counts too.
const MOST_READ: usize = 10_000;

/// How many folders are read at once, in the whole process: each may hold [`MOST_READ`] entries while it is, and takes a place
/// from those who read files.
static READING: Semaphore = Semaphore::const_new(4);

/// Something in a folder.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    /// A folder comes before a file.
    is_file: bool,
    name: Vec<u8>,
    size: u64,
    modified: SystemTime,
}

/// A folder that is to be listed.
pub(super) struct Listing {
    /// The root that it is below.
    pub(super) root: Folder,
    pub(super) opened: File,
    /// Its name below the root.
    pub(super) name: Name<'static>,
    /// What was asked for.
    pub(super) path: String,
    pub(super) wants_json: bool,
}

impl Listing {
    /// Reads what is in it.
    pub(super) async fn answer(self) -> Outcome {
        let Listing { root, opened, name, path, wants_json } = self;
        let _place = READING.acquire().await;
        let (entries, is_all) = elsewhere(move || read(&root, &opened, &name))
            .await
            .map_err(|error| Refusal::new(Reason::FileFailed).internal(format!("a folder cannot be read: {error}")))?;
        let mut response = head();
        let (kind, text) = match wants_json {
            true => ("application/json", json(&entries, is_all)),
            false => ("text/html; charset=utf-8", html(&path, &entries, is_all)),
        };
        response.fields.append(names::CONTENT_TYPE, kind);
        response.body = Body::Full(Bytes::from(text));
        Ok(response)
    }
}

/// The answer without what is in it.
pub(super) fn head() -> Response {
    let mut response = Response::new(StatusCode::OK);
    response.fields.append(names::CACHE_CONTROL, "no-store");
    response.fields.append(names::VARY, "accept");
    response
}

/// The entries in their order, and whether these are all.
fn read(folder: &Folder, opened: &File, name: &Name<'_>) -> io::Result<(Vec<Entry>, bool)> {
    let mut entries = Vec::new();
    let mut is_all = true;
    for (at, entry) in Dir::read_from(opened)?.enumerate() {
        if at == MOST_READ {
            is_all = false;
            break;
        }
        let entry = entry?;
        let own = entry.file_name().to_bytes();
        if own.starts_with(b".") {
            continue;
        }
        let mut whole = name.join("");
        whole.extend_from_slice(own);
        // As a request would get it, so that no link out of the root is listed.
        let Ok(stat) = folder.look(&whole) else { continue };
        let is_file = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => true,
            FileType::Directory => false,
            _ => continue,
        };
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
        let size = if is_file { u64::try_from(stat.st_size).unwrap_or(0) } else { 0 };
        entries.push(Entry { is_file, name: own.to_vec(), size, modified });
    }
    entries.sort_by(|one, other| (one.is_file, &one.name).cmp(&(other.is_file, &other.name)));
    is_all &= entries.len() <= MOST;
    entries.truncate(MOST);
    Ok((entries, is_all))
}

/// A time as HTTP writes it, whose years have four digits.
fn date(time: SystemTime) -> String {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    httpdate::fmt_http_date(time.min(last))
}

/// Whether JSON is asked for before HTML (RFC 9110 12.5.1).
pub(super) fn wants_json(fields: &Fields) -> bool {
    let weight = |kind: &[u8]| {
        fields.list(names::ACCEPT).find_map(|member| {
            let mut parts = member.split(|&byte| byte == b';').map(<[u8]>::trim_ascii);
            if !parts.next()?.eq_ignore_ascii_case(kind) {
                return None;
            }
            let q = parts.find_map(|part| part.strip_prefix(b"q=").or_else(|| part.strip_prefix(b"Q=")));
            Some(q.map_or(1.0, |q| std::str::from_utf8(q).ok().and_then(|q| q.parse::<f32>().ok()).unwrap_or(0.0)))
        })
    };
    let json = weight(b"application/json").unwrap_or(0.0);
    json > 0.0 && json > weight(b"text/html").unwrap_or(0.0)
}

fn json(entries: &[Entry], is_all: bool) -> String {
    let mut out = String::from("{\"entries\":[");
    for (at, entry) in entries.iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        out.push_str("{\"name\":");
        text(&String::from_utf8_lossy(&entry.name), &mut out);
        out.push_str(",\"href\":");
        text(&href(entry), &mut out);
        let kind = if entry.is_file { "file" } else { "folder" };
        let _ = write!(out, ",\"kind\":\"{kind}\"");
        if entry.is_file {
            let _ = write!(out, ",\"size\":{}", entry.size);
        }
        let _ = write!(out, ",\"modified\":\"{}\"}}", date(entry.modified));
    }
    let _ = writeln!(out, "],\"complete\":{is_all}}}");
    out
}

fn text(text: &str, out: &mut String) {
    // A text has a form in JSON always.
    let _ = Value::text(text).write_json(out);
}

fn html(path: &str, entries: &[Entry], is_all: bool) -> String {
    let title = escaped(path);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n<h1>{title}</h1>\n<table>\n"
    );
    if path != "/" {
        out.push_str("<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n");
    }
    for entry in entries {
        let slash = if entry.is_file { "" } else { "/" };
        let size = if entry.is_file { entry.size.to_string() } else { String::new() };
        let _ = writeln!(
            out,
            "<tr><td><a href=\"{}\">{}{slash}</a></td><td>{size}</td><td>{}</td></tr>",
            href(entry),
            escaped(&String::from_utf8_lossy(&entry.name)),
            date(entry.modified),
        );
    }
    out.push_str("</table>\n");
    if !is_all {
        let _ = writeln!(out, "<p>There is more than fits here.</p>");
    }
    out.push_str("</html>\n");
    out
}

/// A reference relative to the folder: everything but unreserved characters is encoded, and the `./` keeps a colon from
/// ending a scheme (RFC 3986 4.2).
fn href(entry: &Entry) -> String {
    let mut out = String::from("./");
    for &byte in &entry.name {
        match byte {
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => drop(write!(out, "%{byte:02X}")),
        }
    }
    out.push_str(if entry.is_file { "" } else { "/" });
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        let entry = |name: &[u8], is_file, size| Entry { is_file, name: name.to_vec(), size, modified };
        vec![entry(b"a b", false, 0), entry(b"\"><script>.x", true, 7), entry(b"x:\xff%", true, 0)]
    }

    #[test]
    fn nothing_in_a_name_becomes_markup() {
        let page = html("/<b>/", &entries(), false);
        assert!(!page.contains("<script>") && !page.contains("<b>"), "{page}");
        for part in [
            "<a href=\"./a%20b/\">a b/</a>",
            "<a href=\"./%22%3E%3Cscript%3E.x\">&quot;&gt;&lt;script&gt;.x</a></td><td>7</td>",
            "<a href=\"./x%3A%FF%25\">x:\u{fffd}%</a>",
            "There is more",
        ] {
            assert!(page.contains(part), "{part} in {page}");
        }
        assert!(!html("/", &[], true).contains("../"));
        let said = json(&entries(), true);
        assert!(
            said.starts_with(r#"{"entries":[{"name":"a b","href":"./a%20b/","kind":"folder","modified":"#),
            "{said}"
        );
        assert!(
            said.contains(r#""name":"\"><script>.x","href":"./%22%3E%3Cscript%3E.x","kind":"file","size":7"#),
            "{said}"
        );
        assert!(said.ends_with("],\"complete\":true}\n"), "{said}");
    }

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        let asked = |accept: &str| wants_json(&[("accept", accept)].into_iter().collect());
        assert!(asked("application/json") && asked("text/html;q=0.5, application/json;q=0.9"));
        assert!(!asked("text/html, application/json;q=0.9") && !asked("*/*") && !asked("application/json;q=0"));
    }
}
