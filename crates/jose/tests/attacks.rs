//! The corpus of attacks, against the room alone: each token is refused, for the reason that it is there for. The suite
//! sends the same tokens through the gateway.
#![allow(missing_docs)]

#[path = "attacks/cases.rs"]
mod cases;
#[path = "attacks/signers.rs"]
mod signers;

use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA512};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256};
use cases::claims;
use pintle_jose::{Algorithm, Algorithms, Audience, Compact, Flaw, Key, KeyFault, KeySet, Rules, Types};
use signers::{AUDIENCE, By, ISSUER, Signers, encode, jwk, numbers, token};
use std::time::Duration;

const NOW: u64 = 1_800_000_000;

fn rules() -> Rules {
    Rules {
        issuer: ISSUER.into(),
        audience: Audience::AnyOf([AUDIENCE.into()].into()),
        skew: Duration::from_secs(30),
        required: ["sub".into()].into(),
        types: Types::Usual,
    }
}

fn judge(token: &str, keys: &KeySet, allowed: &Algorithms, rules: &Rules) -> Result<Duration, Flaw> {
    let compact = Compact::read(token)?;
    let claims = compact.verified(keys, allowed)?;
    rules.check(compact.header(), &claims, Duration::from_secs(NOW))
}

fn taken(text: &str) -> KeySet {
    let (keys, skipped) = KeySet::parse(text.as_bytes(), false).expect("a key set");
    assert_eq!(skipped, []);
    keys
}

#[test]
fn every_attack_is_refused_for_its_own_reason() {
    let signers = Signers::new();
    let keys = taken(&signers.jwks());
    let cases = cases::cases(&signers, NOW);
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let judge = |token: &str| judge(token, &keys, &Algorithms::default(), &rules());
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let said = judge(&case.token).map_or_else(|flaw| flaw.word().to_owned(), |_| "taken".into());
            (said != case.word).then(|| format!("{}: {said}, not {}", case.name, case.word))
        })
        .collect();
    assert!(wrong.is_empty(), "of {} cases:\n{}", cases.len(), wrong.join("\n"));
}

