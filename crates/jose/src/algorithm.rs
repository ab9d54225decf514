//! The algorithms by which tokens are signed (RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2), and which of them a reader takes.

use std::fmt;

macro_rules! algorithms {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal),+ $(,)?) => {
        /// An algorithm for signatures. `none` is none.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Algorithm { $($(#[doc = $doc])+ $variant),+ }

        impl Algorithm {
            /// All of them.
            pub const ALL: &'static [Algorithm] = &[$(Algorithm::$variant),+];

            /// Its name in tokens and keys.
            pub fn name(self) -> &'static str {
                match self { $(Algorithm::$variant => $name),+ }
            }
        }
    };
}

algorithms! {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 = "RS256",
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384 = "RS384",
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512 = "RS512",
    /// RSASSA-PSS with SHA-256.
    Ps256 = "PS256",
    /// RSASSA-PSS with SHA-384.
    Ps384 = "PS384",
    /// RSASSA-PSS with SHA-512.
    Ps512 = "PS512",
    /// ECDSA on P-256 with SHA-256.
    Es256 = "ES256",
    /// ECDSA on P-384 with SHA-384.
    Es384 = "ES384",
    /// ECDSA on P-521 with SHA-512.
    Es512 = "ES512",
    /// EdDSA on Ed25519; its other name is `Ed25519` (RFC 9864).
    EdDsa = "EdDSA",
    /// HMAC with SHA-256: whoever checks a token can make one.
    Hs256 = "HS256",
    /// HMAC with SHA-384.
    Hs384 = "HS384",
    /// HMAC with SHA-512.
    Hs512 = "HS512",
}

impl Algorithm {
    /// The algorithm of that name. Names are compared as they are written (RFC 7515 4.1.1).
    pub fn named(name: &str) -> Option<Self> {
        if name == "Ed25519" {
            return Some(Algorithm::EdDsa);
        }
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// Whether its key is a secret that both sides have.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The algorithms that a reader takes, the ones that it would rather have first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Algorithms(Box<[Algorithm]>);

impl Algorithms {
    /// Those, in that order.
    pub fn new(algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        Algorithms(algorithms.into_iter().collect())
    }

    /// Whether it is one of them.
    pub fn has(&self, algorithm: Algorithm) -> bool {
        self.0.contains(&algorithm)
    }

    /// They, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Algorithm> {
        self.0.iter().copied()
    }
}

impl Default for Algorithms {
    /// Every one whose key can be public.
    fn default() -> Self {
        Algorithms::new(Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric()))
    }
}
