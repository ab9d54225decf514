//! Diagnostics as SARIF 2.1.0 (OASIS), which code hosts show beside the lines of a change. What stands in a file is never
//! part of it, so neither is a secret.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Value, json};

use super::{Diagnostic, Severity, Span};

/// What there is to say about the rules and who says it.
#[derive(Clone, Copy, Debug)]
pub struct Sarif<'a> {
    /// The program's version.
    pub version: &'a str,
    /// A sentence for each code; a code that has none stands for itself.
    pub rules: &'a [(&'static str, &'static str)],
}

impl Sarif<'_> {
    /// The whole log, with a single run. Files are named as they were given, so relative ones are relative to where the
    /// program ran.
    pub fn log<'d>(&self, found: impl IntoIterator<Item = &'d Diagnostic>) -> Value {
        let found: Vec<&Diagnostic> = found.into_iter().collect();
        let codes: Vec<&str> = found.iter().map(|one| one.code).collect::<BTreeSet<_>>().into_iter().collect();
        let rules: Vec<Value> = codes.iter().map(|code| self.rule(code)).collect();
        let mut seen = HashMap::new();
        let results: Vec<Value> = found
            .iter()
            .map(|one| {
                let index = codes.binary_search(&one.code).unwrap_or_default();
                result(one, index, &mut seen)
            })
            .collect();
        json!({
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{
                "tool": {"driver": {"name": "pintle", "version": self.version, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "results": results,
            }],
        })
    }

    fn rule(&self, code: &str) -> Value {
        let known = self.rules.iter().find(|(name, _)| *name == code);
        let text = known.map_or(code, |(_, sentence)| sentence);
        json!({"id": code, "shortDescription": {"text": text}, "fullDescription": {"text": text}, "help": {"text": text}})
    }
}

/// `seen` counts those with the same fingerprint, so that two equal slips in one file stay two.
fn result(diagnostic: &Diagnostic, rule: usize, seen: &mut HashMap<u64, usize>) -> Value {
    let mut text = diagnostic.message.clone();
    if let Some(help) = &diagnostic.help {
        text.extend(["\n", help]);
    }
    let related: Vec<Value> = diagnostic.also.iter().map(|(span, label)| location(span, label)).collect();
    // Lines move: what was said of which file is what stays.
    let file = diagnostic.span.source().name();
    let print = fnv([diagnostic.code, "\0", file, "\0", &diagnostic.message].iter().flat_map(|part| part.bytes()));
    let count = seen.entry(print).or_insert(0);
    *count += 1;
    json!({
        "ruleId": diagnostic.code,
        "ruleIndex": rule,
        "level": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": {"text": text},
        "locations": [location(&diagnostic.span, &diagnostic.label)],
        "relatedLocations": related,
        "partialFingerprints": {"pintle/v1": format!("{print:016x}:{count}")},
    })
}

fn location(span: &Span, label: &str) -> Value {
    let (start, end) = (span.position(), span.end_position());
    let region =
        json!({"startLine": start.line, "startColumn": start.column, "endLine": end.line, "endColumn": end.column});
    let physical = json!({"artifactLocation": {"uri": uri(span.source().name())}, "region": region});
    match label {
        "" => json!({"physicalLocation": physical}),
        label => json!({"physicalLocation": physical, "message": {"text": label}}),
    }
}

/// A path as a URI reference (RFC 3986 4.1).
fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let mut uri = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // A colon in the first segment would end a scheme.
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

/// FNV-1a: the same over versions of the program and of Rust, which the standard library's hashers do not promise.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
