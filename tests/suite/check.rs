//! `pintle check`: every mistake at once, each with its place, a mark under it and the remedy.

use crate::example::example;
use pintle_testkit::{Certificates, Finished, Folder, Gateway, pintle};

pub(crate) const START: &str = "listeners:\n  - address: 127.0.0.1:8080\n";

async fn checked(folder: &Folder) -> Finished {
    pintle(folder.path(), &["check", "pintle.yaml"]).await
}

/// Checks one configuration.
async fn check(config: &str) -> Finished {
    let folder = Folder::new();
    folder.write("pintle.yaml", config);
    checked(&folder).await
}

/// Checks that a configuration is refused, with all these parts in what is said.
pub(crate) async fn refused(config: &str, parts: &[&str]) {
    let ended = check(config).await;
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, Some(1), "{config}\n{said}");
    for part in parts {
        assert!(said.contains(part), "no {part:?} for\n{config}\n{said}");
    }
}

#[tokio::test]
async fn what_is_right_is_taken() {
    let ended = check(&format!("{START}routes:\n  - match: /**\n    proxy: http://127.0.0.1:9001\n")).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stderr.contains("warning"), "{ended:?}");
}

#[tokio::test]
async fn a_mistake_has_its_place_a_mark_and_a_remedy() {
    let config = format!("{START}routes:\n  - match: /**\n    prxy: http://127.0.0.1:9001\n");
    refused(&config, &["error[", "pintle.yaml:5:5", "prxy: http://127.0.0.1:9001", "^^^^", "proxy"]).await;
}