/// RFC 7518 3, RFC 8037 3.1.
#[test]
fn each_algorithm_is_taken_from_its_own_key() {
    let signers = Signers::new();
    let keys = taken(&signers.jwks());
    let all = Algorithms::default();
    for (name, id, by) in signers.all() {
        let token = token(format!(r#"{{"typ":"at+jwt","alg":"{name}","kid":"{id}"}}"#), claims(NOW, ""), by);
        // A key that does not say its algorithm is for the one that its reader would rather have.
        let algorithm = Algorithm::named(name).expect("an algorithm");
        let only = Algorithms::new([algorithm]);
        assert_eq!(judge(&token, &keys, &only, &rules()), Ok(Duration::from_secs(NOW + 630)), "{name}");
        match (id, name) {
            ("any", _) => assert_eq!(judge(&token, &keys, &all, &rules()), Err(Flaw::KeyForAnother), "{name}"),
            _ => assert!(judge(&token, &keys, &all, &rules()).is_ok(), "{name}"),
        }
        let others = Algorithms::new(all.iter().filter(|other| *other != algorithm));
        assert_eq!(judge(&token, &keys, &others, &rules()), Err(Flaw::Algorithm(algorithm)), "{name}");
    }
    let secret = [7; 64];
    let shared = KeySet::new([Key::secret(&secret).expect("a key")]);
    let by_secret = token(r#"{"alg":"HS256","typ":"JWT"}"#, claims(NOW, ""), By::Secret(&secret, HMAC_SHA256));
    let named = Algorithms::new([Algorithm::Hs256]);
    assert!(judge(&by_secret, &shared, &named, &rules()).is_ok());
    assert_eq!(
        judge(&by_secret, &shared, &all, &rules()),
        Err(Flaw::Algorithm(Algorithm::Hs256)),
        "unless it is named"
    );
    let other = token(r#"{"alg":"HS512"}"#, claims(NOW, ""), By::Secret(&secret, HMAC_SHA512));
    let both = Algorithms::new([Algorithm::Hs256, Algorithm::Hs512]);
    assert_eq!(judge(&other, &shared, &both, &rules()), Err(Flaw::KeyForAnother), "a key is for one algorithm");
    // The public key as the secret, at a reader who takes both kinds.
    let mixed = Algorithms::new([Algorithm::Rs256, Algorithm::Hs256]);
    let der = signers.rsa.public_key().as_ref();
    let confused = token(r#"{"alg":"HS256","kid":"rsa"}"#, claims(NOW, ""), By::Secret(der, HMAC_SHA256));
    assert_eq!(judge(&confused, &keys, &mixed, &rules()), Err(Flaw::KeyForAnother));
}

/// RFC 7519 4.1.4, 4.1.5, to the second.
#[test]
fn times_hold_to_the_second() {
    let signers = Signers::new();
    let keys = taken(&signers.jwks());
    let said = |skew: u64, member: &str| {
        let claims = format!(r#"{{"iss":"{ISSUER}","aud":["x","{AUDIENCE}"],"sub":"u",{member}}}"#);
        let rules = Rules { skew: Duration::from_secs(skew), ..rules() };
        let token = token(r#"{"alg":"RS256","typ":"application/at+JWT"}"#, claims, signers.rs256());
        judge(&token, &keys, &Algorithms::default(), &rules).map(|until| until.as_secs())
    };
    let second = Duration::from_secs(1);
    assert_eq!(said(0, &format!(r#""exp":{}"#, NOW + 1)), Ok(NOW + 1));
    assert_eq!(
        said(0, &format!(r#""exp":{NOW}"#)),
        Err(Flaw::Expired(Duration::ZERO)),
        "RFC 7519 4.1.4: before, not at"
    );
    assert_eq!(said(0, &format!(r#""exp":{}"#, NOW - 1)), Err(Flaw::Expired(second)));
    assert_eq!(said(30, &format!(r#""exp":{}"#, NOW - 29)), Ok(NOW + 1));
    assert!(said(30, &format!(r#""exp":{}"#, NOW - 30)).is_err());
    assert_eq!(said(0, &format!(r#""exp":{},"nbf":{NOW}"#, NOW + 9)), Ok(NOW + 9));
    assert_eq!(said(0, &format!(r#""exp":{},"nbf":{}"#, NOW + 9, NOW + 1)), Err(Flaw::NotYet(second)));
    assert_eq!(said(30, &format!(r#""exp":{},"nbf":{},"iat":{}"#, NOW + 9, NOW + 30, NOW + 30)), Ok(NOW + 39));
    assert_eq!(said(0, &format!(r#""exp":{}.5"#, NOW)), Ok(NOW), "half a second is left");
}

#[test]
fn what_a_token_must_be_for_can_be_said() {
    let signers = Signers::new();
    let keys = taken(&signers.jwks());
    let said = |kind: &str, rules: &Rules| {
        let token = token(format!(r#"{{"alg":"RS256"{kind}}}"#), claims(NOW, ""), signers.rs256());
        judge(&token, &keys, &Algorithms::default(), rules).map(drop)
    };
    let only = Rules { types: Types::Only("at+jwt".into()), ..rules() };
    assert_eq!(said(r#","typ":"AT+JWT""#, &only), Ok(()));
    assert_eq!(said(r#","typ":"application/at+jwt""#, &only), Ok(()));
    for other in ["", r#","typ":"JWT""#, r#","typ":"at+jwt2""#] {
        assert_eq!(said(other, &only), Err(Flaw::Type), "{other}");
    }
    let strict = Rules { required: ["scope".into()].into(), ..rules() };
    assert_eq!(said("", &strict), Err(Flaw::Missing("scope".into())));
    let anyone = Rules { audience: Audience::DangerAnyone, ..rules() };
    let token = token(r#"{"alg":"RS256"}"#, claims(NOW, "").replace(AUDIENCE, "other"), signers.rs256());
    assert_eq!(judge(&token, &keys, &Algorithms::default(), &rules()), Err(Flaw::Audience));
    assert!(judge(&token, &keys, &Algorithms::default(), &anyone).is_ok());
}

/// RFC 7517 4 and 5, RFC 7518 3.3 and 6.
#[test]
fn a_key_set_is_used_as_far_as_its_keys_can_be() {
    let signers = Signers::new();
    let (n, _) = numbers(&signers.rsa);
    let point = signers.p256.public_key().as_ref();
    let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
    let rsa = |more: &str| jwk(&signers.rsa, more);
    let of = |n: &[u8], e: &[u8]| format!(r#"{{"kty":"RSA","n":"{}","e":"{}"}}"#, encode(n), encode(e));
    let ec = |crv: &str, x: &str, y: &str| format!(r#"{{"kty":"EC","crv":"{crv}","x":"{x}","y":"{y}"}}"#);
    let said = |jwk: &str| {
        let (keys, skipped) = KeySet::parse(format!(r#"{{"keys":[{jwk}]}}"#).as_bytes(), false).expect("a key set");
        assert_eq!(keys.keys().len() + skipped.len(), 1, "{jwk}");
        skipped.first().map(|skipped| skipped.why)
    };
    for good in [rsa(""), rsa(r#""use":"sig","#), rsa(r#""key_ops":["verify"],"alg":"PS512","#), ec("P-256", &x, &y)] {
        assert_eq!(said(&good), None, "{good}");
    }
    assert_eq!(said(&of(&[&[0], &n[..]].concat(), &[0, 1, 0, 1])), None, "zeros before change nothing");
    let other = encode([1; 32]);
    for (jwk, why) in [
        (rsa(r#""use":"enc","#), KeyFault::OtherUse),
        (rsa(r#""key_ops":["encrypt"],"#), KeyFault::OtherUse),
        (rsa(r#""alg":"RSA-OAEP","#), KeyFault::OtherUse),
        (rsa(r#""alg":"ES256","#), KeyFault::NotFor(Algorithm::Es256)),
        (rsa(r#""alg":"HS256","#), KeyFault::NotFor(Algorithm::Hs256)),
        (rsa(r#""alg":7,"#), KeyFault::Member("alg")),
        (rsa(r#""kid":7,"#), KeyFault::Member("kid")),
        (rsa(r#""d":"AQAB","#), KeyFault::Private),
        (of(&n[..128], &[1, 0, 1]), KeyFault::RsaSize(1024)),
        (of(&[&[0x7f], &n[1..]].concat(), &[1, 0, 1]), KeyFault::RsaSize(2047)),
        (of(&[0xff; 513], &[1, 0, 1]), KeyFault::RsaSize(4104)),
        (of(&n, &[1]), KeyFault::Invalid),
        (of(&n, &[1, 0, 0]), KeyFault::Invalid),
        (of(&n, &[0]), KeyFault::Member("e")),
        (r#"{"kty":"RSA","n":"AQAB"}"#.into(), KeyFault::Member("e")),
        (ec("P-256", &x, &other), KeyFault::Invalid),
        (ec("P-256", &x, &encode(&point[33..64])), KeyFault::Member("y")),
        (ec("P-384", &x, &y), KeyFault::Member("x")),
        (ec("secp256k1", &x, &y), KeyFault::Unknown),
        (r#"{"kty":"OKP","crv":"Ed25519","x":"AQAB"}"#.into(), KeyFault::Member("x")),
        (r#"{"kty":"OKP","crv":"X25519","x":"AQAB"}"#.into(), KeyFault::Unknown),
        (r#"{"kty":"oct","k":"AQAB"}"#.into(), KeyFault::Secret),
        ("{}".into(), KeyFault::Unknown),
    ] {
        assert_eq!(said(&jwk), Some(why), "{jwk}");
    }
    for wrong in ["", "[]", "{}", r#"{"keys":{}}"#, r#"{"keys":[],"keys":[]}"#] {
        assert!(KeySet::parse(wrong.as_bytes(), false).is_err(), "{wrong}");
    }
    let many = format!(r#"{{"keys":[{}]}}"#, vec!["{}"; 201].join(","));
    assert!(KeySet::parse(many.as_bytes(), false).is_err());
}

#[test]
fn a_token_that_names_no_key_is_tried_with_few() {
    let signers = Signers::new();
    let by = By::Rsa(&signers.rsa, &RSA_PKCS1_SHA256);
    let of = |count: usize| {
        let mut all: Vec<String> = (1..count).map(|at| jwk(&signers.strange, &format!(r#""kid":"{at}","#))).collect();
        all.push(jwk(&signers.rsa, r#""kid":"last","#));
        taken(&format!(r#"{{"keys":[{}]}}"#, all.join(",")))
    };
    let said = |keys: &KeySet, header: &str| {
        judge(&token(header, claims(NOW, ""), by), keys, &Algorithms::default(), &rules())
    };
    assert!(said(&of(4), r#"{"alg":"RS256"}"#).is_ok());
    assert_eq!(said(&of(5), r#"{"alg":"RS256"}"#), Err(Flaw::KeyNotNamed));
    assert!(said(&of(200), r#"{"alg":"RS256","kid":"last"}"#).is_ok());
}

#[test]
fn keys_come_out_of_pem() {
    let signers = Signers::new();
    let pem = |der: &[u8]| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).expect("letters")).collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    };
    // SubjectPublicKeyInfo (RFC 5280 4.1.2.7, RFC 5480, RFC 8410): an algorithm, and the key as bits.
    let spki = |algorithm: &[u8], key: &[u8]| {
        let long = |length: usize| match length {
            0..0x80 => vec![length as u8],
            0x80..0x100 => vec![0x81, length as u8],
            _ => vec![0x82, (length >> 8) as u8, length as u8],
        };
        let bits = [&[3][..], &long(key.len() + 1), &[0], key].concat();
        [&[0x30][..], &long(algorithm.len() + bits.len()), algorithm, &bits].concat()
    };
    const RSA: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1, 5, 0];
    const P256: &[u8] =
        &[0x30, 19, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    const P384: &[u8] = &[0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 34];
    const P521: &[u8] = &[0x30, 16, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 35];
    const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
    for (name, by, der) in [
        ("RS256", signers.rs256(), spki(RSA, signers.rsa.public_key().as_ref())),
        ("ES256", By::Ec(&signers.p256), spki(P256, signers.p256.public_key().as_ref())),
        ("ES384", By::Ec(&signers.p384), spki(P384, signers.p384.public_key().as_ref())),
        ("ES512", By::Ec(&signers.p521), spki(P521, signers.p521.public_key().as_ref())),
        ("EdDSA", By::Ed(&signers.ed), spki(ED25519, signers.ed.public_key().as_ref())),
    ] {
        let keys = KeySet::new([Key::of_pem(pem(&der).as_bytes()).unwrap_or_else(|why| panic!("{name}: {why}"))]);
        let token = token(format!(r#"{{"alg":"{name}","kid":"of no meaning"}}"#), claims(NOW, ""), by);
        assert!(judge(&token, &keys, &Algorithms::default(), &rules()).is_ok(), "{name}");
    }
    let said = |text: &str| Key::of_pem(text.as_bytes()).map(drop).expect_err("it is none");
    assert_eq!(said("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), KeyFault::Private);
    assert_eq!(said("ssh-ed25519 AAAA"), KeyFault::Unknown);
    assert_eq!(said(&pem(b"no key")), KeyFault::Unknown);
}
