use super::*;

fn redacted(text: &str) -> String {
    let mut out = String::new();
    Names::known().query(text, |piece| out.push_str(piece));
    out
}

#[test]
fn credentials_of_a_query_go_and_the_rest_stays() {
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
        ("next=%2Freset%3Ftoken%3Da&x=2", "next=REDACTED&x=2"),
        ("u=https%3A%2F%2Fa.example%2Fcb%3Fcode%3D1", "u=REDACTED"),
        ("u=%252Fa%253Ftoken%253D1&v=http%3A%2F%2Fu:p@a", "u=REDACTED&v=REDACTED"),
        ("u=%2Fa%3Fpage%3D1&b=abc%3D%3D&c=50%25", "u=%2Fa%3Fpage%3D1&b=abc%3D%3D&c=50%25"),
        ("next=https://a.example/?code=1&x=2", "next=https://a.example/?code=REDACTED&x=2"),
    ] {
        assert_eq!(redacted(input), output, "{input}");
    }
    let long = format!("{}=x&a=b", "n".repeat(70));
    assert_eq!(redacted(&long), long.replace("=x", "=REDACTED"));
}

#[test]
fn headers_and_cookies_are_known_by_the_same_names() {
    let credentials = [
        "authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "x-api-key",
        "X-Auth",
        "x-auth-token",
        "x-key",
        "x-csrf-token",
        "x-amz-security-token",
        "JSESSIONID",
        "PHPSESSID",
        "ASP.NET_SessionId",
        "connect.sid",
        "__Host-session",
        "_shop_session",
        "laravel_session",
        "wordpress_logged_in_abc",
        "remember_me",
        "oauth",
        "totp",
        "client_secret",
        "x-jwt-assertion",
    ];
    for name in credentials {
        assert!(Names::known().is_credential(name), "{name}");
    }
    let plain = [
        "accept",
        "host",
        "user-agent",
        "x-tenant",
        "x-request-id",
        "traceparent",
        "www-authenticate",
        "content-type",
        "sec-websocket-key",
        "x-forwarded-for",
        "author",
        "theme",
        "locale",
        "etag",
        "location",
        "referer",
        "via",
    ];
    for name in plain {
        assert!(!Names::known().is_credential(name), "{name}");
    }
}

#[test]
fn more_names_are_taken_however_they_are_written() {
    let names = Names::and(["X-Partner_Ref", &"n".repeat(80)]);
    for name in ["x-partner-ref", "x_partner_ref", "XPartnerRef", "x%2Dpartner-ref", "token"] {
        assert!(names.is_credential(name), "{name}");
    }
    assert!(!names.is_credential("x-partner") && !names.is_credential("x-partner-ref-2"));
    assert!(!Names::known().is_credential("x-partner-ref"));
}

#[test]
fn a_value_shows_no_credential_of_a_url_in_it() {
    for (value, shown) in [
        ("text/html;q=0.9, */*;q=0.8", "text/html;q=0.9, */*;q=0.8"),
        ("plain", "plain"),
        ("https://a.example/x?code=hunter2&y=1", "https://a.example/x?code=REDACTED&y=1"),
        ("https://a.example/cb#access_token=hunter2", "https://a.example/cb#access_token=REDACTED"),
        ("https://user:hunter2@a.example/x", "https://REDACTED@a.example/x"),
        ("https://a.example/@me", "https://a.example/@me"),
        ("<https://a.example/?token=hunter2>; rel=next", "<https://a.example/?token=REDACTED; rel=next"),
        ("a=1; sid=hunter2", "a=1; sid=REDACTED"),
    ] {
        assert_eq!(Names::known().value(value), shown);
    }
    assert_eq!(Names::known().shown("x-token", "hunter2"), REDACTED);
    assert_eq!(Names::known().shown("referer", "/?key=hunter2"), "/?key=REDACTED");
}

#[test]
fn every_part_and_end_is_found_past_the_filters() {
    for name in PARTS.iter().chain(ENDS) {
        let name = str::from_utf8(name).expect("text");
        assert!(Names::known().is_credential(name), "{name}");
        assert!(Names::known().is_credential(&format!("my-{name}")), "my-{name}");
    }
    for name in PARTS {
        let name = str::from_utf8(name).expect("text");
        assert!(Names::known().is_credential(&format!("my-{name}-2")), "my-{name}-2");
    }
}
