//! CRC-32C (RFC 9260 appendix A), bit by bit: a header is small, few have one, and a table would be larger than both.

const POLYNOMIAL: u32 = 0x82f6_3b78;

pub(super) fn crc32c<'b>(bytes: impl Iterator<Item = &'b u8>) -> u32 {
    !bytes.fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_is_the_standard_one() {
        assert_eq!(super::crc32c(b"123456789".iter()), 0xe306_9283);
    }
}
