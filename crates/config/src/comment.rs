//! Documentation comments as texts for users: their prose, and the examples in them, which stand in fences as YAML.

/// A documentation comment without its examples, its lines joined.
pub(crate) fn prose(doc: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for line in doc.lines() {
        if line.starts_with("```") {
            inside = !inside;
        } else if line.is_empty() && !inside {
            out.push_str("\n\n");
        } else if !inside {
            let space = if out.is_empty() || out.ends_with('\n') { "" } else { " " };
            out.extend([space, line]);
        }
    }
    out.trim().to_owned()
}

/// The prose without its links, for where they lead nowhere: `[text](#place)` is `text`.
pub(crate) fn plain(doc: &str) -> String {
    let text = prose(doc);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("](#") {
        let Some(((start, label), (_, end))) = before.rsplit_once('[').zip(after.split_once(')')) else { break };
        out.extend([start, label]);
        rest = end;
    }
    out + rest
}

/// The examples of a documentation comment.
pub(crate) fn examples(doc: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut open: Option<String> = None;
    for line in doc.lines() {
        match (&mut open, line) {
            (None, "```yaml") => open = Some(String::new()),
            (Some(_), "```") => all.extend(open.take()),
            (Some(text), line) => text.extend([line, "\n"]),
            (None, _) => {}
        }
    }
    all
}
