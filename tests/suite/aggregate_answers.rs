//! What services answer to an aggregate, in whatever it is written, and clients that want less of it.

use pintle_testkit::{Answer, Ask, Gateway, Origin, Received, Reply};
use serde_json::{Value, json};

/// A service that answers each path in another form.
async fn forms() -> Origin {
    Origin::start(async |request: Received| {
        let (kind, content): (&str, &[u8]) = match &*request.target {
            "/xml" => (
                "application/xml",
                b"\xef\xbb\xbf<?xml version='1.0'?><order id='7'><line>tea</line><line>milk &amp; more</line><paid/></order>",
            ),
            "/soap" => ("text/xml; charset=utf-8", b"<s:E xmlns:s='urn:s'><s:B>1</s:B></s:E>"),
            "/text" => ("text/csv", b"a,\"b\"\n"),
            "/bytes" => ("image/png", b"\x89PNG"),
            "/json" => ("application/vnd.orders+json", b"{\"id\":12345678901234567890,\"price\":1.10}"),
            "/as-text" => ("text/plain", b"{\"id\":1}"),
            "/secret" => ("application/json", b"{\"hunter\": 2, \"hunter\": 3}"),
            "/dtd" => ("application/xml", b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
            "/latin" => ("application/json; charset=iso-8859-1", b"{}"),
            _ => return Reply::new(200),
        };
        Reply::new(200).header("content-type", kind).body(content)
    })
    .await
}

async fn gateway(service: &Origin, routes: &str) -> Gateway {
    let upstreams = format!("{{it: {{endpoints: [\"{}\"]}}}}", service.address());
    Gateway::start(format!("listeners: [{{address: 127.0.0.1:0}}]\nupstreams: {upstreams}\nroutes:\n{routes}")).await
}

async fn both(gateway: &Gateway, target: &str) -> [Answer; 2] {
    [gateway.get(target).await, gateway.h2().await.ask(Ask::get(target)).await]
}

// Rule: aggregate-decode, aggregate-xml
#[tokio::test]
async fn each_form_becomes_a_tree() {
    let service = forms().await;
    let routes = "  - match: /
    aggregate:
      parts:
        xml: {call: \"it:/xml\"}
        soap: {call: \"it:/soap\"}
        text: {call: \"it:/text\"}
        bytes: {call: \"it:/bytes\"}
        nothing: {call: \"it:/nothing\"}
        told: {call: \"it:/as-text\", decode: json}
        raw: {call: \"it:/as-text\", decode: base64}
        json: {call: \"it:/json\"}
  - match: /of-xml
    aggregate:
      parts: {order: {call: \"it:/xml\"}}
      respond: {body: {id: \"${parts.order.body.order['@id']}\", second: \"${parts.order.body.order.line[1]}\"}}
";
    let gateway = gateway(&service, routes).await;
    for answer in both(&gateway, "/").await {
        assert_eq!(answer.status, 200, "{answer:?}");
        let numbers = "\"json\":{\"id\":12345678901234567890,\"price\":1.10}";
        assert!(answer.text().contains(numbers), "{}", answer.text());
        let mut tree: Value = answer.json();
        tree.as_object_mut().expect("an object").remove("json");
        let wanted = json!({
            "xml": {"order": {"@id": "7", "line": ["tea", "milk & more"], "paid": null}},
            "soap": {"s:E": {"@xmlns:s": "urn:s", "s:B": "1"}},
            "text": "a,\"b\"\n",
            "bytes": "iVBORw==",
            "nothing": null,
            "told": {"id": 1},
            "raw": "eyJpZCI6MX0=",
        });
        assert_eq!(tree, wanted);
    }
    for answer in both(&gateway, "/of-xml").await {
        assert_eq!(answer.json(), json!({"id": "7", "second": "milk & more"}));
    }
}

// Rule: aggregate-charset
#[tokio::test]
async fn what_does_not_decode_fails_the_part_and_is_told_to_the_operator_without_its_content() {
    let service = forms().await;
    let names = ["secret", "dtd", "latin"];
    let route =
        |name: &&str| format!("  - {{match: /{name}, aggregate: {{parts: {{it: {{call: \"it:/{name}\"}}}}}}}}\n");
    let gateway = gateway(&service, &names.iter().map(route).collect::<String>()).await;
    for (name, why) in [
        ("secret", "an object has a name twice at byte 14"),
        ("dtd", "it has a DTD, which is refused at byte 0"),
        ("latin", "it is in a charset other than UTF-8"),
    ] {
        for answer in both(&gateway, &format!("/{name}")).await {
            let problem = answer.json();
            assert_eq!((answer.status, &problem["part_reason"]), (502, &json!("decode")), "{problem}");
            assert!(!answer.text().contains(why), "what is wrong is for the operator: {problem}");
            let line = gateway.log_of(&answer).await.to_string();
            assert!(line.contains(why) && !line.contains("hunter"), "{line}");
        }
    }
}

// Rule: aggregate-fields
#[tokio::test]
async fn clients_pick_what_they_want() {
    let service = forms().await;
    let routes = "  - match: /
    aggregate:
      parts: {it: {call: \"it:/json\"}}
      respond: {body: {name: Ada, orders: [{id: \"${parts.it.body.id}\", price: \"${parts.it.body.price}\"}, {id: 2}], more: {x: 1}}}
      fields: true
  - match: /whole
    aggregate: {parts: {it: {call: \"it:/json\"}}}
";
    let gateway = gateway(&service, routes).await;
    for (query, wanted) in [
        ("fields=name", "{\"name\":\"Ada\"}"),
        ("fields=orders(id),name", "{\"name\":\"Ada\",\"orders\":[{\"id\":12345678901234567890},{\"id\":2}]}"),
        ("a=b&fields=orders%28price%29&fields=name", "{\"orders\":[{\"price\":1.10},{}]}"),
        ("fields=more,nothing(at,all)", "{\"more\":{\"x\":1}}"),
        ("fields=nothing", "{}"),
    ] {
        for answer in both(&gateway, &format!("/?{query}")).await {
            assert_eq!((answer.status, &*answer.text()), (200, wanted), "{query}");
        }
    }
    for (query, said) in [
        ("fields=", "a name is missing at character 1"),
        ("fields=a(b", "a `(` is never closed at character 2"),
        ("fields=a,+b", "white space stands at character 3"),
    ] {
        let before = service.hits();
        for answer in both(&gateway, &format!("/?{query}")).await {
            assert!(answer.status == 400 && answer.text().contains(said), "{answer:?}");
        }
        assert_eq!(service.hits(), before, "nobody is asked");
    }
    for answer in both(&gateway, "/whole?fields=nothing").await {
        assert!(answer.text().contains("12345678901234567890"), "it is no one's question there: {answer:?}");
    }
}
