use super::*;
use crate::config::Telemetry;
use pintle_core::config::Sources;
use std::path::PathBuf;

fn read(text: &str) -> (Option<(Sink, Format)>, String) {
    let mut reader = Reader::new();
    let sources = Sources::from_text("/etc/pintle/gateway.yaml", text, &mut reader);
    let telemetry = Telemetry::read(&sources.root, &mut reader);
    let said: Vec<_> = reader.diagnostics.iter().map(|one| one.message.clone()).collect();
    let parts = telemetry.map(|telemetry| {
        let (sink, style) = telemetry.access_log.parts();
        (sink.clone(), style.format)
    });
    (parts.filter(|_| said.is_empty()), said.join("\n"))
}

#[test]
fn what_may_be_written() {
    let file = Sink::File(PathBuf::from("/etc/pintle/logs/access.log"));
    for (text, sink, format) in [
        ("{}", Sink::Stdout, Format::Json),
        ("access_log: none", Sink::None, Format::Json),
        ("access_log: {format: combined}", Sink::Stdout, Format::Combined),
        ("access_log: {to: stderr}", Sink::Stderr, Format::Json),
        ("access_log: {to: logs/access.log, format: json}", file, Format::Json),
    ] {
        assert_eq!(read(text), (Some((sink, format)), String::new()), "{text}");
    }
}

#[test]
fn what_is_refused_and_why() {
    for (text, expected) in [
        ("access_log: {to: none}", "stdout"),
        ("access_log: {to: [a]}", "stdout"),
        ("access_log: {format: xml}", "json"),
        ("access_log: {sample: 1}", "a share"),
        ("access_log: {slow: 5}", "a duration"),
        ("access_log: {fields: {a: b}}", "unknown name `b`"),
        ("access_log: {fields: {pintle.x: client.ip}}", "`pintle.x` is a key of the gateway's own"),
        ("access_log: {fields: {url.path: client.ip}}", "`url.path` is a key of the gateway's own"),
        ("access_log: {fields: {network.transport: client.ip}}", "is a key of the gateway's own"),
        ("access_log: {fields: {a b: client.ip}}", "cannot be the name of a field"),
        ("access_log: {format: combined, fields: {a: client.ip}}", "the combined format has no place"),
        ("access_log: {redact: ['x-*']}", "the name of a header"),
        ("access_log: {redact: ['']}", "the name of a header"),
        ("access_log: {to: 'udp://a'}", "the URL of a syslog"),
        ("access_log: {to: 'syslog+tls://a'}", "the URL of a syslog"),
        ("access_log: {to: 'syslog://a:0'}", "the URL of a syslog"),
        ("access_log: {to: 'syslog+unix:log'}", "the URL of a syslog"),
        ("access_log: {to: {syslog: 'a:514'}}", "the URL of a syslog"),
        ("access_log: {to: {syslog: 'syslog://a', app_name: 'a b'}}", "visible letters"),
        ("access_log: {to: {syslog: 'syslog://a', facility: kern}}", "`local0`"),
        ("access_log: {to: {syslog: 'syslog://a', form: local}}", "the form `rfc5424`"),
        ("access_log: {to: {syslog: 'syslog://a', max_size: 100B}}", "a size from"),
        ("access_logs: none", "access_logs"),
    ] {
        let (parts, said) = read(text);
        assert!(parts.is_none() && said.contains(expected), "{text}: {said}");
    }
}

#[test]
fn the_forms_of_a_syslog() {
    let syslog = |text: &str| match read(&format!("access_log: {{to: {text}}}")) {
        (Some((Sink::Syslog(syslog), _)), _) => {
            format!(
                "{} {:?} {} {:?} {}",
                syslog.address, syslog.facility, syslog.app_name, syslog.form, syslog.max_size
            )
        }
        other => panic!("{text}: {other:?}"),
    };
    for (text, expected) in [
        ("syslog", "syslog+unix:/dev/log Local0 pintle Local 8192"),
        ("'syslog://10.0.0.5'", "syslog://10.0.0.5:514 Local0 pintle Rfc5424 2048"),
        ("'syslog+udp://[::1]:5514'", "syslog://[::1]:5514 Local0 pintle Rfc5424 2048"),
        ("'syslog+tcp://logs.example'", "syslog+tcp://logs.example:601 Local0 pintle Rfc5424 8192"),
        ("'syslog+unix:/dev/log'", "syslog+unix:/dev/log Local0 pintle Rfc5424 8192"),
        ("'syslog+unix:///run/log'", "syslog+unix:/run/log Local0 pintle Rfc5424 8192"),
        (
            "{syslog: 'syslog://a:1', facility: local7, app_name: edge, max_size: 4KiB}",
            "syslog://a:1 Local7 edge Rfc5424 4096",
        ),
        ("{syslog: 'syslog+unix:/dev/log', form: local}", "syslog+unix:/dev/log Local0 pintle Local 8192"),
    ] {
        assert_eq!(syslog(text), expected, "{text}");
    }
    assert!(matches!(read("access_log: {to: ./syslog}"), (Some((Sink::File(_), _)), _)));
}
