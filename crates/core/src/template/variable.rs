//! What an expression may name, once the configuration is loaded: a slot for each name, and who fills it.

use super::value::{Kind, Value};

/// One name of an expression, resolved when the configuration loads. A name that has parts known beforehand
/// (`request.headers['x']`) is one variable, so that nothing is collected for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Variable {
    /// `request.method`: text.
    RequestMethod,
    /// `request.scheme`: text, `http` or `https`.
    RequestScheme,
    /// `request.host`: text without the port, in lower case.
    RequestHost,
    /// `request.path`: text, the normalised path.
    RequestPath,
    /// `request.query.NAME`: text, the first value, decoded; absent when the name is.
    RequestQuery(Box<str>),
    /// `request.query_all.NAME`: a list of text, decoded; absent when the name is.
    RequestQueryAll(Box<str>),
    /// `request.headers['NAME']`: text, the values joined by `, `. The name is in lower case.
    RequestHeader(Box<str>),
    /// `request.cookies.NAME`: text.
    RequestCookie(Box<str>),
    /// `request.query` as a whole: a map of text.
    RequestQueries,
    /// `request.query_all` as a whole: a map of lists.
    RequestQueriesAll,
    /// `request.headers` as a whole: a map of text.
    RequestHeaders,
    /// `request.cookies` as a whole: a map of text.
    RequestCookies,
    /// `request.body`: any value, where the place declares it.
    RequestBody,
    /// `path.NAME`: text, decoded: the capture at this place among [`super::Declared::captures`].
    Capture(usize),
    /// `path.NAME` where the captures differ from route to route ([`super::Declared::any_capture`]).
    CaptureNamed(Box<str>),
    /// `path.rest`: text, normalised and still encoded, without a leading slash: what `**` stands for.
    PathRest,
    /// `client.ip`: text.
    ClientIp,
    /// `client.port`: int.
    ClientPort,
    /// `client.tls` as a whole: a map by the names of [`TlsField`]; absent on a plain connection.
    ClientTls,
    /// `client.tls.NAME`; absent on a plain connection.
    ClientTlsField(TlsField),
    /// `route.name`: text.
    RouteName,
    /// `route.labels.NAME`: text.
    RouteLabel(Box<str>),
    /// `route.labels` as a whole: a map of text.
    RouteLabels,
    /// `claims`: a map; absent without a token.
    Claims,
    /// `consumer.name`: text; absent for nobody.
    ConsumerName,
    /// `consumer.groups`: a list of text; absent for nobody.
    ConsumerGroups,
    /// `response.status`: int.
    ResponseStatus,
    /// `response.headers['NAME']`: as [`Variable::RequestHeader`].
    ResponseHeader(Box<str>),
    /// `response.headers` as a whole: a map of text.
    ResponseHeaders,
    /// `response.body`: any value, where the place declares it.
    ResponseBody,
    /// `problem.NAME`: what the gateway says in an answer of its own.
    Problem(ProblemField),
    /// `parts.NAME` or a field of it: the part at this place among [`super::Declared::parts`].
    Part(usize, PartField),
    /// `parts.NAME.headers['HEADER']`.
    PartHeader(usize, Box<str>),
    /// The name that `for_each` gives to one item: any value.
    Item,
}

/// What is known of a TLS connection, and of the certificate that the client showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsField {
    /// `version`: text, such as `1.3`.
    Version,
    /// `cipher`: text.
    Cipher,
    /// `server_name`: text, as the client asked (SNI).
    ServerName,
    /// `alpn`: text.
    Alpn,
    /// `subject`: text; absent without a client certificate.
    Subject,
    /// `san`: a list of text; absent without a client certificate.
    San,
    /// `fingerprint`: text, SHA-256 in hex; absent without a client certificate.
    Fingerprint,
}

impl TlsField {
    /// Every field, in the order of the reference.
    pub const ALL: [TlsField; 7] = [
        TlsField::Version,
        TlsField::Cipher,
        TlsField::ServerName,
        TlsField::Alpn,
        TlsField::Subject,
        TlsField::San,
        TlsField::Fingerprint,
    ];

    /// The name in an expression.
    pub fn name(self) -> &'static str {
        match self {
            TlsField::Version => "version",
            TlsField::Cipher => "cipher",
            TlsField::ServerName => "server_name",
            TlsField::Alpn => "alpn",
            TlsField::Subject => "subject",
            TlsField::San => "san",
            TlsField::Fingerprint => "fingerprint",
        }
    }
}

/// What an answer of the gateway's own says, by the names that it has in the gateway's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemField {
    /// `status`: int.
    Status,
    /// `title`: text: what the reason means; of a service's answer the status' phrase.
    Title,
    /// `detail`: text: a sentence on this request, often empty.
    Detail,
    /// `reason`: text: the word that logs have; empty for a service's answer.
    Reason,
    /// `request_id`: text, as in `x-request-id`.
    RequestId,
}

