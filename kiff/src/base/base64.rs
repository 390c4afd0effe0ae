//! Base 64 (RFC 4648): one written form for each sequence of bytes, and no other is read.

/// The characters of a form, and whether it is filled up with `=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// `+` and `/`, filled up: PEM, and what DSSE writes.
    Standard,
    /// `-` and `_`, not filled up: keys, key ids and salts.
    Url,
}

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Form {
    fn character(self, bits: u32) -> char {
        let place = (bits & 63) as usize;
        let last = if self == Self::Standard { ['+', '/'] } else { ['-', '_'] };
        let letter = LETTERS.get(place).map(|letter| char::from(*letter));
        letter.or_else(|| last.get(place.wrapping_sub(62)).copied()).unwrap_or('=')
    }

    fn bits(self, character: u8) -> Option<u32> {
        Some(match character {
            b'A'..=b'Z' => u32::from(character - b'A'),
            b'a'..=b'z' => u32::from(character - b'a') + 26,
            b'0'..=b'9' => u32::from(character - b'0') + 52,
            b'+' if self == Self::Standard => 62,
            b'/' if self == Self::Standard => 63,
            b'-' if self == Self::Url => 62,
            b'_' if self == Self::Url => 63,
            _ => return None,
        })
    }
}

/// Writes bytes.
pub(crate) fn encode(bytes: &[u8], form: Form) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            match place <= chunk.len() {
                true => text.push(form.character(bits >> (18 - 6 * place))),
                false if form == Form::Standard => text.push('='),
                false => {}
            }
        }
    }
    text
}

/// Reads bytes; nothing for a text that [`encode`] would not have written. Nothing but the result holds the bytes,
/// because they may be a secret.
pub(crate) fn decode(text: &str, form: Form) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let filling = text.len() - digits.len();
    let fill = if form == Form::Standard { digits.len().wrapping_neg() % 4 } else { 0 };
    if filling != fill || digits.len() % 4 == 1 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for chunk in digits.chunks(4) {
        let mut bits = 0u32;
        for digit in chunk {
            bits = bits << 6 | form.bits(*digit)?;
        }
        bits <<= 6 * (4 - chunk.len());
        let [_, full @ ..] = bits.to_be_bytes();
        let (whole, rest) = full.split_at_checked(chunk.len() - 1)?;
        // Left-over bits would make a second form of the same bytes.
        if rest.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(whole);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification_come_out() {
        let check = |bytes: &str, standard: &str| {
            assert_eq!(encode(bytes.as_bytes(), Form::Standard), standard);
            assert_eq!(decode(standard, Form::Standard).as_deref(), Some(bytes.as_bytes()));
            let url = standard.trim_end_matches('=');
            assert_eq!(encode(bytes.as_bytes(), Form::Url), url);
            assert_eq!(decode(url, Form::Url).as_deref(), Some(bytes.as_bytes()));
        };
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")] {
            check(bytes, text);
        }
        assert_eq!(encode(&[0xFB, 0xFF], Form::Url), "-_8");
        assert_eq!(encode(&[0xFB, 0xFF], Form::Standard), "+/8=");
    }

    #[test]
    fn another_form_is_refused() {
        for text in ["Zg", "Zg=", "Zg===", "Zh==", "Z", "Zm9v=", "Zm9v\n", "-_8=", "Z=g=", "="] {
            assert_eq!(decode(text, Form::Standard), None, "{text}");
        }
        for text in ["Zg==", "Zh", "+/8", "Zm9", "-_9"] {
            assert_eq!(decode(text, Form::Url), None, "{text}");
        }
    }
}
