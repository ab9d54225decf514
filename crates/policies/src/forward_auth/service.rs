//! `GET http://host:port/path`, `POST NAME:/path`: what is called, as a configuration writes it.

use pintle_core::Method;
use pintle_core::config::{Read, Text};
use pintle_upstream::Called;
use pintle_upstream::reference::Reference;

/// A method, a service, and a path there.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a method and a URL such as `GET http://127.0.0.1:9100/check`")]
pub struct ServiceCall {
    /// The method; GET where none is written.
    pub method: Method,
    /// The service.
    pub service: Reference,
    /// Path and query; `/` where none is written.
    pub target: String,
}

impl Text for ServiceCall {
    fn parse(text: &str) -> Result<Self, String> {
        let Called { method, service, target } = Called::split(text)?;
        if target.contains("${") {
            return Err(
                "the path stands as it is: what differs from request to request goes by `headers` or `send`".into()
            );
        }
        if let Some(wrong) = target.chars().find(|letter| !letter.is_ascii_graphic() || *letter == '#') {
            return Err(format!("a path has no `{wrong}`: write it as its percent-encoded bytes"));
        }
        Ok(ServiceCall { method, service: Reference::parse(service)?, target })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> String {
        let call = ServiceCall::parse(text).expect("it is good");
        format!("{} {} {}", call.method, call.service, call.target)
    }

    #[test]
    fn a_call_is_a_method_a_service_and_a_path() {
        assert_eq!(parsed("GET http://127.0.0.1:9100/check"), "GET http://127.0.0.1:9100 /check");
        assert_eq!(parsed("https://auth.test"), "GET https://auth.test:443 /");
        assert_eq!(parsed("POST agent:/v1/data?a=b:/c"), "POST agent /v1/data?a=b:/c");
        assert_eq!(parsed("http://a:80?x"), "GET http://a:80 /?x");
        assert_eq!(parsed("agent"), "GET agent /");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_remedy() {
        let message = |text| ServiceCall::parse(text).unwrap_err();
        assert_eq!(message("get http://a/b"), "write GET");
        assert!(message("GET 127.0.0.1:9100").contains("write `http://127.0.0.1:9100`"));
        assert!(message("GET unix:/run/a.sock").contains("NAME:/path"));
        assert!(message("GET http://a/${path.id}").contains("`headers` or `send`"));
        assert!(message("GET http://a/b#c").contains("no `#`"));
        assert!(message("GET ftp://a/b").contains("use http or https"));
    }
}
