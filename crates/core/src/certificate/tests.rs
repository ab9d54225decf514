use super::*;

/// A value of a tag.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value = parts.concat();
    let mut all = match value.len() {
        short @ 0..=0x7f => vec![tag, short as u8],
        middle @ 0x80..=0xff => vec![tag, 0x81, middle as u8],
        long => vec![tag, 0x82, (long >> 8) as u8, long as u8],
    };
    all.extend(value);
    all
}

fn attribute(kind: &[u8], tag: u8, value: &[u8]) -> Vec<u8> {
    der(tag::SET, &[&der(tag::SEQUENCE, &[&der(tag::OID, &[kind]), &der(tag, &[value])])])
}

fn certificate(subject: &[&[u8]], names: Option<&[&[u8]]>) -> Vec<u8> {
    let sequence = |parts: &[&[u8]]| der(tag::SEQUENCE, parts);
    let extensions = names.map(|names| {
        let all = der(tag::OCTETS, &[&sequence(names)]);
        let other = sequence(&[&der(tag::OID, &[&[0x55, 0x1d, 0x0f]]), &der(tag::OCTETS, &[&[3, 2, 5, 160]])]);
        let alternative = sequence(&[&der(tag::OID, &[SUBJECT_ALT_NAME]), &der(tag::BOOLEAN, &[&[0xff]]), &all]);
        der(tag::EXTENSIONS, &[&sequence(&[&other, &alternative])])
    });
    let body = sequence(&[
        &der(tag::VERSION, &[&der(tag::INTEGER, &[&[2]])]),
        &der(tag::INTEGER, &[&[1]]),
        &sequence(&[]),
        &sequence(&[]),
        &sequence(&[]),
        &sequence(subject),
        &sequence(&[]),
        &extensions.unwrap_or_default(),
    ]);
    sequence(&[&body, &sequence(&[]), &der(0x03, &[&[0]])])
}

const CN: &[u8] = &[0x55, 0x04, 0x03];
const O: &[u8] = &[0x55, 0x04, 0x0a];

#[test]
fn a_subject_is_told_as_rfc_4514_has_it() {
    let subject = |parts: &[Vec<u8>]| {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        Holder::read(&certificate(&parts, None)).expect("a certificate").subject
    };
    assert_eq!(&*subject(&[attribute(O, 0x13, b"Example"), attribute(CN, 0x0c, b"ops")]), "CN=ops,O=Example");
    // RFC 4514 4: what parts the text is escaped.
    assert_eq!(&*subject(&[attribute(CN, 0x0c, b"Doe, \"J\"+\\ ")]), "CN=Doe\\, \\\"J\\\"\\+\\\\\\ ");
    assert_eq!(&*subject(&[attribute(CN, 0x0c, b"#a\r\nx: b")]), "CN=\\#a\\0d\\0ax: b");
    assert_eq!(&*subject(&[attribute(&[0x2a, 0x03, 0x82, 0x37], 0x0c, b"x")]), "1.2.3.311=#0c0178");
    assert_eq!(&*subject(&[attribute(CN, 0x1e, &[0, b'a', 0x20, 0xac])]), "CN=a€");
    assert_eq!(&*subject(&[]), "");
}

#[test]
fn no_name_is_taken_for_one_of_another_kind() {
    let names = [
        der(0x82, &[b"Ops.Example.com"]),
        der(0x86, &[b"spiffe://example.org/ops"]),
        der(0x87, &[&[10, 0, 0, 1]]),
        der(0x81, &[b"ops@example.com"]),
        // What would be taken for an address, for a name of mail, or for two.
        der(0x82, &[b"10.0.0.2"]),
        der(0x82, &[b"root@example.com"]),
        der(0x86, &[b"fe80::1"]),
        der(0x82, &[b"a.example.com\0b"]),
        der(0x82, &[b"a b"]),
        der(0xa0, &[b"other"]),
    ];
    let names: Vec<&[u8]> = names.iter().map(Vec::as_slice).collect();
    let holder = Holder::read(&certificate(&[], Some(&names))).expect("a certificate");
    let told: Vec<&str> = holder.names.iter().map(|name| &**name).collect();
    assert_eq!(told, ["ops.example.com", "spiffe://example.org/ops", "10.0.0.1", "ops@example.com"]);
    assert!(holder.has_name("ops.example.com") && !holder.has_name("10.0.0.2"));
}

#[test]
fn what_is_no_certificate_is_nothing_and_no_panic() {
    let whole = certificate(&[&attribute(CN, 0x0c, b"ops")], Some(&[&der(0x82, &[b"a.example.com"])]));
    assert!(Holder::read(&whole).is_some());
    for cut in 0..whole.len() {
        assert_eq!(Holder::read(&whole[..cut]), None);
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut other = whole.clone();
            other[at] ^= 1 << bit;
            let _ = Holder::read(&other);
        }
    }
    assert_eq!(Holder::read(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
}

#[test]
fn a_subject_may_be_written_with_spaces() {
    for (written, meant) in [
        ("CN=ops, O=Example", "CN=ops,O=Example"),
        (" CN=ops ,O=Example Ltd ", "CN=ops,O=Example Ltd"),
        ("CN=Doe\\, J,O=x", "CN=Doe\\, J,O=x"),
        ("CN=a\\ ,O=x", "CN=a\\ ,O=x"),
    ] {
        assert_eq!(&*canonical_subject(written), meant);
    }
}
