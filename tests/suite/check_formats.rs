//! How `pintle check` tells what it found to programs and code hosts, and what it leaves alone.

use crate::check::START;
use pintle_testkit::{Finished, Folder, pintle};
use serde_json::Value;

const DOUBTFUL: &str =
    "upstreams: {a: {endpoints: [127.0.0.1:9001]}}\nroutes: [{match: /**, respond: {status: 200}}]\n";

async fn check(folder: &Folder, arguments: &[&str]) -> Finished {
    let arguments: Vec<&str> = ["check"].iter().chain(arguments).copied().collect();
    pintle(folder.path(), &arguments).await
}

fn parsed(ended: &Finished) -> Value {
    assert_eq!(ended.stderr, "", "all of it is on standard output");
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stdout))
}

#[tokio::test]
async fn warnings_fail_the_check_where_they_are_denied() {
    let folder = Folder::new();
    folder.write("pintle.yaml", format!("{START}{DOUBTFUL}"));
    let ended = check(&folder, &["pintle.yaml"]).await;
    assert_eq!((ended.code, ended.stdout.trim_end()), (Some(0), "pintle.yaml: good, 1 route"), "{ended:?}");
    assert!(ended.stderr.contains("warning[unused-upstream]"), "{ended:?}");
    let ended = check(&folder, &["--deny", "warnings", "pintle.yaml"]).await;
    assert_eq!((ended.code, ended.stdout.trim_end()), (Some(1), ""), "{ended:?}");
    assert!(ended.stderr.contains("refused, because warnings are denied"), "{ended:?}");
    for format in ["json", "sarif"] {
        assert_eq!(check(&folder, &["--format", format, "pintle.yaml"]).await.code, Some(0));
        assert_eq!(check(&folder, &["--format", format, "--deny", "warnings", "pintle.yaml"]).await.code, Some(1));
    }
    assert_eq!(check(&folder, &["--deny", "everything", "pintle.yaml"]).await.code, Some(2));
}

#[tokio::test]
async fn json_is_one_object_for_all_files() {
    let folder = Folder::new();
    let wrong = "include: [more.yaml]\nroutes: [{match: /é, respond: {}, polcies: []}]\n";
    folder.write("pintle.yaml", format!("{START}{wrong}"));
    folder.write("more.yaml", "upstreams: {a: {endpoints: [127.0.0.1:9001]}}\nupstreams: {}\n");
    folder.write("other.yaml", format!("{START}{DOUBTFUL}"));
    let ended = check(&folder, &["--format", "json", "pintle.yaml", "other.yaml"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let all = parsed(&ended);
    let number = |key: &str| all[key].as_u64();
    assert_eq!([number("version"), number("errors"), number("warnings"), number("more")], [1, 2, 1, 0].map(Some));
    let good = serde_json::json!({"file": "other.yaml", "good": true, "routes": 1});
    assert_eq!(all["files"][1], good);
    assert_eq!(all["files"][0]["good"], false);
    let first = serde_json::json!({
        "severity": "error", "code": "unknown-key", "message": "unknown key `polcies`", "file": "pintle.yaml",
        "line": 4, "column": 35, "end_line": 4, "end_column": 42,
        "label": "not known in a route", "help": "did you mean `policies`?", "also": [],
    });
    assert_eq!(all["messages"][0], first, "{all}");
    let also = serde_json::json!([{
        "file": "more.yaml", "line": 1, "column": 1, "end_line": 1, "end_column": 10, "label": "first here",
    }]);
    assert_eq!(all["messages"][1]["also"], also, "{all}");
    assert_eq!(all["messages"][2]["severity"], "warning");
    assert_eq!(all["messages"][2]["label"], Value::Null);
}

#[tokio::test]
async fn sarif_has_what_code_hosts_ask_for() {
    let folder = Folder::new();
    let twice = "routes: [{match: /a, respnd: {}}, {match: /b, respnd: {}}]\n";
    folder.write("conf/a b.yaml", format!("{START}{twice}"));
    let ended = check(&folder, &["--format", "sarif", "conf/a b.yaml"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let log = parsed(&ended);
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "unknown-key");
    assert_eq!(run["tool"]["driver"]["rules"][0]["shortDescription"]["text"], "A key is not known here.");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), 2, "{log}");
    for (result, column) in results.iter().zip([22, 47]) {
        assert_eq!((&result["ruleId"], &result["level"]), (&"unknown-key".into(), &"error".into()));
        assert_eq!(
            run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("a number") as usize]["id"],
            "unknown-key"
        );
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "conf/a%20b.yaml");
        assert_eq!((&place["region"]["startLine"], &place["region"]["startColumn"]), (&3.into(), &column.into()));
    }
    let print = |at: usize| results[at]["partialFingerprints"]["pintle/v1"].as_str().expect("a fingerprint").to_owned();
    assert_ne!(print(0), print(1), "two slips stay two");
    // Lines that are added above change no fingerprint.
    folder.write("conf/a b.yaml", format!("# more\n\n{START}{twice}"));
    let moved = parsed(&check(&folder, &["--format", "sarif", "conf/a b.yaml"]).await);
    assert_eq!(moved["runs"][0]["results"][0]["partialFingerprints"]["pintle/v1"].as_str(), Some(&*print(0)));
}

#[tokio::test]
async fn a_secret_is_in_no_format() {
    let folder = Folder::new();
    let admin = "admin: {address: 127.0.0.1:9900, token: hunter2, tokn: hunter2}\nroutes: [{match: /, proxy: 'http://a:hunter2@b'}]\n";
    folder.write("pintle.yaml", format!("{START}{admin}"));
    for format in ["text", "json", "sarif"] {
        let ended = check(&folder, &["--format", format, "pintle.yaml"]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("hunter2"), "{ended:?}");
    }
}

#[tokio::test]
async fn nothing_is_made_opened_or_asked() {
    let folder = Folder::new();
    // Taken by somebody else, so that whoever listens there would fail.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let config = format!(
        "listeners: [{{address: ['127.0.0.1:{port}', 'unix:door.sock']}}]
telemetry: {{access_log: {{to: logs/access.log}}}}
admin: {{address: 'unix:admin.sock'}}
upstreams: {{far: {{endpoints: ['no-such-host.invalid:80']}}}}
routes: [{{match: /**, proxy: far}}]
"
    );
    folder.write("pintle.yaml", config);
    let ended = check(&folder, &["pintle.yaml"]).await;
    assert_eq!((ended.code, &*ended.stderr), (Some(0), ""), "{ended:?}");
    let left: Vec<_> = folder.path().read_dir().expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["pintle.yaml"]);
}

#[tokio::test]
async fn a_huge_line_is_told_of_at_once_and_in_part() {
    let folder = Folder::new();
    let long = "x".repeat(3_000_000);
    folder.write("pintle.yaml", format!("{START}routes: [{{match: /, respond: {{body: {long}, staus: 200}}}}]\n"));
    let ended = check(&folder, &["pintle.yaml"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.len() < 5000, "{} bytes", ended.stderr.len());
    assert!(
        ended.stderr.contains("pintle.yaml:3:3000039") && ended.stderr.contains("did you mean `status`?"),
        "{}",
        ended.stderr
    );
}
