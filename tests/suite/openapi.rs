//! What services say of themselves: aggregates are held against it at each load, and requests notice nothing.

use pintle_testkit::{Ask, Gateway, Origin, Reloaded, Reply};
use std::sync::Arc;
use tokio::sync::Semaphore;

const WITH_NAME: &str = "openapi: 3.0.3
paths:
  /users/{id}:
    get:
      responses:
        '200': {content: {application/json: {schema: {type: object, properties: {id: {type: string}, name: {type: string}}}}}}
";

fn config(service: &Origin, read: &str) -> String {
    format!(
        "listeners: [{{address: 127.0.0.1:0}}]
upstreams: {{users: {{endpoints: [\"{}\"], openapi: api/users.yaml}}}}
routes:
  - match: GET /home/{{user}}
    aggregate:
      parts: {{profile: {{call: \"GET users:/users/${{path.user}}\"}}}}
      respond: {{body: {{it: \"${{parts.profile.body.{read}}}\"}}}}
",
        service.address()
    )
}

async fn users() -> Origin {
    let answer = async |_| Reply::new(200).header("content-type", "application/json").body("{\"name\":\"Ada\"}");
    Origin::start(answer).await
}

#[tokio::test]
async fn a_document_that_changes_is_held_against_the_configuration_again() {
    let service = users().await;
    let gateway = Gateway::with(config(&service, "name")).file("api/users.yaml", WITH_NAME).start().await;
    let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
    for (document, said) in [
        (WITH_NAME.replace("name:", "full_name:"), "`parts.profile.body` has no `name`"),
        (WITH_NAME.replace("/users/{id}", "/people/{id}"), "has no `GET /users/${path.user}`"),
        (WITH_NAME.replace("3.0.3", "2.0"), "expected version 3.0 or 3.1"),
        ("- no document\n".to_owned(), "api/users.yaml:1:1"),
    ] {
        gateway.file("api/users.yaml", document);
        let Reloaded::Refused(words) = gateway.verdict().await else { panic!("{said}: it was taken") };
        assert!(words.contains(said), "{words}");
        // What was in force stays so, on connections that are open as on new ones.
        for answer in [h1.ask(Ask::get("/home/ada")).await, h2.ask(Ask::get("/home/ada")).await] {
            assert_eq!((answer.status, &*answer.text()), (200, "{\"it\":\"Ada\"}"));
        }
        assert_eq!(gateway.get("/home/ada").await.status, 200);
    }
    gateway.file("api/users.yaml", WITH_NAME.replace("3.0.3", "3.1.0"));
    assert_eq!(gateway.verdict().await, Reloaded::InForce);
    assert_eq!(h2.ask(Ask::get("/home/ada")).await.status, 200);
}

#[tokio::test]
async fn a_change_of_either_is_held_against_the_other() {
    let service = users().await;
    let gateway = Gateway::with(config(&service, "name")).file("api/users.yaml", WITH_NAME).start().await;
    gateway.change(config(&service, "id")).await;
    gateway.file("api/users.yaml", WITH_NAME.replace("id: {type: string}, ", ""));
    let Reloaded::Refused(words) = gateway.verdict().await else { panic!("a field is gone, and it was taken") };
    assert!(words.contains("api/users.yaml") && words.contains("`parts.profile.body` has no `id`"), "{words}");
    gateway.change(config(&service, "name")).await;
    assert_eq!(gateway.get("/home/ada").await.text(), "{\"it\":\"Ada\"}");
}

#[tokio::test]
async fn a_request_under_way_notices_no_change_of_the_document() {
    let (asked, may) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let gates = (Arc::clone(&asked), Arc::clone(&may));
    let service = Origin::start(move |_| {
        let (asked, may) = gates.clone();
        async move {
            asked.add_permits(1);
            let _permit = may.acquire().await;
            Reply::new(200).header("content-type", "application/json").body("{\"name\":\"Ada\"}")
        }
    })
    .await;
    let gateway = Gateway::with(config(&service, "name")).file("api/users.yaml", WITH_NAME).start().await;
    let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
    let change = async {
        asked.acquire_many(2).await.expect("it is open").forget();
        gateway.file("api/users.yaml", WITH_NAME.replace("id: {type: string}, ", ""));
        assert_eq!(gateway.verdict().await, Reloaded::InForce);
        may.add_permits(2);
    };
    let (first, second, ()) = tokio::join!(h1.ask(Ask::get("/home/ada")), h2.ask(Ask::get("/home/bob")), change);
    for answer in [first, second] {
        assert_eq!((answer.status, &*answer.text()), (200, "{\"it\":\"Ada\"}"));
    }
}
