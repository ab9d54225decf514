//! The server name in a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3), read without taking part in the handshake.
//!
//! A pure function of the bytes that came so far. A hello may be spread over several records, and a record over several
//! reads. It only ever gives a name that every reader finds there: where something is there twice, or lengths disagree,
//! there is none.

/// The most bytes that are waited for. A hello with a key for the hybrid key exchange has about 1,800; what needs more is
/// no hello that a name is read of.
pub(super) const MAX: usize = 16 * 1024;

/// What the bytes at the start of a connection are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hello {
    /// The beginning of a hello.
    Partial,
    /// A whole one, and the name in it in small letters.
    Whole(Option<Box<str>>),
    /// Something else.
    Other,
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
/// The longest record in cleartext (RFC 8446 5.1).
const RECORD: usize = 1 << 14;

/// Reads the hello that `bytes` begin with.
pub(super) fn parse(bytes: &[u8]) -> Hello {
    let mut message = Vec::new();
    let mut rest = bytes;
    loop {
        if let Some(&[kind, a, b, c]) = message.first_chunk() {
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            if kind != CLIENT_HELLO || length > MAX {
                return Hello::Other;
            }
            if let Some(body) = message.get(4..4 + length) {
                return Hello::Whole(name(body));
            }
        }
        // A record's first bytes tell whether it is one before it is whole.
        if rest.first().is_some_and(|&kind| kind != HANDSHAKE) || rest.get(1).is_some_and(|&major| major != 3) {
            return Hello::Other;
        }
        let Some((&[_, _, _, high, low], after)) = rest.split_first_chunk() else { return Hello::Partial };
        let length = usize::from(high) << 8 | usize::from(low);
        // An empty record of a handshake is not allowed (RFC 8446 5.1).
        if length == 0 || length > RECORD {
            return Hello::Other;
        }
        message.extend_from_slice(&after[..length.min(after.len())]);
        if message.first().is_some_and(|&kind| kind != CLIENT_HELLO) {
            return Hello::Other;
        }
        let Some(after) = after.get(length..) else {
            // What of the message is there may be all of it only at a record's end.
            return Hello::Partial;
        };
        rest = after;
    }
}

/// The name in the body of a hello.
fn name(body: &[u8]) -> Option<Box<str>> {
    let mut body = Reader(body);
    body.take(2 + 32)?;
    let session = usize::from(body.byte()?);
    body.take(session)?;
    let suites = usize::from(body.short()?);
    body.take(suites)?;
    let compressions = usize::from(body.byte()?);
    body.take(compressions)?;
    let length = usize::from(body.short()?);
    let mut extensions = Reader(body.take(length)?);
    let mut found = None;
    while !extensions.0.is_empty() {
        let kind = extensions.short()?;
        let length = usize::from(extensions.short()?);
        let data = extensions.take(length)?;
        if kind == SERVER_NAME && found.replace(host(data)?).is_some() {
            return None;
        }
    }
    if body.0.is_empty() { found } else { None }
}

/// The one host name of a server_name extension.
fn host(data: &[u8]) -> Option<Box<str>> {
    let mut data = Reader(data);
    let length = usize::from(data.short()?);
    let mut list = Reader(data.take(length)?);
    let kind = list.byte()?;
    let length = usize::from(list.short()?);
    let host = list.take(length)?;
    let sound = kind == 0 && !host.is_empty() && host.len() <= 255 && host.iter().all(u8::is_ascii_graphic);
    if !sound || !list.0.is_empty() || !data.0.is_empty() {
        return None;
    }
    Some(std::str::from_utf8(host).ok()?.to_ascii_lowercase().into())
}

/// What is left to read.
struct Reader<'b>(&'b [u8]);

