//! Tokens that must not be taken, each with the one reason why: all else of it is sound.

use super::signers::{AUDIENCE, By, ISSUER, Signers, encode, jwk, of_parts, sign, token};
use aws_lc_rs::hmac::{HMAC_SHA256, HMAC_SHA384, HMAC_SHA512};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PSS_SHA256};

/// A token, and the word for what is wrong with it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) word: &'static str,
}

/// What is sound, for `now` in seconds; `more` stands before it and may say a name twice.
pub(crate) fn claims(now: u64, more: &str) -> String {
    format!(r#"{{{more}"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"u1","iat":{now},"exp":{}}}"#, now + 600)
}

/// What is sound, with the member `name` as `member`, or without it.
fn with(now: u64, name: &str, member: &str) -> String {
    let exp = format!(r#""exp":{}"#, now + 600);
    let all = [
        ("iss", format!(r#""iss":"{ISSUER}""#)),
        ("aud", format!(r#""aud":"{AUDIENCE}""#)),
        ("sub", r#""sub":"u1""#.to_owned()),
        ("exp", exp),
    ];
    let others = all.into_iter().filter(|(is, _)| *is != name).map(|(_, member)| member);
    let all: Vec<String> = others.chain(Some(member.to_owned()).filter(|member| !member.is_empty())).collect();
    format!("{{{}}}", all.join(","))
}

/// Every attack, for `now` in seconds since 1970, 30 s of skew, and a reader that wants `sub`.
pub(crate) fn cases(signers: &Signers, now: u64) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add =
        |name: &str, word: &'static str, token: String| cases.push(Case { name: name.to_owned(), token, word });
    shapes(signers, now, &mut add);
    encodings(signers, now, &mut add);
    headers(signers, now, &mut add);
    algorithms(signers, now, &mut add);
    keys(signers, now, &mut add);
    signatures(signers, now, &mut add);
    payloads(signers, now, &mut add);
    claimed(signers, now, &mut add);
    cases
}

type Add<'a> = &'a mut dyn FnMut(&str, &'static str, String);

const RS256: &str = r#"{"alg":"RS256","kid":"rsa"}"#;

fn shapes(signers: &Signers, now: u64, add: Add<'_>) {
    let good = token(RS256, claims(now, ""), signers.rs256());
    let parts: Vec<&str> = good.split('.').collect();
    let (header, payload, signature) = (parts[0], parts[1], parts[2]);
    add("nothing", "shape", String::new());
    for text in [".", "a", "a.b", "{}", "null"] {
        add(text, "shape", text.to_owned());
    }
    add("two dots alone", "shape", "..".to_owned());
    add("one part", "shape", header.to_owned());
    add("two parts", "shape", format!("{header}.{payload}"));
    add("no header", "shape", format!(".{payload}.{signature}"));
    add("four parts", "shape", format!("{good}.{signature}"));
    add("a dot at the end", "shape", format!("{good}."));
    add("six parts", "shape", format!("{good}.{good}"));
    add("five parts", "encrypted", format!("{good}.a.b"));
    add("JSON serialization", "shape", format!(r#"{{"payload":"{payload}","signature":"{signature}"}}"#));
    add(
        "too long",
        "too_long",
        token(RS256, claims(now, &format!(r#""a":"{}","#, "x".repeat(16_000))), signers.rs256()),
    );
    add("huge", "too_long", format!("{good}{}", "A".repeat(1 << 20)));
}

fn encodings(signers: &Signers, now: u64, add: Add<'_>) {
    let by = signers.rs256();
    let (header, payload) = (encode(RS256), encode(claims(now, "")));
    let signature = encode(sign(format!("{header}.{payload}").as_bytes(), by));
    add(
        "a padded header",
        "base64",
        of_parts(&encode(r#"{"alg":"RS256","kid":"rsa"} "#).replace('=', ""), "", by) + "=",
    );
    add("a padded payload", "base64", of_parts(&header, &format!("{payload}=="), by));
    add("a padded signature", "base64", format!("{header}.{payload}.{signature}=="));
    add("a space before", "base64", format!(" {header}.{payload}.{signature}"));
    add("a space within", "base64", format!("{header}.{payload}.{} {}", &signature[..9], &signature[9..]));
    add("a line end", "base64", format!("{header}.{payload}.{signature}\n"));
    add("a NUL", "base64", format!("{header}.{payload}.{signature}\0"));
    add("a letter that is none", "base64", format!("{header}.{payload}.é{signature}"));
    add("percent", "base64", format!("{header}.{payload}.{signature}%3D"));
    add("the other alphabet", "base64", format!("{header}.{payload}.+/{}", &signature[2..]));
    add("one letter too many", "base64", format!("{header}.{payload}.{}", &signature[..signature.len() - 1]));
    // 256 bytes are 342 letters, the last of which has four bits that say nothing.
    let loose = |text: &str| {
        let last = text.as_bytes()[text.len() - 1];
        let next = match last {
            b'Z' => b'a',
            b'z' => b'0',
            b'9' => b'-',
            b'-' => b'_',
            other => other + 1,
        };
        format!("{}{}", &text[..text.len() - 1], char::from(next))
    };
    add("loose bits in the signature", "base64", format!("{header}.{payload}.{}", loose(&signature)));
    let header = encode(r#"{"alg":"RS256", "kid":"rsa"}"#);
    add("loose bits in the header", "base64", of_parts(&loose(&header), &payload, by));
    let mut text = claims(now, "");
    while text.len().is_multiple_of(3) {
        text.push(' ');
    }
    add("loose bits in the payload", "base64", of_parts(&encode(RS256), &loose(&encode(&text)), by));
}

fn headers(signers: &Signers, now: u64, add: Add<'_>) {
    let mut header = |name: &str, word, header: &[u8]| add(name, word, token(header, claims(now, ""), signers.rs256()));
    let deep = format!(r#"{{"alg":"RS256","kid":"rsa","a":{}{}}}"#, "[".repeat(8), "]".repeat(8));
    let long = format!(r#"{{"alg":"RS256","kid":"rsa","a":"{}"}}"#, "x".repeat(9000));
    for (text, word) in [
        ("no json", "json"),
        ("[]", "json"),
        ("\"RS256\"", "json"),
        ("1", "json"),
        ("null", "json"),
        (r#"{"alg":"RS256","kid":"rsa"} {}"#, "json"),
        (r#"{"alg":"RS256","kid":"rsa",}"#, "json"),
        (r#"{"alg":"RS256","kid":"rsa"}//"#, "json"),
        ("{'alg':'RS256','kid':'rsa'}", "json"),
        (r#"{"alg":"RS256","kid":"rsa","n":NaN}"#, "json"),
        ("\u{feff}{\"alg\":\"RS256\",\"kid\":\"rsa\"}", "json"),
        ("{\"alg\":\"RS256\",\"kid\":\"rsa\"}\0", "json"),
        ("{\"alg\":\"RS256\",\"kid\":\"r\nsa\"}", "json"),
        (r#"{"alg":"RS256","kid":"\ud800"}"#, "json"),
        (r#"{"alg":"RS256","alg":"RS256","kid":"rsa"}"#, "json"),
        (r#"{"alg":"none","alg":"RS256","kid":"rsa"}"#, "json"),
        (r#"{"alg":"RS256","\u0061lg":"none","kid":"rsa"}"#, "json"),
        (r#"{"alg":"RS256","kid":"any","kid":"rsa"}"#, "json"),
        (&deep, "json"),
        (&long, "json"),
        ("{}", "header"),
        (r#"{"kid":"rsa"}"#, "header"),
        (r#"{"Alg":"RS256","kid":"rsa"}"#, "header"),
        (r#"{"alg":null,"kid":"rsa"}"#, "header"),
        (r#"{"alg":256,"kid":"rsa"}"#, "header"),
        (r#"{"alg":["RS256"],"kid":"rsa"}"#, "header"),
        (r#"{"alg":{"RS256":1},"kid":"rsa"}"#, "header"),
        (r#"{"alg":"RS256","kid":"rsa","crit":["exp"]}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","crit":[]}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","crit":null}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","crit":"exp","exp":1}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":true}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","b64":false}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","b64":true}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","crit":["https://example.com/x"],"https://example.com/x":1}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","crit":["alg"]}"#, "critical"),
        (r#"{"alg":"RS256","kid":"rsa","typ":1}"#, "header"),
        (r#"{"alg":"RS256","kid":"rsa","typ":null}"#, "header"),
        (r#"{"alg":"RS256","kid":"rsa","typ":["JWT"]}"#, "header"),
        (r#"{"alg":"RS256","kid":"rsa","typ":""}"#, "type"),
        (r#"{"alg":"RS256","kid":"rsa","typ":"dpop+jwt"}"#, "type"),
        (r#"{"alg":"RS256","kid":"rsa","typ":"logout+jwt"}"#, "type"),
        (r#"{"alg":"RS256","kid":"rsa","typ":"application/secevent+jwt"}"#, "type"),
        (r#"{"alg":"RS256","kid":"rsa","typ":"JWE"}"#, "type"),
        (r#"{"alg":"RS256","kid":"rsa","typ":"JWT "}"#, "type"),
        (r#"{"alg":"RS256","kid":"rsa","cty":"JWT"}"#, "nested"),
        (r#"{"alg":"RS256","kid":"rsa","cty":"application/jwt"}"#, "nested"),
        (r#"{"alg":"RS256","kid":"rsa","cty":7}"#, "header"),
    ] {
        header(text, word, text.as_bytes());
    }
    header("no UTF-8", "json", b"{\"alg\":\"RS256\",\"kid\":\"rsa\xff\"}");
}

fn algorithms(signers: &Signers, now: u64, add: Add<'_>) {
    let mut by = |name: &str, word, header: &str, by: By<'_>| add(name, word, token(header, claims(now, ""), by));
    for none in ["none", "None", "NONE", "nOnE"] {
        let header = format!(r#"{{"alg":"{none}"}}"#);
        by(none, "unsigned", &header, By::Bytes(b""));
        by(&format!("{none}, signed"), "unsigned", &header.replace('}', r#","kid":"rsa"}"#), signers.rs256());
    }
    for unknown in
        ["", "none ", "rs256", "RS256 ", "RS1", "RS257", "ES256K", "Ed448", "RSA-OAEP", "dir", "A256GCM", "HS1"]
    {
        by(unknown, "unknown_algorithm", &format!(r#"{{"alg":"{unknown}","kid":"rsa"}}"#), signers.rs256());
    }
    // The public key as a secret: whoever lets the token choose falls for it.
    let der = signers.rsa.public_key().as_ref().to_vec();
    let key = jwk(&signers.rsa, "");
    for (name, header, kind) in [
        ("HS256", r#"{"alg":"HS256","kid":"rsa"}"#, HMAC_SHA256),
        ("HS384", r#"{"alg":"HS384","kid":"rsa"}"#, HMAC_SHA384),
        ("HS512", r#"{"alg":"HS512","kid":"rsa"}"#, HMAC_SHA512),
    ] {
        by(&format!("{name} by the public key"), "algorithm", header, By::Secret(&der, kind));
        by(&format!("{name} by the key's JSON"), "algorithm", header, By::Secret(key.as_bytes(), kind));
        by(&format!("{name} by nothing"), "algorithm", header, By::Secret(b"", kind));
    }
    // Signed by whom it says, by an algorithm that the key is not for.
    by(
        "PS256 by a key for RS256",
        "key_for_another",
        r#"{"alg":"PS256","kid":"rsa"}"#,
        By::Rsa(&signers.rsa, &RSA_PSS_SHA256),
    );
    by(
        "RS384 by a key for RS256",
        "key_for_another",
        r#"{"alg":"RS384","kid":"rsa"}"#,
        By::Rsa(&signers.rsa, &RSA_PKCS1_SHA384),
    );
    for (alg, id) in [
        ("ES256", "rsa"),
        ("EdDSA", "rsa"),
        ("RS256", "p256"),
        ("PS256", "ed"),
        ("ES384", "p256"),
        ("ES512", "p256"),
        ("ES256", "p384"),
        ("ES256", "ed"),
        ("EdDSA", "p256"),
        ("EdDSA", "any"),
    ] {
        let header = format!(r#"{{"alg":"{alg}","kid":"{id}"}}"#);
        by(&format!("{alg} by the key {id}"), "key_for_another", &header, signers.rs256());
    }
    by("PS256 that says RS256", "signature", RS256, By::Rsa(&signers.rsa, &RSA_PSS_SHA256));
    by("RS384 that says RS256", "signature", RS256, By::Rsa(&signers.rsa, &RSA_PKCS1_SHA384));
}

fn keys(signers: &Signers, now: u64, add: Add<'_>) {
    let strange = By::Rsa(&signers.strange, &RSA_PKCS1_SHA256);
    let mut by = |name: &str, word, header: &str, by: By<'_>| add(name, word, token(header, claims(now, ""), by));
    for id in [
        "nobody",
        "",
        "RSA",
        "rsa ",
        " rsa",
        "rsa\\u0000",
        "../../../../dev/null",
        "/etc/passwd",
        "' OR '1'='1",
        "rsa' UNION SELECT 'secret",
        "| sleep 9",
        "https://attacker.example/key",
        "*",
        "${jndi:ldap://attacker.example/a}",
        "0",
    ] {
        by(&format!("kid {id:?}"), "unknown_key", &format!(r#"{{"alg":"RS256","kid":"{id}"}}"#), strange);
    }
    for id in ["0", "null", "true", "[\"rsa\"]", "{\"rsa\":1}"] {
        by(&format!("kid {id}"), "header", &format!(r#"{{"alg":"RS256","kid":{id}}}"#), signers.rs256());
    }
    by("a long kid", "header", &format!(r#"{{"alg":"RS256","kid":"{}"}}"#, "k".repeat(600)), signers.rs256());
    by("no kid, a stranger's key", "signature", r#"{"alg":"RS256"}"#, strange);
    by("another's kid", "signature", RS256, strange);
    by("the kid of another of ours", "signature", r#"{"alg":"RS256","kid":"any"}"#, signers.rs256());
    // Keys that a token brings along are nobody's.
    let own = jwk(&signers.strange, "");
    for member in [
        format!(r#""jwk":{own}"#),
        r#""jku":"https://attacker.example/jwks.json""#.to_owned(),
        r#""x5u":"https://attacker.example/cert.pem""#.to_owned(),
        r#""x5c":["MIIB"]"#.to_owned(),
        r#""x5t":"AAAA""#.to_owned(),
    ] {
        by(&member, "signature", &format!(r#"{{"alg":"RS256",{member}}}"#), strange);
        by(&format!("{member} and kid"), "signature", &format!(r#"{{"alg":"RS256","kid":"rsa",{member}}}"#), strange);
        let of_its_own = format!(r#"{{"alg":"RS256","kid":"strange",{member}}}"#);
        by(&format!("{member} and a kid of its own"), "unknown_key", &of_its_own, strange);
    }
}

fn signatures(signers: &Signers, now: u64, add: Add<'_>) {
    let all = claims(now, "");
    let mut wrong =
        |name: &str, header: &str, signature: &[u8]| add(name, "signature", token(header, &all, By::Bytes(signature)));
    let es256 = r#"{"alg":"ES256","kid":"p256"}"#;
    let eddsa = r#"{"alg":"EdDSA","kid":"ed"}"#;
    for (name, header, by, length) in [
        ("RS256", RS256, signers.rs256(), 256),
        ("ES256", es256, By::Ec(&signers.p256), 64),
        ("EdDSA", eddsa, By::Ed(&signers.ed), 64),
    ] {
        let good = sign(format!("{}.{}", encode(header), encode(&all)).as_bytes(), by);
        assert_eq!(good.len(), length);
        let changed = |at: usize, bit: u8| {
            let mut signature = good.clone();
            signature[at] ^= bit;
            signature
        };
        wrong(&format!("{name}: the first bit"), header, &changed(0, 0x80));
        wrong(&format!("{name}: the last bit"), header, &changed(length - 1, 1));
        wrong(&format!("{name}: a byte short"), header, &good[..length - 1]);
        wrong(&format!("{name}: a byte long"), header, &[&good[..], &[0]].concat());
        wrong(&format!("{name}: a zero before"), header, &[&[0], &good[..]].concat());
        wrong(&format!("{name}: zeros"), header, &vec![0; length]);
        wrong(&format!("{name}: ones"), header, &vec![0xff; length]);
        wrong(&format!("{name}: none"), header, b"");
        let other = sign(b"another message", by);
        wrong(&format!("{name}: of another token"), header, &other);
    }
    let good = sign(format!("{}.{}", encode(es256), encode(&all)).as_bytes(), By::Ec(&signers.p256));
    // RFC 7518 3.4: two numbers of 32 bytes, not the DER that other protocols have.
    let number = |bytes: &[u8]| [&[2, 33, 0], bytes].concat();
    let der = [&[0x30, 70][..], &number(&good[..32]), &number(&good[32..])].concat();
    wrong("ES256: as DER", es256, &der);
    wrong("ES256: r is 0", es256, &[&[0; 32], &good[32..]].concat());
    wrong("ES256: s is 0", es256, &[&good[..32], &[0; 32]].concat());
    let sound = token(RS256, &all, signers.rs256());
    let (before, signature) = sound.rsplit_once('.').expect("it has dots");
    let header = before.split('.').next().expect("a header");
    let richer = encode(claims(now, r#""admin":true,"#));
    add("a changed payload", "signature", format!("{header}.{richer}.{signature}"));
    let payload = before.split('.').nth(1).expect("a payload");
    let other = encode(r#"{"alg":"RS256","kid":"rsa","a":1}"#);
    add("a changed header", "signature", format!("{other}.{payload}.{signature}"));
    add(
        "a header written in another way",
        "signature",
        format!("{}.{payload}.{signature}", encode(r#"{"kid":"rsa","alg":"RS256"}"#)),
    );
}

fn payloads(signers: &Signers, now: u64, add: Add<'_>) {
    let mut payload = |name: &str, claims: &[u8]| add(name, "json", token(RS256, claims, signers.rs256()));
    payload("no payload", b"");
    for text in ["no json", "[]", "\"u1\"", "1", "null", "{} {}", "{\"iss\":1,}"] {
        payload(text, text.as_bytes());
    }
    payload("a mark of byte order", format!("\u{feff}{}", claims(now, "")).as_bytes());
    payload("a NUL at the end", format!("{}\0", claims(now, "")).as_bytes());
    payload("another token", token(RS256, claims(now, ""), signers.rs256()).as_bytes());
    for twice in [
        "\"iss\":\"https://attacker.example/\",",
        "\"aud\":\"other\",",
        "\"exp\":99999999999,",
        "\"sub\":\"admin\",",
        "\"iat\":1,",
    ] {
        payload(&format!("{twice} twice"), claims(now, twice).as_bytes());
    }
    payload("roles twice", claims(now, r#""roles":["user"],"roles":["admin"],"#).as_bytes());
    payload("roles twice, once escaped", claims(now, r#""roles":[],"\u0072oles":["admin"],"#).as_bytes());
    payload("twice, further in", claims(now, r#""realm":{"roles":[],"roles":["admin"]},"#).as_bytes());
    payload("deep", claims(now, &format!(r#""a":{}{},"#, "[".repeat(32), "]".repeat(32))).as_bytes());
    payload("half a pair", claims(now, r#""a":"\udead","#).as_bytes());
    let mut no_utf8 = claims(now, r#""a":"?","#).into_bytes();
    no_utf8.iter_mut().filter(|byte| **byte == b'?').for_each(|byte| *byte = 0xff);
    payload("no UTF-8", &no_utf8);
}

fn claimed(signers: &Signers, now: u64, add: Add<'_>) {
    let mut member = |name: &str, member: &str, word| {
        add(&format!("{name} as {member:?}"), word, token(RS256, with(now, name, member), signers.rs256()));
    };
    for (text, word) in [
        ("", "missing"),
        (r#""iss":null"#, "claim"),
        (r#""iss":1"#, "claim"),
        (r#""iss":["https://login.example.com/"]"#, "claim"),
        (r#""iss":"""#, "issuer"),
        (r#""iss":"https://login.example.com""#, "issuer"),
        (r#""iss":"https://login.example.com//""#, "issuer"),
        (r#""iss":"https://LOGIN.example.com/""#, "issuer"),
        (r#""iss":"http://login.example.com/""#, "issuer"),
        (r#""iss":"https://login.example.com/ ""#, "issuer"),
        (r#""iss":"https://login.example.com/x""#, "issuer"),
        (r#""iss":"https://login.example.com.attacker.example/""#, "issuer"),
        (r#""iss":"https://login.еxample.com/""#, "issuer"),
        (r#""Iss":"https://login.example.com/""#, "missing"),
    ] {
        member("iss", text, word);
    }
    for (text, word) in [
        ("", "missing"),
        (r#""aud":null"#, "claim"),
        (r#""aud":7"#, "claim"),
        (r#""aud":{"shop":true}"#, "claim"),
        (r#""aud":["shop",7]"#, "claim"),
        (r#""aud":[["shop"]]"#, "claim"),
        (r#""aud":[]"#, "audience"),
        (r#""aud":"""#, "audience"),
        (r#""aud":"other""#, "audience"),
        (r#""aud":"Shop""#, "audience"),
        (r#""aud":"shop ""#, "audience"),
        (r#""aud":"shop2""#, "audience"),
        (r#""aud":"sho""#, "audience"),
        (r#""aud":"shop other""#, "audience"),
        (r#""aud":["other","shop2"]"#, "audience"),
    ] {
        member("aud", text, word);
    }
    let (over, later) = (format!(r#""exp":{}"#, now - 31), format!(r#""nbf":{}"#, now + 600));
    let (millis, text) = (format!(r#""exp":{}000"#, now + 600), format!(r#""exp":"{}""#, now + 600));
    for (text, word) in [
        ("", "missing"),
        (r#""exp":null"#, "claim"),
        (&text, "claim"),
        (r#""exp":true"#, "claim"),
        (r#""exp":[99999999999]"#, "claim"),
        (r#""exp":-1"#, "claim"),
        (r#""exp":1e400"#, "claim"),
        (r#""exp":1e300"#, "claim"),
        (&millis, "claim"),
        (&over, "expired"),
        (r#""exp":0"#, "expired"),
        (r#""exp":1e3"#, "expired"),
        (r#""exp":1516239022.5"#, "expired"),
    ] {
        member("exp", text, word);
    }
    let made_later = later.replace("nbf", "iat");
    for (text, word) in [
        (&*later, "not_yet"),
        (r#""nbf":99999999999"#, "not_yet"),
        (r#""nbf":"0""#, "claim"),
        (r#""nbf":null"#, "claim"),
        (r#""nbf":-1"#, "claim"),
        (&made_later, "not_yet"),
        (r#""iat":"0""#, "claim"),
        (r#""iat":null"#, "claim"),
        (r#""iat":{}"#, "claim"),
    ] {
        member("nbf", text, word);
    }
    for (text, word) in [
        ("", "missing"),
        (r#""sub":null"#, "claim"),
        (r#""sub":7"#, "claim"),
        (r#""sub":["u1"]"#, "claim"),
        (r#""sub":{"id":"u1"}"#, "claim"),
    ] {
        member("sub", text, word);
    }
}
