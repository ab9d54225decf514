//! What a collector's answer says of the request: taken, to be sent again, or never to be taken. By "OTLP Specification",
//! Failures.

use super::messages::{Exported, PartialSuccess, RetryInfo, Status};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use pintle_core::{Fields, Response, grpc, names};
use prost::Message;
use std::time::{Duration, SystemTime};

/// How much of an answer is read.
pub(super) const LONGEST: usize = 64 * 1024;
/// How much of a collector's own words is told.
const TOLD: usize = 200;

/// What becomes of a request.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It was taken, but for what is said.
    Taken(PartialSuccess),
    /// It may be sent again, after the time that the collector asks for; why it was not taken.
    Later(Option<Duration>, String),
    /// It will not be taken; why.
    Never(String),
}

/// What an answer over HTTP says.
pub(super) fn of_http(response: &Response, content: &[u8]) -> Verdict {
    let status = response.status.as_u16();
    if response.status.is_success() {
        return taken(content);
    }
    let said = || {
        let message = Status::decode(content).map(|status| status.message).unwrap_or_default();
        format!("status {status}{}", quoted(&message))
    };
    match status {
        429 | 502 | 503 | 504 => Verdict::Later(retry_after(&response.fields), said()),
        _ => Verdict::Never(said()),
    }
}

/// What an answer of gRPC says: its content is a framed message, its status stands in the trailers, or in the head if there is
/// nothing else.
pub(super) fn of_grpc(response: &Response, content: &[u8], trailers: &Fields) -> Verdict {
    let fields = if trailers.contains(names::GRPC_STATUS) { trailers } else { &response.fields };
    let Some(code) = grpc::status(fields) else {
        // Something on the way answered, that knows no gRPC ("HTTP to gRPC Status Code Mapping").
        let said = format!("status {} without one of gRPC", response.status.as_u16());
        return match response.status.as_u16() {
            200 => Verdict::Later(None, "an answer that broke off".into()),
            429 | 502 | 503 | 504 => Verdict::Later(retry_after(&response.fields), said),
            _ => Verdict::Never(said),
        };
    };
    if code == 0 {
        return match content {
            [0, _, _, _, _, message @ ..] => taken(message),
            _ => Verdict::Taken(PartialSuccess::default()),
        };
    }
    let message = fields.get(names::GRPC_MESSAGE).map(String::from_utf8_lossy).unwrap_or_default();
    let said = format!("gRPC status {code}{}", quoted(&message));
    let delay = retry_info(fields);
    match code {
        // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS.
        1 | 4 | 10 | 11 | 14 | 15 => Verdict::Later(delay, said),
        // RESOURCE_EXHAUSTED, if it can recover.
        8 if delay.is_some() => Verdict::Later(delay, said),
        _ => Verdict::Never(said),
    }
}

/// A message that cannot be read tells nothing against the status.
fn taken(message: &[u8]) -> Verdict {
    Verdict::Taken(Exported::decode(message).ok().and_then(|exported| exported.partial_success).unwrap_or_default())
}

/// The collector's own words, if it has any; as much of them as a line of the log is worth.
fn quoted(message: &str) -> String {
    let end = message.char_indices().nth(TOLD).map_or(message.len(), |(at, _)| at);
    if message.is_empty() { String::new() } else { format!(": {}", &message[..end]) }
}

