//! The corpus of attacks, through the gateway: each token is refused over both protocols, for its own reason, and no
//! service hears of it.

use super::cases::cases;
use super::{by, login, now, settings};
use crate::jwt::signers::Signers;
use pintle_testkit::{Answer, Ask, Gateway, Origin};

/// What can stand in a field's value and is not longer than a head may be.
fn can_be_sent(token: &str) -> bool {
    token.len() < 12_000 && !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

// Rule: jwt-refused
#[tokio::test]
async fn every_attack_is_refused_in_both_protocols_for_its_own_reason() {
    let (signers, service) = (Signers::new(), Origin::echo().await);
    let login = login(signers.jwks()).await;
    let gateway = Gateway::start(by(&settings(&login, "require: sub"), &service.url())).await;
    let cases: Vec<_> = cases(&signers, now()).into_iter().filter(|case| can_be_sent(&case.token)).collect();
    assert!(cases.len() >= 150, "{} cases can be sent", cases.len());
    let mut wrong = Vec::new();
    let (mut h1, h2) = (gateway.h1().await, gateway.h2().await);
    for (at, case) in cases.iter().enumerate() {
        let ask = |version: &str| {
            Ask::get(&format!("/{at}/{version}")).header("authorization", &format!("Bearer {}", case.token))
        };
        for (version, answer) in [("1", h1.ask(ask("1")).await), ("2", h2.ask(ask("2")).await)] {
            let path = format!("/{at}/{version}");
            let line = gateway.wait_log(|line| line["url.path"] == *path).await;
            let (message, word) = (line["pintle.message"].as_str().unwrap_or_default(), format!("({})", case.word));
            if !(is_refused(&answer, case.word) && message.ends_with(&word)) {
                wrong.push(format!("{}: HTTP/{version}: {} {message}", case.name, answer.status));
            }
            assert!(!line.to_string().contains(&case.token[case.token.len() / 2..]) || case.token.len() < 20, "{line}");
        }
    }
    assert!(wrong.is_empty(), "of {} cases:\n{}", cases.len(), wrong.join("\n"));
    assert_eq!(service.hits(), 0);
}

/// RFC 6750 3.1: which token is wrong a client is told, and why only where it can do something about that.
fn is_refused(answer: &Answer, word: &str) -> bool {
    let untimely = matches!(word, "expired" | "not_yet");
    let challenge = answer.get("www-authenticate").unwrap_or_default();
    answer.status == 401
        && answer.json()["reason"] == if untimely { "token_expired" } else { "bad_token" }
        && challenge.starts_with("Bearer error=\"invalid_token\"")
        && challenge.contains("error_description") == untimely
}
