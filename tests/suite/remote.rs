//! `pintle reload` and `pintle status`: a running gateway asked from the command line, and what goes wrong on the way.

use pintle_testkit::{Finished, Folder, Gateway, Origin, RawOrigin, Reloaded, pintle, pintle_with};

const TOKEN: &str = "a-token-of-32-characters-or-more";

fn config(admin: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]\nadmin: {admin}\nroutes: [{{match: /**, respond: {{status: 204}}}}]\n"
    )
}

/// A gateway at a unix socket, which a configuration names for whoever asks.
async fn local() -> Gateway {
    Gateway::start(config("{address: 'unix:admin.sock'}")).await
}

async fn asked(gateway: &Gateway, args: &[&str]) -> Finished {
    pintle(gateway.folder().path(), args).await
}

fn failed(ended: &Finished, part: &str) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains(part) && ended.stdout.is_empty(), "no {part:?} in {ended:?}");
    assert!(!ended.stderr.contains(TOKEN), "{ended:?}");
}

#[tokio::test]
async fn a_reload_says_what_is_in_force() {
    let gateway = local().await;
    let ended = asked(&gateway, &["reload", "-c", "pintle.yaml"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "configuration 2 is in force"), "{ended:?}");
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    let ended = asked(&gateway, &["reload", "--admin", "unix:admin.sock"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "configuration 3 is in force"), "{ended:?}");
}

#[tokio::test]
async fn a_refused_reload_says_all_that_is_wrong_though_the_file_can_hardly_be_read() {
    let gateway = local().await;
    gateway.rewrite(config("{address: 'unix:admin.sock'}").replace("status: 204", "status: 20"));
    let ended = asked(&gateway, &["reload", "-c", "pintle.yaml"]).await;
    failed(&ended, "pintle.yaml:3:");
    assert!(ended.stderr.contains("what ran before stays"), "{ended:?}");
    gateway.rewrite(config("{address: 'unix:admin.sock'}") + "limits: [\n");
    failed(&asked(&gateway, &["reload", "-c", "pintle.yaml"]).await, "never closed");
    let status = asked(&gateway, &["status", "--admin", "unix:admin.sock"]).await;
    assert!(status.stdout.contains("a change was refused") && status.stdout.contains("never closed"), "{status:?}");
}

#[tokio::test]
async fn the_status_is_told_for_people_and_for_programs() {
    let service = Origin::echo().await;
    let config = format!(
        "listeners: [{{name: door, address: 127.0.0.1:0}}]
admin: {{address: 'unix:admin.sock'}}
upstreams: {{orders: {{endpoints: ['{0}']}}}}
routes: [{{match: /**, proxy: orders}}]
",
        service.address()
    );
    let gateway = Gateway::start(config).await;
    gateway.get("/").await;
    let ended = asked(&gateway, &["status", "-c", "pintle.yaml"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    let (address, endpoint) = (gateway.address(0).to_string(), service.address().to_string());
    for part in ["Pintle ", "configuration 1 since 20", ", by start", "door", &address, "orders", &endpoint, "1 route,"]
    {
        assert!(ended.stdout.contains(part), "no {part} in {}", ended.stdout);
    }
    let ended = asked(&gateway, &["status", "-c", "pintle.yaml", "--format", "json"]).await;
    let status: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(status["upstreams"][0]["name"], "orders");
}

#[tokio::test]
async fn the_token_comes_from_a_file_a_variable_or_the_configuration_and_is_never_told() {
    let written = config("{address: 127.0.0.1:0, token: {file: token}}");
    let gateway = Gateway::with(written).file("token", format!("{TOKEN}\n")).start().await;
    let folder = gateway.folder();
    let address = gateway.admin().to_string();
    folder.write("wrong", "another");
    folder.write("odd", "two words");
    let named = config(&format!("{{address: '{address}', token: {{file: token}}}}"));
    folder.write("named.yaml", named);
    folder.write("elsewhere.yaml", config(&format!("{{address: '{address}', token: {{env: PINTLE_TEST_NOWHERE}}}}")));
    let good: [(&[&str], &[(&str, &str)]); 4] = [
        (&["reload", "-c", "named.yaml"], &[]),
        (&["reload", "--admin", &address, "-c", "named.yaml"], &[]),
        (&["reload", "--admin", &address, "--token-file", "token"], &[("PINTLE_ADMIN_TOKEN", "another")]),
        (&["reload", "-c", "elsewhere.yaml"], &[("PINTLE_ADMIN_TOKEN", TOKEN)]),
    ];
    for (args, env) in good {
        let ended = pintle_with(folder.path(), args, env, "").await;
        assert_eq!(ended.code, Some(0), "{args:?}: {ended:?}");
    }
    let bad: [(&[&str], &[(&str, &str)], &str); 6] = [
        (&["reload", "--admin", &address], &[], "give --token-file, or set PINTLE_ADMIN_TOKEN"),
        (&["reload", "--admin", &address], &[("PINTLE_ADMIN_TOKEN", "another")], "refuses the token"),
        (&["reload", "-c", "elsewhere.yaml"], &[], "`PINTLE_TEST_NOWHERE` is not set"),
        (
            &["reload", "--admin", &address, "--token-file", "wrong"],
            &[("PINTLE_ADMIN_TOKEN", TOKEN)],
            "refuses the token",
        ),
        (&["reload", "--admin", &address, "--token-file", "odd"], &[], "no header can carry"),
        (&["reload", "--admin", &address, "--token-file", "absent"], &[], "`absent` cannot be read"),
    ];
    for (args, env, part) in bad {
        failed(&pintle_with(folder.path(), args, env, "").await, part);
    }
    // Reading is free on loopback.
    assert_eq!(pintle(folder.path(), &["status", "-c", "elsewhere.yaml"]).await.code, Some(0));
    // The configuration that runs does not say which port it got.
    failed(&pintle(folder.path(), &["status", "-c", "pintle.yaml"]).await, "give the one in use");
}

#[tokio::test]
async fn without_a_token_a_port_takes_no_change_and_says_what_to_do() {
    let gateway = Gateway::start(config("{address: 127.0.0.1:0}")).await;
    let address = gateway.admin().to_string();
    failed(&asked(&gateway, &["reload", "--admin", &address]).await, "set `admin.token`");
}

#[tokio::test]
async fn whoever_is_not_there_or_no_pintle_is_told_as_that() {
    let folder = Folder::new();
    let run = async |args: &[&str]| pintle(folder.path(), args).await;
    let (nobody, _) = crate::example::nobody();
    let nobody = nobody.address().to_string();
    failed(&run(&["status", "--admin", &nobody]).await, "nobody listens on");
    failed(&run(&["status", "--admin", "unix:absent.sock"]).await, "there is no socket absent.sock");

    let service = Origin::echo().await;
    let address = service.address().to_string();
    failed(&run(&["status", "--admin", &address]).await, "not as a Pintle does");
    let raw = RawOrigin::start().await;
    let address = raw.address().to_string();
    let args = ["status", "--admin", &address];
    let (ended, ()) = tokio::join!(run(&args), async {
        let mut playing = raw.accept().await;
        playing.request().await;
        playing.write("220 mail.example.com ESMTP\r\n").await;
    });
    failed(&ended, "does not speak HTTP/1.1");

    folder.write("none.yaml", "listeners: [{address: 127.0.0.1:8080}]\n");
    failed(&run(&["status", "-c", "none.yaml"]).await, "none.yaml has no admin address");
    folder.write("wrong.yaml", "admin: {adress: 127.0.0.1:9900}\n");
    failed(&run(&["status", "-c", "wrong.yaml"]).await, "wrong.yaml:1:9");
    failed(&run(&["status", "-c", "absent.yaml"]).await, "absent.yaml");
    let ended = run(&["status"]).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("--config"), "{ended:?}");
    let ended = run(&["status", "--admin", "localhost:9900"]).await;
    assert!(ended.code == Some(2) && ended.stderr.contains("write 127.0.0.1:9900"), "{ended:?}");
}
