//! What an issuer's description (OpenID Connect Discovery 1.0 3) says that a login needs: where browsers are sent, where codes
//! are given in, and how.

use crate::web_url::WebUrl;
use pintle_core::config::Text;
use pintle_core::json::Object;
use pintle_core::template::{Entries, Value};

/// Where an issuer is asked what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// Where browsers log in: a whole URL.
    pub(super) authorization: String,
    /// Where codes and refresh tokens are given in.
    pub(super) token: WebUrl,
    /// Where browsers log out, if that can be: a whole URL.
    pub(super) end_session: Option<String>,
    /// Whether its answers to browsers say who it is (RFC 9207).
    pub(super) says_issuer: bool,
    /// Whether it takes the client's secret by Basic, which is what it does unless it says something else.
    pub(super) takes_basic: bool,
}

impl Endpoints {
    /// Reads a description; the error says what is wrong with it. `plain` lets URLs be http that lead to another machine.
    pub(super) fn read(description: &Object, plain: bool) -> Result<Self, String> {
        let url = |name: &str| {
            let Some(text) = description.text(name) else { return Ok(None) };
            let url = WebUrl::parse(text).map_err(|why| format!("its `{name}` is no URL: {why}"))?;
            match plain || url.is_private() {
                true => Ok(Some(url)),
                false => Err(format!("its `{name}` is plain http: anyone on the way could read and change what is said")),
            }
        };
        let needed = |name: &str| url(name)?.ok_or_else(|| format!("its description has no `{name}`"));
        let authorization = needed("authorization_endpoint")?.to_string();
        let token = needed("token_endpoint")?;
        let end_session = url("end_session_endpoint")?.map(|url| url.to_string());
        let ways = description.array("token_endpoint_auth_methods_supported").and_then(|ways| ways.texts());
        let says = description.get("authorization_response_iss_parameter_supported");
        Ok(Endpoints {
            authorization,
            token,
            end_session,
            says_issuer: matches!(says, Some(Value::Bool(true))),
            takes_basic: ways.is_none_or(|ways| ways.contains(&"client_secret_basic")),
        })
    }
}

/// A URL whose query may go on.
pub(super) fn open_query(url: &str) -> String {
    let mut url = url.to_owned();
    url.push(if url.contains('?') { '&' } else { '?' });
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use pintle_core::json::Limits;

    fn read(text: &str) -> Result<Endpoints, String> {
        let description = Object::parse(text.as_bytes(), Limits { bytes: 4096, depth: 8 }).expect("JSON");
        Endpoints::read(&description, false)
    }

    #[test]
    fn what_a_description_says_is_taken() {
        let text = r#"{"authorization_endpoint": "https://a.test/auth?p=1", "token_endpoint": "https://t.test:8443/token",
            "end_session_endpoint": "https://a.test/end", "authorization_response_iss_parameter_supported": true,
            "token_endpoint_auth_methods_supported": ["client_secret_post"]}"#;
        let found = read(text).expect("it is whole");
        assert_eq!(found.token.to_string(), "https://t.test:8443/token");
        assert_eq!((&*found.authorization, found.end_session.as_deref()), ("https://a.test/auth?p=1", Some("https://a.test/end")));
        assert!(found.says_issuer && !found.takes_basic);
        assert_eq!((open_query(&found.authorization), open_query("https://a")), ("https://a.test/auth?p=1&".into(), "https://a?".into()));
    }

    #[test]
    fn what_is_missing_or_could_be_read_on_the_way_is_said() {
        assert_eq!(read("{}"), Err("its description has no `authorization_endpoint`".into()));
        let with = |auth: &str, token: &str| read(&format!(r#"{{"authorization_endpoint": "{auth}", "token_endpoint": "{token}"}}"#));
        assert!(with("https://a/x", "http://a/x").expect_err("plain").contains("`token_endpoint` is plain http"));
        assert!(with("javascript:alert(1)", "https://a/x").is_err());
        assert!(with("https://a/x#y", "https://a/x").is_err());
        let here = with("http://127.0.0.1:1/x", "http://[::1]:2/x").expect("it is here");
        assert!(here.takes_basic && !here.says_issuer && here.end_session.is_none());
    }
}
