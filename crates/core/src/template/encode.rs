//! How a value is written into the text around it, so that it stays one value there.

use super::fault::Reason;
use super::write;

/// What surrounds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// One segment of a path.
    Segment,
    /// `path.rest` in a path: normalised and encoded already.
    Rest,
    /// A name or a value of a query.
    Query,
    /// The host or port of a URL.
    Authority,
    /// A header's value.
    Header,
    /// Nothing that needs care.
    Text,
    /// Text or a quoted attribute of HTML.
    Html,
    /// Within a JSON string.
    Json,
}

/// What stays as it is in a segment, beside letters and digits: RFC 3986's `pchar` without `;`, which some services
/// take for the start of parameters.
const SEGMENT: &[u8] = b"-._~!$&'()*+,=:@";
/// What stays as it is in a query's value: RFC 3986's unreserved.
const QUERY: &[u8] = b"-._~";
const AUTHORITY: &[u8] = b"-._:[]";

impl Encoding {
    /// Appends `value`, or says why it cannot stand there.
    pub(super) fn append(self, value: &str, out: &mut String) -> Result<(), Reason> {
        match self {
            Encoding::Segment => percent(value, SEGMENT, out),
            Encoding::Query => percent(value, QUERY, out),
            Encoding::Rest | Encoding::Text => out.push_str(value),
            Encoding::Html => html(value, out),
            Encoding::Json => write::escape_json(value, out),
            Encoding::Header => {
                if value.bytes().any(|b| b < 0x20 || b == 0x7f) {
                    return Err("the value holds a control byte, which no header may".into());
                }
                out.push_str(value);
            }
            Encoding::Authority => {
                if value.is_empty() || !value.bytes().all(|b| b.is_ascii_alphanumeric() || AUTHORITY.contains(&b)) {
                    return Err("the value is no host".into());
                }
                out.push_str(value);
            }
        }
        Ok(())
    }
}

/// Nothing that HTML reads as more than text, between tags as within the quotes of an attribute.
fn html(value: &str, out: &mut String) {
    let mut kept = 0;
    for (at, byte) in value.bytes().enumerate() {
        let written = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.push_str(&value[kept..at]);
        out.push_str(written);
        kept = at + 1;
    }
    out.push_str(&value[kept..]);
}

fn percent(value: &str, plain: &[u8], out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut kept = 0;
    for (at, byte) in value.bytes().enumerate() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            continue;
        }
        // Between two bytes of one character is no place to cut.
        if kept < at {
            out.push_str(&value[kept..at]);
        }
        out.push('%');
        out.push(char::from(HEX[usize::from(byte >> 4)]));
        out.push(char::from(HEX[usize::from(byte & 15)]));
        kept = at + 1;
    }
    out.push_str(&value[kept..]);
}
