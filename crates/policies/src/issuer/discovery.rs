//! An issuer's discovery document (OpenID Connect Discovery 1.0, 3 and 4.3).

use crate::web_url::WebUrl;
use pintle_core::config::Text;
use pintle_core::json::{Limits, Object};

/// The most that a discovery document may have.
pub(super) const LIMITS: Limits = Limits { bytes: 256 * 1024, depth: 16 };

/// What an issuer says of itself.
pub(crate) struct Discovery(Object);

impl Discovery {
    /// Reads a document, which must be of that issuer, to the letter: else one issuer could pass for another.
    pub(super) fn read(text: &[u8], issuer: &str) -> Result<Self, String> {
        let document = Object::parse(text, LIMITS).map_err(|fault| fault.to_string())?;
        match document.text("issuer") {
            Some(found) if found == issuer => Ok(Discovery(document)),
            Some(_) => Err("it is another issuer's document".into()),
            None => Err("it has no `issuer`".into()),
        }
    }

    /// The document.
    pub(crate) fn document(&self) -> &Object {
        &self.0
    }

    /// The URL of that name (`token_endpoint`), if there is one.
    pub(crate) fn url(&self, name: &str) -> Option<WebUrl> {
        WebUrl::parse(self.0.text(name)?).ok()
    }
}

/// Where the document of an issuer is; none where its name is no URL.
pub(crate) fn place(issuer: &str) -> Result<WebUrl, String> {
    WebUrl::parse(issuer)?;
    if issuer.contains('?') {
        return Err("an issuer has no query".into());
    }
    WebUrl::parse(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/')))
}
