//! The field names that the gateway itself looks at, numbered, so that finding one compares a byte and not a text.

/// A field's name in small letters.
#[derive(Clone, Copy, Debug)]
pub struct Name<'a> {
    pub(super) text: &'a str,
    pub(super) known: u8,
}

impl<'a> Name<'a> {
    /// The name's number among [`names::ALL`]; 0 for one that is not known.
    pub const fn number(self) -> usize {
        self.known as usize
    }

    /// The name's text, in small letters.
    pub const fn as_str(self) -> &'a str {
        self.text
    }
}

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        if self.known != UNKNOWN || other.known != UNKNOWN {
            self.known == other.known
        } else {
            self.text == other.text
        }
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(text: &'a str) -> Self {
        Name { text, known: id(text.as_bytes()) }
    }
}

impl<'a> From<&'a String> for Name<'a> {
    fn from(text: &'a String) -> Self {
        Name::from(text.as_str())
    }
}

pub(super) const UNKNOWN: u8 = 0;

macro_rules! names {
    ($($constant:ident = $text:literal),+ $(,)?) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(u8)]
        enum Id { UNKNOWN, $($constant),+ }

        /// The known names.
        pub mod names {
            use super::{Id, Name};
            /// The texts of the known names, by their number; number 0 is no name's.
            pub const ALL: &[&str] = &["", $($text),+];
            $(#[doc = concat!("`", $text, "`")] pub const $constant: Name<'static> = Name { text: $text, known: Id::$constant as u8 };)+
        }

        /// The number of a name in small letters.
        pub(super) fn id(name: &[u8]) -> u8 {
            const { assert!(Id::UNKNOWN as u8 == UNKNOWN) };
            $(const $constant: &[u8] = $text.as_bytes();)+
            match name {
                $($constant => Id::$constant as u8,)+
                _ => UNKNOWN,
            }
        }
    };
}

names! {
    ACCEPT = "accept",
    ACCEPT_ENCODING = "accept-encoding",
    ACCEPT_LANGUAGE = "accept-language",
    ACCEPT_RANGES = "accept-ranges",
    ACCESS_CONTROL_REQUEST_METHOD = "access-control-request-method",
    ALLOW = "allow",
    AUTHORIZATION = "authorization",
    CACHE_CONTROL = "cache-control",
    CONNECTION = "connection",
    CONTENT_ENCODING = "content-encoding",
    CONTENT_LENGTH = "content-length",
    CONTENT_RANGE = "content-range",
    CONTENT_TYPE = "content-type",
    COOKIE = "cookie",
    DATE = "date",
    EARLY_DATA = "early-data",
    ETAG = "etag",
    EXPECT = "expect",
    FORWARDED = "forwarded",
    GRPC_MESSAGE = "grpc-message",
    GRPC_STATUS = "grpc-status",
    GRPC_TIMEOUT = "grpc-timeout",
    HOST = "host",
    IF_MATCH = "if-match",
    IF_MODIFIED_SINCE = "if-modified-since",
    IF_NONE_MATCH = "if-none-match",
    IF_RANGE = "if-range",
    IF_UNMODIFIED_SINCE = "if-unmodified-since",
    KEEP_ALIVE = "keep-alive",
    LAST_MODIFIED = "last-modified",
    LOCATION = "location",
    MAX_FORWARDS = "max-forwards",
    ORIGIN = "origin",
    PROXY_AUTHENTICATE = "proxy-authenticate",
    PROXY_AUTHORIZATION = "proxy-authorization",
    PROXY_CONNECTION = "proxy-connection",
    RANGE = "range",
    REFERER = "referer",
    RETRY_AFTER = "retry-after",
    SEC_WEBSOCKET_ACCEPT = "sec-websocket-accept",
    SEC_WEBSOCKET_KEY = "sec-websocket-key",
    SEC_WEBSOCKET_VERSION = "sec-websocket-version",
    SERVER = "server",
    SET_COOKIE = "set-cookie",
    TE = "te",
    TRACEPARENT = "traceparent",
    TRACESTATE = "tracestate",
    TRAILER = "trailer",
    TRANSFER_ENCODING = "transfer-encoding",
    UPGRADE = "upgrade",
    USER_AGENT = "user-agent",
    VARY = "vary",
    VIA = "via",
    WWW_AUTHENTICATE = "www-authenticate",
    X_FORWARDED_FOR = "x-forwarded-for",
    X_FORWARDED_HOST = "x-forwarded-host",
    X_FORWARDED_PORT = "x-forwarded-port",
    X_FORWARDED_PROTO = "x-forwarded-proto",
    X_FORWARDED_SERVER = "x-forwarded-server",
    X_REAL_IP = "x-real-ip",
    X_REQUEST_ID = "x-request-id",
}
