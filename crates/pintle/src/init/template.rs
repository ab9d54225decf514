//! How a first configuration looks: short, with a word on each part, and with what comes next as comments that can be
//! taken out. Its layout is the canonical one.

use pintle_engine::socket::Address;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What a configuration is made from.
pub(super) struct Answers {
    pub(super) listen: String,
    pub(super) service: String,
    pub(super) certificate: Option<Certificate>,
    pub(super) admin: String,
}

/// The files of a certificate, as the configuration names them.
pub(super) struct Certificate {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

/// The configuration.
pub(super) fn render(file: &Path, answers: &Answers) -> String {
    let Answers { listen, service, certificate, admin } = answers;
    let file = file.display();
    let tls = match certificate {
        Some(Certificate { cert, key }) => format!(
            "    tls:
      certificates: # files are watched: a renewed one serves the next handshake
        - {{cert: {}, key: {}}}
",
            scalar(&cert.to_string_lossy()),
            scalar(&key.to_string_lossy())
        ),
        None => "    # HTTPS, once there is a certificate:
    # tls: {certificates: [{cert: certs/site.pem, key: certs/site.key}]}
"
        .to_owned(),
    };
    format!(
        "# A gateway in front of one service. A change of this file is in force at once, or is refused and changes nothing.
#   pintle check {file}      says what is wrong, with line and remedy
#   pintle run -c {file}     serves it
#   pintle status -c {file}  says what runs

# Where clients come in. 127.0.0.1 is this machine alone, 0.0.0.0 all of IPv4, [::] all of IPv6.
listeners:
  - address: {listen}
{tls}
# What becomes of requests. The most specific match wins, whatever the order; `**` is any rest of the path.
routes:
  - match: /**
    proxy: {service}

  # An answer without a service behind, and a redirect:
  - match: GET /gateway-health
    respond: {{status: 200, body: \"ok\\n\"}}
  # - match: /old/**
  #   redirect: {{path: \"/new/${{path.rest}}\"}}

  # More services, by host, method and path, each with its own limits:
  # - match: GET,POST shop.example.com/orders/{{id}}
  #   policies: [{{timeout: 5s}}, {{body_limit: 1MiB}}]
  #   proxy: {{to: \"http://127.0.0.1:9002\", path: \"/v1/orders/${{path.id}}\"}}

# For operators: /healthz /readyz /status /metrics. Whoever is to reach it from elsewhere needs a token.
admin:
  address: {admin}

# One line of JSON for each request.
telemetry:
  access_log: {{to: stdout}}
",
        listen = scalar(listen),
        service = scalar(service),
        admin = scalar(admin),
    )
}

/// What to do with the file.
pub(super) fn next(file: &Path, answers: &Answers) -> String {
    let file = file.display();
    let mut text = format!("{file} is written. What comes next:\n");
    let curl = match answers.listen.parse::<Address>() {
        Ok(Address::Unix(path)) => format!("curl --unix-socket {} http://localhost/", path.display()),
        Ok(address) => {
            let at = address.reachable().map_or_else(|| answers.listen.clone(), |address| address.to_string());
            match answers.certificate {
                Some(_) => format!("curl -k https://{at}/"),
                None => format!("curl http://{at}/"),
            }
        }
        Err(_) => format!("curl http://{}/", answers.listen),
    };
    let steps = [
        (format!("pintle check {file}"), "says what is wrong, after each change"),
        (format!("pintle run -c {file}"), "serves it"),
        (curl, "asks it, from another terminal"),
    ];
    let width = steps.iter().map(|(step, _)| step.chars().count()).max().unwrap_or(0);
    for (step, what) in steps {
        let _ = writeln!(text, "  {step:<width$}  # {what}");
    }
    text
}

/// A text as a YAML scalar: bare where nothing in it means something, else in quotes.
fn scalar(text: &str) -> String {
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/' || c == '.')
        && !text.ends_with(':')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/:".contains(c));
    if is_plain {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::scalar;
    use pintle_core::config::{Diagnostics, Node, Source};

    #[test]
    fn any_text_is_a_scalar_of_itself() {
        for text in
            ["127.0.0.1:80", "[::]:80", "unix:/a b", "a: b", "a #b", "\"", "\\", "*", "&a", "a\nb\u{7}", "ü", "", "a:"]
        {
            let source = Source::new("test", format!("a: {}\n", scalar(text)));
            let mut found = Diagnostics::new();
            let node = Node::parse(&source, &mut found);
            assert!(!found.has_errors(), "{}", source.text());
            assert_eq!(node.get("a").and_then(Node::as_text), Some(text));
        }
    }
}
