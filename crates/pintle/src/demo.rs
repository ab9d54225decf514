//! `pintle demo`: the gateway with four small services inside the same program, from a configuration that can be changed
//! while it runs.

mod services;

use crate::run::{Around, run, say};
use pintle_config::Document;
use pintle_engine::Server;
use pintle_engine::socket::Address;
use std::collections::HashMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The one text of the demo's configuration.
const CONFIG: &str = include_str!("../../../examples/demo.yaml");
/// Where it lies in a checkout, and what it is called elsewhere.
const IN_CHECKOUT: &str = "examples/demo.yaml";
const ELSEWHERE: &str = "pintle-demo.yaml";
/// The port of the gateway in that text.
const GATEWAY: u16 = 8080;

/// Runs the demo until it is ended.
pub(crate) fn demo(config: Option<PathBuf>) -> ExitCode {
    let path = match config.map_or_else(find, Ok) {
        Ok(path) => path,
        Err(why) => {
            say(format_args!("error: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let mut ports = match services::start() {
        Ok(ports) => ports,
        Err(why) => {
            say(format_args!("error: the demo's services cannot be started: {why}"));
            return ExitCode::FAILURE;
        }
    };
    let Some(port) = free_port() else {
        say(format_args!("error: no port from {GATEWAY} on is free"));
        return ExitCode::FAILURE;
    };
    ports.insert(GATEWAY, port);
    let shown = path.clone();
    let around = Around {
        adjust: Some(Box::new(move |document| adjust(document, &ports))),
        ready: Some(Box::new(move |_: &Server| introduce(&shown, port))),
    };
    run(&path, None, around)
}

fn find() -> Result<PathBuf, String> {
    if Path::new(IN_CHECKOUT).is_file() {
        return Ok(IN_CHECKOUT.into());
    }
    if !Path::new(ELSEWHERE).exists() {
        std::fs::write(ELSEWHERE, CONFIG).map_err(|error| format!("{ELSEWHERE} cannot be written: {error}"))?;
    }
    Ok(ELSEWHERE.into())
}

/// The gateway's port, or the next one that nobody has.
fn free_port() -> Option<u16> {
    (GATEWAY..GATEWAY + 100).find(|&port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
}

/// Puts the ports that were free in place of those in the text.
fn adjust(document: &mut Document, ports: &HashMap<u16, u16>) {
    document.move_loopback_ports(ports);
}

fn introduce(path: &Path, port: u16) {
    let address = Address::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let taken = if port == GATEWAY { String::new() } else { format!(" ({GATEWAY} is taken)") };
    tell(format_args!("The gateway is at http://{address}{taken}. Its configuration is {}: change it", path.display()));
    tell(format_args!("while it runs, and the change is in force at once, or refused with what is wrong.\n"));
    tell(format_args!("Try, in another terminal:\n"));
    for (line, what) in [
        ("", "the static page"),
        ("/api/orders", "a list from the orders service"),
        ("/api/orders/7", "one order: `{id}` in the match"),
        ("/api/users/ada", "the users service, by another path of its own"),
        ("/home/ada", "one answer out of three services"),
        ("/old/orders", "a redirect (add -L to follow it)"),
        ("/nowhere", "a refusal: a problem document with a reason"),
    ] {
        tell(format_args!("  curl -i http://{address}{line:<18} # {what}"));
    }
    tell(format_args!(
        "  curl -X PUT http://{address}/rewards/off    # one of the three is off: /home/ada is partial, and says so"
    ));
    tell(format_args!("  curl -X PUT http://{address}/rewards/on     # and on again"));
    tell(format_args!(
        "  curl http://{address}/batch --json '{{\"requests\": [{{\"id\": \"1\", \"method\": \"get\", \"url\": \"/home/ada\"}}, \
         {{\"id\": \"2\", \"method\": \"get\", \"url\": \"/api/orders/7\"}}]}}'"
    ));
    tell(format_args!("  curl -i -X DELETE http://{address}/api/orders      # 405, and what is allowed"));
    tell(format_args!("  curl -i --http2-prior-knowledge http://{address}/api/orders/7   # the same over HTTP/2"));
    tell(format_args!("\nEvery request is one line here. Ctrl-C ends it.\n"));
}

/// Who no longer reads does not end the demo.
fn tell(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}
