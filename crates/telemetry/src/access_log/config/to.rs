//! `to`: a word, a path, the URL of a syslog, or a map with one.

use super::super::Sink;
use super::super::syslog::{self, Address, Facility, Form, Syslog};
use pintle_core::config::{ByteSize, ConfigPath, Grammar, Node, Read, Reader, Shape, Text};
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

const EXPECTED: &str = "`stdout`, `stderr`, a file's path, `syslog`, or the URL of a syslog";
/// Where syslog is on nearly every machine.
const LOCAL: &str = "/dev/log";
/// The ports of syslog over UDP (RFC 5426 3.3) and of messages with their lengths (syslog-conn).
const UDP_PORT: u16 = 514;
const TCP_PORT: u16 = 601;
/// What every receiver should take (RFC 5426 3.2), and what a datagram can be.
const SIZES: RangeInclusive<usize> = 2048..=65_000;

/// Where lines go.
#[derive(Debug, Read)]
#[read(forms, expected = "`stdout`, `stderr`, a file's path, `syslog`, the URL of a syslog, or a map with `syslog`")]
enum To {
    /// `stdout`, `stderr`, or a file's path. `syslog` is the one of this machine, `/dev/log`, in the form `local`;
    /// `syslog://HOST[:514]` one that is reached over UDP, `syslog+tcp://HOST[:601]` over TCP, `syslog+unix:PATH` over a unix
    /// socket, all in the form `rfc5424`.
    #[read(text)]
    Text(Plain),
    /// A syslog, and what its messages say.
    #[read(map)]
    Syslog(SyslogConfig),
}

/// A syslog, and what its messages say.
#[derive(Debug, Read)]
#[read(called = "to", check)]
struct SyslogConfig {
    /// Where it is: `syslog://HOST[:514]` (UDP, RFC 5426), `syslog+tcp://HOST[:601]` (each message after its length, RFC 6587
    /// 3.4.1), `syslog+unix:PATH`.
    syslog: SyslogUrl,
    /// What kind of program sends (RFC 5424 6.2.1).
    #[read(default = "local0")]
    facility: Facility,
    /// What messages are by (APP-NAME): up to 48 visible letters.
    #[read(default = "pintle")]
    app_name: AppName,
    /// The form of a message.
    #[read(default = "rfc5424")]
    form: Form,
    /// How long a message may be, its head included: 2KiB over UDP (RFC 5426 3.2) and 8KiB else, unless this says otherwise. In a
    /// line that would be longer values are cut, in the end labels and `fields` left out, and `pintle.cut` is true.
    max_size: Option<ByteSize>,
}

impl SyslogConfig {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        if self.form == Form::Local && !matches!(self.syslog.0, Address::Unix(_)) {
            let help = "it has neither time nor host, and is for a socket of this machine: `syslog+unix:/dev/log`";
            reader.expected("the form `rfc5424`", node.get("form").unwrap_or(node), help);
            return None;
        }
        match self.max_size {
            Some(size) if !SIZES.contains(&size.in_memory()) => {
                reader.expected("a size from 2KiB to 65000B", node.get("max_size").unwrap_or(node), "");
                None
            }
            _ => Some(self),
        }
    }

    fn built(self) -> Syslog {
        let SyslogConfig { syslog, facility, app_name, form, max_size } = self;
        let usual = match syslog.0 {
            Address::Udp(..) => syslog::DATAGRAM,
            Address::Tcp(..) | Address::Unix(_) => syslog::MESSAGE,
        };
        let max_size = max_size.map_or(usual, ByteSize::in_memory);
        Syslog { address: syslog.0, facility, app_name: app_name.0, form, max_size }
    }
}

/// A syslog of whose messages nothing is said.
fn plain(address: Address, form: Form) -> Sink {
    let app_name = AppName("pintle".into());
    let facility = Facility::Local0;
    let config = SyslogConfig { syslog: SyslogUrl(address), facility, app_name, form, max_size: None };
    Sink::Syslog(Box::new(config.built()))
}

impl Read for Sink {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        To::read(node, reader).map(|to| match to {
            To::Text(Plain(sink)) => sink,
            To::Syslog(config) => Sink::Syslog(Box::new(config.built())),
        })
    }

    fn shape() -> Shape {
        To::shape()
    }
}

