//! The content codings that are made and undone here (RFC 9110 8.4.1, RFC 7932, RFC 9659), by their names.

use pintle_core::config::Read;

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Coding {
    /// RFC 8878: about as small as Brotli, for a quarter of the work.
    Zstd,
    /// RFC 7932: Brotli, the smallest of the three, and the most work.
    Br,
    /// RFC 1952: everything reads it.
    Gzip,
}

impl Coding {
    /// All of them, by their number.
    pub(super) const ALL: [Coding; 3] = [Coding::Zstd, Coding::Br, Coding::Gzip];

    /// As fields and configurations write it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Coding::Zstd => "zstd",
            Coding::Br => "br",
            Coding::Gzip => "gzip",
        }
    }

    /// What stands at the end of the entity tag of an answer that was compressed here.
    pub(super) const fn mark(self) -> &'static str {
        match self {
            Coding::Zstd => "~zstd",
            Coding::Br => "~br",
            Coding::Gzip => "~gzip",
        }
    }

    /// The coding of that name, in whatever case; `x-gzip` is an old name of gzip (RFC 9110 8.4.1.3).
    pub(super) fn named(name: &[u8]) -> Option<Coding> {
        let known = Coding::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()));
        known.or_else(|| name.eq_ignore_ascii_case(b"x-gzip").then_some(Coding::Gzip))
    }
}
