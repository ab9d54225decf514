//! Why the gateway answers by itself. A refusal stays unrendered until `engine/reply.rs`, so that a cache may serve
//! something stale instead, and gRPC gets its own form. What the client reads and what the operator reads are apart.

use crate::{Fields, Name, StatusCode};
use std::borrow::Cow;
use std::sync::Arc;

/// A request that got no answer from a service: the reason and what to say about it.
#[derive(Debug)]
pub struct Refusal {
    /// The reason: decides status, title, log and metric label.
    pub reason: Reason,
    /// A sentence for the client; never an address, a secret or another one's data.
    pub detail: Cow<'static, str>,
    /// What happened, for the operator alone.
    pub internal: Option<String>,
    /// Fields that go with the answer (`allow`, `retry-after`, `www-authenticate`). Few refusals have any.
    pub fields: Option<Box<Fields>>,
    /// The part of an aggregate that failed, where one did.
    pub part: Option<Box<FailedPart>>,
    /// Which step of the chain refused: edits outside of it still apply. The chain fills it in.
    pub at: Option<usize>,
}

/// A part of an aggregate that failed, as clients may know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedPart {
    /// Its name.
    pub name: Arc<str>,
    /// Why, in a word.
    pub reason: &'static str,
    /// The status that its service answered, if it did.
    pub status: Option<u16>,
    /// What happened, for the operator alone.
    pub why: Box<str>,
}

impl Refusal {
    /// A refusal that says nothing beyond its reason's title.
    pub const fn new(reason: Reason) -> Self {
        Refusal { reason, detail: Cow::Borrowed(""), internal: None, fields: None, part: None, at: None }
    }

    /// Adds a sentence for the client.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Adds what only the operator may read.
    pub fn internal(mut self, internal: impl Into<String>) -> Self {
        self.internal = Some(internal.into());
        self
    }

    /// Adds a field to the answer.
    pub fn field(mut self, name: Name<'_>, value: impl AsRef<[u8]>) -> Self {
        self.fields.get_or_insert_default().append(name, value);
        self
    }
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Refusal::new(reason)
    }
}

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $status:literal $code:literal $title:literal),+ $(,)?) => {
        /// Every reason for which the gateway answers by itself.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Reason { $($(#[doc = $doc])+ $variant),+ }

        impl Reason {
            /// All of them, in the table's order.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),+];

            /// The status that the client gets.
            pub fn status(self) -> StatusCode {
                let status: u16 = match self { $(Reason::$variant => $status),+ };
                StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }

            /// The word in problems, logs and metric labels.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code),+ }
            }

            /// The problem's title.
            pub const fn title(self) -> &'static str {
                match self { $(Reason::$variant => $title),+ }
            }

            /// What it means and where it comes from, for the reference.
            pub const fn doc(self) -> &'static str {
                match self { $(Reason::$variant => concat!($($doc),+)),+ }
            }
        }
    };
}

impl Reason {
    /// Whether a configuration can be why requests end so: what the guard counts, beside services' own 5xx. A reason
    /// that is the client's doing, or that an operator asks for, says nothing about a change.
    pub const fn may_be_configured(self) -> bool {
        match self {
            Reason::BadRequest
            | Reason::BadBatch
            | Reason::BadPath
            | Reason::UnsupportedContent
            | Reason::FailedDependency
            | Reason::RequestTimeout
            | Reason::TargetTooLong
            | Reason::ExpectationFailed
            | Reason::ClientClosed
            | Reason::NoCredentials
            | Reason::Maintenance
            | Reason::NotImplemented
            | Reason::PreconditionFailed
            | Reason::RangeNotSatisfiable
            | Reason::VersionNotSupported => false,
            Reason::AuthUnavailable
            | Reason::BadCredentials
            | Reason::BadLogin
            | Reason::BadToken
            | Reason::CertificateRequired
            | Reason::ConcurrencyLimited
            | Reason::CrossSite
            | Reason::Forbidden
            | Reason::IpDenied
            | Reason::QuotaExceeded
            | Reason::RateLimited
            | Reason::StoreUnavailable
            | Reason::TokenExpired
            | Reason::BadForwarded
            | Reason::BadTemplate
            | Reason::NoRoute
            | Reason::NoFile
            | Reason::FileForbidden
            | Reason::FileFailed
            | Reason::TooManyFiles
            | Reason::MethodNotAllowed
            | Reason::BodyTooLarge
            | Reason::Misdirected
            | Reason::FieldsTooLarge
            | Reason::Internal
            | Reason::ConnectFailed
            | Reason::AnswerTooLarge
            | Reason::UpstreamTls
            | Reason::UpstreamClosed
            | Reason::UpstreamMalformed
            | Reason::UpstreamUnresolved
            | Reason::Unavailable
            | Reason::Overflow
            | Reason::PartFailed
            | Reason::PartTimeout
            | Reason::PartUnavailable
            | Reason::BreakerOpen
            | Reason::ConnectTimeout
            | Reason::UpstreamTimeout
            | Reason::Timeout
            | Reason::Loop => true,
        }
    }
}

