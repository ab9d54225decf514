//! A service that does to each request what a function says.

use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};

/// What is done to a request.
pub(super) enum Act {
    /// Answers with this status and content, as JSON.
    Answer(u16, String),
    /// Resets the connection.
    Reset,
    /// Says nothing, until the other side goes.
    Hold,
}

/// The service; it ends when dropped.
pub(super) struct Played {
    address: SocketAddr,
    accepting: AbortHandle,
}

impl Played {
    /// `act` gets the target and the content of each request.
    pub(super) async fn start(act: impl Fn(&str, &str) -> Act + Clone + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let accepting = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, act.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Played { address, accepting: accepting.abort_handle() }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(mut stream: TcpStream, act: impl Fn(&str, &str) -> Act) {
    let _ = stream.set_nodelay(true);
    let mut come = Vec::new();
    loop {
        let Some((target, content)) = request(&mut stream, &mut come).await else { return };
        match act(&target, &content) {
            Act::Answer(status, text) => {
                let head = format!(
                    "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                    text.len()
                );
                if stream.write_all(&[head.as_bytes(), text.as_bytes()].concat()).await.is_err() {
                    return;
                }
            }
            Act::Reset => {
                let _ = stream.set_zero_linger();
                return;
            }
            Act::Hold => {
                let _ = stream.read_u8().await;
                return;
            }
        }
    }
}

/// The next request: its target and its content.
async fn request(stream: &mut TcpStream, come: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        if let Some(end) = come.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&come[..end]).into_owned();
            let field = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
            let length: usize = field.map_or(0, |field| field.trim().parse().expect("a length"));
            if come.len() >= end + 4 + length {
                let content = String::from_utf8_lossy(&come[end + 4..end + 4 + length]).into_owned();
                come.drain(..end + 4 + length);
                return Some((head.split(' ').nth(1).expect("a target").to_owned(), content));
            }
        }
        match stream.read_buf(come).await {
            Ok(read) if read > 0 => {}
            _ => return None,
        }
    }
}
