//! WebSocket (RFC 6455) on both sides of the gateway, framed by tungstenite.

use crate::ask::Ask;
use crate::h2::client::{H2Stream, io_of};
use crate::message::{Fields, Head};
use crate::wait::within;
use crate::wire::Wire;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::fmt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::Role;

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// One end of a WebSocket.
pub struct WebSocket {
    stream: WebSocketStream<Box<dyn Io>>,
}

/// The key of RFC 6455 1.3, and what must come back for it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

impl WebSocket {
    /// The request that upgrades an HTTP/1.1 connection.
    pub fn upgrade(target: &str) -> Ask {
        Ask::get(target)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", KEY)
    }

    /// Upgrades a connection; gives the head of the answer too.
    ///
    /// # Panics
    /// When the answer is not a right 101 (RFC 6455 4.1).
    pub async fn connect(mut wire: Wire, upgrade: Ask) -> (Self, Head) {
        wire.write(upgrade.to_h1()).await;
        let head = wire.head().await;
        assert_eq!(head.status(), 101, "{head:?}");
        assert_eq!(head.get("sec-websocket-accept"), Some(ACCEPT), "{head:?}");
        assert_eq!(head.get("upgrade").map(str::to_ascii_lowercase).as_deref(), Some("websocket"), "{head:?}");
        let stream: Box<dyn Io> = Box::new(wire.socket);
        let stream = WebSocketStream::from_partially_read(stream, wire.buffer.to_vec(), Role::Client, None).await;
        (WebSocket { stream }, head)
    }

    /// A WebSocket over an HTTP/2 stream whose extended CONNECT was answered with 200 (RFC 8441).
    pub async fn over(stream: H2Stream) -> Self {
        let stream: Box<dyn Io> = Box::new(stream.into_io());
        WebSocket { stream: WebSocketStream::from_raw_socket(stream, Role::Client, None).await }
    }

    /// Accepts one as a service does; gives the head of the request too.
    ///
    /// # Panics
    /// When the request is not a right upgrade (RFC 6455 4.2.1).
    pub async fn accept(wire: Wire) -> (Self, Head) {
        assert!(wire.buffer.is_empty(), "the request was read before");
        let mut head = Head::default();
        #[expect(clippy::result_large_err, reason = "the form that tungstenite wants")]
        let look = |request: &Request, response: Response| {
            head.line = format!("{} {} HTTP/1.1", request.method(), request.uri());
            head.fields = Fields::from(request.headers());
            Ok(response)
        };
        let stream: Box<dyn Io> = Box::new(wire.socket);
        let accepting = within("an upgrade to WebSocket", tokio_tungstenite::accept_hdr_async(stream, look)).await;
        let stream = accepting.unwrap_or_else(|error| panic!("not an upgrade to WebSocket: {error}"));
        (WebSocket { stream }, head)
    }

    /// Accepts one as a service does that speaks HTTP/2 (RFC 8441); gives the head of the request too.
    ///
    /// # Panics
    /// When the request is not a right extended CONNECT.
    pub async fn accept_h2(wire: Wire) -> (Self, Head) {
        let mut settings = h2::server::Builder::new();
        let shaking = settings.enable_connect_protocol().handshake::<_, Bytes>(wire.socket);
        let shaken = within("HTTP/2 to start", shaking).await;
        let mut connection = shaken.unwrap_or_else(|error| panic!("no HTTP/2: {error}"));
        let accepted = within("a request", connection.accept()).await;
        let Some(Ok((request, mut respond))) = accepted else { panic!("no request") };
        tokio::spawn(async move { while let Some(Ok(_)) = connection.accept().await {} });
        let (parts, receive) = request.into_parts();
        let protocol = parts.extensions.get::<h2::ext::Protocol>().map(|protocol| protocol.as_str().to_owned());
        assert_eq!((parts.method.as_str(), protocol.as_deref()), ("CONNECT", Some("websocket")));
        assert!(!parts.headers.contains_key("sec-websocket-key"), "{:?}", parts.headers);
        let line = format!("CONNECT {} HTTP/2", parts.uri.path_and_query().map_or("", |target| target.as_str()));
        let head = Head { line, fields: Fields::from(&parts.headers) };
        let send = respond.send_response(http::Response::new(()), false);
        let send = send.unwrap_or_else(|error| panic!("no answer: {error}"));
        let stream: Box<dyn Io> = Box::new(io_of(send, receive));
        (WebSocket { stream: WebSocketStream::from_raw_socket(stream, Role::Server, None).await }, head)
    }

    /// Speaks HTTP/2 on a connection, as a service that does not allow extended CONNECT and answers nothing.
    pub async fn not_over_h2(wire: Wire) {
        let shaken = within("HTTP/2 to start", h2::server::handshake(wire.socket)).await;
        let mut connection = shaken.unwrap_or_else(|error| panic!("no HTTP/2: {error}"));
        tokio::spawn(async move { while let Some(Ok(_)) = connection.accept().await {} });
    }

    /// Sends a text.
    pub async fn say(&mut self, text: &str) {
        self.send(Message::text(text)).await;
    }

    /// Sends bytes.
    pub async fn say_bytes(&mut self, bytes: &[u8]) {
        self.send(Message::binary(bytes.to_vec())).await;
    }

    async fn send(&mut self, message: Message) {
        let sent = within("room for a message", self.stream.send(message)).await;
        sent.unwrap_or_else(|error| panic!("cannot send a message: {error}"));
    }

    /// Receives a text or bytes; none when the other side has closed in order.
    ///
    /// # Panics
    /// When the connection breaks without a close frame.
    pub async fn hear(&mut self) -> Option<Vec<u8>> {
        loop {
            match within("a message", self.stream.next()).await {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    return Some(message.into_data().to_vec());
                }
                Some(Ok(Message::Close(_))) | None => return None,
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("the WebSocket broke: {error}"),
            }
        }
    }

    /// Waits for the other side to close, and gives the code that it says.
    ///
    /// # Panics
    /// When it says something else, or breaks off.
    pub async fn closed(&mut self) -> Option<u16> {
        match within("a close frame", self.stream.next()).await {
            Some(Ok(Message::Close(said))) => said.map(|said| said.code.into()),
            other => panic!("{other:?} instead of a close frame"),
        }
    }

    /// Receives a text.
    pub async fn hear_text(&mut self) -> String {
        let bytes = self.hear().await.unwrap_or_else(|| panic!("closed instead of a message"));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until the connection has ended, in order or not.
    pub async fn gone(&mut self) {
        while let Some(Ok(_)) = within("the WebSocket's end", self.stream.next()).await {}
    }

    /// Closes in order and waits for the other side to agree.
    pub async fn close(mut self) {
        let _ = within("room for a close", self.stream.close(None)).await;
        self.gone().await;
    }

    /// Sends back what it hears until the other side closes.
    pub async fn echo(mut self) {
        while let Some(Ok(message)) = self.stream.next().await {
            if !(message.is_text() || message.is_binary()) {
                continue;
            }
            if self.stream.send(message).await.is_err() {
                return;
            }
        }
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebSocket")
    }
}
