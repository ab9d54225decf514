//! Two readers of HTTP/1.1 that nobody here wrote: nginx and Node's llhttp. Each keeps a list of what it understood.

use pintle_testkit::{Ask, Folder, H1Client, Program, Signal};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// Whose address requests through the gateway come from.
const GATEWAY: &str = "127.0.0.1";

/// A request as an origin read it, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    /// The gateway's own name for it, which it has sent along.
    pub(super) id: String,
    pub(super) method: String,
    pub(super) target: String,
    pub(super) host: String,
    /// Method and path as the gateway understood them, which it has sent along.
    pub(super) seen: String,
    pub(super) length: usize,
    /// All of the content, or its hash.
    pub(super) content: String,
    /// All names of fields, where the origin tells them.
    pub(super) names: Vec<String>,
    /// Who has sent it: the gateway, or a client without it.
    pub(super) peer: String,
}

/// What an origin got: requests that it read whole, and ids of those that it refused (empty where there was none).
#[derive(Debug, Default)]
pub(super) struct Got {
    pub(super) read: Vec<Read>,
    pub(super) refused: Vec<(String, String)>,
    refused_direct: Vec<String>,
}

/// What an origin got without the gateway.
#[derive(Debug, Default)]
pub(super) struct Direct {
    pub(super) read: Vec<Read>,
    /// Who sent something that it refused, or left before its answer.
    pub(super) refused: Vec<String>,
}

impl Got {
    /// Takes out what did not come through the gateway.
    pub(super) fn take_direct(&mut self) -> Direct {
        let (through, read) = std::mem::take(&mut self.read).into_iter().partition(|read| read.peer == GATEWAY);
        self.read = through;
        Direct { read, refused: std::mem::take(&mut self.refused_direct) }
    }
}

/// Node, with an origin and a port to ask for what it got.
pub(super) struct Node {
    _program: Program,
    _folder: Folder,
    pub(super) address: SocketAddr,
    asked: SocketAddr,
}

impl Node {
    pub(super) async fn start() -> Option<Self> {
        let folder = Folder::new();
        folder.write("origin.js", include_str!("origin.js"));
        let program = Program::start("node", "nodejs", &["origin.js"], &folder)?;
        let ports = program.told("its ports", |line| {
            let (origin, asked) = line.strip_prefix("ports ")?.split_once(' ')?;
            Some([origin.parse::<u16>().ok()?, asked.parse().ok()?])
        });
        let [address, asked] = ports.await.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Some(Node { _program: program, _folder: folder, address, asked })
    }

    pub(super) async fn got(&self) -> Got {
        let answer = H1Client::tcp(self.asked).await.ask(Ask::get("/")).await;
        let mut got = Got::default();
        for entry in answer.json().as_array().into_iter().flatten() {
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            if !entry["refused"].is_null() && text("peer") != GATEWAY {
                got.refused_direct.push(text("peer"));
                continue;
            }
            if !entry["refused"].is_null() {
                let raw = text("raw");
                let id = raw.split("x-request-id: ").nth(1).and_then(|rest| rest.get(..32)).unwrap_or_default();
                got.refused.push((id.to_owned(), format!("{} {raw:?}", text("refused"))));
                continue;
            }
            let fields: Vec<&str> =
                entry["fields"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let field = |name: &str| {
                let found = fields.chunks(2).find(|pair| pair[0].eq_ignore_ascii_case(name));
                found.map(|pair| pair[1].to_owned()).unwrap_or_default()
            };
            got.read.push(Read {
                id: field("x-request-id"),
                method: text("method"),
                target: text("target"),
                host: field("host"),
                seen: field("x-seen"),
                length: entry["length"].as_u64().unwrap_or_default() as usize,
                content: text("hash"),
                names: fields.chunks(2).map(|pair| pair[0].to_ascii_lowercase()).collect(),
                peer: text("peer"),
            });
        }
        got
    }
}

/// nginx, which reads requests whole, since it sends them on, to itself, and logs what it read.
pub(super) struct Nginx {
    program: Program,
    folder: Folder,
    pub(super) address: SocketAddr,
}

impl Nginx {
    pub(super) async fn start() -> Option<Self> {
        let folder = Folder::new();
        // It can't choose its port itself; another program may take this one meanwhile, then there is a next.
        for _ in 0..5 {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr());
            let address = free.unwrap_or_else(|error| panic!("no port: {error}"));
            let config = include_str!("nginx.conf");
            let config = config.replace("ADDRESS", &address.to_string());
            folder.write("nginx.conf", config.replace("FOLDER", &folder.path().display().to_string()));
            let place = folder.path().display().to_string();
            let args = ["-p", &place, "-e", "error.log", "-c", "nginx.conf"];
            let program = Program::start("nginx", "nginx-light", &args, &folder)?;
            let mut here = false;
            pintle_testkit::until("nginx to listen or to end", async || {
                here = tokio::net::TcpStream::connect(address).await.is_ok();
                (here || !program.runs()).then_some(())
            })
            .await;
            if here && program.runs() {
                return Some(Nginx { program, folder, address });
            }
        }
        panic!("nginx does not start: {:?}", std::fs::read_to_string(folder.at("error.log")));
    }

    /// Ends it, so that its log is whole, and gives what is in there.
    pub(super) async fn got(&self) -> Got {
        self.program.signal(Signal::QUIT);
        self.program.ended().await;
        let log = std::fs::read(self.folder.at("seen.log")).unwrap_or_default();
        let mut got = Got::default();
        for line in log.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            // Bytes above ASCII stand there as they came: each becomes the character of its number.
            let line: String = line.iter().map(|&byte| char::from(byte)).collect();
            let entry: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
            let content = text("content");
            match entry["status"].as_u64() {
                Some(200) => got.read.push(Read {
                    id: text("id"),
                    method: text("method"),
                    target: text("target"),
                    host: text("host"),
                    seen: text("seen"),
                    length: content.chars().count(),
                    content,
                    names: Vec::new(),
                    peer: text("peer"),
                }),
                _ if text("peer") != GATEWAY => got.refused_direct.push(text("peer")),
                // The gateway went away while it waited.
                Some(499) => {}
                _ => got.refused.push((text("id"), text("line"))),
            }
        }
        got
    }
}
