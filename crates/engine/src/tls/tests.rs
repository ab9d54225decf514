mod config;
mod files;
mod handshake;
mod peer;

use super::*;
use std::time::Duration;

/// A directory of certificates, gone with the value.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("pintle-tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Directory(path)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    /// A new self-signed certificate for these names, in `name.pem` and `name.key`; its DER.
    fn certificate(&self, name: &str, names: &[&str]) -> Vec<u8> {
        self.signed(name, names, |params| params)
    }

    fn signed(
        &self,
        name: &str,
        names: &[&str],
        change: impl FnOnce(rcgen::CertificateParams) -> rcgen::CertificateParams,
    ) -> Vec<u8> {
        let key = rcgen::KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let certificate = change(rcgen::CertificateParams::new(names).unwrap()).self_signed(&key).unwrap();
        self.write(&format!("{name}.pem"), &certificate.pem());
        self.write(&format!("{name}.key"), &key.serialize_pem());
        certificate.der().to_vec()
    }

    fn files(&self, name: &str) -> CertificateFiles {
        let path = |ending| Spanned::new(ConfigPath::new(self.0.join(format!("{name}.{ending}"))), Span::nowhere());
        CertificateFiles { cert: path("pem"), key: path("key") }
    }

    fn config(&self, names: &[&str]) -> TlsConfig {
        let certificates = names.iter().map(|name| self.files(name)).collect();
        TlsConfig { certificates, min_version: TlsVersion::V1_2, client_auth: None }
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(seconds: u64) -> rustls_pki_types::UnixTime {
    rustls_pki_types::UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}
