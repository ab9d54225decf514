//! Records as messages of syslog: who sends, how bad it is, and the bound of a message. How messages travel is in
//! `link.rs`.

use super::lines::Lines;
use super::style::Subject;
use crate::stamp::Stamp;
use pintle_core::config::Read;
use std::fmt;
use std::path::PathBuf;
use std::time::SystemTime;

/// How long a message may be over UDP, in bytes, unless the configuration says more: what every receiver should take
/// (RFC 5426 3.2).
pub(super) const DATAGRAM: usize = 2048;
/// The same over the rest: what rsyslog takes unless it is told more.
pub(super) const MESSAGE: usize = 8192;

/// A syslog, and what its messages say of their sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Syslog {
    /// Where it is.
    pub address: Address,
    /// What kind of program sends.
    pub facility: Facility,
    /// What it is called.
    pub app_name: String,
    /// The form of a message.
    pub form: Form,
    /// How long a message may be, in bytes.
    pub max_size: usize,
}

/// Where a syslog is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// `syslog://HOST:PORT`: one datagram a message (RFC 5426).
    Udp(String, u16),
    /// `syslog+tcp://HOST:PORT`: each message after its length (RFC 6587 3.4.1).
    Tcp(String, u16),
    /// `syslog+unix:PATH`: a socket of this machine.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bracketed = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        match self {
            Address::Udp(host, port) => write!(f, "syslog://{}:{port}", bracketed(host)),
            Address::Tcp(host, port) => write!(f, "syslog+tcp://{}:{port}", bracketed(host)),
            Address::Unix(path) => write!(f, "syslog+unix:{}", path.display()),
        }
    }
}

/// The form of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Form {
    /// RFC 5424, with time, host and process.
    Rfc5424,
    /// What programs write by `syslog(3)`: `<134>pintle[1234]: …`. journald, and rsyslog as distributions set it up,
    /// understand nothing else on `/dev/log`.
    Local,
}

macro_rules! facilities {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal),+ $(,)?) => {
        /// What kind of program sends a message (RFC 5424 6.2.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
        #[read(word)]
        pub enum Facility { $($(#[doc = $doc])+ $name),+ }

        impl Facility {
            fn code(self) -> u8 {
                match self { $(Facility::$name => $code),+ }
            }
        }
    };
}

facilities! {
    /// A program of a user.
    User = 1,
    /// A service of the system.
    Daemon = 3,
    /// What is about security.
    Auth = 4,
    /// The log itself.
    Syslog = 5,
    /// What is about security, and not for all eyes.
    Authpriv = 10,
    /// For whatever the site decides; so are the others.
    Local0 = 16,
    /// Local use.
    Local1 = 17,
    /// Local use.
    Local2 = 18,
    /// Local use.
    Local3 = 19,
    /// Local use.
    Local4 = 20,
    /// Local use.
    Local5 = 21,
    /// Local use.
    Local6 = 22,
    /// Local use.
    Local7 = 23,
}

/// How bad it is, by the numbers of RFC 5424 6.2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Severity {
    Error = 3,
    Warning = 4,
    Info = 6,
}

impl Severity {
    /// A 5xx is an error, so is a gRPC status that says as much; a 4xx is a warning, and so is whatever the gateway answered
    /// itself or that was cut.
    fn of(subject: &Subject<'_>) -> Severity {
        match subject {
            Subject::Request(record) if record.status >= 500 => Severity::Error,
            // UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
            Subject::Request(record) if matches!(record.grpc_status, Some(2 | 4 | 12..=15)) => Severity::Error,
            Subject::Request(record) if record.status >= 400 || record.is_error() => Severity::Warning,
            Subject::Tunnel(record) if record.is_error() => Severity::Warning,
            _ => Severity::Info,
        }
    }
}

/// What stands before each record, as far as it is known beforehand.
#[derive(Debug)]
pub(super) struct Head {
    facility: u8,
    form: Form,
    /// RFC 5424: host, name and process, between the time and the message's kind. Else: name and process.
    sender: Box<[u8]>,
    /// How long a message may be.
    pub(super) most: usize,
}

impl Head {
    pub(super) fn new(syslog: &Syslog) -> Head {
        let (name, process) = (&syslog.app_name, std::process::id());
        let sender = match syslog.form {
            Form::Rfc5424 => format!(" {} {name} {process} ", hostname()),
            Form::Local => format!("{name}[{process}]: "),
        };
        Head {
            facility: syslog.facility.code(),
            form: syslog.form,
            sender: sender.into_bytes().into(),
            most: syslog.max_size,
        }
    }

    /// Appends what stands before the record. The text that follows is UTF-8, and has no BOM before it, which programs that
    /// read JSON do not expect (MSG-ANY of RFC 5424 6.4).
    pub(super) fn write(&self, out: &mut Lines, stamp: &mut Stamp, subject: &Subject<'_>) {
        let (time, kind): (SystemTime, &[u8]) = match subject {
            Subject::Request(record) => (record.time, b"access"),
            Subject::Tunnel(record) => (record.time, b"tunnel"),
        };
        out.push(b'<');
        out.number(u64::from(self.facility) * 8 + Severity::of(subject) as u64);
        out.push(b'>');
        if self.form == Form::Rfc5424 {
            out.put(b"1 ");
            out.put(stamp.rfc3339(time));
        }
        out.append(&self.sender);
        if self.form == Form::Rfc5424 {
            out.append(kind);
            out.put(b" - ");
        }
    }
}

/// The machine's name as RFC 5424 6.2.4 takes it, `-` where there is none.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(char::is_ascii_graphic).take(255).collect();
    if name.is_empty() { "-".into() } else { name }
}
