//! All that can be wrong with a message, each with a sentence and the section that decides it.

use pintle_core::{Fault, Reason};
use std::fmt;

/// One way to be wrong. The reason is the one for a request; responses and bodies map it to theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) reason: Reason,
    pub(crate) detail: &'static str,
    pub(crate) rfc: &'static str,
}

macro_rules! flaws {
    ($($reason:ident { $($name:ident = $rfc:literal $detail:literal;)+ })+) => {
        $($(pub(crate) const $name: Flaw =
            Flaw { reason: Reason::$reason, detail: $detail, rfc: concat!("RFC ", $rfc) };)+)+
    };
}

flaws! {
    BadRequest {
        BARE_LF = "9112 2.2" "A line ends in LF without CR.";
        BARE_CR = "9112 2.2" "A CR stands without LF.";
        EMPTY_LINES = "9112 2.2" "More than one empty line stands before the request line.";
        SPACE_AFTER_START = "9112 2.2" "White space stands between the start line and the first field.";
        REQUEST_LINE = "9112 3" "The request line is not a method, a target and a version with one space between.";
        METHOD = "9112 3.1" "The method is not a token.";
        TARGET_BYTES = "9112 3.2" "The target holds a byte that no target may.";
        TARGET_FRAGMENT = "9112 3.2" "The target has a fragment.";
        TARGET_FORM = "9112 3.2" "The target has none of the four forms.";
        TARGET_METHOD = "9112 3.2" "The target's form does not fit the method.";
        TARGET_SCHEME = "9112 3.2.2" "The target's scheme is not http or https.";
        TARGET_USERINFO = "9110 4.2.4" "The target holds user information.";
        TARGET_AUTHORITY = "9110 4.2.1" "The target's authority is not a host with an optional port.";
        TARGET_PORT = "9110 9.3.6" "The target of CONNECT is not a host with a port.";
        HTTP_VERSION = "9112 2.3" "The version is not of the form HTTP/1.1.";
        OBS_FOLD = "9112 5.2" "A field is folded over lines.";
        SPACE_BEFORE_COLON = "9112 5.1" "White space stands in a field name or before its colon.";
        NO_COLON = "9112 5" "A field line has no colon.";
        FIELD_NAME = "9110 5.1" "A field name is not a token.";
        CONTROL = "9110 5.5" "A field value holds a control byte.";
        HOST_MISSING = "9112 3.2" "There is no Host.";
        HOST_REPEATED = "9112 3.2" "There is more than one Host.";
        HOST_INVALID = "9112 3.2" "The Host is not a host with an optional port.";
        HOST_DIFFERS = "9112 3.2.2" "The Host differs from the target's authority.";
        LENGTH_INVALID = "9110 8.6" "The Content-Length is not a number.";
        LENGTH_REPEATED = "9112 6.3" "There is more than one Content-Length.";
        LENGTH_AND_CODING = "9112 6.1" "There is a Content-Length with a Transfer-Encoding.";
        CODING_IN_1_0 = "9112 6.1" "There is a Transfer-Encoding in an HTTP/1.0 message.";
        CODING_INVALID = "9112 6.3" "The Transfer-Encoding is not chunked alone.";
        OPTIONS = "9110 7.6.1" "Connection names too many options.";
        STATUS_LINE = "9112 4" "The status line is not a version, a status and a reason.";
        STATUS = "9110 15" "The status is not between 100 and 599.";
        SWITCH = "9110 7.8" "A 101 switches to a protocol that was not asked for.";
        CHUNK_SIZE = "9112 7.1" "A chunk size is not a hexadecimal number.";
        CHUNK_EXTENSION = "9112 7.1.1" "A chunk extension is malformed.";
        CHUNK_END = "9112 7.1" "A chunk does not end in CRLF.";
    }
    TargetTooLong { LINE_SIZE = "9112 3" "The first line is too long."; }
    FieldsTooLarge {
        FIELDS_SIZE = "6585 5" "The header section is too large.";
        FIELDS_COUNT = "6585 5" "There are too many header fields.";
        NAME_SIZE = "6585 5" "A field name is too long.";
        CHUNK_LINE = "9112 7.1.1" "A chunk's size line is too long.";
        EXTENSIONS = "9112 7.1.1" "There are too many chunk extensions.";
    }
    NotImplemented { CODING_UNKNOWN = "9112 6.1" "The transfer coding is not implemented."; }
    VersionNotSupported { MAJOR_VERSION = "9110 15.6.6" "The major version of HTTP is not 1."; }
    ExpectationFailed { EXPECTATION = "9110 10.1.1" "The expectation is not 100-continue."; }
}

/// Why a request's head is refused. Its connection is to be closed after the answer: where the next request would
/// begin is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestError {
    /// The reason, which decides the status.
    pub reason: Reason,
    /// A sentence for the client.
    pub detail: &'static str,
    /// The section that decides, as `RFC 9112 6.3`.
    pub rfc: &'static str,
}

/// Why a response's head is refused. Its connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseError {
    /// What is wrong, for the operator.
    pub detail: &'static str,
    /// The section that decides, as `RFC 9112 6.3`.
    pub rfc: &'static str,
}

impl ResponseError {
    /// [`Reason::UpstreamMalformed`], 502.
    pub const fn reason(self) -> Reason {
        Reason::UpstreamMalformed
    }
}

/// Why a body is refused. Its connection is to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// What went wrong: malformed, too large or, at the connection's end, closed.
    pub fault: Fault,
    /// A sentence about it.
    pub detail: &'static str,
    /// The section that decides, as `RFC 9112 7.1`.
    pub rfc: &'static str,
}

impl DecodeError {
    pub(crate) const CLOSED: DecodeError =
        DecodeError { fault: Fault::Closed, detail: "The connection ended before the body.", rfc: "RFC 9112 8" };
}

impl From<Flaw> for RequestError {
    fn from(flaw: Flaw) -> Self {
        RequestError { reason: flaw.reason, detail: flaw.detail, rfc: flaw.rfc }
    }
}

impl From<Flaw> for ResponseError {
    fn from(flaw: Flaw) -> Self {
        ResponseError { detail: flaw.detail, rfc: flaw.rfc }
    }
}

impl From<Flaw> for DecodeError {
    fn from(flaw: Flaw) -> Self {
        let fault = if flaw.reason == Reason::FieldsTooLarge { Fault::TooLarge } else { Fault::Malformed };
        DecodeError { fault, detail: flaw.detail, rfc: flaw.rfc }
    }
}

macro_rules! displays {
    ($($error:ty),+) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{} ({})", self.detail, self.rfc)
            }
        }
        impl std::error::Error for $error {}
    )+};
}
displays!(RequestError, ResponseError, DecodeError);
