//! The schema takes every configuration that loads, and marks mistakes that need no look at other keys.

mod schema {
    pub(crate) mod validate;
}

use pintle_config::load;
use pintle_core::config::{Reader, Severity, Sources};
use pintle_testkit::Folder;
use pintle_testkit::generate::Generator;
use schema::validate::{Schema, as_editors_read};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn marks(schema: &Schema, name: &str, text: &str) -> Vec<String> {
    let sources = Sources::from_text(name, text, &mut Reader::new());
    schema.marks(&as_editors_read(&sources.root))
}

fn schema() -> Schema {
    Schema::new(&pintle_config::schema())
}

#[test]
fn it_is_the_same_each_time_and_every_key_in_it_is_explained() {
    assert_eq!(pintle_config::schema(), pintle_config::schema());
    let unexplained = schema().unexplained();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
}

#[test]
fn what_loads_is_valid() {
    let schema = schema();
    let mut files = Vec::new();
    for folder in ["examples", "crates/core/src/config/tests/examples"] {
        let entries = fs::read_dir(root().join(folder)).expect("the folder is there");
        files.extend(entries.map(|entry| entry.expect("a file").path()));
    }
    let mut valid = 0;
    for file in &files {
        let checked = load(file);
        if checked.reader.diagnostics.iter().any(|one| one.severity == Severity::Error) {
            continue;
        }
        let text = fs::read_to_string(file).expect("it was read before");
        assert_eq!(marks(&schema, "example", &text), [""; 0], "{}", file.display());
        valid += 1;
    }
    assert!(valid >= 5, "{valid} of {} load", files.len());
}

#[test]
fn what_is_made_by_chance_is_valid() {
    let schema = schema();
    let folder = Folder::new();
    for seed in 0..50 {
        let text = Generator::new(seed).make().text;
        let checked = load(&folder.write("gateway.yaml", &text));
        assert!(!checked.reader.diagnostics.has_errors(), "seed {seed}");
        assert_eq!(marks(&schema, "generated", &text), [""; 0], "seed {seed}\n{text}");
    }
}

/// What is written in a way that a naive schema would mark.
#[test]
fn scalars_may_be_written_with_and_without_quotes() {
    let text = r#"
include: [conf.d/*.yaml]
listeners:
  - name: 8080
    address: [127.0.0.1:8080, "unix:/run/pintle.sock"]
    tls: {certificates: [{cert: a.pem, key: a.key}], min_version: 1.2}
  - {address: "[::1]:8443", tls: {certificates: [{cert: a.pem, key: a.key}], min_version: "1.3"}}
workers: 4
limits: {connections: "20000", streams: 100}
upstreams: {a: {endpoints: [127.0.0.1:9001, {address: 127.0.0.1:9002, weight: "3"}], balance: round_robin}}
policies: {five: {timeout: 5s}, marks: {headers: {response: {set: {x-version: 1.20, x-on: true}}}}}
routes:
  - match: {path: /a, query: {page: [1, 2]}, header: {x-debug: {present: "true"}}}
    labels: {tier: 1}
    policies: [five, {timeout: none}, {headers: {use: marks, request: {}}}, {body_limit: {use: five}}]
    proxy: {split: {a: 90, "http://127.0.0.1:9001": 10}}
  - {match: /b, redirect: {scheme: https, port: 8443, status: "308"}}
  - {match: /c, respond: {status: 200, body: {count: 1, list: [a, "${request.path}"]}}}
  - {match: /d, respond: {body: 12}}
telemetry: {access_log: none}
"#;
    assert_eq!(marks(&schema(), "quotes", text), [""; 0]);
}

/// Lines beside a listener and a route, each wrong in one place.
const WRONG: &[&str] = &[
    "rotues: []",
    "listener: {address: 127.0.0.1:8080}",
    "workers: many",
    "workers: 0",
    "admin: {adress: 127.0.0.1:9900}",
    "admin: {address: 9900}",
    "admin: {address: 127.0.0.1:9900, token: plain-text}",
    "admin: {address: 127.0.0.1:9900, token: {env: A, file: b}}",
    "limits: {body: 10}",
    "limits: {body: 10MB}",
    "limits: {timeout: {idle: 60}}",
    "limits: {timeout: {idle: 1 minute}}",
    "limits: {streams: many}",
    "limits: {header: {count: -1}}",
    "limits: []",
    "telemetry: {access_log: off}",
    "telemetry: {access_log: {format: xml}}",
    "cache: {}",
    "upstreams: [a]",
    "upstreams: {a: {}}",
    "upstreams: {a: {endpoints: 127.0.0.1:9001}}",
    "upstreams: {a: {endpoints: [{weight: 1}]}}",
    "upstreams: {a: {endpoints: [{address: 127.0.0.1:9001, weight: 0}]}}",
    "upstreams: {a: {endpoints: [], balance: fastest}}",
    "upstreams: {a: {endpoints: [], protocol: http3}}",
    "policies: {a: {timeout: 5}}",
    "policies: {a: {timeout: 5s, body_limit: 1MiB}}",
    "policies: {a: {}}",
    "routes: [{proxy: a}]",
    "routes: [{match: /, respond: {status: 99}}]",
    "routes: [{match: /, redirect: {status: 200}}]",
    "routes: [{match: /, redirect: {scheme: ftp}}]",
    "routes: [{match: {paths: /}, respond: {}}]",
    "routes: [{match: {header: {a: {regexp: b}}}, respond: {}}]",
    "routes: [{match: /, policies: [{timeout: {use: a, after: 5s}}], respond: {}}]",
    "routes: [{match: /, policies: {timeout: 5s}, respond: {}}]",
    "routes: [{match: /, proxy: {too: a}}]",
    "routes: [{match: /, proxy: {to: a, mirror: {to: b, share: 5}}}]",
    "routes: [{match: /**, routes: [{match: /a, respnod: {}}]}]",
    "routes:",
];

#[test]
fn what_is_wrong_is_marked() {
    let schema = schema();
    for text in WRONG {
        assert_ne!(marks(&schema, "wrong", text), [""; 0], "not marked: {text}");
    }
}
