//! DER (X.690) as far as a certificate needs it: one value after the other, each with a tag of one byte and a length
//! that is known.

/// The tags of what is looked at.
pub(super) mod tag {
    pub(in super::super) const BOOLEAN: u8 = 0x01;
    pub(in super::super) const INTEGER: u8 = 0x02;
    pub(in super::super) const OCTETS: u8 = 0x04;
    pub(in super::super) const OID: u8 = 0x06;
    pub(in super::super) const SEQUENCE: u8 = 0x30;
    pub(in super::super) const SET: u8 = 0x31;
    pub(in super::super) const VERSION: u8 = 0xa0;
    pub(in super::super) const ISSUER_ID: u8 = 0x81;
    pub(in super::super) const SUBJECT_ID: u8 = 0x82;
    pub(in super::super) const EXTENSIONS: u8 = 0xa3;
}

/// What is left of a text in DER.
#[derive(Clone, Copy)]
pub(super) struct Der<'d>(pub(super) &'d [u8]);

impl<'d> Der<'d> {
    pub(super) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next value and its tag. None at the end, or where it is broken: then nothing more is read.
    pub(super) fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let found = self.split();
        let (tag, value, rest) = found.unwrap_or((0, &[], &[]));
        self.0 = rest;
        found.map(|_| (tag, value))
    }

    /// The next value, which must have this tag.
    pub(super) fn expect(&mut self, tag: u8) -> Option<Der<'d>> {
        let (_, value, rest) = self.split().filter(|(found, _, _)| *found == tag)?;
        self.0 = rest;
        Some(Der(value))
    }

    /// Passes over the next value if it has this tag.
    pub(super) fn skip(&mut self, tag: u8) {
        let _ = self.expect(tag);
    }

    fn split(self) -> Option<(u8, &'d [u8], &'d [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        // Tags of several bytes stand in no part of a certificate that is looked at.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x83 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        Some((tag, value, rest))
    }
}
