use super::*;
use bytes::Bytes;
use pintle_core::Fault;

fn decoder(framing: Framing) -> Decoder {
    Decoder::new(framing, BodyLimits::default())
}

fn data(decoder: &mut Decoder, buffer: &mut BytesMut) -> Bytes {
    match decoder.decode(buffer) {
        Ok(Some(Frame::Data(data))) => data,
        other => panic!("{other:?}"),
    }
}

fn nothing(decoder: &mut Decoder, buffer: &mut BytesMut) {
    assert!(matches!(decoder.decode(buffer), Ok(None)));
}

#[test]
fn no_body_takes_nothing() {
    for framing in [Framing::None, Framing::Length(0)] {
        let (mut decoder, mut buffer) = (decoder(framing), BytesMut::from("next"));
        assert!(decoder.is_done());
        nothing(&mut decoder, &mut buffer);
        assert_eq!(buffer, "next");
        assert_eq!(decoder.close(), Ok(()));
    }
}

/// RFC 9112 6.2
#[test]
fn a_length_takes_so_much_and_no_more() {
    let (mut decoder, mut buffer) = (decoder(Framing::Length(5)), BytesMut::from("hel"));
    assert_eq!(data(&mut decoder, &mut buffer), "hel");
    assert_eq!(decoder.remaining(), Some(2));
    nothing(&mut decoder, &mut buffer);
    assert!(!decoder.is_done());
    buffer.extend_from_slice(b"loGET /");
    assert_eq!(data(&mut decoder, &mut buffer), "lo");
    assert!(decoder.is_done());
    assert_eq!(buffer, "GET /");
}

#[test]
fn data_is_not_copied() {
    let mut buffer = BytesMut::from(&b"5\r\nhello\r\n0\r\n\r\n"[..]);
    let at = buffer[3..].as_ptr();
    let mut decoder = decoder(Framing::Chunked);
    assert_eq!(data(&mut decoder, &mut buffer).as_ptr(), at);
}

/// RFC 9112 8: only a body that ends with the connection is over when it ends.
#[test]
fn the_connection_ends() {
    let (mut until, mut buffer) = (decoder(Framing::UntilClose), BytesMut::from("abc"));
    assert_eq!(data(&mut until, &mut buffer), "abc");
    nothing(&mut until, &mut buffer);
    assert!(!until.is_done());
    assert_eq!(until.close(), Ok(()));
    assert!(until.is_done());

    for framing in [Framing::Length(5), Framing::Chunked] {
        let mut decoder = decoder(framing);
        assert_eq!(decoder.close().map_err(|e| e.fault), Err(Fault::Closed));
        assert!(!decoder.is_done());
        assert!(decoder.decode(&mut BytesMut::from("5\r\n")).is_err());
    }
}

#[test]
fn an_error_is_final() {
    let (mut decoder, mut buffer) = (decoder(Framing::Chunked), BytesMut::from("x\r\n"));
    let error = decoder.decode(&mut buffer).map(|_| ()).expect_err("a refusal");
    assert_eq!(error.to_string(), "A chunk size is not a hexadecimal number. (RFC 9112 7.1)");
    let mut good = BytesMut::from("0\r\n\r\n");
    assert_eq!(decoder.decode(&mut good).map(|_| ()), Err(error));
    assert_eq!(decoder.close(), Err(error));
    assert!(!decoder.is_done());
}

#[test]
fn a_wrong_chunk_end_is_told_by_its_first_byte() {
    let (mut decoder, mut buffer) = (decoder(Framing::Chunked), BytesMut::from("1\r\nab"));
    assert_eq!(data(&mut decoder, &mut buffer), "a");
    assert_eq!(decoder.decode(&mut buffer).map(|_| ()).expect_err("a refusal").detail, "A chunk does not end in CRLF.");
}

#[test]
fn limits_hold_to_the_byte() {
    let limits = BodyLimits { chunk_line: 6, extensions: 4, trailers_size: 7, trailers_count: 1 };
    let run = |text: &str| {
        let (mut decoder, mut buffer) = (Decoder::new(Framing::Chunked, limits), BytesMut::from(text));
        loop {
            match decoder.decode(&mut buffer) {
                Ok(Some(_)) => {}
                Ok(None) => return decoder.is_done(),
                Err(error) => {
                    assert_eq!(error.fault, Fault::TooLarge, "{text:?}");
                    return false;
                }
            }
        }
    };
    assert!(run("1;ab\r\nx\r\n0\r\n\r\n"));
    assert!(!run("1;abc\r\nx\r\n0\r\n\r\n"));
    assert!(run("1;a\r\nx\r\n0;a\r\n\r\n"));
    assert!(!run("1;ab\r\nx\r\n0;a\r\n\r\n"));
    assert!(run("0\r\nX: \r\n\r\n"));
    assert!(!run("0\r\nX: y\r\n\r\n"));
    assert!(!run("0\r\nX:\r\nY:\r\n\r\n"));
}
