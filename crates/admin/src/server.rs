//! Serving the admin address: HTTP/1.1 on the gateway's own wire, with tight bounds, over TCP, TLS or a unix socket.

use crate::answer::Answer;
use crate::asked::{Asked, Given};
use crate::call::{self, Call, Content};
use crate::caller::{self, Caller, Peer};
use crate::control::{Access, Control};
use crate::dispatch::{self, Captured};
use crate::operation::{Operation, Who};
use crate::places::{Busy, Full, Place, Places};
use crate::trouble::{FAILED, TIMED_OUT, TOO_SLOW, Trouble};
use crate::{access, audit};
use aws_lc_rs::digest::{SHA256, digest};
use bytes::BytesMut;
use pintle_core::{Fields, Method, Version, names};
use pintle_http1::server::{Connection, Incoming, Reply};
use pintle_http1::{Framing, Limits, RequestHead};
use pintle_telemetry::log;
use std::fmt::Write;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::timeout;

/// How long a connection may be kept that asks nothing.
const IDLE: Duration = Duration::from_secs(5);
/// How long a handshake may take, and a head.
const HEADER: Duration = Duration::from_secs(5);
/// How long who reads an answer may stand still.
const STALL: Duration = Duration::from_secs(10);
/// How long a caller may take over an answer: each holds one of the few places, and what is left to make of it.
const WHOLE: Duration = Duration::from_secs(60);
/// Explained requests stand in the first line.
const LIMITS: Limits = Limits { line: 16 * 1024, fields_size: 16 * 1024, fields_count: 50 };

