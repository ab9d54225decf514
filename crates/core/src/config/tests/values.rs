//! The values with units: what is taken, what is refused with which remedy.

use std::time::Duration;

use super::{read, said};
use crate::config::{ByteSize, ConfigPath, Map, Network, Rate, Read, SecretSource, Share, Text};

/// The remedies for texts that are refused.
fn remedies<T: Text>(texts: &[(&str, &str)]) {
    for (text, remedy) in texts {
        assert_eq!(T::parse(text).err().as_deref(), Some(*remedy), "{text:?}");
    }
}

fn value<T: Read>(text: &str) -> T {
    let (map, diagnostics) = read::<Map<T>>(&format!("x: {text}"));
    let map = map.unwrap_or_else(|| panic!("{text}: {:?}", super::lines(&diagnostics)));
    map.into_iter().next().expect("a value").1
}

/// What is said of a value, without its place.
fn wrong<T: Read>(text: &str) -> String {
    said::<Map<T>>(&format!("x: {text}"))
        .concat()
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == ':')
        .trim()
        .into()
}

// Rule: unit-required
#[test]
fn durations() {
    let all = [("250ms", 250), ("0s", 0), ("5s", 5_000), ("1m", 60_000), ("8h", 28_800_000), ("7d", 604_800_000)];
    for (text, milliseconds) in all {
        assert_eq!(value::<Duration>(text), Duration::from_millis(milliseconds), "{text}");
    }
    remedies::<Duration>(&[
        ("5", "a duration needs its unit: 5s or 5ms?"),
        ("5sec", "write 5s"),
        ("5min", "write 5m"),
        ("1h30m", "one whole number and one unit: 250ms, 5s, 1m, 8h, 7d"),
        ("1.5s", "one whole number and one unit: 250ms, 5s, 1m, 8h, 7d"),
        ("5 s", "write 5s"),
        ("5H", "write 5h"),
        ("5 x", "one whole number and one unit: 250ms, 5s, 1m, 8h, 7d"),
        ("3651d", "at most 3650d"),
        ("18446744073709551615d", "at most 3650d"),
        ("18446744073709551616s", ""),
        ("-5s", ""),
        ("", ""),
    ]);
}

// Rule: unit-required
#[test]
fn sizes() {
    for (text, bytes) in [("10B", 10), ("1KiB", 1024), ("8MiB", 8 << 20), ("2GiB", 2 << 30), ("1TiB", 1 << 40)] {
        assert_eq!(value::<ByteSize>(text).bytes(), bytes, "{text}");
        assert_eq!(ByteSize(bytes).to_string(), text);
    }
    remedies::<ByteSize>(&[
        ("1024", "a size needs its unit: 1024B, 1024KiB or 1024MiB?"),
        ("8MB", "write 8MiB"),
        ("8k", "write 8KiB"),
        ("8 MiB", "one whole number and one unit: 10B, 1KiB, 8MiB, 2GiB"),
        ("9999999999TiB", "that is more than any machine has"),
        ("many", ""),
    ]);
}

#[test]
fn rates() {
    for (text, count, seconds) in [("100/s", 100, 1), ("1000/min", 1000, 60), ("20/h", 20, 3600), ("5/d", 5, 86_400)] {
        let rate = value::<Rate>(text);
        assert_eq!((rate.count.get(), rate.per.as_secs()), (count, seconds));
        assert_eq!(rate.to_string(), text);
    }
    remedies::<Rate>(&[
        ("100", "a rate needs its time: 100/s, 100/min, 100/h or 100/d?"),
        ("100/m", "write 100/min"),
        ("100rps", "write 100/s"),
        ("100 /s", "without spaces: 100/s"),
        ("0/s", "at least 1"),
        ("5000000000/s", "at most 4294967295"),
        ("1/w", "one whole number and one time: 100/s, 1000/min, 20/h, 5/d"),
    ]);
}

#[test]
fn shares() {
    for (text, millionths) in [("5%", 50_000), ("0%", 0), ("100%", 1_000_000), ("0.5%", 5_000), ("12.3456%", 123_456)] {
        assert_eq!(value::<Share>(text).millionths(), millionths);
        assert_eq!(value::<Share>(text).to_string(), text);
    }
    remedies::<Share>(&[
        ("5", "a share needs its unit: 5%?"),
        ("0.5", "a share needs its unit: 50%?"),
        ("500", ""),
        ("101%", "from 0% to 100%"),
        ("100.0001%", "from 0% to 100%"),
        ("99999999999%", "from 0% to 100%"),
        (".5%", "one number and a percent sign: 5%, 0.5%"),
        ("0.12345%", "at most four digits after the point"),
    ]);
}

#[test]
fn networks() {
    let holds = |network: &str, address: &str| {
        Network::parse(network).expect("a network").contains(address.parse().expect("an address"))
    };
    assert!(holds("10.0.0.0/8", "10.255.0.1") && !holds("10.0.0.0/8", "11.0.0.0"));
    assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
    assert!(holds("0.0.0.0/0", "1.2.3.4") && !holds("0.0.0.0/0", "::1"));
    assert!(holds("::/0", "::1") && !holds("::/0", "1.2.3.4"));
    assert!(holds("2001:db8::/32", "2001:db8:1::1") && !holds("2001:db8::/32", "2001:db9::1"));
    assert!(holds("10.0.0.0/8", "::ffff:10.1.1.1"), "mapped into IPv6 it is the same address");
    assert_eq!(value::<Network>("10.0.0.0/8").to_string(), "10.0.0.0/8");
    remedies::<Network>(&[
        ("10.0.0.1/8", "the network is 10.0.0.0/8; the address alone is 10.0.0.1"),
        ("10.0.0.0/33", "after the slash stands a number from 0 to 32"),
        ("10.0.0.0/+8", "after the slash stands a number from 0 to 32"),
        ("::/129", "after the slash stands a number from 0 to 128"),
        ("::ffff:10.0.0.1", "write the IPv4 address: 10.0.0.1"),
        ("10.0.0", ""),
        ("example.com", ""),
    ]);
}