impl<'b> Reader<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn short(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// What rustls says first to a server of that name.
    fn hello(name: &str) -> Vec<u8> {
        let config =
            rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_root_certificates(rustls::RootCertStore::empty())
                .with_no_client_auth();
        let name = rustls_pki_types::ServerName::try_from(name.to_owned()).unwrap();
        let mut client = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        bytes
    }

    fn whole(name: &str) -> Hello {
        Hello::Whole(Some(name.into()))
    }

    /// The message of a hello in records of `size` bytes.
    fn in_records(message: &[u8], size: usize) -> Vec<u8> {
        let record = |part: &[u8]| [&[22, 3, 1], &(part.len() as u16).to_be_bytes()[..], part].concat();
        message.chunks(size).flat_map(record).collect()
    }

    /// A hello with these extensions, by kind and data.
    fn made(extensions: &[(u16, &[u8])]) -> Vec<u8> {
        let all: Vec<u8> = extensions
            .iter()
            .flat_map(|(kind, data)| [&kind.to_be_bytes()[..], &(data.len() as u16).to_be_bytes(), data].concat())
            .collect();
        let mut body = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 1], &[1, 0]].concat();
        body.extend_from_slice(&(all.len() as u16).to_be_bytes());
        body.extend_from_slice(&all);
        let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
        in_records(&message, RECORD)
    }

    fn sni(name: &[u8]) -> Vec<u8> {
        let length = name.len() as u16;
        [&(length + 3).to_be_bytes()[..], &[0], &length.to_be_bytes(), name].concat()
    }

    #[test]
    fn the_name_of_a_real_hello_is_read_however_it_is_cut() {
        let hello = hello("Shop.Example.com");
        assert_eq!(parse(&hello), whole("shop.example.com"));
        for end in 0..hello.len() {
            assert_eq!(parse(&hello[..end]), Hello::Partial, "{end}");
        }
        for size in [1, 3, 4, 5, 100] {
            let records = in_records(&hello[5..], size);
            assert_eq!(parse(&records), whole("shop.example.com"), "{size}");
            assert_eq!(parse(&records[..records.len() - 1]), Hello::Partial, "{size}");
        }
        assert_eq!(parse(&[&hello[..], b"more"].concat()), whole("shop.example.com"));
    }

    #[test]
    fn a_hello_without_a_name_has_none() {
        assert_eq!(parse(&hello("192.0.2.1")), Hello::Whole(None));
        assert_eq!(parse(&made(&[])), Hello::Whole(None));
        assert_eq!(parse(&made(&[(10, b"ab"), (0, &sni(b"a.test"))])), whole("a.test"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_name() {
        let (one, other) = (sni(b"a.test"), sni(b"b.test"));
        assert_eq!(parse(&made(&[(0, &one), (0, &other)])), Hello::Whole(None));
        let two = [&[0, 18][..], &one[2..], &other[2..]].concat();
        assert_eq!(parse(&made(&[(0, &two)])), Hello::Whole(None));
        for name in [&b""[..], b"a\0b", b"a b", &[b'a'; 256], "ä.test".as_bytes()] {
            assert_eq!(parse(&made(&[(0, &sni(name))])), Hello::Whole(None), "{name:?}");
        }
        let longer = [&[0, 9, 0, 0, 7][..], b"a.test"].concat();
        assert_eq!(parse(&made(&[(0, &longer)])), Hello::Whole(None));
    }

    #[test]
    fn other_bytes_are_no_hello_from_the_first_that_differs_on() {
        for bytes in
            [&b"GET / HTTP/1.1"[..], b"S", &[22, 2], &[22, 3, 1, 0, 0], &[22, 3, 1, 0x40, 1], &[22, 3, 1, 0, 4, 2]]
        {
            assert_eq!(parse(bytes), Hello::Other, "{bytes:?}");
        }
        // A message that says that it is larger than what is waited for.
        assert_eq!(parse(&[22, 3, 1, 0, 4, 1, 1, 0, 0]), Hello::Other);
        assert_eq!(parse(b""), Hello::Partial);
    }

    #[test]
    fn no_bytes_break_it() {
        let good = hello("shop.example.com");
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..random.usize(1..6) {
                let at = random.usize(..bytes.len());
                bytes[at] = random.u8(..);
            }
            bytes.truncate(random.usize(..=bytes.len()));
            parse(&bytes);
        }
    }
}
