//! Base62: digits, upper-case and lower-case letters, in the order of ASCII, of a fixed width.
//!
//! The module owns the notation and the checksum that ends a token. It refuses to know what is written
//! in it.

/// How many characters 256 bits take, since 62⁴³ > 2²⁵⁶.
pub(super) const WIDTH_OF_256_BITS: usize = 43;
/// How many characters a CRC-32 takes, since 62⁶ > 2³².
pub(super) const WIDTH_OF_CHECKSUM: usize = 6;

/// 256 bits, taken as one number with its first byte the highest, so that each of the 2²⁵⁶ values has
/// characters of its own and none is more likely than another.
pub(super) fn of_256_bits(mut number: [u8; 32]) -> String {
    let mut characters = [b'0'; WIDTH_OF_256_BITS];
    for character in characters.iter_mut().rev() {
        let mut remainder: u16 = 0;
        for byte in &mut number {
            let dividend = remainder * 256 + u16::from(*byte);
            // The remainder is below 62, so the quotient fits into a byte.
            [*byte, _] = (dividend / 62).to_le_bytes();
            remainder = dividend % 62;
        }
        let [value, _] = remainder.to_le_bytes();
        *character = digit(value);
    }
    characters.into_iter().map(char::from).collect()
}

/// The CRC-32 (IEEE 802.3) of a text. It keeps no secret and proves nothing: it tells a mistyped token
/// from a whole one without a look-up.
pub(super) fn checksum(text: &str) -> String {
    let mut number = crc32fast::hash(text.as_bytes());
    let mut characters = [b'0'; WIDTH_OF_CHECKSUM];
    for character in characters.iter_mut().rev() {
        let [value, ..] = (number % 62).to_le_bytes();
        *character = digit(value);
        number /= 62;
    }
    characters.into_iter().map(char::from).collect()
}

/// Whether a text is 256 bits with their checksum.
pub(super) fn is_checked(text: &str) -> bool {
    text.len() == WIDTH_OF_256_BITS + WIDTH_OF_CHECKSUM
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && text.split_at_checked(WIDTH_OF_256_BITS).is_some_and(|(bits, sum)| checksum(bits) == sum)
}

const fn digit(value: u8) -> u8 {
    match value {
        0..=9 => b'0' + value,
        10..=35 => b'A' + (value - 10),
        _ => b'a' + (value - 36),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_and_the_greatest_have_the_same_width() {
        assert_eq!(of_256_bits([0; 32]), "0".repeat(43));
        assert_eq!(of_256_bits([255; 32]), "yhjskwdA6OZ1AL1YmHWZWm8LLG7HjnuCA2j5rOw8Xp1");
    }

    #[test]
    fn a_number_is_written_highest_digit_first() {
        let mut number = [0; 32];
        (number[30], number[31]) = (1, 2);
        assert_eq!(of_256_bits(number), format!("{}4A", "0".repeat(41)));
    }

    #[test]
    fn the_checksum_is_that_of_ieee() {
        // The check value that catalogues of CRCs give: 0xCBF43926.
        assert_eq!(checksum("123456789"), "3jZRME");
        assert_eq!(checksum(""), "000000");
    }

    proptest! {
        #[test]
        fn no_two_numbers_are_written_alike(a in any::<[u8; 32]>(), at in 0_usize..32, by in 1_u8..) {
            let mut b = a;
            b[at] ^= by;
            prop_assert_ne!(of_256_bits(a), of_256_bits(b));
        }

        #[test]
        fn the_order_of_numbers_is_kept(a in any::<[u8; 32]>(), b in any::<[u8; 32]>()) {
            prop_assert_eq!(of_256_bits(a).cmp(&of_256_bits(b)), a.cmp(&b));
        }
    }
}
