//! Files of networks: one a line, `#` or `;` before what is for people, blank lines as one likes. A line that is no
//! network is an error at its place, so that a list is in force as it stands or not at all.

use pintle_core::config::{Diagnostic, Form, Network, Node, Read, Reader, Source, Text};
use std::path::Path;

/// So many lines of one file are shown that are wrong: a file that is no list at all has enough of them.
const SHOWN: usize = 10;

/// The networks of a file; what is wrong in it is reported.
pub(super) fn parse(bytes: &[u8], path: &Path, reader: &mut Reader) -> Option<Vec<Network>> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        // The place of what is no text is shown by the text before it.
        let good = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let source = Source::new(path.display().to_string(), good);
        let help = "networks are written in letters and digits, one a line";
        let message = "this is no text from here on (UTF-8)";
        reader.report(Diagnostic::error("network-list", message, &source.span(good.len()..good.len())).help(help));
        return None;
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut networks = Vec::with_capacity(text.len() / 16);
    let mut wrong = Vec::new();
    for line in lines(text) {
        match Network::parse(line.value) {
            Ok(network) => networks.push(network),
            Err(_) => wrong.push(line.at),
        }
    }
    if wrong.is_empty() {
        return Some(networks);
    }
    // Only now, as a good file needs no places.
    let source = Source::new(path.display().to_string(), text);
    for range in wrong.iter().take(SHOWN) {
        let form = Form::Scalar { text: text[range.clone()].into(), plain: true };
        Network::read(&Node::new(form, source.span(range.clone())), reader);
    }
    if let Some(next) = wrong.get(SHOWN) {
        let message = format!("{} more lines of this file are no networks", wrong.len() - SHOWN);
        reader.error("network-list", message, &source.span(next.clone()));
    }
    None
}

/// The lines of a text that say something, without what is for people.
fn lines(text: &str) -> Lines<'_> {
    Lines { text, at: 0 }
}

struct Lines<'t> {
    text: &'t str,
    at: usize,
}

struct Line<'t> {
    value: &'t str,
    at: std::ops::Range<usize>,
}

impl<'t> Iterator for Lines<'t> {
    type Item = Line<'t>;

    fn next(&mut self) -> Option<Line<'t>> {
        loop {
            let start = self.at;
            let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
            let line = rest.split('\n').next().unwrap_or(rest);
            self.at = start + line.len() + 1;
            let said = line.split(['#', ';']).next().unwrap_or(line);
            let value = said.trim_ascii();
            if !value.is_empty() {
                let begin = start + (said.len() - said.trim_ascii_start().len());
                return Some(Line { value, at: begin..begin + value.len() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::said;

    fn parsed(bytes: &[u8]) -> (Option<Vec<String>>, Vec<String>) {
        let mut reader = Reader::new();
        let networks = parse(bytes, Path::new("lists/blocked.txt"), &mut reader);
        (networks.map(|all| all.iter().map(Network::to_string).collect()), said(reader))
    }

    #[test]
    fn one_network_a_line_with_comments_and_blanks() {
        let text =
            "\u{feff}# blocked\r\n\r\n 192.0.2.0/24 # a neighbour\r\n198.51.100.7\n\n2001:db8::/32;SBL1\n; end\n::1";
        let networks = ["192.0.2.0/24", "198.51.100.7/32", "2001:db8::/32", "::1/128"].map(String::from);
        assert_eq!(parsed(text.as_bytes()), (Some(networks.into()), Vec::new()));
        assert_eq!(parsed(b""), (Some(Vec::new()), Vec::new()));
        assert_eq!(parsed(b"# nothing yet"), (Some(Vec::new()), Vec::new()));
    }

    // Rule: ip-filter-files
    #[test]
    fn a_line_that_is_no_network_has_its_place() {
        let (networks, said) =
            parsed(b"192.0.2.0/24\n  10.0.0.1/8 # sloppy\n192.0.2.0/24 192.0.3.0/24\n::ffff:10.0.0.1\nhost\n");
        assert_eq!(networks, None);
        let expected = "expected an address or a network such as 10.0.0.0/8, found";
        assert_eq!(
            said,
            [
                format!("2:3 {expected} `10.0.0.1/8` [the network is 10.0.0.0/8; the address alone is 10.0.0.1]"),
                format!("3:1 {expected} `192.0.2.0/24 192.0.3.0/24` [after the slash stands a number from 0 to 32]"),
                format!("4:1 {expected} `::ffff:10.0.0.1` [write the IPv4 address: 10.0.0.1]"),
                format!("5:1 {expected} `host`"),
            ]
        );
        assert_eq!(
            parsed(b"::1\n\xff\xfe").1,
            ["2:1 this is no text from here on (UTF-8) [networks are written in letters and digits, one a line]"]
        );
    }

    #[test]
    fn a_file_that_is_no_list_is_not_told_line_by_line() {
        let (_, said) = parsed("<br>\n".repeat(500).as_bytes());
        assert_eq!(said.len(), 11);
        assert_eq!(said[10], "11:1 490 more lines of this file are no networks");
    }
}
