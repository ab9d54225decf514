//! A connection read and written by hand: the test is one side of it, byte by byte.

use crate::message::{Head, latin1};
use crate::socket::Socket;
use crate::tls::TlsClient;
use crate::wait::within;
use bytes::{Bytes, BytesMut};
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The other side said that it has no more to send (FIN, close_notify).
    Closed,
    /// It was cut off: RST, or TLS without close_notify.
    Reset,
}

/// A connection whose bytes the test reads and writes itself.
#[derive(Debug)]
pub struct Wire {
    pub(crate) socket: Socket,
    pub(crate) buffer: BytesMut,
}

impl From<Socket> for Wire {
    fn from(socket: Socket) -> Self {
        Wire { socket, buffer: BytesMut::new() }
    }
}

impl Wire {
    /// Connects over TCP.
    pub async fn tcp(address: SocketAddr) -> Self {
        let stream = within(format!("a connection to {address}"), TcpStream::connect(address)).await;
        let stream = stream.unwrap_or_else(|error| panic!("no connection to {address}: {error}"));
        let _ = stream.set_nodelay(true);
        Socket::Tcp(stream).into()
    }

    /// Connects to a unix socket.
    pub async fn unix(path: &Path) -> Self {
        let stream = within(format!("a connection to {}", path.display()), UnixStream::connect(path)).await;
        Socket::Unix(stream.unwrap_or_else(|error| panic!("no connection to {}: {error}", path.display()))).into()
    }

    /// Connects over TLS.
    pub async fn tls(address: SocketAddr, tls: &TlsClient) -> Self {
        tls.connect(address).await.unwrap_or_else(|error| panic!("no TLS with {address}: {error}"))
    }

    /// Goes on over TLS on this connection, for what is sent before a handshake (PROXY protocol).
    ///
    /// # Errors
    /// Those of the handshake.
    pub async fn start_tls(self, tls: &TlsClient) -> io::Result<Self> {
        match self.socket {
            Socket::Tcp(stream) => tls.over(stream).await,
            Socket::Unix(_) | Socket::Tls(_) => panic!("TLS starts on TCP alone"),
        }
    }

