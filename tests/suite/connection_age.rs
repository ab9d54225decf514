//! Connections that have their age end, and nothing that is under way does.

use pintle_testkit::{Ask, End, Gateway, Origin, RawOrigin, Reloaded, Wire, until};

const SHORT: &str = "listeners: [{address: 127.0.0.1:0}]\nlimits: {timeout: {age: 300ms}}\n";

fn respond() -> String {
    format!("{SHORT}routes: [{{match: /**, respond: {{body: ok}}}}]")
}

// Rule: connection-age
#[tokio::test]
async fn an_answer_after_the_age_says_close_and_the_connection_ends() {
    let gateway = Gateway::start(respond()).await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/").to_h1()).await;
    assert_eq!(client.answer_to("GET").await.get("connection"), None);
    until("an answer that closes", async || {
        client.write(Ask::get("/").to_h1()).await;
        let answer = client.answer_to("GET").await;
        assert_eq!(answer.text(), "ok");
        (answer.get("connection") == Some("close")).then_some(())
    })
    .await;
    assert_eq!(client.ended().await, End::Closed);
}

// Rule: connection-age
#[tokio::test]
async fn an_http2_client_is_told_to_go_and_what_is_under_way_ends_well() {
    let service = RawOrigin::start().await;
    let routes = format!(
        "routes: [{{match: /**, respond: {{body: ok}}}}, {{match: /slow, proxy: \"{}\"}}]\nadmin: {{address: 127.0.0.1:0}}",
        service.url()
    );
    let gateway = Gateway::start(format!("{SHORT}{routes}")).await;
    let client = gateway.h2().await;
    let slow = client.open(&Ask::get("/slow"), true).await.expect("a stream");
    let mut upstream = service.accept().await;
    upstream.head().await;
    until("a client that was told to go", async || client.try_ask(Ask::get("/")).await.is_err().then_some(())).await;
    // A change, and others' connections, are nothing to it.
    assert_eq!(gateway.reload().await, Reloaded::InForce);
    assert_eq!(gateway.h2().await.get("/").await.text(), "ok");
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow").await;
    assert_eq!(slow.try_answer().await.expect("an answer").text(), "slow");
    assert_eq!(client.ended().await, Ok(()));
}

// Rule: connection-age
#[tokio::test]
async fn tunnels_and_requests_under_way_are_not_cut() {
    let service = RawOrigin::start().await;
    let text = format!(
        "listeners: [{{name: web, address: 127.0.0.1:0}}, {{name: tcp, address: 127.0.0.1:0, protocol: tcp}}]\n\
         limits: {{timeout: {{age: 100ms}}}}\n\
         routes: [{{match: /**, proxy: \"{}\"}}, {{match: /age, respond: {{body: ok}}}}, {{match: /**, tunnel: \"tcp://{}\", name: t}}]",
        service.url(),
        service.address()
    );
    let gateway = Gateway::start(text).await;
    let mut tunnel = Wire::tcp(gateway.address(1)).await;
    let mut end = service.accept().await;
    let mut client = gateway.wire().await;
    client.write(Ask::get("/slow").to_h1()).await;
    let mut upstream = service.accept().await;
    upstream.head().await;
    // The ages of two connections that began later, one after the other, are over: an age is a tenth more or less, so that
    // one of them alone may be over before its elder's.
    for _ in 0..2 {
        let mut other = gateway.wire().await;
        until("an answer that closes", async || {
            other.write(Ask::get("/age").to_h1()).await;
            (other.answer_to("GET").await.get("connection") == Some("close")).then_some(())
        })
        .await;
    }
    tunnel.write("through").await;
    assert_eq!(end.read(7).await, "through");
    upstream.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow").await;
    let answer = client.answer_to("GET").await;
    assert_eq!(answer.text(), "slow");
    // One who hangs up beyond its age leaves nothing behind.
    client.ended().await;
    drop((tunnel, end));
    gateway.wait_log(|line| line["pintle.route"] == "t").await;
}

#[tokio::test]
async fn an_age_of_nothing_is_refused() {
    let gateway = Gateway::start(respond()).await;
    gateway.rewrite(respond().replace("300ms", "0s"));
    let Reloaded::Refused(said) = gateway.reload().await else { panic!("an age of 0 was taken") };
    assert!(said.contains("pintle.yaml:2:") && said.contains("age"), "{said}");
}

// Rule: upstream-age
#[tokio::test]
async fn a_connection_to_a_service_that_has_its_age_gives_way_to_a_new_one() {
    for protocol in ["http1", "http2"] {
        let service = Origin::echo().await;
        let at = service.address();
        let text = format!(
            "workers: 1\n\
             listeners: [{{address: 127.0.0.1:0}}]\n\
             upstreams: {{a: {{endpoints: [\"{at}\"], protocol: {protocol}, connections: {{max_age: 300ms}}}}}}\n\
             routes: [{{match: /**, proxy: a}}]"
        );
        let gateway = Gateway::start(text).await;
        let mut client = gateway.h1().await;
        until("a second connection", async || {
            assert_eq!(client.get("/").await.status, 200);
            (service.last().connection > 0).then_some(())
        })
        .await;
        // The age is each connection's own: a request goes over a young one again and again.
        assert!(service.received().iter().filter(|request| request.connection == 0).count() > 1, "{protocol}");
    }
}