fn retry_after(fields: &Fields) -> Option<Duration> {
    let value = fields.get_str(names::RETRY_AFTER)?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

/// `RetryInfo` among the details of a status of gRPC, which come in base64 with or without padding.
fn retry_info(fields: &Fields) -> Option<Duration> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    let status = LENIENT.decode(fields.get("grpc-status-details-bin")?).ok()?;
    let details = Status::decode(&*status).ok()?.details;
    let info = details.iter().find(|detail| detail.type_url.ends_with("/google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(&*info.value).ok()?.delay.unwrap_or_default();
    let seconds = u64::try_from(delay.seconds).ok()?;
    Some(Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(delay.nanos).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::StatusCode;

    fn response(status: u16, fields: &[(&str, &str)]) -> Response {
        let mut response = Response::new(StatusCode::from_u16(status).expect("a status"));
        response.fields = fields.iter().copied().collect();
        response
    }

    #[test]
    fn over_http_what_passes_is_sent_again() {
        let nothing = Verdict::Taken(PartialSuccess::default());
        assert_eq!(of_http(&response(200, &[]), b""), nothing);
        assert_eq!(of_http(&response(200, &[]), b"<html>"), nothing);
        // partial_success {rejected 3, "no"}
        let part = Verdict::Taken(PartialSuccess { rejected: 3, message: "no".into() });
        assert_eq!(of_http(&response(200, &[]), b"\x0a\x06\x08\x03\x12\x02no"), part);
        for (status, again) in
            [(429, true), (502, true), (503, true), (504, true), (400, false), (401, false), (500, false)]
        {
            let verdict = of_http(&response(status, &[("retry-after", "7")]), b"");
            match verdict {
                Verdict::Later(Some(delay), _) => assert!(again && delay.as_secs() == 7, "{status}"),
                Verdict::Never(why) => assert!(!again && why == format!("status {status}"), "{why}"),
                other => panic!("{status}: {other:?}"),
            }
        }
        let said = of_http(&response(400, &[]), b"\x08\x03\x12\x03bad");
        assert_eq!(said, Verdict::Never("status 400: bad".into()));
    }

    /// A `google.rpc.Status` with a `RetryInfo` of 2.5 s, written by Google's own library.
    const DETAILS: &str = "CAgSBGZ1bGwaNgoodHlwZS5nb29nbGVhcGlzLmNvbS9nb29nbGUucnBjLlJldHJ5SW5mbxIKCggIAhCAyrXuAQ";

    #[test]
    fn over_grpc_the_status_decides_and_retry_info() {
        let head = response(200, &[("content-type", "application/grpc")]);
        let none = Fields::new();
        let trailers = |fields: &[(&str, &str)]| fields.iter().copied().collect::<Fields>();
        let ok = trailers(&[("grpc-status", "0")]);
        assert_eq!(of_grpc(&head, b"\0\0\0\0\0", &ok), Verdict::Taken(PartialSuccess::default()));
        let part = b"\0\0\0\0\x08\x0a\x06\x08\x03\x12\x02no";
        assert_eq!(of_grpc(&head, part, &ok), Verdict::Taken(PartialSuccess { rejected: 3, message: "no".into() }));
        for code in 1..=16 {
            let verdict = of_grpc(&head, b"", &trailers(&[("grpc-status", &code.to_string())]));
            let again = matches!(verdict, Verdict::Later(..));
            assert_eq!(again, [1, 4, 10, 11, 14, 15].contains(&code), "{code}");
        }
        for details in [DETAILS.to_owned(), format!("{DETAILS}==")] {
            let full = trailers(&[("grpc-status", "8"), ("grpc-status-details-bin", &details)]);
            let delay = Some(Duration::from_millis(2500));
            assert_eq!(of_grpc(&head, b"", &full), Verdict::Later(delay, "gRPC status 8".into()));
        }
        // The status in the head, none at all, an answer of something else.
        let refused = response(200, &[("grpc-status", "16"), ("grpc-message", "who?")]);
        assert_eq!(of_grpc(&refused, b"", &none), Verdict::Never("gRPC status 16: who?".into()));
        assert!(matches!(of_grpc(&head, b"\0\0", &none), Verdict::Later(None, _)));
        assert!(matches!(of_grpc(&response(503, &[("retry-after", "1")]), b"", &none), Verdict::Later(Some(_), _)));
        assert!(matches!(of_grpc(&response(404, &[]), b"", &none), Verdict::Never(_)));
    }
}
