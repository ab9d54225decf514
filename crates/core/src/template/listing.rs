//! What the reference says of the language: the names and the functions that there are. A test compares it with the
//! tables by which expressions are compiled, and runs each function's example.

/// A name that expressions may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is written; a part in capitals is of the user's choice.
    pub name: &'static str,
    /// The type of its value.
    pub kind: &'static str,
    /// What it is, and when it is absent.
    pub doc: &'static str,
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// How it is called.
    pub call: &'static str,
    /// An expression with it.
    pub example: &'static str,
    /// What becomes of the example.
    pub result: &'static str,
}

const fn name(name: &'static str, kind: &'static str, doc: &'static str) -> Name {
    Name { name, kind, doc }
}

/// Every name that this version fills, in the order of the reference.
pub const NAMES: &[Name] = &[
    name("request.method", "string", "The method, such as `GET`."),
    name("request.scheme", "string", "`http` or `https`."),
    name("request.host", "string", "The host asked for, in small letters and without its port."),
    name("request.path", "string", "The normalised path, still percent-encoded."),
    name("request.query.NAME", "string", "The first value of a query parameter, decoded; absent when there is none."),
    name("request.query_all.NAME", "list", "All values of a query parameter, decoded; absent when there is none."),
    name("request.headers.NAME", "string", "A header's values joined by `, `; absent when there is none."),
    name("request.cookies.NAME", "string", "A cookie; absent when there is none."),
    name(
        "path.NAME",
        "string",
        "What `{NAME}` of the match captured, decoded. In templates of routes and their policies.",
    ),
    name(
        "path.rest",
        "string",
        "What `**` of the match stands for: normalised, still encoded, without its first slash.",
    ),
    name("client.ip", "string", "The client's address, after PROXY protocol and trusted proxies."),
    name("client.port", "int", "The port that the client's connection came from."),
    name("client.tls.version", "string", "`1.2` or `1.3`; absent on a connection without TLS, as all of `client.tls`."),
    name("client.tls.cipher", "string", "The cipher suite."),
    name("client.tls.server_name", "string", "The name that the client asked for (SNI)."),
    name("client.tls.alpn", "string", "The protocol that was agreed on: `h2` or `http/1.1`."),
    name("client.tls.subject", "string", "The subject of the client's certificate; absent without one."),
    name("client.tls.san", "list", "The names in the client's certificate; absent without one."),
    name("client.tls.fingerprint", "string", "SHA-256 of the client's certificate in hex; absent without one."),
    name(
        "consumer.name",
        "string",
        "The consumer that an authentication found; absent for nobody, as `consumer.groups`.",
    ),
    name("consumer.groups", "list", "The groups that it is in."),
    name(
        "claims.NAME",
        "dyn",
        "What a token, a login or whoever was asked about it says, nested as it is; absent when it says nothing of that name.",
    ),
    name("route.name", "string", "The route's name."),
    name("route.labels.NAME", "string", "A label of the route; absent when it has none of that name."),
    name(
        "response.status",
        "int",
        "The answer's status. `response` is known to `headers.response` and to the pages of `errors`.",
    ),
    name(
        "response.headers.NAME",
        "string",
        "A header of the answer, its values joined by `, `; absent when there is none.",
    ),
    name("problem.status", "int", "The status. `problem` is known to the pages of `errors` alone."),
    name("problem.title", "string", "What the reason means; of a service's answer the status' own words."),
    name("problem.detail", "string", "A sentence about this request; often empty."),
    name("problem.reason", "string", "The word that stands in the log; empty for a service's answer."),
    name("problem.request_id", "string", "The request's id, as in `x-request-id`."),
];

const fn function(call: &'static str, example: &'static str, result: &'static str) -> Function {
    Function { call, example, result }
}

