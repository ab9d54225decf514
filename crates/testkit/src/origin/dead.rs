//! Addresses behind which nobody is. They stay taken, so that no other test gets them meanwhile.

use super::raw::RawOrigin;
use socket2::{Domain, SockAddr, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

fn bound() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap_or_else(|error| panic!("no socket: {error}"));
    let any = SockAddr::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any).unwrap_or_else(|error| panic!("no port: {error}"));
    let address = socket.local_addr().ok().and_then(|address| address.as_socket());
    (socket, address.unwrap_or_else(|| panic!("no address")))
}

/// An address that refuses every connection.
pub struct Unreachable {
    socket: Socket,
    address: SocketAddr,
}

impl Unreachable {
    /// Takes a port and does not listen on it.
    pub fn new() -> Self {
        let (socket, address) = bound();
        Unreachable { socket, address }
    }

    /// Somebody comes, and takes connections there.
    pub fn open(self) -> RawOrigin {
        self.socket.listen(16).unwrap_or_else(|error| panic!("cannot listen: {error}"));
        RawOrigin::of(self.socket.into())
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Default for Unreachable {
    fn default() -> Self {
        Unreachable::new()
    }
}

/// An address that neither takes nor refuses a connection: its queue is full.
pub struct Silent {
    _socket: Socket,
    _queued: Vec<Socket>,
    address: SocketAddr,
}

impl Silent {
    /// Takes a port and fills its queue, after which Linux drops what comes.
    pub fn new() -> Self {
        let (socket, address) = bound();
        socket.listen(0).unwrap_or_else(|error| panic!("cannot listen: {error}"));
        let mut queued = Vec::new();
        for _ in 0..3 {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap_or_else(|error| panic!("{error}"));
            let _ = client.set_nonblocking(true);
            let _ = client.connect(&address.into());
            queued.push(client);
        }
        Silent { _socket: socket, _queued: queued, address }
    }

    /// The address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Default for Silent {
    fn default() -> Self {
        Silent::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::ErrorKind;
    use std::net::TcpStream;
    use std::time::Duration;

    #[test]
    fn one_refuses_and_the_other_says_nothing() {
        let refusing = Unreachable::new();
        let error = TcpStream::connect(refusing.address()).expect_err("nobody listens");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);

        let silent = Silent::new();
        let error = TcpStream::connect_timeout(&silent.address(), Duration::from_millis(100)).expect_err("it is full");
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    }
}