#[test]
fn numbers_and_truth() {
    assert_eq!((value::<u16>("65535"), value::<u64>("\"7\""), value::<bool>("true")), (65_535, 7, true));
    assert_eq!(wrong::<u16>("65536"), "expected a whole number from 0 to 65535, found `65536`");
    assert_eq!(
        wrong::<u64>("18446744073709551616"),
        "expected a whole number from 0 to 18446744073709551615, found `18446744073709551616`"
    );
    assert_eq!(wrong::<u32>("-1"), "expected a whole number, found `-1`");
    assert_eq!(wrong::<u32>("1_000"), "expected a whole number, found `1_000` [write `1000`]");
    assert_eq!(wrong::<u32>("0755"), "expected a whole number, found `0755` [a number has no leading zero]");
    assert_eq!(wrong::<u32>("1.0"), "expected a whole number, found `1.0`");
    assert_eq!(wrong::<bool>("on"), "expected `true` or `false`, found `on` [did you mean `true`?]");
    assert_eq!(value::<String>("1.20"), "1.20");
    assert_eq!(wrong::<String>(""), "expected a text, found nothing [write `\"\"` for an empty text]");
}

#[test]
fn words_of_http() {
    use http::{HeaderName, Method, StatusCode};

    assert_eq!(value::<HeaderName>("X-Tenant"), "x-tenant");
    assert_eq!(value::<Method>("PURGE"), "PURGE");
    assert_eq!(value::<StatusCode>("404"), 404);
    assert_eq!(wrong::<Method>("get"), "expected a method such as GET, found `get` [write GET]");
    assert_eq!(wrong::<StatusCode>("600"), "expected a status from 100 to 599, found `600`");
    assert!(wrong::<HeaderName>("x y").starts_with("expected a header's name, found `x y` [a name has"));
}

// Rule: path-of-file
#[test]
fn paths_start_from_the_file_that_names_them() {
    let source = crate::config::Source::new("conf/gateway.yaml", "a: certs/a.pem\nb: /etc/b.pem\n");
    let mut reader = crate::config::Reader::new();
    let node = crate::config::Node::parse(&source, &mut reader.diagnostics);
    let paths = Map::<ConfigPath>::read(&node, &mut reader).expect("they are good");
    assert_eq!(paths[0].1, ConfigPath::new("conf/certs/a.pem"));
    assert_eq!(paths[1].1, ConfigPath::new("/etc/b.pem"));
    assert!(wrong::<ConfigPath>("${HOME}/a").contains("variables and `~` mean nothing in it"));
    assert!(wrong::<ConfigPath>("~/a").contains("variables and `~` mean nothing in it"));
}

// Rule: secret-elsewhere
#[test]
fn secrets_are_named_and_never_written() {
    const EXPECTED: &str = "expected a secret as {env: NAME} or {file: PATH}";
    assert_eq!(value::<SecretSource>("{env: PASSWORD}"), SecretSource::Env("PASSWORD".into()));
    assert_eq!(value::<SecretSource>("{file: a/b}"), SecretSource::File(ConfigPath::new("a/b")));
    let of = wrong::<SecretSource>;
    assert_eq!(of("\"${HOME}\""), format!("{EXPECTED}, found plain text [use {{env: HOME}}]"));
    assert_eq!(of("hunter2"), format!("{EXPECTED}, found plain text [keep it in a variable or a file, and name that]"));
    assert_eq!(of("{env: A, file: b}"), format!("{EXPECTED}, found both"));
    assert_eq!(of("{}"), EXPECTED);
    assert_eq!(of("{envv: A}"), "unknown key `envv` [did you mean `env`?]");
    assert_eq!(
        of("{env: hunter-2}"),
        "expected the name of an environment variable [a name is made of letters, digits and `_`]"
    );
    for text in ["hunter2", "[hunter2]", "{value: hunter2}", "{env: hunter2!}", "{file: {a: hunter2}}"] {
        let (_, diagnostics) = read::<Map<SecretSource>>(&format!("x: {text}"));
        assert!(diagnostics.has_errors(), "{text}");
        let hidden = !diagnostics.render(false).contains("hunter2") && !diagnostics.render(true).contains("hunter2");
        assert!(hidden || text.contains("file"), "{}", diagnostics.render(false));
    }
}

#[test]
fn secrets_are_fetched() {
    let directory = super::includes::Directory::new("secrets");
    let of = |text: &str| SecretSource::File(ConfigPath::new(directory.write("key", text))).resolve();
    assert_eq!(of("hunter2\r\n").expect("a secret").expose_text(), Some("hunter2"));
    assert_eq!(of("two\nlines\n\n").expect("a secret").expose_text(), Some("two\nlines\n"));
    assert!(of("\n").expect_err("empty").ends_with("is empty"));
    assert!(of(&"x".repeat(70_000)).expect_err("long").ends_with("is longer than 65536 bytes"));
    let missing = SecretSource::File(ConfigPath::new("does/not/exist")).resolve().expect_err("none");
    assert!(missing.starts_with("the secret file `does/not/exist` cannot be read"), "{missing}");
    let unset = SecretSource::Env("PINTLE_TEST_THAT_NOBODY_SETS".into()).resolve().expect_err("none");
    assert_eq!(unset, "the environment variable `PINTLE_TEST_THAT_NOBODY_SETS` is not set");
    assert!(SecretSource::Env("PATH".into()).resolve().is_ok());
}
