//! Serving the admin address: HTTP/1.1 on the gateway's own wire, with tight bounds.

use crate::answer::{Answer, answer, forbid};
use crate::call::{self, Call, Content};
use crate::control::Control;
use pintle_core::{Fields, Method, names};
use pintle_http1::server::{Connection, Incoming, Reply};
use pintle_http1::{Framing, Limits};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;

/// Short, so that connections that ask nothing cannot keep others from the few places.
const IDLE: Duration = Duration::from_secs(5);
const HEADER: Duration = Duration::from_secs(5);
const STALL: Duration = Duration::from_secs(10);
/// How long a caller may take over an answer: each holds one of the few places, and what is left to make of it.
const WHOLE: Duration = Duration::from_secs(60);
const LIMITS: Limits = Limits { line: 4096, fields_size: 16 * 1024, fields_count: 50 };
/// Connections at once; more wait.
const CONNECTIONS: usize = 64;

/// A socket to serve the admin API on.
pub enum Listening {
    /// TCP.
    Tcp(TcpListener),
    /// A unix socket.
    Unix(UnixListener),
}

/// Serves the admin API until the future is dropped.
pub async fn serve(listening: Listening, control: Arc<dyn Control>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let control = Arc::clone(&control);
        let accepted: io::Result<()> = match &listening {
            Listening::Tcp(tcp) => tcp.accept().await.map(|(stream, _)| {
                tokio::spawn(async move {
                    connection(stream, control).await;
                    drop(place);
                });
            }),
            Listening::Unix(unix) => unix.accept().await.map(|(stream, _)| {
                tokio::spawn(async move {
                    connection(stream, control).await;
                    drop(place);
                });
            }),
        };
        if accepted.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

async fn connection<S>(stream: S, control: Arc<dyn Control>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Connection::new(stream, Default::default());
    while connection.begun(IDLE, Instant::now()).await {
        let Incoming::Head(head) = connection.head(&LIMITS, HEADER).await else { return };
        let (version, head_only) = (head.version, head.method == Method::HEAD);
        let call = Call::of(&head);
        let takes_content = call.takes_content();
        let forbidden = forbid(&control.access(), &call);
        let content = match (forbidden, takes_content) {
            (Some(answer), _) => Err(answer),
            (None, true) => call::content(&connection, &head).await,
            (None, false) => Ok(Content::none()),
        };
        // Content that nobody read ends the connection.
        let read = head.framing == Framing::None || (takes_content && content.is_ok());
        let keep_alive = head.keep_alive && read;
        let answer = match content {
            Err(answer) => answer,
            Ok(content) => {
                let control = Arc::clone(&control);
                // A reload reads files and a scrape formats megabytes: not beside the signals.
                let work = tokio::task::spawn_blocking(move || answer(&*control, &Call::of(&head), content));
                let Ok(answer) = work.await else { return };
                answer
            }
        };
        let deadline = Some(Instant::now() + WHOLE);
        let reply = Reply { version, head_only, keep_alive, stall: STALL, deadline };
        if !respond(&connection, answer, reply).await {
            return connection.close().await;
        }
    }
}

async fn respond<S>(connection: &Connection<S>, answer: Answer, reply: Reply) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut fields = Fields::new();
    fields.append(names::CONTENT_TYPE, answer.kind);
    fields.append(names::CACHE_CONTROL, "no-store");
    for (name, value) in answer.extra {
        fields.append(name, value);
    }
    let mut body = answer.body;
    let sent = connection.respond(answer.status, &fields, &mut body, reply, &mut 0).await;
    sent.is_ok_and(|sent| sent.keep_alive)
}
