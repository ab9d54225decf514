//! A distinguished name as text (RFC 4514): the last part first, `CN=ops,O=Example`.

use super::der::{Der, tag};
use std::fmt::Write as _;

/// What attributes are called: RFC 4514 3, and what OpenSSL says of the others.
const CALLED: &[(&[u8], &str)] = &[
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x04], "SN"),
    (&[0x55, 0x04, 0x05], "serialNumber"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x09], "STREET"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x55, 0x04, 0x0c], "title"),
    (&[0x55, 0x04, 0x2a], "GN"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "emailAddress"),
];

/// The name whose parts these are.
pub(super) fn text(mut parts: Der<'_>) -> Option<String> {
    let mut all = Vec::new();
    while !parts.is_empty() {
        let mut part = parts.expect(tag::SET)?;
        let mut said = String::new();
        while !part.is_empty() {
            let mut attribute = part.expect(tag::SEQUENCE)?;
            if !said.is_empty() {
                said.push('+');
            }
            attribute_text(attribute.expect(tag::OID)?.0, attribute.next()?, &mut said);
        }
        all.push(said);
    }
    all.reverse();
    Some(all.join(","))
}

fn attribute_text(kind: &[u8], (tag, value): (u8, &[u8]), out: &mut String) {
    let called = CALLED.iter().find(|(known, _)| *known == kind).map(|(_, name)| *name);
    match (called, string(tag, value)) {
        (Some(name), Some(text)) => {
            out.push_str(name);
            out.push('=');
            escaped(&text, out);
        }
        _ => {
            out.push_str(&called.map_or_else(|| dotted(kind), str::to_owned));
            out.push_str("=#");
            // RFC 4514 2.4: the whole value in DER; a value as long as this has its length in one or two bytes.
            let _ = write!(out, "{tag:02x}");
            match value.len() {
                short @ 0..=0x7f => drop(write!(out, "{short:02x}")),
                middle @ 0x80..=0xff => drop(write!(out, "81{middle:02x}")),
                long => drop(write!(out, "82{long:04x}")),
            }
            for byte in value {
                let _ = write!(out, "{byte:02x}");
            }
        }
    }
}

/// A value that is one of ASN.1's strings.
fn string(tag: u8, value: &[u8]) -> Option<String> {
    match tag {
        // UTF8String, NumericString, PrintableString, IA5String.
        0x0c | 0x12 | 0x13 | 0x16 => String::from_utf8(value.to_vec()).ok(),
        // TeletexString, as everybody reads it.
        0x14 => Some(value.iter().map(|byte| char::from(*byte)).collect()),
        // BMPString.
        0x1e => {
            let (pairs, rest) = value.as_chunks::<2>();
            let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16(&units).ok().filter(|_| rest.is_empty())
        }
        _ => None,
    }
}

/// RFC 4514 2.4. Control characters too: the text goes into headers and logs.
fn escaped(text: &str, out: &mut String) {
    let last = text.chars().count().saturating_sub(1);
    for (at, letter) in text.chars().enumerate() {
        match letter {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', letter]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            control if control.is_control() => {
                for byte in control.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\{byte:02x}");
                }
            }
            other => out.push(other),
        }
    }
}

fn dotted(kind: &[u8]) -> String {
    let mut out = String::new();
    let mut number: u64 = 0;
    for byte in kind {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        if out.is_empty() {
            let first = (number / 40).min(2);
            let _ = write!(out, "{first}.{}", number - first * 40);
        } else {
            let _ = write!(out, ".{number}");
        }
        number = 0;
    }
    out
}
