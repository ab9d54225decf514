//! Connections of listeners for TCP: which route one belongs to, and its bytes to a service and back.
//!
//! Nothing of the bytes is understood but the server name of a TLS handshake, and that only where a route asks for it:
//! else who speaks first would have to be the client.

mod copy;
mod hello;
mod life;

use crate::connection::Peer;
use crate::gateway::Gateway;
use crate::runtime::{Limits, Listener, Route, Runtime};
use crate::socket::Address;
use crate::stop::Stop;
use crate::stream::{Plain, Stream};
use copy::{Failed, Way};
use hello::Hello;
pub(crate) use life::Ends;
use life::{End, Life};
use pintle_core::timer::Timer;
use pintle_core::{Fields, Method, Reason};
use pintle_router::{Head, Outcome};
use pintle_upstream::{Caller, Opened, Upstream};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

/// The alert of a server that does not know a name (RFC 6066 3): fatal, unrecognized_name.
const UNRECOGNIZED_NAME: &[u8] = &[21, 3, 3, 0, 2, 2, 112];

/// A connection that is known as far as it has to be.
pub(crate) struct Begun {
    stream: Stream,
    peer: Peer,
    /// The server name, in small letters.
    name: Option<Box<str>>,
    /// Whether the client waits for the answer to a handshake that is not ours.
    awaits_handshake: bool,
    at: Instant,
}

/// Finds out what must be known of a connection before its route is sought: on a listener that terminates TLS `peer`
/// tells, else the first bytes, if `by_name` says that a route names a host.
pub(crate) async fn begin(stream: Stream, peer: Peer, by_name: bool, limits: &Limits) -> Begun {
    let at = Instant::now();
    let mut begun = Begun { stream, name: None, awaits_handshake: false, peer, at };
    match (&begun.peer.tls, &mut begun.stream) {
        (Some(tls), _) => begun.name.clone_from(&tls.server_name),
        (None, Stream::Plain(plain)) if by_name => {
            // Who says nothing in time may wait for the service to speak.
            if let Ok(Hello::Whole(name)) = tokio::time::timeout(limits.header_timeout, read_hello(plain)).await {
                (begun.name, begun.awaits_handshake) = (name, true);
            }
        }
        (None, _) => {}
    }
    begun
}

/// Reads until it is clear whether there is a hello. What was read stays in front.
async fn read_hello(plain: &mut Plain) -> Hello {
    let mut before = std::mem::take(&mut plain.before);
    loop {
        match hello::parse(&before) {
            Hello::Partial if before.len() < hello::MAX => {}
            found => {
                plain.before = before;
                return found;
            }
        }
        // Into the stream at once: giving up in the middle must lose nothing.
        plain.before = before;
        let read = plain.read_more().await;
        before = std::mem::take(&mut plain.before);
        if !matches!(read, Ok(1..)) {
            plain.before = before;
            return Hello::Other;
        }
    }
}

/// Serves a connection to its end.
pub(crate) async fn serve(gateway: &Arc<Gateway>, listener: Arc<Listener>, address: &Address, begun: Begun) {
    let Begun { mut stream, peer, name, awaits_handshake, at } = begun;
    let (version, route) = find(gateway, address, name.as_deref());
    let (source, destination) = (peer.address, peer.local);
    let mut life = Life::new(gateway, &listener, &peer, name, at);
    life.notes.version = version;
    // A tunnel may last: what it needs of the listener it has.
    drop(listener);
    let Some((route, upstream)) = route else {
        life.refused(Reason::NoRoute.into());
        drop(life);
        return refuse(stream, awaits_handshake).await;
    };
    life.route = route;
    let caller = Caller { source, destination, server_name: life.name.as_deref(), id: &life.id };
    let mut stop = Stop::new(gateway);
    let opened = {
        let opening = pin!(upstream.open(&caller, &mut life.notes));
        stop.before_over(opening).await
    };
    match opened {
        None => stream.reset_on_close(),
        Some(Ok(opened)) => {
            life.opened();
            carry(&mut stream, opened, &mut life, upstream.idle_timeout(), &mut stop).await;
        }
        Some(Err(refusal)) => {
            life.refused(refusal);
            drop(life);
            refuse(stream, false).await;
        }
    }
}

/// The route of a connection, and where it leads to; before them the version of the configuration that says so.
fn find(gateway: &Gateway, address: &Address, name: Option<&str>) -> (u64, Option<(Arc<Route>, Arc<Upstream>)>) {
    let runtime = gateway.runtime();
    (runtime.version, look_up(&runtime, address, name))
}

fn look_up(runtime: &Runtime, address: &Address, name: Option<&str>) -> Option<(Arc<Route>, Arc<Upstream>)> {
    // A change may have come while the hello was awaited: the numbers of listeners are those of one configuration.
    let listener = *runtime.addresses.get(address)?;
    let (host, fields) = (name.unwrap_or_default(), Fields::default());
    let head = Head { listener, method: &Method::GET, host, path: "/", query: None, fields: &fields };
    let Outcome::Found { value, .. } = runtime.table.find(&head) else { return None };
    Some((Arc::clone(value), Arc::clone(value.tunnel.as_ref()?)))
}

/// Ends a connection that leads nowhere.
async fn refuse(mut stream: Stream, awaits_handshake: bool) {
    if awaits_handshake {
        let _ = stream.write_all(UNRECOGNIZED_NAME).await;
    }
    // With what the client goes on to send unread, closing would be a reset, which takes the alert along.
    pintle_http1::server::Connection::new(stream, bytes::BytesMut::new()).close().await;
}

/// Carries bytes until both sides have ended, one has failed, neither says anything for `idle`, or the gateway's time to stop
/// is over.
async fn carry(client: &mut Stream, mut opened: Opened, life: &mut Life, idle: Duration, stop: &mut Stop<'_>) {
    let (mut up, mut down) = (Way::default(), Way::default());
    let mut timer = Timer::new();
    timer.set(Instant::now() + idle);
    let end = poll_fn(|cx| {
        let before = (up.bytes, down.bytes);
        let upward = up.poll(client, &mut opened.stream, cx);
        let downward = down.poll(&mut opened.stream, client, cx);
        let moved = (up.bytes - before.0, down.bytes - before.1);
        if moved != (0, 0) {
            life.carried(moved.0, moved.1);
            timer.set(Instant::now() + idle);
        }
        if up.at_end || down.at_end {
            life.first.get_or_insert(if up.at_end { End::ClientClosed } else { End::UpstreamClosed });
        }
        match (upward, downward) {
            (Poll::Ready(Err(failed)), _) => {
                Poll::Ready(if failed == Failed::Sender { End::ClientReset } else { End::UpstreamReset })
            }
            (_, Poll::Ready(Err(failed))) => {
                Poll::Ready(if failed == Failed::Sender { End::UpstreamReset } else { End::ClientReset })
            }
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => Poll::Ready(life.first.unwrap_or(End::ClientClosed)),
            _ if stop.poll_over(cx).is_ready() => Poll::Ready(End::Drained),
            _ => timer.poll(cx).map(|()| End::Idle),
        }
    })
    .await;
    life.end = end;
    // What was cut on one side must not look whole on the other. A side that has been told of the end has had all.
    match end {
        End::ClientReset if !up.is_over => opened.stream.reset_on_close(),
        End::UpstreamReset if !down.is_over => client.reset_on_close(),
        End::Idle | End::Drained => {
            opened.stream.reset_on_close();
            client.reset_on_close();
        }
        _ => {}
    }
}
