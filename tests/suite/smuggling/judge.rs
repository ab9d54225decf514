//! Holds what the origins read against what the gateway says, against each other, and against what they read without it.

use super::origins::{Direct, Got, Read};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;

/// Where the payloads' addresses begin.
const FIRST: u32 = 0x7f01_0000;

/// A payload's own address.
pub(super) fn address_of(number: usize) -> Ipv4Addr {
    Ipv4Addr::from(FIRST + number as u32)
}

/// The payload that came from this address.
fn number_of(address: &str) -> Option<usize> {
    let address: Ipv4Addr = address.parse().ok()?;
    u32::from(address).checked_sub(FIRST).map(|number| number as usize)
}

/// The gateway's log, by request.
#[derive(Default)]
pub(super) struct Log {
    pub(super) lines: HashMap<String, Line>,
    order: Vec<String>,
}

impl Log {
    pub(super) fn read(entries: &[Value]) -> Self {
        let mut log = Log::default();
        for entry in entries {
            let (id, line) = line(entry);
            log.order.push(id.clone());
            log.lines.insert(id, line);
        }
        log
    }
}

/// What the gateway wrote of a request in its log.
pub(super) struct Line {
    pub(super) payload: Option<usize>,
    listener: String,
    method: String,
    target: String,
    host: String,
    length: usize,
    upstream_status: u64,
    sent_on: bool,
    pub(super) reason: String,
}

fn line(entry: &Value) -> (String, Line) {
    let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let query = entry["url.query"].as_str().map(|query| format!("?{query}")).unwrap_or_default();
    let line = Line {
        payload: number_of(&text("client.address")),
        listener: text("pintle.listener"),
        method: text("http.request.method"),
        target: text("url.path") + &query,
        host: text("server.address"),
        length: entry["http.request.body.size"].as_u64().unwrap_or_default() as usize,
        upstream_status: entry["pintle.upstream_status"].as_u64().unwrap_or_default(),
        sent_on: entry["pintle.attempts"].as_u64().is_some_and(|attempts| attempts > 0),
        reason: text("pintle.reason"),
    };
    (text("pintle.request_id"), line)
}

/// What went wrong, by payload.
#[derive(Default)]
pub(super) struct Disagreements(pub(super) Vec<(Option<usize>, String)>);

impl Disagreements {
    fn note(&mut self, payload: Option<usize>, what: String) {
        self.0.push((payload, what));
    }
}

/// Holds what one origin got against what the gateway says that it sent.
pub(super) fn judge(name: &str, got: &Got, log: &Log, payloads: &[Vec<u8>], found: &mut Disagreements) {
    let mut reads: HashMap<&str, usize> = HashMap::new();
    for read in &got.read {
        let Some(line) = log.lines.get(&read.id).filter(|line| line.listener == name) else {
            found.note(None, format!("{name} read a request that the gateway knows nothing of: {read:?}"));
            continue;
        };
        let count = reads.entry(&read.id).or_default();
        *count += 1;
        if *count > 1 {
            found.note(line.payload, format!("{name} read a request twice: {read:?}"));
        }
        for wrong in differences(read, line, payloads) {
            found.note(line.payload, format!("{name}: {wrong}: {read:?}"));
        }
    }
    let mut unread: HashMap<String, Vec<&str>> = HashMap::new();
    for (id, line) in log.lines.iter().filter(|(id, line)| line.listener == name && !reads.contains_key(id.as_str())) {
        if line.sent_on && (line.upstream_status >= 400 || !line.reason.is_empty()) {
            unread.entry(format!("{} {} HTTP/1.1", line.method, line.target)).or_default().push(id);
        }
    }
    for (id, why) in &got.refused {
        // The gateway must know that it was refused, or have cut it off.
        match log.lines.get(id) {
            Some(line) if (400..500).contains(&line.upstream_status) || !line.reason.is_empty() => {}
            Some(line) => found.note(line.payload, format!("{name} refused what the gateway says went well: {why}")),
            // It read only the first line: that of a request that the gateway knows to be refused.
            None => {
                let known = unread.get_mut(why.as_str()).and_then(Vec::pop);
                if known.is_none() {
                    found.note(None, format!("{name} got something that is no request: {why} {id:?}"));
                }
            }
        }
    }
    for (id, line) in log.lines.iter().filter(|(_, line)| line.listener == name) {
        let read = reads.contains_key(id.as_str());
        if read && !line.sent_on {
            found.note(line.payload, format!("{name} read what the gateway says it kept back: {id}"));
        }
        if !read && line.upstream_status == 200 {
            found.note(line.payload, format!("{name} answered what it did not read: {id}"));
        }
    }
}

