//! Refusals to requests of gRPC: 200 with a status of gRPC and no content, which is what its clients understand as an
//! answer without messages ("Trailers-Only"). The one table of what a reason means there.

use pintle_core::grpc::Kind;
use pintle_core::{Exchange, Fields, Reason, Refusal, Response, StatusCode, Version, names};
use std::fmt::Write;

/// A status code of gRPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Cancelled = 1,
    DeadlineExceeded = 4,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// What a reason is in gRPC. Mostly what a client would make of the HTTP status (http-grpc-status-mapping); times that ran
/// out, and limits that were met, have their own.
const fn status_of(reason: Reason) -> Status {
    match reason {
        Reason::BadRequest
        | Reason::BadPath
        | Reason::BadBatch
        | Reason::BadForwarded
        | Reason::BadTemplate
        | Reason::ExpectationFailed
        | Reason::Loop
        | Reason::FileFailed
        | Reason::Internal => Status::Internal,
        Reason::BadLogin | Reason::NoCredentials | Reason::BadCredentials | Reason::BadToken | Reason::TokenExpired => {
            Status::Unauthenticated
        }
        Reason::FileForbidden
        | Reason::Forbidden
        | Reason::IpDenied
        | Reason::CertificateRequired
        | Reason::CrossSite => Status::PermissionDenied,
        Reason::PreconditionFailed | Reason::FailedDependency => Status::FailedPrecondition,
        Reason::RangeNotSatisfiable => Status::OutOfRange,
        Reason::NoRoute
        | Reason::NoFile
        | Reason::MethodNotAllowed
        | Reason::NotImplemented
        | Reason::UnsupportedContent
        | Reason::VersionNotSupported => Status::Unimplemented,
        Reason::RequestTimeout | Reason::UpstreamTimeout | Reason::PartTimeout | Reason::Timeout => {
            Status::DeadlineExceeded
        }
        Reason::AnswerTooLarge
        | Reason::BodyTooLarge
        | Reason::TooManyFiles
        | Reason::TargetTooLong
        | Reason::FieldsTooLarge
        | Reason::RateLimited
        | Reason::QuotaExceeded
        | Reason::ConcurrencyLimited
        | Reason::Overflow => Status::ResourceExhausted,
        Reason::ClientClosed => Status::Cancelled,
        Reason::Misdirected
        | Reason::ConnectFailed
        | Reason::ConnectTimeout
        | Reason::UpstreamTls
        | Reason::UpstreamClosed
        | Reason::UpstreamMalformed
        | Reason::UpstreamUnresolved
        | Reason::PartFailed
        | Reason::PartUnavailable
        | Reason::Unavailable
        | Reason::BreakerOpen
        | Reason::AuthUnavailable
        | Reason::StoreUnavailable
        | Reason::Maintenance => Status::Unavailable,
    }
}

/// The answer to a refused request of gRPC or gRPC-Web; none for any other. gRPC itself is HTTP/2's alone.
pub(super) fn answer(refusal: &mut Refusal, exchange: &Exchange) -> Option<Response> {
    let request = &exchange.request;
    let kind = Kind::of(&request.fields).filter(|kind| *kind != Kind::Grpc || request.version == Version::Http2)?;
    let mut response = Response::new(StatusCode::OK);
    if let Some(fields) = refusal.fields.take() {
        response.fields = *fields;
    }
    let asked = request.fields.get(names::CONTENT_TYPE).unwrap_or(kind.content_type().as_bytes());
    response.fields.append(names::CONTENT_TYPE, asked);
    response.fields.append(names::CACHE_CONTROL, "no-store");
    let title = refusal.reason.title();
    match &*refusal.detail {
        "" => say(&mut response.fields, refusal.reason, title),
        detail => say(&mut response.fields, refusal.reason, &format!("{title}: {detail}")),
    }
    Some(response)
}

/// The trailers of an answer of gRPC that is cut.
pub(crate) fn trailers(reason: Reason) -> Fields {
    let mut fields = Fields::new();
    say(&mut fields, reason, reason.title());
    fields
}

fn say(fields: &mut Fields, reason: Reason, message: &str) {
    fields.append(names::GRPC_STATUS, (status_of(reason) as u8).to_string());
    fields.append(names::GRPC_MESSAGE, encoded(message));
}

/// The message percent-encoded: all but printable ASCII, and the percent sign itself.
fn encoded(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for byte in message.bytes() {
        match byte {
            b'%' => text.push_str("%25"),
            b' '..=b'~' => text.push(char::from(byte)),
            other => {
                let _ = write!(text, "%{other:02X}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_printable_ascii() {
        assert_eq!(encoded("100% wahr: \u{e4}\n"), "100%25 wahr: %C3%A4%0A");
    }

    #[test]
    fn the_table_of_the_documentation_is_this_one() {
        let page = include_str!("../../../../docs/protocols.md");
        for reason in Reason::ALL {
            let status = status_of(*reason);
            let (start, code) = (format!("| {} ", status as u8), format!("`{}`", reason.code()));
            let row = page.lines().find(|line| line.starts_with(&start));
            assert!(row.is_some_and(|row| row.contains(&code)), "docs/protocols.md lacks {code} under {status:?}");
        }
    }

    #[test]
    fn statuses_are_those_of_grpc() {
        let said = |reason| trailers(reason).get_str(names::GRPC_STATUS).map(str::to_owned);
        for (reason, number) in [
            (Reason::ClientClosed, "1"),
            (Reason::Timeout, "4"),
            (Reason::BodyTooLarge, "8"),
            (Reason::NoRoute, "12"),
            (Reason::Internal, "13"),
            (Reason::ConnectFailed, "14"),
        ] {
            assert_eq!(said(reason).as_deref(), Some(number));
        }
        // A refusal is never a success.
        assert!(Reason::ALL.iter().all(|reason| said(*reason).as_deref() != Some("0")));
    }
}
