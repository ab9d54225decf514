//! What happens in one exchange, the same in all four ways: what the client sends and when it leaves, what the service
//! answers and when.

use fastrand::Rng;

/// Names and values of fields.
pub(super) type Fields = Vec<(String, String)>;

/// One exchange.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) kind: Kind,
    pub(super) method: &'static str,
    pub(super) target: String,
    pub(super) ask: Message,
    pub(super) status: u16,
    pub(super) answer: Message,
    /// Whether a 103 comes before the answer.
    pub(super) hint: bool,
}

/// Fields and content of one side.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    pub(super) fields: Fields,
    pub(super) body: Vec<u8>,
    /// Whether its head tells how long it is.
    pub(super) measured: bool,
    pub(super) trailers: Fields,
    /// Bytes sent at once.
    pub(super) piece: usize,
    /// Whether it pauses between them.
    pub(super) slow: bool,
}

/// Who does what out of the ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nobody: the service reads all, then answers all.
    Plain,
    /// The service answers as soon as it has the head, then reads on.
    Early,
    /// The service answers as soon as it has the head, and wants no more of the content.
    EarlyEnd,
    /// The service sends back each piece as it comes.
    Echo,
    /// The service ends the exchange instead of an answer.
    NoHead,
    /// The service ends the exchange after so much of its answer.
    CutAnswer(usize),
    /// The client ends the exchange after so much of its content.
    CutRequest(usize),
    /// The client leaves once the service has all of the request.
    LeaveBeforeHead,
    /// The client leaves after so much of the answer.
    LeaveInAnswer(usize),
    /// The content is larger than the gateway takes.
    TooLarge,
    /// No route matches.
    NoRoute,
    /// A route matches but for the method.
    NoMethod,
    /// The service never answers.
    Silent,
}

/// What the gateway takes of content.
pub(super) const MOST: usize = 128 * 1024;

impl Plan {
    pub(super) fn random(number: usize, rng: &mut Rng) -> Self {
        let method =
            ["GET", "GET", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"][rng.usize(..10)];
        let has_content = rng.u8(..100) < if matches!(method, "POST" | "PUT" | "PATCH") { 90 } else { 15 };
        let mut plan = Plan {
            kind: Kind::Plain,
            method,
            target: target(number, rng),
            ask: message(rng, has_content),
            status: [200, 200, 200, 201, 204, 304, 404, 500, 206, 418][rng.usize(..10)],
            answer: message(rng, true),
            hint: rng.u8(..12) == 0,
        };
        plan.answer.fields.push(("content-type".into(), "application/x-plan".into()));
        let with_content = |plan: &mut Plan, rng: &mut Rng| {
            plan.method = "POST";
            plan.status = 200;
            plan.ask.body = content(rng, 2000);
            plan.ask.body.extend(b"at least this");
        };
        match rng.u8(..100) {
            0..60 => {}
            60..65 => {
                with_content(&mut plan, rng);
                plan.kind = Kind::Early;
            }
            65..67 => {
                with_content(&mut plan, rng);
                plan.kind = Kind::EarlyEnd;
                // More than the windows hold.
                plan.ask.body = vec![b'x'; MOST - rng.usize(..20_000)];
            }
            67..72 => {
                with_content(&mut plan, rng);
                (plan.kind, plan.answer.measured, plan.answer.body) = (Kind::Echo, false, plan.ask.body.clone());
            }
            72..77 => plan.kind = Kind::NoHead,
            77..83 => {
                with_content(&mut plan, rng);
                plan.answer.body.extend(b"at least this");
                plan.kind = Kind::CutAnswer(rng.usize(1..plan.answer.body.len()));
            }
            83..87 => {
                with_content(&mut plan, rng);
                plan.kind = Kind::CutRequest(rng.usize(1..plan.ask.body.len()));
            }
            87..90 => plan.kind = Kind::LeaveBeforeHead,
            90..93 => {
                with_content(&mut plan, rng);
                plan.answer.body.extend(b"at least this");
                plan.kind = Kind::LeaveInAnswer(rng.usize(1..plan.answer.body.len()));
            }
            93..96 => {
                (plan.kind, plan.method) = (Kind::TooLarge, "POST");
                plan.ask.body = vec![b'x'; MOST + rng.usize(1..MOST)];
                (plan.ask.piece, plan.ask.slow) = (rng.usize(5_000..60_000), false);
            }
            96..97 => plan.kind = Kind::NoRoute,
            97..99 => (plan.kind, plan.method) = (Kind::NoMethod, "DELETE"),
            _ => plan.kind = Kind::Silent,
        }
        plan
    }

    /// Whether an answer of this status to this method has no content.
    pub(super) fn is_bodiless(&self) -> bool {
        self.method == "HEAD" || matches!(self.status, 204 | 304)
    }
}

fn target(number: usize, rng: &mut Rng) -> String {
    let path = ["", "/a", "/b%20c", "/d;e=f", "/%E2%82%AC/", "/x:y@z", "/~u/'q'", "/a%2Fb"][rng.usize(..8)];
    let query = ["", "?", "?a=b", "?a=b&a=c", "?q=%20+&x", "?a?b/c", "?%E2%82%AC"][rng.usize(..7)];
    format!("/{number}{path}{query}")
}

fn content(rng: &mut Rng, most: usize) -> Vec<u8> {
    let length = rng.usize(..most);
    (0..length).map(|_| rng.u8(..)).collect()
}

fn message(rng: &mut Rng, with_content: bool) -> Message {
    const FIELDS: &[(&str, &str)] = &[
        ("x-a", "1"),
        ("x-a", "2"),
        ("x-empty", ""),
        ("x-text", "a, b;c=\"d e\""),
        ("x-latin", "caf\u{e9}"),
        ("cache-control", "no-cache"),
        ("accept", "*/*"),
        ("etag", "\"x\""),
        ("vary", "accept"),
        ("set-cookie", "a=b; path=/"),
        ("set-cookie", "c=d"),
        ("link", "</a>; rel=preload"),
        ("range", "bytes=0-"),
    ];
    let mut fields: Fields = Vec::new();
    for _ in 0..rng.usize(..5) {
        let (name, value) = FIELDS[rng.usize(..FIELDS.len())];
        fields.push((name.to_owned(), value.to_owned()));
    }
    let most = [1, 30, 3000, 20_000, 100_000][rng.usize(..5)];
    let body = if with_content { content(rng, most) } else { Vec::new() };
    let measured = rng.bool();
    let mut trailers = Vec::new();
    if !measured && rng.u8(..4) == 0 {
        trailers = vec![("x-sum".to_owned(), rng.u32(..).to_string()), ("x-more".to_owned(), "t".to_owned())];
    }
    let slow = rng.u8(..6) == 0;
    let piece = if slow { body.len() / 8 + 1 } else { [1 << 20, 16_384, 5_000, 700][rng.usize(..4)] };
    Message { fields, body, measured, trailers, piece, slow }
}
