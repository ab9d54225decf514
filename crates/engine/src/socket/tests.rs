use super::*;
use std::io::{BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn remedy(text: &str) -> String {
    text.parse::<Address>().unwrap_err().to_string()
}

/// Plans and commits; the real address of the first that was opened.
fn open(sockets: &mut Sockets, wanted: &[Address]) -> Change {
    let plan = sockets.plan(wanted).unwrap();
    sockets.commit(plan).unwrap()
}

fn at(ip: &str, like: &Address) -> Address {
    Address::Tcp(SocketAddr::new(ip.parse().unwrap(), like.tcp().unwrap().port()))
}

fn connects(address: &Address) -> bool {
    TcpStream::connect(address.tcp().unwrap()).is_ok()
}

/// An empty directory, gone with the value.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pintle-socket-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn socket(&self) -> Address {
        Address::Unix(self.0.join("gate.sock"))
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn path(address: &Address) -> &std::path::Path {
    match address {
        Address::Unix(path) => path,
        Address::Tcp(_) | Address::AnyPort(..) => panic!("no path"),
    }
}

#[test]
fn addresses_are_read_and_written_alike() {
    for text in ["127.0.0.1:8080", "[::]:8443", "0.0.0.0:80", "[fe80::1%2]:80", "unix:/run/pintle.sock", "127.0.0.1:0"]
    {
        assert_eq!(address(text).to_string(), text);
    }
    assert_eq!(address("unix:a.sock").relative_to("/etc".as_ref()), address("unix:/etc/a.sock"));
}

#[test]
fn other_texts_get_the_remedy() {
    let everywhere = "say where: 127.0.0.1:8080 is this machine alone, 0.0.0.0:8080 all of IPv4, [::]:8080 all of IPv6";
    assert_eq!(remedy(":8080"), everywhere);
    assert_eq!(remedy("*:8080"), everywhere);
    assert_eq!(remedy("8080"), everywhere);
    assert_eq!(remedy("localhost:80"), "names are not looked up here; write 127.0.0.1:80 or [::1]:80");
    assert_eq!(remedy("a.test:80"), "a.test is no IP address, and names are not looked up here");
    assert_eq!(remedy("::1"), "the port is missing, as in [::1]:8080");
    assert_eq!(remedy("127.0.0.1"), "the port is missing, as in 127.0.0.1:8080");
    assert_eq!(remedy("fe80::1:zz"), "an address is an IP address and a port, or unix: and a path");
    assert_eq!(remedy("fe80::1:2:3:4:5:6:80"), "an IPv6 address stands in brackets: [fe80::1:2:3:4:5:6]:80");
    assert_eq!(remedy("http://127.0.0.1:80/"), "an address has no scheme; write 127.0.0.1:80 instead of http://…");
    assert_eq!(remedy("/run/a.sock"), "a unix socket is written unix:/run/a.sock");
    assert_eq!(remedy("[::ffff:127.0.0.1]:80"), "an IPv4 address is written as such: 127.0.0.1:80");
    assert!(remedy("unix:").contains("path of the socket"));
    assert!(remedy("unix:@a").contains("abstract"));
    assert!(remedy(&format!("unix:/{}", "a".repeat(107))).contains("at most 107 bytes"));
    assert_eq!(remedy("127.0.0.1:99999"), "99999 is no port: the highest is 65535");
    assert_eq!(remedy("::1:8080"), "an IPv6 address stands in brackets: [::1]:8080");
}

#[test]
fn all_workers_share_the_port_that_was_picked() {
    let mut sockets = Sockets::new(3);
    let change = open(&mut sockets, &[address("127.0.0.1:0")]);
    let [opened] = &change.opened[..] else { panic!("{change:?}") };
    assert_eq!(opened.workers.len(), 3);
    assert_ne!(opened.local.tcp().unwrap().port(), 0);
    for worker in &opened.workers {
        let Socket::Tcp(worker) = worker else { panic!("{worker:?}") };
        assert_eq!(Address::Tcp(worker.local_addr().unwrap()), opened.local);
    }
    assert_eq!(sockets.addresses().collect::<Vec<_>>(), [(&address("127.0.0.1:0"), &opened.local)]);
}

#[test]
fn port_0_is_another_port_for_each_number() {
    let (any, mut sockets) = (address("127.0.0.1:0"), Sockets::new(1));
    let change = open(&mut sockets, &[any.numbered(0), any.numbered(1), any.numbered(1)]);
    let [first, second] = &change.opened[..] else { panic!("{change:?}") };
    assert_ne!(first.local, second.local);
    // The other one stays when one goes.
    let change = open(&mut sockets, &[any.numbered(1)]);
    assert_eq!((change.opened.len(), change.removed), (0, vec![any.numbered(0)]));
    assert_eq!(address("127.0.0.1:80").numbered(7), address("127.0.0.1:80"));
}

#[test]
fn accepted_connections_have_nodelay() {
    let mut sockets = Sockets::new(1);
    let change = open(&mut sockets, &[address("127.0.0.1:0")]);
    let _client = TcpStream::connect(change.opened[0].local.tcp().unwrap()).unwrap();
    let Socket::Tcp(worker) = &change.opened[0].workers[0] else { panic!() };
    worker.set_nonblocking(false).unwrap();
    assert!(worker.accept().unwrap().0.nodelay().unwrap());
}

/// Another process that listens with SO_REUSEPORT: this very test program, asked for the one test below.
struct OtherProgram(std::process::Child, u16);

impl OtherProgram {
    fn start() -> Self {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "--ignored", "--nocapture", "socket::tests::the_other_program"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let lines = io::BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| line.split_once("port=")?.1.parse().ok());
        OtherProgram(child, port.unwrap())
    }
}

