//! `pintle schema`: what an editor completes by; and the reference that is made of the same.

use pintle_testkit::{Ask, Folder, Gateway, pintle};
use std::fs;

#[tokio::test]
async fn the_schema_is_json_and_needs_no_configuration() {
    let folder = Folder::new();
    let ended = pintle(folder.path(), &["schema"]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let schema: serde_json::Value = serde_json::from_str(&ended.stdout).expect("it is JSON");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let keys = schema["properties"].as_object().expect("keys");
    assert!(keys.contains_key("routes") && keys.contains_key("stores"), "{keys:?}");
}

#[tokio::test]
async fn the_reference_has_every_path_of_the_admin_api() {
    let gateway = Gateway::start(
        "listeners: [{address: 127.0.0.1:0}]\nadmin: {address: 127.0.0.1:0}\nroutes: [{match: /**, respond: {}}]\n",
    )
    .await;
    let there = gateway.ask_admin(Ask::get("/nothing")).await.text();
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/admin.md")).expect("the page");
    let paths: Vec<&str> = there.split([' ', ',', '\n']).filter(|word| word.starts_with('/')).collect();
    assert!(paths.len() >= 5, "{there}");
    for path in paths {
        assert!(page.contains(&format!(" {path}`")), "docs/admin.md says nothing of {path}");
    }
}
