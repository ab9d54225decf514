//! One certificate with its key: read from files, checked, and kept for as long as the files' content is the same.

use super::{CertificateFiles, Digest, Fault};
use aws_lc_rs::digest;
use pintle_core::config::{ConfigPath, FILE_LIMIT, Spanned, read_file};
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use std::sync::Arc;
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};

/// A certificate that can be served.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) files: CertificateFiles,
    pub(super) key: Arc<CertifiedKey>,
    /// The subject alternative names that are DNS names, in small letters (RFC 6125 6.4.4: a common name counts for
    /// nothing).
    pub(super) names: Vec<Box<str>>,
    digests: [Digest; 2],
}

impl Certificate {
    /// Reads the files. If they hold what `loaded` was made of, it is that one.
    pub(super) fn load(
        files: &CertificateFiles,
        loaded: Option<Arc<Certificate>>,
        provider: &CryptoProvider,
    ) -> Result<Arc<Self>, Vec<Fault>> {
        let (chain, key) = match (read(&files.cert), read(&files.key)) {
            (Ok(chain), Ok(key)) => (chain, key),
            (chain, key) => return Err([chain.err(), key.err()].into_iter().flatten().collect()),
        };
        let digests = [sha256(&chain), sha256(&key)];
        if let Some(loaded) = loaded.filter(|loaded| loaded.digests == digests) {
            return Ok(loaded);
        }
        let (chain, key) = match (certificates(&files.cert, &chain), private_key(&files.key, &key)) {
            (Ok(chain), Ok(key)) => (chain, key),
            (chain, key) => return Err([chain.err(), key.err()].into_iter().flatten().collect()),
        };
        let names = names(&files.cert, &chain[0]).map_err(|fault| vec![fault])?;
        let key = pair(files, chain, key, provider).map_err(|fault| vec![fault])?;
        Ok(Arc::new(Certificate { files: files.detached(), key: Arc::new(key), names, digests }))
    }

    /// What the operator should know: it is out of date or soon will be, or has no name.
    pub(super) fn warning(&self, now: UnixTime) -> Option<Fault> {
        let file = self.files.cert.display();
        let message = match self.validity(now) {
            Err(webpki::Error::CertExpired { not_after, .. }) => {
                let days = now.as_secs().saturating_sub(not_after.as_secs()) / DAY;
                format!("the certificate {file} expired {days} days ago: clients will refuse it")
            }
            Err(webpki::Error::CertNotValidYet { .. }) => {
                format!("the certificate {file} is not valid yet: clients will refuse it")
            }
            _ if self.names.is_empty() => {
                format!("the certificate {file} has no DNS name in it, so no client that names a host gets it by name")
            }
            _ => self.ends_soon(now)?,
        };
        Some(Fault::new(&self.files.cert, message))
    }

    /// Says that it ends soon, if it does: in what is left of a third of its life, for those that are made for a few days.
    fn ends_soon(&self, now: UnixTime) -> Option<String> {
        let end = self.not_after()?.as_secs();
        let begin = match self.validity(UnixTime::since_unix_epoch(Duration::ZERO)) {
            Err(webpki::Error::CertNotValidYet { not_before, .. }) => not_before.as_secs(),
            _ => 0,
        };
        let left = end.saturating_sub(now.as_secs());
        let when = match left / DAY {
            _ if left > (end.saturating_sub(begin) / 3).min(SOON) => return None,
            0 => "within a day".to_owned(),
            1 => "in a day".to_owned(),
            days => format!("in {days} days"),
        };
        Some(format!("the certificate {} ends {when}: renew it", self.files.cert.display()))
    }

