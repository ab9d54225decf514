use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend((block.len() as u16).to_be_bytes());
    header.extend(block);
    header
}

fn origin(bytes: &[u8]) -> Origin {
    match parse(bytes) {
        Ok(Parsed::Header { origin, length }) => {
            assert_eq!(length, bytes.len());
            for end in 0..bytes.len() {
                assert_eq!(parse(&bytes[..end]), Ok(Parsed::Partial), "the first {end} bytes");
            }
            origin
        }
        other => panic!("{other:?}"),
    }
}

fn tcp(source: &str, destination: &str) -> Origin {
    Origin::Tcp { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

const V4: &[u8] = &[192, 0, 2, 1, 198, 51, 100, 2, 0xdc, 0x04, 0x01, 0xbb];

#[test]
fn a_line_of_version_1_names_both_ends() {
    assert_eq!(origin(b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n"), tcp("192.0.2.1:56324", "198.51.100.2:443"));
    assert_eq!(origin(b"PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"), tcp("[2001:db8::1]:0", "[::1]:65535"));
    assert_eq!(origin(b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), tcp("192.0.2.1:1", "[::1]:2"));
}

#[test]
fn unknown_leaves_the_addresses_of_the_connection() {
    assert_eq!(origin(b"PROXY UNKNOWN\r\n"), Origin::Connection);
    assert_eq!(origin(b"PROXY UNKNOWN ff:: ff:: 1 anything\r\n"), Origin::Connection);
}

#[test]
fn a_line_of_107_bytes_is_the_longest() {
    let full = "ffff:".repeat(7) + "ffff";
    let longest = format!("PROXY UNKNOWN {full} {full} 65535 65535\r\n");
    assert_eq!(longest.len(), 107);
    assert_eq!(origin(longest.as_bytes()), Origin::Connection);
    let over = longest.replace(" 65535\r", " 655355\r");
    assert_eq!(parse(over.as_bytes()), Err(Fault::Line));
    assert_eq!(parse(&over.as_bytes()[..107]), Err(Fault::Line), "a CR at 107 cannot be followed by LF in time");
    assert_eq!(parse(&over.as_bytes()[..106]), Ok(Parsed::Partial));
}

#[test]
fn a_malformed_line_is_refused() {
    for line in [
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\rx",
        "PROXY TCP4  192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 2 \r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 +1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 65536 2\r\n",
        "PROXY TCP4 192.0.2.01 198.51.100.2 1 2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP6 fe80::1%1 ::1 1 2\r\n",
        "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY unknown\r\n",
        "PROXY \r\n",
        "PROXY TCP4\t192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1\0 198.51.100.2 1 2\r\n",
    ] {
        assert_eq!(parse(line.as_bytes()), Err(Fault::Line), "{line:?}");
    }
}

#[test]
fn other_bytes_are_no_header() {
    for bytes in [&b"GET / HTTP/1.1\r\n"[..], b"\x16\x03\x01", b"PRI * HTTP/2.0", b"POST / ", b"\r\n\r\n\0\r\nQUIX"] {
        assert_eq!(parse(bytes), Err(Fault::NotThere), "{bytes:?}");
    }
}

#[test]
fn version_2_names_both_ends() {
    assert_eq!(origin(&v2(0x21, 0x11, V4)), tcp("192.0.2.1:56324", "198.51.100.2:443"));
    let mut v6 = [0u8; 36];
    v6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
    v6[31] = 1;
    v6[33] = 9;
    assert_eq!(origin(&v2(0x21, 0x21, &v6)), tcp("[2001:db8::]:9", "[::1]:0"));
    assert_eq!(origin(&v2(0x21, 0x31, &[b'x'; 216])), Origin::Unix);
    assert_eq!(origin(&v2(0x21, 0x00, b"whatever")), Origin::Connection);
}

#[test]
fn local_holds_whatever_its_block_is() {
    assert_eq!(origin(&v2(0x20, 0x00, b"")), Origin::Connection);
    assert_eq!(origin(&v2(0x20, 0xff, b"nothing known")), Origin::Connection);
}

#[test]
fn a_malformed_header_of_version_2_is_refused() {
    for (header, fault) in [
        (v2(0x11, 0x11, V4), Fault::Command),
        (v2(0x22, 0x11, V4), Fault::Command),
        (v2(0x21, 0x12, V4), Fault::Family),
        (v2(0x21, 0x13, V4), Fault::Family),
        (v2(0x21, 0x41, V4), Fault::Family),
        (v2(0x21, 0x01, V4), Fault::Family),
        (v2(0x21, 0x11, &V4[..11]), Fault::Length),
        (v2(0x21, 0x21, V4), Fault::Length),
        (v2(0x21, 0x31, &[0; 215]), Fault::Length),
        (v2(0x21, 0x11, &[V4, &[0x04, 0]].concat()), Fault::Length),
        (v2(0x21, 0x11, &[V4, &[0x04, 0, 2, 0]].concat()), Fault::Length),
        (v2(0x21, 0x11, &[0; 4081]), Fault::Length),
    ] {
        assert_eq!(parse(&header), Err(fault), "{header:?}");
    }
    assert_eq!(parse(&v2(0x21, 0x11, &[0; 4081])[..16]), Err(Fault::Length), "known before its bytes are read");
}

#[test]
fn tlvs_are_skipped() {
    let block = [V4, &[0x02, 0, 3], b"a.b", &[0x04, 0, 0], &[0xea, 0, 1, 1]].concat();
    assert_eq!(origin(&v2(0x21, 0x11, &block)), tcp("192.0.2.1:56324", "198.51.100.2:443"));
}

#[test]
fn a_checksum_must_be_right_where_there_is_one() {
    let mut header = v2(0x21, 0x11, &[V4, &[0x03, 0, 4, 0, 0, 0, 0], &[0x04, 0, 1, 7]].concat());
    let sum = crc32c::crc32c(header.iter());
    let place = 16 + V4.len() + 3;
    header[place..place + 4].copy_from_slice(&sum.to_be_bytes());
    assert_eq!(origin(&header), tcp("192.0.2.1:56324", "198.51.100.2:443"));
    header[20] ^= 1;
    assert_eq!(parse(&header), Err(Fault::Checksum));
    assert_eq!(parse(&v2(0x21, 0x11, &[V4, &[0x03, 0, 1, 0]].concat())), Err(Fault::Checksum));
}

#[tokio::test]
async fn receive_leaves_what_follows() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut sender = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (mut stream, _) = listener.accept().await.unwrap();
    let header = v2(0x21, 0x11, &[V4, &[0x04, 2, 0], &[0; 512]].concat());
    let send = async {
        for piece in header.chunks(100) {
            sender.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        sender.write_all(b"GET /").await.unwrap();
    };
    let (got, ()) = tokio::join!(receive(&stream), send);
    assert_eq!(got.unwrap(), tcp("192.0.2.1:56324", "198.51.100.2:443"));
    let mut rest = [0; 5];
    stream.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b"GET /");
}

#[tokio::test]
async fn receive_refuses_a_plain_request_and_an_end() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    for (sent, kind) in
        [("GET / HTTP/1.1\r\n", io::ErrorKind::InvalidData), ("PROXY TCP4", io::ErrorKind::UnexpectedEof)]
    {
        let mut sender = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        sender.write_all(sent.as_bytes()).await.unwrap();
        drop(sender);
        assert_eq!(receive(&stream).await.unwrap_err().kind(), kind);
    }
}
