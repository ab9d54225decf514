//! Which gateway, and by which token: from a configuration, or from the command line.

use super::AdminClient;
use super::tls::Trust;
use crate::check::report;
use pintle_config::AdminConfig;
use pintle_core::config::{ConfigPath, Read, Reader, SecretSource, Sources};
use pintle_core::secret::Secret;
use pintle_engine::socket::Address;
use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

const VARIABLE: &str = "PINTLE_ADMIN_TOKEN";

/// Which running gateway. A token is never an argument: other users of the machine see those.
#[derive(clap::Args)]
pub(crate) struct AdminArguments {
    /// The configuration that the gateway runs: its `admin` says where, by which token and by which certificates.
    #[arg(short, long, value_name = "FILE", required_unless_present = "admin")]
    config: Option<PathBuf>,
    /// The admin address, `IP:PORT` or `unix:/path`, instead of what a configuration says.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,
    #[command(flatten)]
    credentials: Credentials,
}

/// How the caller and the gateway show each other who they are.
#[derive(Clone, Default, clap::Args)]
pub(crate) struct Credentials {
    /// A file that holds the admin token; else it is taken from the variable PINTLE_ADMIN_TOKEN, else from where the
    /// configuration says.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Speaks TLS, and trusts the certificates of this PEM file and what they have issued; else those that the configuration
    /// names, where its `admin` has `tls`.
    #[arg(long, value_name = "FILE")]
    admin_ca: Option<PathBuf>,
    /// The name that the gateway's certificate must have, where it is not one of those trusted; the default is its address.
    #[arg(long, value_name = "NAME")]
    admin_name: Option<String>,
    /// The certificate to show to the gateway, PEM, where it asks for one.
    #[arg(long, value_name = "FILE", requires = "admin_key")]
    admin_cert: Option<PathBuf>,
    /// Its key.
    #[arg(long, value_name = "FILE", requires = "admin_cert")]
    admin_key: Option<PathBuf>,
}

impl AdminArguments {
    /// For commands that take them beside others, and not always.
    pub(crate) fn new(config: Option<PathBuf>, admin: Option<Address>, credentials: Credentials) -> Self {
        AdminArguments { config, admin, credentials }
    }

    /// The words that name the same gateway on another command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let given = [
            ("-c", self.config.as_deref().map(path)),
            ("--admin", self.admin.as_ref().map(Address::to_string)),
            ("--token-file", self.credentials.token_file.as_deref().map(path)),
            ("--admin-ca", self.credentials.admin_ca.as_deref().map(path)),
            ("--admin-name", self.credentials.admin_name.clone()),
            ("--admin-cert", self.credentials.admin_cert.as_deref().map(path)),
            ("--admin-key", self.credentials.admin_key.as_deref().map(path)),
        ];
        given.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten().collect()
    }

    /// The client for the gateway, or why there is none.
    pub(crate) fn client(&self) -> Result<AdminClient, String> {
        let configured = self.config.as_deref().map(configured).transpose();
        // Who names the address needs nothing of the configuration but perhaps its token.
        let configured = if self.admin.is_some() { configured.unwrap_or(None) } else { configured? };
        let address = self.admin.clone().or_else(|| configured.as_ref().map(|admin| admin.address.value.clone()));
        let address = address.ok_or("name a configuration or an admin address")?;
        if matches!(address, Address::AnyPort(..)) {
            return Err(format!("{address} is another port at each start: give the one in use, as --admin IP:PORT"));
        }
        let mut client = AdminClient::new(address, None);
        match self.token(configured.as_ref()) {
            Ok(token) => client.token = token,
            // What was asked for by the caller must be there; what a configuration names may not be needed.
            Err(why) if self.credentials.token_file.is_some() || env::var_os(VARIABLE).is_some() => return Err(why),
            Err(why) => client.no_token = Some(why),
        }
        client.trust = self.trust(configured.as_ref())?;
        Ok(client)
    }

    fn trust(&self, configured: Option<&AdminConfig>) -> Result<Option<Trust>, String> {
        let Credentials { admin_ca, admin_name, admin_cert, admin_key, .. } = &self.credentials;
        let configured = configured.and_then(|admin| admin.tls.as_ref());
        let trusted: Vec<&Path> = match (admin_ca, configured) {
            (Some(file), _) => vec![file],
            (None, Some(tls)) => tls.certificates.iter().map(|files| &**files.cert).collect(),
            (None, None) => return Ok(None),
        };
        let own = admin_cert.as_deref().zip(admin_key.as_deref());
        Trust::read(&trusted, admin_name.as_deref(), own).map(Some)
    }

    fn token(&self, configured: Option<&AdminConfig>) -> Result<Option<Secret>, String> {
        let source = if let Some(file) = &self.credentials.token_file {
            Some(SecretSource::File(ConfigPath::new(file)))
        } else if env::var_os(VARIABLE).is_some() {
            Some(SecretSource::Env(VARIABLE.into()))
        } else {
            configured.and_then(|admin| admin.token.as_ref()).map(|token| token.value.clone())
        };
        let token = source.map(|source| source.resolve()).transpose()?;
        match &token {
            Some(token) if !token.expose_bytes().iter().all(u8::is_ascii_graphic) => {
                Err("the admin token holds a space or another character that no header can carry".into())
            }
            _ => Ok(token),
        }
    }
}

/// The admin section alone, so that a gateway can be asked what is wrong with the rest.
fn configured(file: &Path) -> Result<AdminConfig, String> {
    let mut reader = Reader::new();
    let sources = Sources::load(file, &mut reader);
    let admin = sources.root.get("admin").and_then(|node| AdminConfig::read(node, &mut reader));
    match admin {
        Some(admin) => Ok(admin),
        None if reader.diagnostics.has_errors() => Err(report(&mut reader, io::stderr().is_terminal())),
        None => Err(format!(
            "{} has no admin address: add `admin: {{address: 127.0.0.1:9900}}`, or name it by --admin",
            file.display()
        )),
    }
}
