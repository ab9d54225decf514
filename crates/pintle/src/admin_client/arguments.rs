//! Which gateway, and by which token: from a configuration, or from the command line.

use super::AdminClient;
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
    /// The configuration that the gateway runs: its `admin.address` and `admin.token` are used.
    #[arg(short, long, value_name = "FILE", required_unless_present = "admin")]
    config: Option<PathBuf>,
    /// The admin address, `IP:PORT` or `unix:/path`, instead of what a configuration says.
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,
    /// A file that holds the admin token; else it is taken from the variable PINTLE_ADMIN_TOKEN, else from where the
    /// configuration says.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl AdminArguments {
    /// For commands that take them beside others, and not always.
    pub(crate) fn new(config: Option<PathBuf>, admin: Option<Address>, token_file: Option<PathBuf>) -> Self {
        AdminArguments { config, admin, token_file }
    }

    /// The words that name the same gateway on another command line.
    pub(crate) fn words(&self) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let given = [
            ("-c", self.config.as_deref().map(path)),
            ("--admin", self.admin.as_ref().map(Address::to_string)),
            ("--token-file", self.token_file.as_deref().map(path)),
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
            Err(why) if self.token_file.is_some() || env::var_os(VARIABLE).is_some() => return Err(why),
            Err(why) => client.no_token = Some(why),
        }
        Ok(client)
    }

    fn token(&self, configured: Option<&AdminConfig>) -> Result<Option<Secret>, String> {
        let source = if let Some(file) = &self.token_file {
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
