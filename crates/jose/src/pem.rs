//! Keys out of PEM (RFC 7468 13): `PUBLIC KEY`, a SubjectPublicKeyInfo.

use crate::{Algorithm, Key, KeyFault};
use aws_lc_rs::rsa;
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;

impl Key {
    /// Reads the public key of a PEM file; what it is says the key itself.
    pub fn of_pem(text: &[u8]) -> Result<Self, KeyFault> {
        let Ok(key) = SubjectPublicKeyInfoDer::from_pem_slice(text) else {
            let is_private = text.windows(12).any(|part| part == b"PRIVATE KEY-");
            return Err(if is_private { KeyFault::Private } else { KeyFault::Unknown });
        };
        if let Ok(key) = rsa::PublicKey::from_der(&key) {
            let (modulus, exponent) = numbers(key.as_ref()).ok_or(KeyFault::Invalid)?;
            return Key::rsa(modulus, exponent);
        }
        let curves = [Algorithm::Es256, Algorithm::Es384, Algorithm::Es512, Algorithm::EdDsa];
        curves.into_iter().find_map(|algorithm| Key::of_curve(algorithm, &key).ok()).ok_or(KeyFault::Unknown)
    }
}

/// Modulus and exponent of an RSAPublicKey (RFC 8017 A.1.1), which is a sequence of the two.
fn numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (modulus, rest) = element(sequence, 0x02)?;
    let (exponent, _) = element(rest, 0x02)?;
    let plain = |number: &'_ [u8]| number.iter().take_while(|&&byte| byte == 0).count();
    Some((&modulus[plain(modulus)..], &exponent[plain(exponent)..]))
}

/// The content of a DER element of that tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, first], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let count = usize::from(first & 0x7f);
    let (length, rest) = match first < 0x80 {
        true => (count, rest),
        false if count > 3 => return None,
        false => {
            let (digits, rest) = rest.split_at_checked(count)?;
            (digits.iter().fold(0, |length, &byte| length << 8 | usize::from(byte)), rest)
        }
    };
    rest.split_at_checked(length)
}