    /// Sends bytes, all of them.
    ///
    /// # Panics
    /// When the connection is broken, or nobody reads for too long.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let bytes = bytes.as_ref();
        let start = latin1(bytes.get(..60).unwrap_or(bytes));
        self.try_write(bytes).await.unwrap_or_else(|error| panic!("cannot send {start:?}…: {error}"));
    }

    /// Sends bytes, all of them, to a side that may have closed.
    ///
    /// # Errors
    /// When it has.
    pub async fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let bytes = bytes.as_ref();
        let writing = async {
            self.socket.write_all(bytes).await?;
            self.socket.flush().await
        };
        within(format!("room to send {} bytes", bytes.len()), writing).await
    }

    /// Sends until the other side takes no more for a while, `most` bytes at most; gives how many went out. This is
    /// how back-pressure is seen: a bound, not a hang.
    pub async fn flood(&mut self, most: usize) -> usize {
        self.flood_of(&[b'x'; 16 * 1024], most).await
    }

    /// The same with this piece, over and over.
    pub async fn flood_of(&mut self, piece: &[u8], most: usize) -> usize {
        let mut sent = 0;
        while sent < most {
            let at = sent % piece.len();
            let some = &piece[at..piece.len().min(at + most - sent)];
            match tokio::time::timeout(std::time::Duration::from_millis(300), self.socket.write(some)).await {
                Ok(Ok(written)) => sent += written,
                Ok(Err(_)) | Err(_) => break,
            }
        }
        sent
    }

    async fn fill(&mut self) -> io::Result<usize> {
        self.socket.read_buf(&mut self.buffer).await
    }

    /// Reads some more into the buffer; what is missing is in the message when nothing comes.
    pub(crate) async fn more(&mut self, what: &str) {
        let had = latin1(&self.buffer);
        let read = within(format!("{what}; so far there is {had:?}"), self.fill()).await;
        match read {
            Ok(0) => panic!("closed before {what}; so far there is {had:?}"),
            Ok(_) => {}
            Err(error) => panic!("{error} before {what}; so far there is {had:?}"),
        }
    }

    /// Reads the head of an HTTP/1 message, strictly.
    ///
    /// # Panics
    /// When the connection ends before, or the head is malformed.
    pub async fn head(&mut self) -> Head {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let text = self.buffer.split_to(end + 4);
                return Head::parse(&text[..end]).unwrap_or_else(|error| panic!("{error} in {:?}", latin1(&text)));
            }
            self.more("the end of a head").await;
        }
    }

    /// Reads exactly so many bytes.
    pub async fn read(&mut self, count: usize) -> Bytes {
        while self.buffer.len() < count {
            self.more(&format!("{count} bytes")).await;
        }
        self.buffer.split_to(count).freeze()
    }

    /// Reads whatever comes next, at least one byte.
    pub async fn some(&mut self) -> Bytes {
        if self.buffer.is_empty() {
            self.more("any byte").await;
        }
        self.buffer.split().freeze()
    }

    /// Reads up to CRLF and gives the line without it.
    pub async fn line(&mut self) -> String {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line = self.buffer.split_to(end + 2);
                return latin1(&line[..end]);
            }
            self.more("the end of a line").await;
        }
    }

    /// Reads all that comes until the connection ends, and how it ended.
    pub async fn to_end(&mut self) -> (Bytes, End) {
        let end = loop {
            let had = self.buffer.len();
            match within(format!("the connection's end; so far {had} bytes came"), self.fill()).await {
                Ok(0) => break End::Closed,
                Ok(_) => {}
                Err(_) => break End::Reset,
            }
        };
        (self.buffer.split().freeze(), end)
    }

    /// Waits for the connection's end, and takes no byte before it.
    ///
    /// # Panics
    /// When there is one.
    pub async fn ended(&mut self) -> End {
        let (rest, end) = self.to_end().await;
        assert!(rest.is_empty(), "more before the end: {:?}", latin1(rest.get(..2000).unwrap_or(&rest)));
        end
    }

    /// What has come so far and was not read, without waiting.
    pub async fn so_far(&mut self) -> Bytes {
        while let Ok(Ok(read)) = tokio::time::timeout(std::time::Duration::ZERO, self.fill()).await {
            if read == 0 {
                break;
            }
        }
        self.buffer.split().freeze()
    }

    /// Says that no more will be sent, and goes on reading.
    pub async fn half_close(&mut self) {
        self.socket.shutdown().await.unwrap_or_else(|error| panic!("cannot close one way: {error}"));
    }

    /// Cuts the connection off with RST (SO_LINGER 0).
    ///
    /// # Panics
    /// On a unix socket, which has no such thing.
    pub fn reset(self) {
        let stream = self.socket.tcp().unwrap_or_else(|| panic!("a unix socket has no reset"));
        stream.set_zero_linger().unwrap_or_else(|error| panic!("no reset: {error}"));
    }

    /// The address of this side.
    pub fn local(&self) -> SocketAddr {
        let address = self.socket.tcp().and_then(|stream| stream.local_addr().ok());
        address.unwrap_or_else(|| panic!("a unix socket has no address"))
    }

    /// The certificate that the other side has shown, in DER; none without TLS.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.socket.tls()?.get_ref().1.peer_certificates()?.first().map(|certificate| certificate.to_vec())
    }

    /// The protocol agreed on in the TLS handshake.
    pub fn alpn(&self) -> Option<String> {
        self.socket.tls()?.get_ref().1.alpn_protocol().map(latin1)
    }

    /// Whether the TLS session was resumed.
    pub fn resumed(&self) -> bool {
        let kind = self.socket.tls().and_then(|stream| stream.get_ref().1.handshake_kind());
        kind == Some(rustls::HandshakeKind::Resumed)
    }
}