reasons! {
    /// The request's head breaks the grammar of RFC 9112 or 9113, or could be read in two ways.
    BadRequest = 400 "bad_request" "The request is malformed",
    /// The path holds something that no unambiguous path can (RFC 3986 3.3).
    BadPath = 400 "bad_path" "The request's path is not acceptable",
    /// Forwarding fields of a trusted proxy contradict each other.
    BadForwarded = 400 "bad_forwarded" "The request's forwarding fields disagree",
    /// A value of the request has no place in the upstream's path or URL.
    BadTemplate = 400 "bad_value" "A value of the request cannot be used",
    /// A batch breaks its format (OData JSON Format 4.01, 19.1), or asks for what is not done.
    BadBatch = 400 "bad_batch" "The batch is malformed",
    /// A login came back without what belongs to it: another browser's, an old one, or one that the issuer refused.
    BadLogin = 400 "bad_login" "The login did not succeed",
    /// The route wants credentials, and the request has none.
    NoCredentials = 401 "no_credentials" "Credentials are needed",
    /// A key, a password or a signature that nobody has, or credentials of two people at once.
    BadCredentials = 401 "bad_credentials" "The credentials are not valid",
    /// A token that is malformed, signed by somebody else, not for this gateway, or revoked (RFC 6750 3.1).
    BadToken = 401 "bad_token" "The token is not valid",
    /// A token whose time is over, or has not begun (RFC 6750 3.1).
    TokenExpired = 401 "token_expired" "The token is not valid at this time",
    /// `authorize` does not allow it.
    Forbidden = 403 "forbidden" "This is not allowed",
    /// `ip_filter` does not let the client's address in.
    IpDenied = 403 "ip_denied" "This address is not let in",
    /// The route wants a client certificate that the connection does not have.
    CertificateRequired = 403 "certificate_required" "A client certificate is needed",
    /// `csrf`: a page of another site sent the request.
    CrossSite = 403 "cross_site" "A page of another site may not send this",
    /// The operating system does not let the gateway read the file.
    FileForbidden = 403 "file_forbidden" "This file may not be read",
    /// No route matches.
    NoRoute = 404 "no_route" "Nothing is served here",
    /// `files` has no file of that name, or none that it serves: one that is hidden, no regular one, or outside of the root.
    NoFile = 404 "no_file" "There is no such file",
    /// A route matches but for the method (RFC 9110 15.5.6).
    MethodNotAllowed = 405 "method_not_allowed" "This method is not served here",
    /// The client took too long to send its head or its body (RFC 9110 15.5.9).
    RequestTimeout = 408 "request_timeout" "The request took too long to arrive",
    /// A file is not, or no longer, the version that the request is for (RFC 9110 15.5.13).
    PreconditionFailed = 412 "precondition_failed" "The file is another one by now",
    /// The content is larger than allowed (RFC 9110 15.5.14).
    BodyTooLarge = 413 "body_too_large" "The request's content is too large",
    /// The request line is longer than allowed (RFC 9112 3).
    TargetTooLong = 414 "target_too_long" "The request's target is too long",
    /// Content of a type that the route does not take (RFC 9110 15.5.16).
    UnsupportedContent = 415 "unsupported_content" "Content of this type is not taken",
    /// None of the ranges that are asked for is in the file (RFC 9110 15.5.17).
    RangeNotSatisfiable = 416 "range_not_satisfiable" "The file has no such range",
    /// An expectation other than 100-continue (RFC 9110 10.1.1).
    ExpectationFailed = 417 "expectation_failed" "The request's expectation cannot be met",
    /// The Host or SNI names something that this connection does not serve (RFC 9110 15.5.20).
    Misdirected = 421 "misdirected" "This host is not served on this connection",
    /// A request of a batch was not run, because one before it did not succeed, or because it has a condition that is not done (RFC 4918 11.4).
    FailedDependency = 424 "failed_dependency" "This request of a batch was not run",
    /// `rate_limit`: more requests than the rate allows (RFC 6585 4).
    RateLimited = 429 "rate_limited" "Too many requests",
    /// `quota`: as many as may be have been made in this period (RFC 6585 4).
    QuotaExceeded = 429 "quota_exceeded" "The quota is used up",
    /// `concurrency`: as many requests as may be are under way (RFC 6585 4).
    ConcurrencyLimited = 429 "concurrency_limited" "Too many requests at once",
    /// The header section is larger, or has more fields, than allowed (RFC 6585 5).
    FieldsTooLarge = 431 "fields_too_large" "The request's header fields are too large",
    /// The client went away before an answer; nobody reads it.
    ClientClosed = 499 "client_closed" "The client closed the connection",
    /// A bug in the gateway ended this request, and no other.
    Internal = 500 "internal" "The gateway failed on this request",
    /// A file cannot be read, or became shorter while it was sent.
    FileFailed = 500 "file_failed" "The file cannot be read",
    /// A transfer coding other than chunked (RFC 9112 6.1), or CONNECT.
    NotImplemented = 501 "not_implemented" "The gateway does not do this",
    /// No connection to the service could be made.
    ConnectFailed = 502 "connect_failed" "The service cannot be reached",
    /// The TLS handshake with the service failed.
    UpstreamTls = 502 "upstream_tls" "The service cannot be reached securely",
    /// The service closed or reset the connection before its answer.
    UpstreamClosed = 502 "upstream_closed" "The service gave no answer",
    /// The service's answer breaks the protocol.
    UpstreamMalformed = 502 "upstream_malformed" "The service gave a malformed answer",
    /// An answer has more content than an answer that is put together may hold.
    AnswerTooLarge = 502 "answer_too_large" "The answer is too large to be part of another",
    /// The name of the service does not resolve.
    UpstreamUnresolved = 502 "upstream_unresolved" "The service cannot be found",
    /// A part of an aggregate failed that has no value for that.
    PartFailed = 502 "part_failed" "A part of the answer failed",
    /// The service of such a part was not asked: its breaker is open, or too many wait for it.
    PartUnavailable = 503 "part_unavailable" "A part of the answer is not available",
    /// The time of such a part was over.
    PartTimeout = 504 "part_timeout" "A part of the answer took too long",
    /// Draining, or no endpoint is left to try.
    Unavailable = 503 "unavailable" "The service is not available",
    /// The gateway has as many files open as the operating system lets it.
    TooManyFiles = 503 "too_many_files" "The gateway is at its limit of open files",
    /// The route is closed by `maintenance`.
    Maintenance = 503 "maintenance" "The service is closed for maintenance",
    /// Who asks cannot be found out: keys, an issuer or the service that would say are not there, or too many wait for it.
    AuthUnavailable = 503 "auth_unavailable" "It cannot be found out who asks",
    /// A store that a limit is counted in does not answer, and `when_store_fails: closed` is set.
    StoreUnavailable = 503 "store_unavailable" "Limits cannot be counted",
    /// As many requests wait for a connection to the service as may.
    Overflow = 503 "overflow" "The service is at its limit",
    /// Too much of what the service was asked of late has failed, so it is left alone for a while (`breaker`).
    BreakerOpen = 503 "breaker_open" "The service is left alone for a while",
    /// No connection to the service was made in time.
    ConnectTimeout = 504 "connect_timeout" "The service took too long to reach",
    /// The service's head did not come in time.
    UpstreamTimeout = 504 "upstream_timeout" "The service took too long to answer",
    /// The route's time for the whole request ran out.
    Timeout = 504 "timeout" "The request took too long",
    /// The request came back to the gateway that sent it (RFC 5842 7.2 gives the status).
    Loop = 508 "loop" "The request goes round in a loop",
    /// A version of HTTP that is not served (RFC 9110 15.6.6).
    VersionNotSupported = 505 "version_not_supported" "This version of HTTP is not served",
}
