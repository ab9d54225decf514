//! Certificates for tests: an authority of the test's own and what it signs, as PEM files in a folder.

use crate::folder::Folder;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::time::{Duration, SystemTime};

/// An authority and the folder that its files stand in.
pub struct Certificates {
    folder: Folder,
    authority: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    /// The certificate as PEM.
    pub pem: String,
    /// Its key as PEM (PKCS #8).
    pub key: String,
    der: CertificateDer<'static>,
    key_der: PrivatePkcs8KeyDer<'static>,
}

fn key_pair() -> KeyPair {
    KeyPair::generate().unwrap_or_else(|error| panic!("no key: {error}"))
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names.clone()).unwrap_or_else(|error| panic!("{names:?}: {error}"));
    params.distinguished_name.push(DnType::CommonName, names.first().cloned().unwrap_or_default());
    params
}

impl Certificates {
    /// A new authority, named `Pintle test authority`.
    pub fn new() -> Self {
        let mut own = params(&[]);
        own.distinguished_name.push(DnType::CommonName, "Pintle test authority");
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority =
            CertifiedIssuer::self_signed(own, key_pair()).unwrap_or_else(|error| panic!("no authority: {error}"));
        Certificates { folder: Folder::new(), authority }
    }

    /// The authority's certificate as PEM.
    pub fn authority(&self) -> String {
        self.authority.pem()
    }

    pub(crate) fn authority_der(&self) -> CertificateDer<'static> {
        self.authority.der().clone()
    }

    /// A server's certificate for these names (`*.` ones and addresses too), valid now.
    pub fn server(&self, names: &[&str]) -> Certificate {
        self.sign(params(names), ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A server's certificate that ran out in 2021.
    pub fn expired(&self, names: &[&str]) -> Certificate {
        let mut params = params(names);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A server's certificate that runs out in so many days and half a one.
    pub fn ending_in(&self, days: u64, names: &[&str]) -> Certificate {
        let mut params = params(names);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        params.not_after = date_time_ymd(1970, 1, 1) + now + Duration::from_secs(days * 86_400 + 43_200);
        self.sign(params, ExtendedKeyUsagePurpose::ServerAuth)
    }

    /// A client's certificate with this name (common name and DNS name).
    pub fn client(&self, name: &str) -> Certificate {
        self.sign(params(&[name]), ExtendedKeyUsagePurpose::ClientAuth)
    }

    /// A server's certificate that stands beside the key of another one.
    pub fn mismatched(&self, names: &[&str]) -> Certificate {
        let other = self.server(names);
        Certificate { key: other.key, key_der: other.key_der, ..self.server(names) }
    }

    fn sign(&self, mut params: CertificateParams, usage: ExtendedKeyUsagePurpose) -> Certificate {
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        let key = key_pair();
        let signed = params.signed_by(&key, &self.authority).unwrap_or_else(|error| panic!("not signed: {error}"));
        Certificate {
            pem: signed.pem(),
            key: key.serialize_pem(),
            der: signed.der().clone(),
            key_der: PrivatePkcs8KeyDer::from(key.serialize_der()),
        }
    }

    /// Writes `NAME.pem` and `NAME.key` into the folder of the authority, which holds `ca.pem` too; gives both paths
    /// in the form of the configuration: `{cert: …, key: …}`.
    pub fn write(&self, name: &str, certificate: &Certificate) -> String {
        let cert = self.folder.write(&format!("{name}.pem"), &certificate.pem);
        let key = self.folder.write(&format!("{name}.key"), &certificate.key);
        format!("{{cert: {}, key: {}}}", cert.display(), key.display())
    }

    /// The path of the authority's certificate, for `ca:`.
    pub fn ca(&self) -> String {
        self.folder.write("ca.pem", self.authority()).display().to_string()
    }

    /// The folder of [`Certificates::write`], to break a file in it.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Certificates::new()
    }
}

impl Certificate {
    /// The certificate in DER, to compare with [`crate::Wire::certificate`].
    pub fn der(&self) -> Vec<u8> {
        self.der.to_vec()
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![self.der.clone()]
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        self.key_der.clone_key().into()
    }
}
