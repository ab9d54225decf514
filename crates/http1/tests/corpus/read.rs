//! Reads the corpus: the form is told at the head of `requests.txt`.
#![allow(dead_code)]

/// One raw message and what is to become of it.
pub(crate) struct Case {
    pub(crate) name: String,
    /// As `RFC 9112 3.2`.
    pub(crate) rfc: String,
    pub(crate) raw: Vec<u8>,
    pub(crate) want: String,
    /// The request's method, for responses.
    pub(crate) method: String,
    pub(crate) fields: Option<String>,
}

/// All cases of a file.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("## ") {
            let (name, rfc) = head.rsplit_once(" (").expect("a case names its section");
            cases.push(Case {
                name: name.into(),
                rfc: rfc.trim_end_matches(')').into(),
                raw: Vec::new(),
                want: String::new(),
                method: "GET".into(),
                fields: None,
            });
        }
        let Some(case) = cases.last_mut() else { continue };
        match line.split_at_checked(2).unwrap_or((line, "")) {
            (">" | "> ", raw) => unescape(raw, &mut case.raw),
            ("= ", want) => case.want = want.into(),
            ("@ ", method) => case.method = method.into(),
            ("~" | "~ ", fields) => case.fields = Some(fields.into()),
            _ => {}
        }
    }
    cases
}

/// What the text with its escapes stands for.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    unescape(text, &mut bytes);
    bytes
}

/// Appends what the text with its escapes stands for.
fn unescape(text: &str, out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\\' => rest = escape(rest, out),
            '{' => {
                let (inner, after) = rest.split_once('}').expect("a repetition ends");
                let (text, times) = inner.rsplit_once('*').expect("a repetition has a number");
                let mut once = Vec::new();
                unescape(text, &mut once);
                out.extend(once.repeat(times.parse().expect("a number")));
                rest = after;
            }
            c => out.extend(c.to_string().bytes()),
        }
    }
}

/// The text with its repetitions written out; braces without a number stay.
pub(crate) fn expand(text: &str) -> String {
    let Some((before, rest)) = text.split_once('{') else { return text.into() };
    let Some((inner, after)) = rest.split_once('}') else { return text.into() };
    match inner.rsplit_once('*').and_then(|(once, times)| Some(once.repeat(times.parse().ok()?))) {
        Some(repeated) => format!("{before}{repeated}{}", expand(after)),
        None => format!("{before}{{{inner}}}{}", expand(after)),
    }
}

fn escape<'a>(rest: &'a str, out: &mut Vec<u8>) -> &'a str {
    let (kind, rest) = rest.split_at(1);
    let byte = match kind {
        "r" => b'\r',
        "n" => b'\n',
        "t" => b'\t',
        "0" => 0,
        "\\" => b'\\',
        "\"" => b'"',
        "x" => {
            out.push(u8::from_str_radix(&rest[..2], 16).expect("two hexadecimal digits"));
            return &rest[2..];
        }
        other => panic!("no such escape: \\{other}"),
    };
    out.push(byte);
    rest
}