/// A socket to serve the admin API on.
pub enum Listening {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listening {
    async fn accept(&self) -> io::Result<(Socket, Peer)> {
        match self {
            Listening::Tcp(tcp) => tcp.accept().await.map(|(stream, from)| (Socket::Tcp(stream), Peer::Tcp(from))),
            Listening::Unix(unix) => unix.accept().await.map(|(stream, _)| {
                let who = stream.peer_cred().ok();
                let (uid, pid) = (who.as_ref().map(|who| who.uid()), who.as_ref().and_then(|who| who.pid()));
                (Socket::Unix(stream), Peer::Unix { uid, pid })
            }),
        }
    }
}

/// Serves the admin API until the future is dropped.
pub async fn serve(listening: Listening, control: Arc<dyn Control>) {
    let places = Arc::new(Places::default());
    loop {
        match listening.accept().await {
            Ok((socket, peer)) => {
                let place = places.take(peer).await;
                let control = Arc::clone(&control);
                tokio::spawn(async move {
                    tokio::select! {
                        // What is being answered is never told to go.
                        () = place.ended() => {}
                        () = Box::pin(open(socket, peer, &place, control)) => {}
                    }
                });
            }
            Err(error) => {
                complain(&error);
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn complain(error: &io::Error) {
    log::limited("admin.accept", log::Level::Warn, format_args!("the admin address: no connection accepted: {error}"));
}

/// A connection, TLS first where that is spoken now.
async fn open(socket: Socket, peer: Peer, place: &Place, control: Arc<dyn Control>) {
    let who = Link { peer, tls: false, certificate: None };
    match (socket, control.access().tls.clone()) {
        (Socket::Tcp(tcp), None) => connection(tcp, who, place, control).await,
        (Socket::Unix(unix), _) => connection(unix, who, place, control).await,
        (Socket::Tcp(tcp), Some(tls)) => {
            let Ok(Ok(accepted)) = timeout(HEADER, tls.accept(tcp)).await else { return };
            let certificate = accepted.session.certificate.as_deref().map(fingerprint);
            connection(accepted.stream, Link { peer, tls: true, certificate }, place, control).await;
        }
    }
}

/// What is known of a connection's other end.
struct Link {
    peer: Peer,
    tls: bool,
    certificate: Option<String>,
}

fn fingerprint(certificate: &[u8]) -> String {
    digest(&SHA256, certificate).as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

async fn connection<S>(stream: S, link: Link, place: &Place, control: Arc<dyn Control>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Connection::new(stream, BytesMut::new());
    while connection.begun(IDLE, Instant::now()).await {
        let malformed = match connection.head(&LIMITS, HEADER).await {
            Incoming::Head(head) => {
                let (version, head_only) = (head.version, head.method == Method::HEAD);
                let Some((answer, keep_alive, busy)) = one(&connection, head, &link, place, &control).await else {
                    return;
                };
                let deadline = Some(Instant::now() + WHOLE);
                let reply = Reply { version, head_only, keep_alive, stall: STALL, deadline };
                let goes_on = respond(&connection, answer, reply).await;
                drop(busy);
                if goes_on {
                    continue;
                }
                return connection.close().await;
            }
            Incoming::Closed | Incoming::Cut => return,
            Incoming::TimedOut => Trouble::new(TIMED_OUT, "the request took too long to arrive"),
            Incoming::Refused(error) => Trouble::malformed(&error),
        };
        let id = caller::request_id(None);
        let deadline = Some(Instant::now() + STALL);
        let reply = Reply { version: Version::Http11, head_only: false, keep_alive: false, stall: STALL, deadline };
        respond(&connection, identified(malformed.answer(false, &id), &id), reply).await;
        return connection.close().await;
    }
}

/// An answer, whether the connection may go on after it, and what keeps its place until it is sent.
type Answered<'p> = (Answer, bool, Option<Busy<'p>>);

/// Answers one call; none if the connection has to go.
async fn one<'p, S>(
    connection: &Connection<S>,
    head: Box<RequestHead>,
    link: &Link,
    place: &'p Place,
    control: &Arc<dyn Control>,
) -> Option<Answered<'p>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let call = Call::of(&head);
    let json = call.wants_json();
    let mut caller = Caller {
        peer: link.peer,
        token: None,
        certificate: link.certificate.clone(),
        agent: call.fields.get(names::USER_AGENT).and_then(caller::agent),
        request: caller::request_id(call.fields.get(names::X_REQUEST_ID)),
    };
    let id = caller.request.clone();
    // Content that nobody read ends the connection.
    let bare = head.keep_alive && matches!(head.framing, Framing::None | Framing::Length(0));
    let (operation, captured) = match admit(&control.access(), &call, link.tls, &mut caller) {
        Ok(admitted) => admitted,
        Err(trouble) => return Some((identified(trouble.answer(json, &id), &id), bare, None)),
    };
    let refuse = |trouble: Trouble| {
        audit::told(operation, &caller, Err(&trouble));
        identified(trouble.answer(json, &id), &id)
    };
    // Whoever asks whether the program lives is answered whatever else goes on.
    let busy = match operation.who {
        Who::Anyone => None,
        Who::Reader | Who::Writer => match place.begin() {
            Ok(busy) => Some(busy),
            Err(Full::Leaving) => return None,
            Err(Full::Busy) => return Some((refuse(Trouble::busy("too many calls at once: try again")), bare, None)),
        },
    };
    let given = match Given::read(operation, &captured, &call) {
        Ok(given) => given,
        Err(trouble) => return Some((refuse(trouble), bare, busy)),
    };
    let (content, keep_alive) = match &operation.takes {
        None => (Content::default(), bare),
        Some(takes) => match call::content(connection, &head, takes).await {
            Ok(content) => (content, head.keep_alive),
            Err(trouble) => return Some((refuse(trouble), bare, busy)),
        },
    };
    let only_after = match operation.takes_version().then(|| call.only_after()).transpose() {
        Ok(only_after) => only_after.flatten(),
        Err(trouble) => return Some((refuse(trouble), keep_alive, busy)),
    };
    let result =
        work(operation, Job { given, fields: head.fields, content, only_after, json, caller }, Arc::clone(control))
            .await;
    let answer = result.unwrap_or_else(|trouble| trouble.answer(json, &id));
    debug_assert!(operation.may_say(answer.status.as_u16()), "{} answers {}", operation.path, answer.status);
    Some((identified(answer, &id), keep_alive, busy))
}

/// Whether a call is one that may be made, and what stands in its path.
fn admit<'c>(
    access: &Access,
    call: &Call<'c>,
    tls: bool,
    caller: &mut Caller,
) -> Result<(&'static Operation, Captured<'c>), Trouble> {
    let found = dispatch::find(call.path, call.method);
    let may = access::meant(access, call).and_then(|()| access::permit(access, call, found.who(), tls));
    match may {
        Ok(token) => caller.token = token,
        Err(trouble) => {
            audit::refused(&found, call, caller, &trouble);
            return Err(trouble);
        }
    }
    found.one()
}

/// What an operation works on.
struct Job {
    given: Given,
    fields: Fields,
    content: Content,
    only_after: Option<u64>,
    json: bool,
    caller: Caller,
}

/// Does what is asked for, on a thread of its own: a reload reads files and a scrape formats megabytes.
async fn work(operation: &'static Operation, job: Job, control: Arc<dyn Control>) -> Result<Answer, Trouble> {
    let who = job.caller.to_string();
    let working = tokio::task::spawn_blocking(move || {
        let Job { given, fields, mut content, only_after, json, caller } = job;
        let text = std::mem::take(&mut content.text);
        let mut asked = Asked { given, fields, content: text, only_after, json, caller: &caller };
        let result = (operation.work)(&*control, &mut asked);
        // Here, and not where it is sent: who asked may have gone.
        audit::told(operation, &caller, result.as_ref());
        // Whose turn it was ends with what was done.
        drop(content);
        result
    });
    let done = match operation.limit {
        None => working.await,
        Some(limit) => match timeout(limit, working).await {
            Ok(done) => done,
            Err(_) => return Err(Trouble::new(TOO_SLOW, format!("it was not done within {limit:?}"))),
        },
    };
    done.unwrap_or_else(|_| {
        log::error(format_args!("admin: {} {}: failed (by {who})", operation.verb.word(), operation.path));
        Err(Trouble::new(FAILED, "a mistake of the program: its log says more"))
    })
}

fn identified(mut answer: Answer, id: &str) -> Answer {
    answer.fields.push((names::X_REQUEST_ID, id.to_owned()));
    answer
}

async fn respond<S>(connection: &Connection<S>, mut answer: Answer, reply: Reply) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut fields = Fields::new();
    fields.append(names::CONTENT_TYPE, answer.kind);
    fields.append(names::CACHE_CONTROL, "no-store");
    fields.append("x-content-type-options", "nosniff");
    for (name, value) in &answer.fields {
        fields.append(*name, value);
    }
    let sent = connection.respond(answer.status, &fields, &mut answer.body, reply, &mut 0).await;
    sent.is_ok_and(|sent| sent.keep_alive)
}