// Rule: all-mistakes
#[tokio::test]
async fn all_mistakes_are_told_at_once() {
    let config = "listeners:
  - adress: 127.0.0.1:8080
routes:
  - match: /a
    proxy: nowhere
  - match: /b/*.js
    respond: {status: 20}
  - match: /c
    policies: [{timeout: 5}]
    respond: {status: 200}
";
    refused(config, &["pintle.yaml:2:", "address", "pintle.yaml:5:", "nowhere", "pintle.yaml:6:", "pintle.yaml:7:"])
        .await;
    refused(config, &["pintle.yaml:9:"]).await;
}

// Rule: match-conflict
#[tokio::test]
async fn two_routes_that_stay_equal_are_an_error_that_names_both() {
    let config = format!(
        "{START}routes:\n  - match: GET /a/{{x}}\n    respond: {{status: 200}}\n  - match: GET /a/{{y}}\n    respond: {{status: 204}}\n"
    );
    refused(&config, &["pintle.yaml:6:12", "4 |   - match: GET /a/{x}", "6 |   - match: GET /a/{y}"]).await;
    // With different methods they can't both match.
    let config = config.replacen("GET", "POST", 1);
    assert_eq!(check(&config).await.code, Some(0));
}

// Rule: unit-required
#[tokio::test]
async fn a_value_in_the_wrong_unit_or_form_says_what_is_wanted() {
    let route = |rest: &str| format!("{START}routes:\n  - match: /**\n    proxy: http://127.0.0.1:9001\n{rest}");
    refused(&route("limits: {body: 10}\n"), &["pintle.yaml:6:", "10"]).await;
    refused(&route("limits: {timeout: {idle: 60}}\n"), &["pintle.yaml:6:", "60s"]).await;
    refused(&route("limits: &anchor {body: 1MiB}\n"), &["pintle.yaml:6:"]).await;
    refused(&route("admin: {address: 127.0.0.1:9900, token: plain-text}\n"), &["env", "file"]).await;
    let said = check(&route("admin: {address: 127.0.0.1:9900, token: plain-text}\n")).await;
    assert!(!said.stderr.contains("plain-text"), "a secret is shown: {}", said.stderr);
    refused(&route("").replace("http://127.0.0.1:9001", "http://127.0.0.1:9001/v2"), &["path"]).await;
    refused(&route("").replace("http://127.0.0.1:9001", "${HOME}"), &["pintle.yaml:5:", "variables"]).await;
    let path = "{to: http://127.0.0.1:9001, path: \"/${HOME}\"}";
    refused(&route("").replace("http://127.0.0.1:9001", path), &["pintle.yaml:5:", "{env: HOME}"]).await;
}

// Rule: names-at-load
#[tokio::test]
async fn an_expression_with_a_name_that_no_route_can_have_is_found() {
    let route = |path: &str| {
        format!(
            "{START}upstreams: {{a: {{endpoints: [127.0.0.1:9001]}}}}\nroutes:\n  - match: /u/{{id}}\n    proxy: {{to: a, path: \"{path}\"}}\n"
        )
    };
    assert_eq!(check(&route("/x/${path.id}")).await.code, Some(0));
    refused(&route("/x/${path.user}"), &["pintle.yaml:6:", "user"]).await;
    refused(&route("/x/${path.id"), &["pintle.yaml:6:"]).await;
}

// Rule: secret-missing
#[tokio::test]
async fn a_missing_variable_warns_in_check_and_stops_a_run() {
    let config = "listeners: [{address: 127.0.0.1:0}]
admin: {address: 127.0.0.1:0, token: {env: NO_SUCH_VARIABLE_FOR_PINTLE}}
routes: [{match: /**, respond: {status: 200}}]
";
    let ended = check(config).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(format!("{}{}", ended.stdout, ended.stderr).contains("NO_SUCH_VARIABLE_FOR_PINTLE"), "{ended:?}");
    let ended = Gateway::with(config).fails().await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("NO_SUCH_VARIABLE_FOR_PINTLE"), "{ended:?}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_said_so() {
    let folder = Folder::new();
    let ended = checked(&folder).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("pintle.yaml"), "{ended:?}");
    assert_eq!(pintle(folder.path(), &["chek"]).await.code, Some(2));
}

#[tokio::test]
async fn the_examples_load_as_they_stand() {
    let certificates = Certificates::new();
    let server = certificates.server(&["shop.example.com", "*.shop.example.com"]);
    let folder = Folder::new();
    for name in ["shop", "wildcard"] {
        folder.write(&format!("certs/{name}.pem"), &server.pem);
        folder.write(&format!("certs/{name}.key"), &server.key);
    }
    let client = certificates.client("gateway.internal");
    folder.write("certs/gateway.pem", &client.pem);
    folder.write("certs/gateway.key", &client.key);
    for authority in ["certs/partners-ca.pem", "certs/internal-ca.pem"] {
        folder.write(authority, certificates.authority());
    }
    folder.write("public/index.html", "shop");
    folder.write("secrets/admin.token", "a-token-of-32-characters-or-more");
    folder.write("routes.d/shop.yaml", "routes: [{match: /shop/**, respond: {body: shop}}]\n");
    folder.write("public/assets/shop.css", "");
    folder.write("lists/blocked.txt", "192.0.2.0/24 # as an example\n");
    folder.write("secrets/session.key", "as-many-bytes-of-any-text-as-are-asked-for\n");
    for page in ["pages/not-found.html", "pages/sorry.html", "pages/maintenance.html"] {
        folder.write(page, example(page));
    }
    for name in [
        "00-smallest.yaml",
        "01-routing.yaml",
        "02-upstreams.yaml",
        "03-tls.yaml",
        "04-files.yaml",
        "09-operate.yaml",
        "compress.yaml",
        "errors.yaml",
        "guarded.yaml",
        "logs.yaml",
        "metrics.yaml",
        "partners.yaml",
        "protocols.yaml",
        "resolver.yaml",
        "traces.yaml",
        "tunnel.yaml",
    ] {
        folder.write("pintle.yaml", example(name));
        let ended = checked(&folder).await;
        assert_eq!(ended.code, Some(0), "{name}: {ended:?}");
        assert!(!ended.stderr.contains("warning"), "{name}: {ended:?}");
    }
    // Its secrets are in variables, which nobody has here: that is a warning each.
    folder.write("pintle.yaml", example("05-access.yaml"));
    let ended = checked(&folder).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let warned: Vec<&str> = ended.stderr.lines().filter(|line| line.starts_with("warning")).collect();
    let lacks = |line: &&str| ["OIDC_SECRET", "INTROSPECT_SECRET"].iter().any(|name| line.contains(name));
    assert_eq!((warned.len(), warned.iter().all(lacks)), (2, true), "{ended:?}");
}

#[tokio::test]
async fn what_the_readme_shows_loads() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("the README");
    let certificates = Certificates::new();
    let server = certificates.server(&["shop.example.com"]);
    let folder = Folder::new();
    folder.write("certs/shop.pem", &server.pem);
    folder.write("certs/shop.key", &server.key);
    let blocks: Vec<&str> = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 3, "{} blocks", blocks.len());
    for block in blocks {
        folder.write("pintle.yaml", block);
        let ended = checked(&folder).await;
        assert_eq!(ended.code, Some(0), "{block}\n{ended:?}");
    }
}

// Rule: refused-by-name
#[tokio::test]
async fn what_a_later_version_brings_is_refused_by_name() {
    let upstream = |key: &str| {
        format!(
            "{START}upstreams:\n  a:\n    endpoints: [127.0.0.1:9001]\n    {key}\nroutes: [{{match: /**, proxy: a}}]\n"
        )
    };
    refused(&upstream("dns: {ttl: 5s}"), &["not-yet", "`dns` is not there yet", "pintle.yaml:6:5"]).await;
    let route = |rest: &str| format!("{START}routes:\n  - match: /**\n    {rest}\n    respond: {{status: 200}}\n");
    refused(&route("policies: [{cache: {}}]"), &["not-yet", "`cache`"]).await;
    refused(&route("policies: [{waf: {}}]"), &["not-yet", "`waf`"]).await;
}

#[tokio::test]
async fn a_missing_file_is_told_at_the_very_place_that_names_it() {
    let certificates = Certificates::new();
    let folder = Folder::new();
    let server = certificates.server(&["shop.example.com"]);
    folder.write("good.pem", &server.pem);
    folder.write("good.key", &server.key);
    folder.write(
        "pintle.yaml",
        "listeners:
  - address: 127.0.0.1:8443
    tls:
      certificates:
        - {cert: good.pem, key: good.key}
        - {cert: none.pem, key: good.key}
        - {cert: good.pem, key: none.key}
      client_auth: {ca: no-ca.pem}
upstreams:
  inner:
    endpoints: [127.0.0.1:9443]
    tls: {ca: no-roots.pem}
routes: [{match: /**, proxy: inner}]
",
    );
    let ended = checked(&folder).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for place in ["pintle.yaml:6:18", "pintle.yaml:7:33", "pintle.yaml:8:25", "pintle.yaml:12:15", "4 errors"] {
        assert!(ended.stderr.contains(place), "no {place} in\n{}", ended.stderr);
    }
}

#[tokio::test]
async fn a_certificate_that_is_out_of_date_is_a_warning() {
    let certificates = Certificates::new();
    let written = certificates.write("old", &certificates.expired(&["shop.example.com"]));
    let config = format!(
        "listeners:\n  - address: 127.0.0.1:8443\n    tls: {{certificates: [{written}]}}\nroutes: [{{match: /**, respond: {{status: 200}}}}]\n"
    );
    let ended = check(&config).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stderr.contains("expired") && ended.stderr.contains("pintle.yaml:3:"), "{}", ended.stderr);
}

#[tokio::test]
async fn an_admin_address_for_others_wants_a_token() {
    let admin = |rest: &str| format!("{START}admin:\n  {rest}\nroutes: [{{match: /**, respond: {{status: 200}}}}]\n");
    refused(&admin("address: 0.0.0.0:9900"), &["error[open-admin]", "pintle.yaml:4:12", "add `token:"]).await;
    refused(&admin("address: 127.0.0.1:8080"), &["error[same-address]", "pintle.yaml:4:12"]).await;
    for good in [
        "address: 127.0.0.1:9900",
        "address: '[::1]:9900'",
        "address: unix:admin.sock",
        "{address: 0.0.0.0:9900, token: {env: HOME}}",
    ] {
        let ended = check(&admin(good)).await;
        assert_eq!(ended.code, Some(0), "{good}: {ended:?}");
    }
}

#[tokio::test]
async fn a_service_is_not_the_gateway_itself() {
    let config = "listeners: [{address: 0.0.0.0:8080}]
admin: {address: 127.0.0.1:9900}
upstreams:
  a: {endpoints: [127.0.0.1:9001, localhost:8080]}
routes:
  - {match: /a, proxy: a}
  - {match: /b, proxy: 'http://127.0.0.1:8080'}
  - {match: /c, proxy: 'http://127.0.0.1:9900'}
  - {match: /d, proxy: {to: a, mirror: {to: 'http://127.0.0.1:9001'}}}
";
    refused(config, &["error[own-address]", "pintle.yaml:4:35", "pintle.yaml:7:24", "pintle.yaml:8:24", "3 errors"])
        .await;
    refused(config, &["the gateway's own admin address", "an address that this gateway listens on"]).await;
}

// Rule: all-mistakes
#[tokio::test]
async fn one_cause_is_one_error() {
    // Whatever names what is broken is not wrong itself.
    let config = format!(
        "{START}upstreams:
  a: {{endpoints: [127.0.0.1]}}
policies:
  slow: {{timeout: 5}}
routes:
  - {{match: /a, policies: [slow], proxy: a}}
  - {{match: /b, policies: [slow], proxy: a}}
  - {{match: /c, listener: '127.0.0.1:8080', proxy: {{split: {{a: 1, a: 2}}}}}}
"
    );
    refused(&config, &["pintle.yaml:4:19", "pintle.yaml:6:19", "3 errors"]).await;
    // A file that is not read says nothing of what would be in it.
    refused("include: [nothing.yaml", &["1 error,"]).await;
    refused(&format!("{START}routes: [}}\n"), &["1 error,"]).await;
}
