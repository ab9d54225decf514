//! A well-behaved HTTP/2 client, on the `h2` crate.

use crate::ask::Ask;
use crate::message::{Answer, Fields, Head};
use crate::origin::reply::map;
use crate::tls::TlsClient;
use crate::wait::{until, within};
use crate::wire::Wire;
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use std::future::poll_fn;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::watch;

type Ended = Option<Result<(), String>>;

/// A client with one HTTP/2 connection. Copies share it.
#[derive(Clone)]
pub struct H2Client {
    requests: SendRequest<Bytes>,
    scheme: &'static str,
    ended: watch::Receiver<Ended>,
}

/// One stream of a connection: a request under way.
pub struct H2Stream {
    response: Option<ResponseFuture>,
    send: SendStream<Bytes>,
    receive: Option<RecvStream>,
}

impl H2Client {
    /// Connects in cleartext with prior knowledge (RFC 9113 3.3).
    pub async fn tcp(address: SocketAddr) -> Self {
        Self::over(Wire::tcp(address).await, &Builder::new()).await
    }

    /// Connects over TLS and offers `h2` alone.
    ///
    /// # Panics
    /// When the server does not take it.
    pub async fn tls(address: SocketAddr, tls: &TlsClient) -> Self {
        let wire = Wire::tls(address, &tls.clone().alpn(&["h2"])).await;
        assert_eq!(wire.alpn().as_deref(), Some("h2"));
        Self::over(wire, &Builder::new()).await
    }

    /// Speaks HTTP/2 on a connection, with settings of the test's choice.
    pub async fn over(wire: Wire, settings: &Builder) -> Self {
        let scheme = if wire.socket.tls().is_some() { "https" } else { "http" };
        let shaken = within("HTTP/2 to start", settings.handshake::<_, Bytes>(wire.socket)).await;
        let (requests, connection) = shaken.unwrap_or_else(|error| panic!("no HTTP/2: {error}"));
        let (end, ended) = watch::channel(None);
        tokio::spawn(async move {
            let result = connection.await.map_err(|error| error.to_string());
            let _ = end.send(Some(result));
        });
        H2Client { requests, scheme, ended }
    }

    /// Sends a request and reads its answer.
    ///
    /// # Panics
    /// When the stream or the connection fails.
    pub async fn ask(&self, ask: Ask) -> Answer {
        let described = format!("{} {}", ask.method, ask.target);
        self.try_ask(ask).await.unwrap_or_else(|error| panic!("{described}: {error}"))
    }

    /// Sends a GET and reads its answer.
    pub async fn get(&self, target: &str) -> Answer {
        self.ask(Ask::get(target)).await
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// When the stream is reset or the connection fails.
    pub async fn try_ask(&self, ask: Ask) -> Result<Answer, h2::Error> {
        self.send(&ask).await?.try_answer().await
    }

    /// Sends a whole request, and leaves its answer to be read.
    ///
    /// # Errors
    /// When the connection takes no more streams.
    pub async fn send(&self, ask: &Ask) -> Result<H2Stream, h2::Error> {
        let bodyless = ask.body.is_empty() && ask.trailers.0.is_empty() && ask.protocol.is_none();
        let mut stream = self.open(ask, bodyless).await?;
        if !bodyless {
            // Beside reading: a server may answer before it has all.
            let sending = async {
                stream.send_content(ask).await;
                stream
            };
            stream = within("the request's content to be taken", sending).await;
        }
        Ok(stream)
    }

    /// Opens a stream with the head of a request; `end` says that nothing follows.
    ///
    /// # Errors
    /// When the connection takes no more streams.
    pub async fn open(&self, ask: &Ask, end: bool) -> Result<H2Stream, h2::Error> {
        let mut requests = within("room for a stream", self.requests.clone().ready()).await?;
        if ask.protocol.is_some() {
            let asked = self.requests.clone();
            until("SETTINGS_ENABLE_CONNECT_PROTOCOL", async || {
                asked.is_extended_connect_protocol_enabled().then_some(())
            })
            .await;
        }
        let (response, send) = requests.send_request(ask.to_http(self.scheme), end)?;
        Ok(H2Stream { response: Some(response), send, receive: None })
    }

    /// Waits for the connection's end; an error tells a GOAWAY with an error code, or a broken connection.
    ///
    /// # Errors
    /// As said.
    pub async fn ended(&self) -> Result<(), String> {
        let mut ended = self.ended.clone();
        let result = within("the connection's end", ended.wait_for(Option::is_some)).await;
        result.ok().and_then(|result| result.clone()).unwrap_or_else(|| Err("the client was dropped".to_owned()))
    }
}

impl H2Stream {
    async fn send_content(&mut self, ask: &Ask) {
        let end = ask.trailers.0.is_empty();
        if self.try_write(&ask.body, end).await && !end {
            let _ = self.send.send_trailers(map(&ask.trailers));
        }
    }

    /// Sends data as the window allows; false when the stream was closed before all of it went out.
    pub async fn try_write(&mut self, bytes: &[u8], end: bool) -> bool {
        try_write(&mut self.send, bytes, end).await
    }