impl Drop for OtherProgram {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

#[test]
#[ignore = "is the other program of the test below"]
fn the_other_program() {
    let opened = open(&mut Sockets::new(1), &[address("127.0.0.1:0")]).opened.remove(0);
    let mut out = io::stdout();
    writeln!(out, "\nport={}", opened.local.tcp().unwrap().port()).unwrap();
    let _ = io::stdin().read(&mut [0]);
}

#[test]
fn an_address_of_another_program_is_refused_though_it_shares_its_port() {
    let other = OtherProgram::start();
    let own = [address(&format!("0.0.0.0:{}", other.1)), address(&format!("127.0.0.1:{}", other.1))];
    let errors = Sockets::new(2).plan(&[own[0].clone(), own[1].clone(), address("127.0.0.1:0")]).unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:?}");
    for (error, address) in errors.iter().zip(&own) {
        assert_eq!(&error.address, address);
        assert!(error.message.starts_with("is taken by another program: pintle_engine"), "{error:?}");
        assert!(error.message.ends_with(&format!("(process {})", other.0.id())), "{error:?}");
    }
}

#[test]
fn an_own_wildcard_is_no_conflict_with_an_own_address() {
    let mut sockets = Sockets::new(2);
    let wildcard = open(&mut sockets, &[address("0.0.0.0:0")]).opened.remove(0);
    let (specific, v6) = (at("127.0.0.2", &wildcard.local), at("::", &wildcard.local));
    // On a reload the probe fails on our own wildcard.
    let change = open(&mut sockets, &[address("0.0.0.0:0"), specific.clone(), v6.clone()]);
    assert_eq!(change.opened.iter().map(|o| &o.address).collect::<Vec<_>>(), [&specific, &v6]);
    assert_eq!(change.removed, []);
    drop((wildcard, change));
    // The same two, from the start.
    let wildcard = at("0.0.0.0", &specific);
    drop(sockets);
    let mut sockets = Sockets::new(2);
    assert_eq!(open(&mut sockets, &[wildcard, specific, v6]).opened.len(), 3);
}

