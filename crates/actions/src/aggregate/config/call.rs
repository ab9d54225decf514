//! `GET users:/users/${path.user}`: what a part calls.

use pintle_core::Method;
use pintle_core::config::{Read, Text};
use pintle_upstream::{Called, Reference};

/// A method, a service, and a path there with templates in it.
#[derive(Clone, Debug, PartialEq, Eq, Read)]
#[read(text, expected = "a method and where it goes, such as `GET users:/users/${path.user}`")]
pub struct PartCall {
    /// The method; GET where none is written.
    pub method: Method,
    /// The service.
    pub service: Reference,
    /// Path and query; `/` where none is written.
    pub target: String,
}

impl Text for PartCall {
    fn parse(text: &str) -> Result<Self, String> {
        let call = Called::split(text)?;
        if matches!(call.method, Method::CONNECT | Method::TRACE) {
            return Err(format!("a part is not called by {}", call.method));
        }
        if call.service.contains("${") {
            let help = "the service is an upstream's name or a URL as it stands; `${…}` is for the path";
            return Err(help.into());
        }
        if let Some((name, path)) = call.service.split_once(':')
            && path.starts_with(|first: char| first.is_ascii_alphabetic())
            && name != "unix"
        {
            return Err(format!("a path begins with `/`: write `{name}:/{path}`"));
        }
        Ok(PartCall { method: call.method, service: Reference::parse(call.service)?, target: call.target })
    }
}

impl PartCall {
    /// Where the path begins in the text as it was written, if it stands there as it is.
    pub fn at(&self, written: &str) -> Option<usize> {
        written.find(&*self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_a_path_with_templates() {
        let call = PartCall::parse("GET users:/users/${path.user}?a=${request.query['b']}").expect("it is good");
        assert_eq!(call.target, "/users/${path.user}?a=${request.query['b']}");
        assert_eq!(call.service, Reference::Named("users".into()));
        let call = PartCall::parse("POST http://127.0.0.1:9003/tiers/${a ? b : c}").expect("it is good");
        assert_eq!((call.method, &*call.target), (Method::POST, "/tiers/${a ? b : c}"));
        assert_eq!(PartCall::parse("users:/").expect("it is good").method, Method::GET);
        assert_eq!(PartCall::parse("users:/${x ? ' ' : ''}").expect("it is good").target, "/${x ? ' ' : ''}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_remedy() {
        let message = |text| PartCall::parse(text).unwrap_err();
        assert!(message("GET ${path.service}:/a").contains("`${…}` is for the path"));
        assert!(message("TRACE users:/a").contains("not called by TRACE"));
        assert_eq!(message("get users:/a"), "write GET");
        assert!(message("GET unix:/run/a.sock").contains("NAME:/path"));
        assert_eq!(message("GET users:me/5"), "a path begins with `/`: write `users:/me/5`");
        assert!(message("GET /users/5").contains("neither an upstream's name nor a URL"));
    }
}