    /// When it ends.
    pub(super) fn not_after(&self) -> Option<UnixTime> {
        // Nobody is asked but the certificate itself; at the end of time it must have expired.
        match self.validity(UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX))) {
            Err(webpki::Error::CertExpired { not_after, .. }) => Some(not_after),
            _ => None,
        }
    }

    /// webpki tells dates by the errors of a verification alone. It looks at them before it looks for an issuer, so no
    /// authority is given and that error is no matter.
    fn validity(&self, now: UnixTime) -> Result<(), webpki::Error> {
        let end_entity = EndEntityCert::try_from(&self.key.cert[0])?;
        let algorithms = webpki::ALL_VERIFICATION_ALGS;
        end_entity.verify_for_usage(algorithms, &[], &[], now, KeyUsage::server_auth(), None, None).map(drop)
    }
}

const DAY: u64 = 24 * 60 * 60;
/// So long before its end a certificate should have been renewed: those that renew by themselves do it then.
const SOON: u64 = 30 * DAY;

pub(super) fn read(file: &Spanned<ConfigPath>) -> Result<Vec<u8>, Fault> {
    read_file(file, FILE_LIMIT).map_err(|error| Fault::new(file, format!("cannot read {}: {error}", file.display())))
}

pub(super) fn sha256(bytes: &[u8]) -> Digest {
    let mut digest = Digest::default();
    digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    digest
}

/// The certificates in a PEM file; at least one.
pub(super) fn certificates(file: &Spanned<ConfigPath>, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Fault> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(text).collect();
    let name = file.display();
    match found {
        Ok(found) if found.is_empty() => {
            Err(Fault::new(file, format!("no certificate in {name}: expected PEM, BEGIN CERTIFICATE")))
        }
        Ok(found) => Ok(found),
        Err(_) => Err(Fault::new(file, format!("{name} is broken: no well-formed PEM"))),
    }
}

fn private_key(file: &Spanned<ConfigPath>, text: &[u8]) -> Result<PrivateKeyDer<'static>, Fault> {
    let name = file.display();
    PrivateKeyDer::from_pem_slice(text).map_err(|error| {
        let encrypted = text.windows(9).any(|word| word == b"ENCRYPTED");
        let message = match error {
            pem::Error::NoItemsFound if encrypted => {
                format!("the key in {name} is encrypted: decrypt it, and guard the file instead")
            }
            pem::Error::NoItemsFound => format!("no private key in {name}: expected PEM, BEGIN PRIVATE KEY"),
            // The error's own text may hold lines of the file.
            _ => format!("{name} is broken: no well-formed PEM"),
        };
        Fault::new(file, message)
    })
}

fn names(file: &Spanned<ConfigPath>, certificate: &CertificateDer<'_>) -> Result<Vec<Box<str>>, Fault> {
    let parsed = EndEntityCert::try_from(certificate)
        .map_err(|error| Fault::new(file, format!("the certificate in {} cannot be used: {error}", file.display())))?;
    Ok(parsed.valid_dns_names().map(|name| name.to_ascii_lowercase().into()).collect())
}

/// Puts chain and key together, if they belong together.
fn pair(
    files: &CertificateFiles,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, Fault> {
    let (cert, key_file) = (files.cert.display(), files.key.display());
    let key = provider.key_provider.load_private_key(key).map_err(|_| {
        Fault::new(&files.key, format!("the key in {key_file} cannot be used: expected RSA of 2048 bits or more, ECDSA P-256, P-384 or P-521, or Ed25519"))
    })?;
    let belongs = |chain: Vec<CertificateDer<'static>>| {
        let pair = CertifiedKey::new(chain, Arc::clone(&key));
        match pair.keys_match() {
            Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(pair),
            _ => Ok(pair),
        }
    };
    belongs(chain).map_err(|pair| {
        let another = pair.cert.into_iter().skip(1).any(|other| belongs(vec![other]).is_ok());
        let message = match another {
            true => {
                format!("{cert} does not begin with the certificate that belongs to {key_file}: put that one first")
            }
            false => format!("the key in {key_file} does not belong to the certificate in {cert}"),
        };
        Fault::new(&files.key, message)
    })
}