// Rule: change-kept
#[test]
fn a_socket_that_stays_keeps_its_queue() {
    let mut sockets = Sockets::new(1);
    let wanted = [address("127.0.0.1:0")];
    let opened = open(&mut sockets, &wanted).opened.remove(0);
    let local = opened.local.clone();
    drop(opened);
    let client = TcpStream::connect(local.tcp().unwrap()).unwrap();
    let again = open(&mut sockets, &wanted);
    assert_eq!((again.opened.len(), again.removed.len()), (0, 0));
    client.set_nonblocking(true).unwrap();
    assert_eq!((&client).read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock, "not reset");
}

#[test]
fn a_removed_address_ends_with_its_workers_descriptors() {
    let mut sockets = Sockets::new(1);
    let opened = open(&mut sockets, &[address("127.0.0.1:0")]).opened.remove(0);
    let waiting = TcpStream::connect(opened.local.tcp().unwrap()).unwrap();
    let change = open(&mut sockets, &[]);
    assert_eq!(change.removed, [address("127.0.0.1:0")]);
    let Socket::Tcp(worker) = &opened.workers[0] else { panic!() };
    assert_eq!(worker.accept().unwrap().1, waiting.local_addr().unwrap());
    assert_eq!(worker.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let local = opened.local.clone();
    drop(opened);
    assert!(!connects(&local));
}

#[test]
fn a_plan_that_fails_or_is_dropped_changes_nothing() {
    let directory = Directory::new("plan");
    let sockets = Sockets::new(1);
    let plan = sockets.plan(&[directory.socket()]).unwrap();
    assert!(path(&directory.socket()).exists());
    drop(plan);
    assert!(!path(&directory.socket()).exists());
    let elsewhere = address("192.0.2.1:0");
    let errors = sockets.plan(&[elsewhere.clone(), directory.socket()]).unwrap_err();
    let message = "no interface of this machine has this address".to_owned();
    assert_eq!(errors, [BindError { address: elsewhere, message }]);
    assert!(!path(&directory.socket()).exists());
}

#[test]
fn a_stale_unix_socket_is_replaced_and_a_live_one_is_not() {
    let directory = Directory::new("stale");
    let wanted = [directory.socket()];
    drop(UnixListener::bind(path(&wanted[0])).unwrap());
    assert!(path(&wanted[0]).exists());
    let mut sockets = Sockets::new(2);
    let change = open(&mut sockets, &wanted);
    assert_eq!(change.opened[0].workers.len(), 2);
    UnixStream::connect(path(&wanted[0])).unwrap();
    let errors = Sockets::new(1).plan(&wanted).unwrap_err();
    assert_eq!(errors[0].message, "is taken by another program");
    drop((sockets, change));
    assert!(!path(&wanted[0]).exists());
}

#[test]
fn a_file_is_not_taken_for_a_socket() {
    let directory = Directory::new("file");
    std::fs::write(path(&directory.socket()), "").unwrap();
    let missing = Address::Unix(directory.0.join("none/gate.sock"));
    let errors = Sockets::new(1).plan(&[directory.socket(), missing]).unwrap_err();
    assert_eq!(errors[0].message, "there is something that is no socket; remove it or choose another path");
    assert!(errors[1].message.ends_with("/none is not there"), "{errors:?}");
}

#[test]
fn a_configuration_names_addresses() {
    use pintle_core::config::{Map, Read, Reader, Sources};
    let mut reader = Reader::new();
    let sources = Sources::from_text("gateway.yaml", "{a: \"[::]:80\", b: unix:/a.sock, c: \":8080\"}", &mut reader);
    assert_eq!(Map::<Address>::read(&sources.root, &mut reader), None);
    let said: Vec<_> = reader.diagnostics.iter().map(|one| (one.message.clone(), one.help.clone())).collect();
    let message = "expected an address such as 127.0.0.1:8080, [::]:8443 or unix:/path, found `:8080`".to_owned();
    assert_eq!(said, [(message, Some(remedy(":8080")))]);
}
