//! Which values of a query are credentials by their name. Their names stay in the log, their values do not.

use std::str;

/// What stands in a credential's place, as OpenTelemetry's conventions for URLs have it.
const REDACTED: &str = "REDACTED";
/// A name this long, decoded, is not looked through; its value is left out.
const LONGEST_NAME: usize = 64;

/// Names that are credentials wherever they stand within a longer name (`id_token`, `X-Amz-Signature`).
const PARTS: &[&[u8]] = &[
    b"accesskey",
    b"apikey",
    b"assertion",
    b"authcode",
    b"authorization",
    b"codeverifier",
    b"credential",
    b"jwt",
    b"passphrase",
    b"passw",
    b"privatekey",
    b"secret",
    b"sessid",
    b"sessionid",
    b"signature",
    b"token",
];

/// Names that are credentials when they stand alone.
const WHOLE: &[&[u8]] =
    &[b"auth", b"code", b"key", b"otp", b"pass", b"pin", b"pwd", b"session", b"sid", b"sig", b"ticket"];

/// Hands a query's pieces to `put` in order, separators among them, credentials' values replaced.
pub(super) fn query(query: &str, mut put: impl FnMut(&str)) {
    let mut from = 0;
    let mut rest = query;
    loop {
        let end = rest.bytes().position(|byte| matches!(byte, b'&' | b';')).unwrap_or(rest.len());
        let pair = &rest[..end];
        if let Some(equals) = pair.bytes().position(|byte| byte == b'=')
            && equals + 1 < pair.len()
            && is_credential(&pair[..equals])
        {
            let start = query.len() - rest.len();
            put(&query[from..start + equals + 1]);
            put(REDACTED);
            from = start + end;
        }
        match rest.get(end + 1..) {
            Some(next) => rest = next,
            None => break,
        }
    }
    put(&query[from..]);
}

/// Whether a parameter of this name holds a credential: percent-decoded, without regard to case, `-`, `_` and `.`.
fn is_credential(name: &str) -> bool {
    let mut plain = [0; LONGEST_NAME];
    let mut len = 0;
    let mut bytes = name.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => decode(&mut bytes),
            _ => byte,
        };
        if matches!(byte, b'-' | b'_' | b'.' | b'+' | b'[' | b']') {
            continue;
        }
        let Some(place) = plain.get_mut(len) else { return true };
        *place = byte.to_ascii_lowercase();
        len += 1;
    }
    let plain = &plain[..len];
    WHOLE.contains(&plain) || (0..len).any(|at| begins_with_part(&plain[at..]))
}

fn begins_with_part(text: &[u8]) -> bool {
    // Most bytes begin none of them; that costs less than sixteen comparisons.
    matches!(text[0], b'a' | b'c' | b'j' | b'p' | b's' | b't') && PARTS.iter().any(|part| text.starts_with(part))
}

fn decode(bytes: &mut str::Bytes<'_>) -> u8 {
    let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16)).unwrap_or(0) as u8;
    digit() << 4 | digit()
}

#[cfg(test)]
mod tests {
    use super::query;

    fn redacted(text: &str) -> String {
        let mut out = String::new();
        query(text, |piece| out.push_str(piece));
        out
    }

    #[test]
    fn credentials_go_and_the_rest_stays() {
        for (input, output) in [
            ("", ""),
            ("a=1&b=2", "a=1&b=2"),
            ("token=abc", "token=REDACTED"),
            ("a=1&access_token=abc&b=2", "a=1&access_token=REDACTED&b=2"),
            ("api_key=k;API-Key=k;apiKey=k", "api_key=REDACTED;API-Key=REDACTED;apiKey=REDACTED"),
            ("access%5Ftoken=a&%74oken=b", "access%5Ftoken=REDACTED&%74oken=REDACTED"),
            ("X-Amz-Signature=aa&X-Amz-Date=1", "X-Amz-Signature=REDACTED&X-Amz-Date=1"),
            ("code=1&postcode=2&state=3", "code=REDACTED&postcode=2&state=3"),
            ("user[password]=x&password_confirmation=x", "user[password]=REDACTED&password_confirmation=REDACTED"),
            ("token&token=&=x&&", "token&token=&=x&&"),
            ("token=a=b=c", "token=REDACTED"),
            ("%", "%"),
            ("%=1&%t=2&token%", "%=1&%t=2&token%"),
            ("sid=1&inside=2&key=3&monkey=4", "sid=REDACTED&inside=2&key=REDACTED&monkey=4"),
        ] {
            assert_eq!(redacted(input), output, "{input}");
        }
        let long = format!("{}=x&a=b", "n".repeat(70));
        assert_eq!(redacted(&long), long.replace("=x", "=REDACTED"));
    }
}