impl ProblemField {
    /// Every field, in the order of the reference.
    pub const ALL: [ProblemField; 5] = [
        ProblemField::Status,
        ProblemField::Title,
        ProblemField::Detail,
        ProblemField::Reason,
        ProblemField::RequestId,
    ];

    /// The name in an expression.
    pub fn name(self) -> &'static str {
        match self {
            ProblemField::Status => "status",
            ProblemField::Title => "title",
            ProblemField::Detail => "detail",
            ProblemField::Reason => "reason",
            ProblemField::RequestId => "request_id",
        }
    }
}

/// What a part of an aggregate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PartField {
    /// The part as a whole: a map.
    Whole,
    /// `state`: text: `ok`, `failed` or `skipped`.
    State,
    /// `status`: int; absent where no answer came.
    Status,
    /// `headers` as a whole: a map of text.
    Headers,
    /// `body`: any value.
    Body,
    /// `reason`: text; absent unless the part failed.
    Reason,
}

impl Variable {
    /// The first word of the name: what a place declares.
    pub fn root(&self) -> Root {
        use Variable as V;
        match self {
            V::RequestMethod | V::RequestScheme | V::RequestHost | V::RequestPath => Root::Request,
            V::RequestQuery(_) | V::RequestQueryAll(_) | V::RequestHeader(_) | V::RequestCookie(_) => Root::Request,
            V::RequestQueries | V::RequestQueriesAll | V::RequestHeaders | V::RequestCookies => Root::Request,
            V::RequestBody => Root::RequestBody,
            V::Capture(_) | V::CaptureNamed(_) | V::PathRest => Root::Path,
            V::ClientIp | V::ClientPort | V::ClientTls | V::ClientTlsField(_) => Root::Client,
            V::RouteName | V::RouteLabel(_) | V::RouteLabels => Root::Route,
            V::Claims => Root::Claims,
            V::ConsumerName | V::ConsumerGroups => Root::Consumer,
            V::ResponseStatus | V::ResponseHeader(_) | V::ResponseHeaders => Root::Response,
            V::ResponseBody => Root::ResponseBody,
            V::Problem(_) => Root::Problem,
            V::Part(..) | V::PartHeader(..) => Root::Parts,
            V::Item => Root::Item,
        }
    }

    /// The type of its value, as far as it is known beforehand.
    pub(super) fn kind(&self) -> Kind {
        use Variable as V;
        match self {
            V::RequestMethod | V::RequestScheme | V::RequestHost | V::RequestPath => Kind::Text,
            V::RequestQuery(_) | V::RequestHeader(_) | V::RequestCookie(_) => Kind::Text,
            V::Capture(_) | V::CaptureNamed(_) | V::PathRest | V::ClientIp => Kind::Text,
            V::RouteName | V::RouteLabel(_) | V::ConsumerName => Kind::Text,
            V::ResponseHeader(_) | V::PartHeader(..) => Kind::Text,
            V::Part(_, PartField::State | PartField::Reason) => Kind::Text,
            V::ClientTlsField(TlsField::San) | V::RequestQueryAll(_) | V::ConsumerGroups => Kind::List,
            V::ClientTlsField(_) => Kind::Text,
            V::ClientPort | V::ResponseStatus | V::Part(_, PartField::Status) => Kind::Int,
            V::Problem(ProblemField::Status) => Kind::Int,
            V::Problem(_) => Kind::Text,
            V::RequestQueries | V::RequestQueriesAll | V::RequestHeaders | V::RequestCookies => Kind::Map,
            V::ClientTls | V::RouteLabels | V::Claims | V::ResponseHeaders => Kind::Map,
            V::Part(_, PartField::Whole | PartField::Headers) => Kind::Map,
            V::RequestBody | V::ResponseBody | V::Part(_, PartField::Body) | V::Item => Kind::Any,
        }
    }
}

/// What a place may let its expressions name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// `request`, without its body.
    Request,
    /// `request.body`.
    RequestBody,
    /// `path`: captures and `rest`.
    Path,
    /// `client`.
    Client,
    /// `claims`.
    Claims,
    /// `consumer`.
    Consumer,
    /// `route`.
    Route,
    /// `parts`.
    Parts,
    /// `response`, without its body.
    Response,
    /// `response.body`.
    ResponseBody,
    /// `problem`.
    Problem,
    /// The name that `for_each` gives.
    Item,
}

/// Where an evaluation takes its values from: a request under way, or a part of one.
pub trait Scope {
    /// The value, borrowed where it can be. `None` is "absent": an evaluation error, asked for by `has()`.
    fn variable(&self, variable: &Variable) -> Option<Value<'_>>;
}

/// The scope of no request: everything is absent.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoScope;

impl Scope for NoScope {
    fn variable(&self, _: &Variable) -> Option<Value<'_>> {
        None
    }
}