    /// Sends data as the window allows.
    ///
    /// # Panics
    /// When the stream was closed, or the window stays shut.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let all = within(format!("the window for {} bytes", bytes.len()), self.try_write(bytes, false)).await;
        assert!(all, "the stream was closed before {} bytes went out", bytes.len());
    }

    /// Says that nothing more follows.
    pub fn finish(&mut self) {
        let _ = self.send.send_data(Bytes::new(), true);
    }

    /// Resets the stream.
    pub fn reset(mut self, reason: Reason) {
        self.send.send_reset(reason);
    }

    /// Waits for the other side to reset the stream.
    ///
    /// # Errors
    /// When the connection fails.
    pub async fn was_reset(&mut self) -> Result<Reason, h2::Error> {
        within("a reset of the stream", poll_fn(|context| self.send.poll_reset(context))).await
    }

    /// Waits for the next interim answer.
    ///
    /// # Panics
    /// When the final one comes instead.
    pub async fn interim(&mut self) -> Head {
        let response = self.response.as_mut().unwrap_or_else(|| panic!("the head was read before"));
        let interim = within("an interim answer", poll_fn(|context| response.poll_informational(context))).await;
        match interim {
            Some(Ok(interim)) => {
                Head { line: format!("HTTP/1.1 {}", interim.status()), fields: interim.headers().into() }
            }
            other => panic!("{other:?} instead of an interim answer"),
        }
    }

    /// Reads the head of the answer, with the interim ones before it; the body is empty yet.
    ///
    /// # Errors
    /// When the stream is reset or the connection fails.
    pub async fn head(&mut self) -> Result<Answer, h2::Error> {
        let mut answer = Answer::default();
        let mut response = self.response.take().unwrap_or_else(|| panic!("the head was read before"));
        let interim = async {
            while let Some(interim) = poll_fn(|context| response.poll_informational(context)).await {
                let interim = interim?;
                let line = format!("HTTP/2 {}", interim.status());
                answer.interim.push(Head { line, fields: interim.headers().into() });
            }
            response.await
        };
        let response = within("the head of an answer", interim).await?;
        answer.status = response.status().as_u16();
        answer.fields = response.headers().into();
        self.receive = Some(response.into_body());
        Ok(answer)
    }

    /// Reads the next piece of data, and gives its room back; none at the end.
    ///
    /// # Errors
    /// When the stream is reset or the connection fails.
    pub async fn data(&mut self) -> Option<Result<Bytes, h2::Error>> {
        let receive = self.receive.as_mut().unwrap_or_else(|| panic!("read the head first"));
        let data = within("data", receive.data()).await;
        if let Some(Ok(data)) = &data {
            let _ = receive.flow_control().release_capacity(data.len());
        }
        data
    }

    /// Reads the trailers, after all data.
    ///
    /// # Errors
    /// When the stream is reset or the connection fails.
    pub async fn trailers(&mut self) -> Result<Fields, h2::Error> {
        let receive = self.receive.as_mut().unwrap_or_else(|| panic!("read the head first"));
        let trailers = within("trailers", receive.trailers()).await?;
        Ok(trailers.as_ref().map(Fields::from).unwrap_or_default())
    }

    /// Reads the whole answer.
    ///
    /// # Errors
    /// When the stream is reset or the connection fails before its end.
    pub async fn try_answer(mut self) -> Result<Answer, h2::Error> {
        let mut answer = self.head().await?;
        while let Some(data) = self.data().await {
            answer.body.extend(data?);
        }
        answer.trailers = self.trailers().await?;
        Ok(answer)
    }

    /// The stream as bytes to read and write, for a tunnel; its head must have been read.
    pub fn into_io(self) -> DuplexStream {
        io_of(self.send, self.receive.unwrap_or_else(|| panic!("read the head first")))
    }
}

/// Both halves of a stream as bytes to read and write.
pub(crate) fn io_of(mut send: SendStream<Bytes>, mut receive: RecvStream) -> DuplexStream {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let (mut from, mut into) = tokio::io::split(theirs);
    tokio::spawn(async move {
        while let Some(Ok(data)) = receive.data().await {
            let _ = receive.flow_control().release_capacity(data.len());
            if into.write_all(&data).await.is_err() {
                return;
            }
        }
        let _ = into.shutdown().await;
    });
    tokio::spawn(async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read) = from.read(&mut buffer).await {
            if !try_write(&mut send, &buffer[..read], read == 0).await || read == 0 {
                return;
            }
        }
    });
    ours
}

/// Sends data as the window allows; false when the stream was closed before all of it went out.
async fn try_write(send: &mut SendStream<Bytes>, bytes: &[u8], end: bool) -> bool {
    let mut rest = Bytes::copy_from_slice(bytes);
    while !rest.is_empty() {
        send.reserve_capacity(rest.len());
        let Some(Ok(room)) = poll_fn(|context| send.poll_capacity(context)).await else { return false };
        let last = end && room >= rest.len();
        if send.send_data(rest.split_to(room.min(rest.len())), last).is_err() {
            return false;
        }
    }
    !(end && bytes.is_empty()) || send.send_data(Bytes::new(), true).is_ok()
}