/// Every function, in the order of the reference.
pub const FUNCTIONS: &[Function] = &[
    function("has(NAME)", "has(request.headers.nope)", "false"),
    function("size(VALUE), VALUE.size()", "size('four')", "4"),
    function("TEXT.contains(TEXT)", "'orders'.contains('der')", "true"),
    function("TEXT.startsWith(TEXT)", "'orders'.startsWith('or')", "true"),
    function("TEXT.endsWith(TEXT)", "'orders'.endsWith('ers')", "true"),
    function("matches(TEXT, REGEX), TEXT.matches(REGEX)", "'v12'.matches('^v[0-9]+$')", "true"),
    function("TEXT.charAt(INDEX)", "'abc'.charAt(1)", "\"b\""),
    function("TEXT.indexOf(TEXT[, FROM])", "'banana'.indexOf('an', 2)", "3"),
    function("TEXT.lastIndexOf(TEXT[, FROM])", "'banana'.lastIndexOf('an')", "3"),
    function("TEXT.lowerAscii()", "'ACME'.lowerAscii()", "\"acme\""),
    function("TEXT.upperAscii()", "'acme'.upperAscii()", "\"ACME\""),
    function("TEXT.trim()", "'  a '.trim()", "\"a\""),
    function("TEXT.reverse()", "'abc'.reverse()", "\"cba\""),
    function("TEXT.replace(OLD, NEW[, COUNT])", "'a.b.c'.replace('.', '-', 1)", "\"a-b.c\""),
    function("TEXT.substring(FROM[, TO])", "'banana'.substring(2, 4)", "\"na\""),
    function("TEXT.split(TEXT[, COUNT])", "'a,b,c'.split(',', 2)", "[\"a\",\"b,c\"]"),
    function("LIST.join([TEXT])", "['a', 'b'].join('-')", "\"a-b\""),
    function("TEXT.format(LIST)", "'%s has %d'.format(['a', 2])", "\"a has 2\""),
    function("strings.quote(TEXT)", "strings.quote('a\"b')", "\"\\\"a\\\\\\\"b\\\"\""),
    function("int(VALUE)", "int('42') + 1", "43"),
    function("uint(VALUE)", "uint(42)", "42u"),
    function("double(VALUE)", "double('1.5') > 1.0", "true"),
    function("string(VALUE)", "string(42)", "\"42\""),
    function("bytes(TEXT)", "size(bytes('ä'))", "2"),
    function("bool(TEXT)", "bool('true')", "true"),
    function("timestamp(TEXT)", "string(timestamp('2026-01-31T12:00:00Z'))", "\"2026-01-31T12:00:00Z\""),
    function("duration(TEXT)", "string(duration('1m30s'))", "\"90s\""),
    function("type(VALUE)", "type('a') == string", "true"),
    function("dyn(VALUE)", "dyn(1)", "1"),
    function("TIME.getFullYear([ZONE])", "timestamp('2026-01-31T12:00:00Z').getFullYear()", "2026"),
    function("TIME.getMonth([ZONE]), from 0", "timestamp('2026-01-31T12:00:00Z').getMonth()", "0"),
    function("TIME.getDate([ZONE]), from 1", "timestamp('2026-01-31T12:00:00Z').getDate()", "31"),
    function("TIME.getDayOfMonth([ZONE]), from 0", "timestamp('2026-01-31T12:00:00Z').getDayOfMonth()", "30"),
    function("TIME.getDayOfWeek([ZONE]), Sunday is 0", "timestamp('2026-01-31T12:00:00Z').getDayOfWeek()", "6"),
    function("TIME.getDayOfYear([ZONE]), from 0", "timestamp('2026-01-31T12:00:00Z').getDayOfYear()", "30"),
    function("TIME.getHours([ZONE])", "timestamp('2026-01-31T12:00:00Z').getHours('+02:00')", "14"),
    function("TIME.getMinutes([ZONE])", "duration('90s').getMinutes()", "1"),
    function("TIME.getSeconds([ZONE])", "duration('90s').getSeconds()", "90"),
    function("TIME.getMilliseconds([ZONE])", "timestamp('2026-01-31T12:00:00.250Z').getMilliseconds()", "250"),
    function("LIST.all(ITEM, TEST)", "[1, 2].all(n, n > 0)", "true"),
    function("LIST.exists(ITEM, TEST)", "['a', 'b'].exists(x, x == 'b')", "true"),
    function("LIST.map(ITEM, [TEST,] VALUE)", "[1, 2].map(n, n * 2)", "[2,4]"),
    function("LIST.filter(ITEM, TEST)", "[1, 2, 3].filter(n, n > 1)", "[2,3]"),
];