/// `to` in one word.
#[derive(Debug)]
struct Plain(Sink);

impl Read for Plain {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let sink = match node.as_text().unwrap_or_default() {
            "stdout" => Sink::Stdout,
            "stderr" => Sink::Stderr,
            "syslog" => plain(Address::Unix(PathBuf::from(LOCAL)), Form::Local),
            "none" => {
                reader.expected(EXPECTED, node, "`access_log: none` switches the log off");
                return None;
            }
            url if is_url(url) => match SyslogUrl::parse(url) {
                Ok(url) => plain(url.0, Form::Rfc5424),
                Err(help) => {
                    reader.expected(EXPECTED, node, help);
                    return None;
                }
            },
            _ => Sink::File(ConfigPath::read(node, reader)?.to_path_buf()),
        };
        Some(Plain(sink))
    }

    fn shape() -> Shape {
        Shape::Text { name: "Sink", doc: "Where lines go.", expected: EXPECTED, grammar: Grammar::Free }
    }
}

/// Whether a text is meant as a URL, and as no file's path.
fn is_url(text: &str) -> bool {
    text.contains("://") || ["syslog:", "syslog+", "unix:", "udp:", "tcp:"].iter().any(|start| text.starts_with(start))
}

/// Where a syslog is.
#[derive(Debug, Read)]
#[read(text, expected = "the URL of a syslog such as syslog://10.0.0.5:514")]
struct SyslogUrl(Address);

impl Text for SyslogUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = text.split_once(':').filter(|_| is_url(text)) else {
            let help = match text.starts_with('/') {
                true => format!("write `syslog+unix:{text}`"),
                false => format!("write `syslog://{text}`, or `syslog+tcp://{text}`"),
            };
            return Err(help);
        };
        let network = |usual| host_and_port(rest.strip_prefix("//").unwrap_or(rest), usual);
        let address = match scheme {
            "syslog" | "syslog+udp" => network(UDP_PORT).map(|(host, port)| Address::Udp(host, port))?,
            "syslog+tcp" => network(TCP_PORT).map(|(host, port)| Address::Tcp(host, port))?,
            "syslog+unix" => {
                let path = rest.strip_prefix("//").unwrap_or(rest);
                if !path.starts_with('/') {
                    return Err("a socket is named by its whole path: syslog+unix:/dev/log".into());
                }
                Address::Unix(PathBuf::from(path))
            }
            "syslog+tls" | "syslogs" => {
                return Err(
                    "TLS to a syslog is not there yet: send to one on this machine, and have that send it on".into()
                );
            }
            "udp" | "unix" | "tcp" => return Err(format!("write `{}{rest}`", scheme_for(scheme))),
            _ => return Err("there are `syslog://`, `syslog+tcp://` and `syslog+unix:`".into()),
        };
        Ok(SyslogUrl(address))
    }
}

/// What stands for a scheme that names the way alone.
fn scheme_for(way: &str) -> &'static str {
    match way {
        "udp" => "syslog:",
        "tcp" => "syslog+tcp:",
        _ => "syslog+unix:",
    }
}

fn host_and_port(text: &str, usual: u16) -> Result<(String, u16), String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').unwrap_or(""))),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_host = !host.is_empty() && host.bytes().all(is_name) || host.parse::<IpAddr>().is_ok();
    if !is_host {
        return Err("a host and a port: syslog://10.0.0.5:514, syslog+tcp://logs.example:601".into());
    }
    let port = match port {
        None => usual,
        Some(port) => port.parse().ok().filter(|&port| port > 0).ok_or("a port is a number from 1 to 65535")?,
    };
    Ok((host.to_owned(), port))
}

/// What messages are by.
#[derive(Debug, Read)]
#[read(text, expected = "a name of up to 48 visible letters")]
struct AppName(String);

impl Text for AppName {
    fn parse(text: &str) -> Result<Self, String> {
        let is_fit = (1..=48).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_fit.then(|| AppName(text.to_owned())).ok_or_else(|| "ASCII without spaces (RFC 5424 6.2.5)".into())
    }
}
