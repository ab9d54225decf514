//! Opening the sockets of one address, and asking beforehand whether another program has it.

use super::holder::{self, Holder};
use super::{Address, Socket};
use socket2::{Domain, Protocol, Type};
use std::fs;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

/// How many connections may wait to be accepted on each socket; Linux cuts it to `net.core.somaxconn`.
const BACKLOG: i32 = 4096;

/// The sockets of one address. Closing the last descriptor of one drops what waits in its queue.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) local: Address,
    sockets: Vec<Socket>,
    /// Takes the file away when the group goes; after the sockets, in the order of the fields.
    _file: Option<SocketFile>,
}

impl Group {
    /// Opens a socket for each worker, or one unix socket.
    pub(super) fn open(address: &Address, workers: usize) -> Result<Self, String> {
        match address {
            Address::Tcp(wanted) => Self::tcp(*wanted, workers).map_err(|error| explain(*wanted, &error)),
            Address::AnyPort(ip, _) => {
                let wanted = SocketAddr::new(*ip, 0);
                Self::tcp(wanted, workers).map_err(|error| explain(wanted, &error))
            }
            Address::Unix(path) => Self::unix(path).map_err(|error| format!("cannot listen there: {error}")),
        }
    }

    fn tcp(wanted: SocketAddr, workers: usize) -> io::Result<Self> {
        let first = listen(wanted)?;
        let local = first.local_addr()?;
        let mut sockets = vec![Socket::Tcp(first)];
        for _ in 1..workers {
            sockets.push(Socket::Tcp(listen(local)?));
        }
        Ok(Group { local: Address::Tcp(local), sockets, _file: None })
    }

    fn unix(path: &Path) -> io::Result<Self> {
        let socket = UnixListener::bind(path)?;
        let file = SocketFile::at(path)?;
        socket.set_nonblocking(true)?;
        // The standard library's backlog is 128; listening again only changes that.
        socket2::SockRef::from(&socket).listen(BACKLOG)?;
        let local = Address::Unix(path.to_owned());
        Ok(Group { local, sockets: vec![Socket::Unix(socket)], _file: Some(file) })
    }

    /// A descriptor of its own for each worker.
    pub(super) fn handles(&self, workers: usize) -> io::Result<Vec<Socket>> {
        self.sockets.iter().cycle().take(workers).map(Socket::try_clone).collect()
    }
}

impl Socket {
    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Socket::Tcp(socket) => socket.try_clone().map(Socket::Tcp),
            Socket::Unix(socket) => socket.try_clone().map(Socket::Unix),
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // Connections of an earlier run in TIME_WAIT don't stand in the way.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Asks whether the address can be had. With SO_REUSEPORT another program's address binds silently, and the two share
/// its connections: so this asks once without it.
pub(super) fn probe(address: &Address) -> Result<(), String> {
    match address {
        Address::AnyPort(..) => Ok(()),
        Address::Tcp(address) => match bind_alone(*address) {
            Ok(()) => Ok(()),
            // Our own wildcard, or a listener of ours that goes with this very change.
            Err(error) if error.kind() == ErrorKind::AddrInUse && holder::of(*address) == Holder::Ourselves => Ok(()),
            Err(error) => Err(explain(*address, &error)),
        },
        Address::Unix(path) => clear(path),
    }
}

fn bind_alone(address: SocketAddr) -> io::Result<()> {
    let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())
}

fn explain(address: SocketAddr, error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => match holder::of(address) {
            Holder::Other(Some(program)) => format!("is taken by another program: {program}"),
            Holder::Other(None) | Holder::Ourselves => "is taken by another program".to_owned(),
        },
        ErrorKind::AddrNotAvailable => "no interface of this machine has this address".to_owned(),
        ErrorKind::PermissionDenied if address.port() < 1024 => {
            "ports below 1024 need the capability CAP_NET_BIND_SERVICE, or the sysctl net.ipv4.ip_unprivileged_port_start"
                .to_owned()
        }
        _ if address.is_ipv6() && error.raw_os_error() == Some(EAFNOSUPPORT) => "this machine has no IPv6".to_owned(),
        _ => format!("cannot listen there: {error}"),
    }
}

const EAFNOSUPPORT: i32 = 97;

/// Takes away the socket that a program which is gone left at the path.
fn clear(path: &Path) -> Result<(), String> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return has_directory(path),
        Err(error) => return Err(format!("cannot look there: {error}")),
    };
    if !there.file_type().is_socket() {
        return Err("there is something that is no socket; remove it or choose another path".to_owned());
    }
    match UnixStream::connect(path) {
        Ok(_) => Err("is taken by another program".to_owned()),
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|error| format!("a socket was left there, and it cannot be removed: {error}"))
        }
        // EAGAIN: its queue is full, so somebody has it.
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err("is taken by another program".to_owned()),
        Err(error) => Err(format!("a socket is there, and whose it is cannot be told: {error}")),
    }
}

fn has_directory(path: &Path) -> Result<(), String> {
    match path.parent() {
        Some(directory) if !directory.as_os_str().is_empty() && !directory.is_dir() => {
            Err(format!("the directory {} is not there", directory.display()))
        }
        _ => Ok(()),
    }
}

/// The file of a unix socket of ours, known by its inode: another program may have put its own there since.
#[derive(Debug)]
struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl SocketFile {
    fn at(path: &Path) -> io::Result<Self> {
        Ok(SocketFile { path: path.to_owned(), inode: inode(path)? })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if inode(&self.path).is_ok_and(|now| now == self.inode) {
            // If it cannot be removed it is stale, and the next start removes it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}
