//! What `pintle why` tells of an aggregate in full, for people and for programs.

use super::{both, started};
use pintle_testkit::{Answer, Ask, Gateway, pintle, until};
use serde_json::{Value, json};

/// What is told of a request, as text and as data.
async fn told(gateway: &Gateway, answer: &Answer) -> (String, Value) {
    let id = answer.get("x-request-id").expect("an id");
    let json = until("the request to be kept", async || {
        let answer = gateway.ask_admin(Ask::get(&format!("/why/{id}")).header("accept", "application/json")).await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    let admin = gateway.admin().to_string();
    (pintle(gateway.folder().path(), &["why", "--admin", &admin, id]).await.stdout, json)
}

#[tokio::test]
async fn each_part_is_told_with_what_it_waited_for_and_its_calls() {
    let (gateway, service) = started("").await;
    let at = service.address();
    for answer in both(&gateway, "/home/broken?token=hunter2").await {
        assert_eq!(answer.status, 502);
        let (text, json) = told(&gateway, &answer).await;
        let sentence = format!("502 part_failed: the part `tier` of `home` failed: {at} of `rewards` answered 500");
        assert!(text.starts_with(&sentence) && json["sentence"] == *sentence, "{text}");
        let parts = json["outcome"]["parts"].as_array().expect("parts");
        let part = |name: &str| parts.iter().find(|part| part["name"] == name).unwrap_or_else(|| panic!("{json:#}"));
        let (profile, items, tier) = (part("profile"), part("items"), part("tier"));
        assert_eq!(
            (&profile["state"], &profile["needs"], &profile["fatal"]),
            (&json!("ok"), &json!([]), &json!(false))
        );
        // Whether it was over before the one that fails the whole is nobody's to say.
        assert_eq!(items["needs"], json!(["orders"]), "{json:#}");
        assert_eq!((&tier["needs"], &tier["fatal"], &tier["status"]), (&json!(["profile"]), &json!(true), &json!(500)));
        let tried = &tier["kept"][0]["tries"][0];
        assert_eq!((&tried["endpoint"], &tried["status"]), (&json!(at.to_string()), &json!(500)), "{json:#}");
        assert!(tier["began"].as_u64() >= profile["over"].as_u64(), "{json:#}");
        // It stands so now: the service that failed the whole.
        assert_eq!(json["outcome"]["now"]["endpoints"][0]["address"], at.to_string(), "{json:#}");
        for part in [
            "\nparts     profile: ok, 200, in ",
            "\n          tier: failed (status), 500, in ",
            "\n            POST rewards:/tiers\n            after profile\n            it answered 500\n",
            "\n            after orders\n",
            "\n          `tier` failed the whole; `rewards`, which it called, stands so:\nnow       ",
        ] {
            assert!(text.contains(part), "no {part:?} in\n{text}");
        }
        assert!(!text.contains("hunter2") && !json.to_string().contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn a_partial_answer_is_one_of_those_that_went_wrong_and_found_by_its_service() {
    let (gateway, service) = started("").await;
    let at = service.address();
    for answer in both(&gateway, "/feed/late").await {
        assert_eq!(answer.status, 200);
        let (text, json) = told(&gateway, &answer).await;
        let said = json["sentence"].as_str().expect("a sentence");
        let wanted = format!(
            "200: `feed` answered without its part `orders`: its time of 300ms is over; {at} of `orders` had been asked for "
        );
        assert!(said.starts_with(&wanted) && text.starts_with(&wanted), "{said}");
        let id = answer.get("x-request-id").expect("an id");
        for wanted in ["errors=true", "upstream=orders", "upstream=users&route=feed"] {
            let asked = Ask::get(&format!("/why?last=9&{wanted}")).header("accept", "application/json");
            let listed = gateway.ask_admin(asked).await.json();
            let all = listed["requests"].as_array().expect("a list");
            assert!(all.iter().any(|one| one["request_id"] == id), "{wanted}: {listed:#}");
        }
    }
    let [first, _] = both(&gateway, "/plain").await;
    let (_, json) = told(&gateway, &first).await;
    assert_eq!(json["outcome"]["parts"], json!([]));
}
