//! Making a socket to a syslog, which may take as long as names take to be looked up: on a thread of its own.

use super::super::super::syslog::Address;
use rustix::net::sockopt::set_tcp_user_timeout;
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;
use std::time::Duration;

/// How long one address may take to answer.
const CONNECT: Duration = Duration::from_secs(5);
/// How long what was sent may stay unacknowledged before the connection counts as broken, in milliseconds.
const UNACKNOWLEDGED: u32 = 30_000;

/// A socket that does not wait.
pub(super) enum Socket {
    Udp(UdpSocket),
    Tcp(TcpStream),
    UnixDatagram(UnixDatagram),
    UnixStream(UnixStream),
}

impl Address {
    /// Whether its name may lead to another address one day, without a connection that breaks then.
    pub(super) fn may_move(&self) -> bool {
        matches!(self, Address::Udp(host, _) if host.parse::<IpAddr>().is_err())
    }
}

impl Socket {
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Socket::Udp(socket) => socket.as_fd(),
            Socket::Tcp(socket) => socket.as_fd(),
            Socket::UnixDatagram(socket) => socket.as_fd(),
            Socket::UnixStream(socket) => socket.as_fd(),
        }
    }

    /// Whether bytes come in order and messages have no bounds.
    pub(super) fn is_connection(&self) -> bool {
        matches!(self, Socket::Tcp(_) | Socket::UnixStream(_))
    }

    /// Sends a message, or as much as the connection takes.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(self.as_fd(), bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)?)
    }

    /// Whether the other side has closed the connection: what is sent then goes nowhere, and nobody says so.
    pub(super) fn is_closed(&self) -> bool {
        let mut byte = [0];
        matches!(recv(self.as_fd(), &mut byte[..], RecvFlags::DONTWAIT), Ok((_, 0)))
    }
}

/// Has a socket made; whoever asks is woken when it is, or cannot be.
pub(super) fn connect(to: Address) -> io::Result<Receiver<io::Result<Socket>>> {
    let (sender, receiver) = sync_channel(1);
    let asker = thread::current();
    let run = move || {
        let _ = sender.send(make(&to));
        asker.unpark();
    };
    thread::Builder::new().name("syslog-connect".into()).spawn(run)?;
    Ok(receiver)
}

fn make(to: &Address) -> io::Result<Socket> {
    match to {
        Address::Udp(host, port) => first(&addresses(host, *port)?, |address| {
            let any: SocketAddr = if address.is_ipv4() { ([0; 4], 0).into() } else { ([0u16; 8], 0).into() };
            let socket = UdpSocket::bind(any)?;
            socket.connect(address)?;
            Ok(Socket::Udp(socket))
        }),
        Address::Tcp(host, port) => first(&addresses(host, *port)?, |address| {
            let socket = TcpStream::connect_timeout(&address, CONNECT)?;
            let _ = set_tcp_user_timeout(&socket, UNACKNOWLEDGED);
            Ok(Socket::Tcp(socket))
        }),
        Address::Unix(path) => unix(path),
    }
}

/// `/dev/log` mostly takes datagrams; where it does not, it is a stream.
fn unix(path: &Path) -> io::Result<Socket> {
    let socket = UnixDatagram::unbound()?;
    match socket.connect(path) {
        Ok(()) => Ok(Socket::UnixDatagram(socket)),
        Err(error) if rustix::io::Errno::from_io_error(&error) == Some(rustix::io::Errno::PROTOTYPE) => {
            UnixStream::connect(path).map(Socket::UnixStream)
        }
        Err(error) => Err(error),
    }
}

#[expect(clippy::disallowed_methods, reason = "it is this thread's task to wait for names")]
fn addresses(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    (host, port).to_socket_addrs().map(Iterator::collect)
}

fn first(addresses: &[SocketAddr], make: impl Fn(SocketAddr) -> io::Result<Socket>) -> io::Result<Socket> {
    let mut failed = io::Error::new(ErrorKind::NotFound, "its name has no address");
    for &address in addresses {
        match make(address) {
            Ok(socket) => return Ok(socket),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}
