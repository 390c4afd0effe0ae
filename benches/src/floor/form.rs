//! The written forms of digests, ids, salts and times.

pub(super) fn hex(digest: &[u8; 32]) -> [u8; 64] {
    let mut digits = [0u8; 64];
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(digest) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    digits
}

pub(super) fn base32(ulid: u128) -> [u8; 26] {
    const BASE32: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut digits = [0u8; 26];
    for (place, slot) in digits.iter_mut().rev().enumerate() {
        *slot = symbol(BASE32, ulid >> (5 * place) & 31);
    }
    digits
}

pub(super) fn base64(bytes: &[u8; 16]) -> [u8; 22] {
    const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = u128::from_be_bytes(*bytes);
    let mut digits = [0u8; 22];
    for (place, slot) in digits.iter_mut().enumerate() {
        let shifted = if place == 21 { bits << 4 } else { bits >> (122 - 6 * place) };
        *slot = symbol(BASE64, shifted & 63);
    }
    digits
}

fn symbol<const N: usize>(alphabet: &[u8; N], digit: u128) -> u8 {
    usize::try_from(digit).ok().and_then(|digit| alphabet.get(digit)).copied().unwrap_or(b'?')
}

/// `2026-05-24T09:50:18.000Z`, by the days-to-civil rule of the proleptic Gregorian calendar.
pub(super) fn time(unix_ms: i64) -> [u8; 24] {
    let (days, ms) = (unix_ms.div_euclid(86_400_000) + 719_468, unix_ms.rem_euclid(86_400_000));
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    let mut digits = *b"0000-00-00T00:00:00.000Z";
    let parts = [(4, year), (7, month), (10, day), (13, ms / 3_600_000), (16, ms / 60_000 % 60), (19, ms / 1000 % 60)];
    for (end, mut part) in parts.into_iter().chain([(23, ms % 1000)]) {
        for slot in digits.iter_mut().take(end).rev().take_while(|slot| slot.is_ascii_digit()) {
            *slot = b'0' + u8::try_from(part % 10).unwrap_or_default();
            part /= 10;
        }
    }
    digits
}