/// How an origin's reading differs from the gateway's.
fn differences(read: &Read, line: &Line, payloads: &[Vec<u8>]) -> Vec<String> {
    let mut wrong = Vec::new();
    let path = line.target.split('?').next().unwrap_or_default();
    let mut same = |what: &str, origin: &str, gateway: &str| {
        if origin != gateway {
            wrong.push(format!("{what} is {gateway:?} for the gateway, {origin:?} for the origin"));
        }
    };
    same("the method", &read.method, &line.method);
    same("the target", &read.target, &line.target);
    same("x-seen", &read.seen, &format!("{} {path}", line.method));
    same("the content's length", &read.length.to_string(), &line.length.to_string());
    let host = read.host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    if !line.host.is_empty() {
        same("the host", host.map_or(&*read.host, |(host, _)| host), &line.host);
    }
    for name in ["host", "content-length", "transfer-encoding", "x-seen", "x-request-id", "x-forwarded-for"] {
        if read.names.iter().filter(|other| *other == name).count() > 1 {
            wrong.push(format!("there is more than one {name}"));
        }
    }
    if read.names.iter().any(|name| name == "content-length")
        && read.names.iter().any(|name| name == "transfer-encoding")
    {
        wrong.push("it is framed twice".to_owned());
    }
    const OURS: [&str; 11] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "x-seen",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
        "x-request-id",
        "traceparent",
        "via",
    ];
    let sent = line.payload.and_then(|number| payloads.get(number)).map(|bytes| bytes.to_ascii_lowercase());
    for name in read.names.iter().filter(|name| !OURS.contains(&name.as_str())) {
        let stands_there =
            |bytes: &Vec<u8>| bytes.windows(name.len() + 1).any(|part| part == format!("{name}:").as_bytes());
        if !sent.as_ref().is_some_and(stands_there) {
            wrong.push(format!("nobody has sent a field {name}"));
        }
    }
    wrong
}

/// What became of a payload, by one origin: for each request how the gateway ended it, and how it was read.
type Sequence<'a> = Vec<(&'a Line, Option<&'a Read>)>;

/// All payloads' sequences by one origin.
pub(super) fn sequences<'a>(name: &str, got: &'a Got, log: &'a Log) -> HashMap<usize, Sequence<'a>> {
    let reads: HashMap<&str, &Read> = got.read.iter().map(|read| (&*read.id, read)).collect();
    let mut all: HashMap<usize, Sequence<'_>> = HashMap::new();
    for id in log.order.iter().filter(|id| log.lines[*id].listener == name) {
        let line = &log.lines[id];
        if let Some(payload) = line.payload {
            all.entry(payload).or_default().push((line, reads.get(id.as_str()).copied()));
        }
    }
    all
}

/// Whether all that the gateway found was read, and answered before the client went away.
fn is_whole(sequence: &Sequence<'_>) -> bool {
    sequence.iter().all(|(line, read)| read.is_some() && line.reason.is_empty())
}

/// After a WebSocket that the origin did not want, the gateway closes the connection. Node stops reading after any
/// Upgrade and any CONNECT.
fn leaves_http(payload: &[u8]) -> bool {
    payload.windows(8).any(|part| part.eq_ignore_ascii_case(b"upgrade:") || part == b"CONNECT ")
}

/// Holds both origins' readings of each payload against each other. A request that is refused by one of them, or by the
/// gateway, may end its connection, sooner or later: what follows then is compared no more.
pub(super) fn compare(
    nginx: &HashMap<usize, Sequence<'_>>,
    node: &HashMap<usize, Sequence<'_>>,
    found: &mut Disagreements,
) -> usize {
    let mut compared = 0;
    let none = Vec::new();
    for (payload, one) in nginx {
        let other = node.get(payload).unwrap_or(&none);
        let pairs = one.iter().zip(other).take_while(|(a, b)| a.1.is_some() && b.1.is_some());
        for (a, b) in pairs {
            compared += 1;
            let of = |side: &(&Line, Option<&Read>)| {
                side.1.map(|read| (read.method.clone(), read.target.clone(), read.length))
            };
            if of(a) != of(b) {
                found.note(Some(*payload), format!("nginx and Node differ: {:?} and {:?}", a.1, b.1));
            }
        }
        if one.len() != other.len() && is_whole(one) && is_whole(other) {
            found.note(Some(*payload), format!("nginx read {} requests, Node {}", one.len(), other.len()));
        }
    }
    compared
}

/// Holds what an origin reads of the client's own bytes against what it got through the gateway: where both take a
/// request, they must take it alike, and where neither refuses any, they must find as many.
pub(super) fn compare_direct(
    name: &str,
    through: &HashMap<usize, Sequence<'_>>,
    direct: &Direct,
    payloads: &[Vec<u8>],
    found: &mut Disagreements,
) -> usize {
    let mut alone: HashMap<usize, Vec<&Read>> = HashMap::new();
    for read in &direct.read {
        if let Some(payload) = number_of(&read.peer) {
            alone.entry(payload).or_default().push(read);
        }
    }
    let refused: HashSet<usize> = direct.refused.iter().filter_map(|peer| number_of(peer)).collect();
    let mut compared = 0;
    for (payload, sequence) in through {
        let mut note = |what: String| found.note(Some(*payload), what);
        let mut alone = alone.remove(payload).unwrap_or_default().into_iter();
        let mut all = true;
        for (line, read) in sequence {
            match (read, alone.next()) {
                (Some(our), Some(read)) => {
                    compared += 1;
                    if (&our.method, our.length, &our.content) != (&read.method, read.length, &read.content) {
                        note(format!("{name} itself reads {read:?}, through the gateway {our:?}"));
                    }
                }
                (Some(our), None) => {
                    if !refused.contains(payload) && !leaves_http(&payloads[*payload]) {
                        note(format!("{name} itself does not find this request: {our:?}"));
                    }
                    all = false;
                }
                // The gateway understood its framing, and refused it for what it says or answered it by itself: the
                // next one still counts.
                (None, _) if line.reason == "bad_path" || (line.reason.is_empty() && !line.sent_on) => {}
                (None, _) => all = false,
            }
            if !all {
                break;
            }
        }
        if all
            && is_whole(sequence)
            && !leaves_http(&payloads[*payload])
            && let Some(read) = alone.next()
        {
            note(format!("{name} itself finds one more request: {read:?}"));
        }
    }
    compared
}
