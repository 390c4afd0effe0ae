//! Strings as JSON writes them, and the order of member names.

use std::cmp::Ordering;

/// Appends `text` in quotes, with no more escapes than JSON demands.
pub(crate) fn write_str(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some((run, tail)) = rest.split_at_checked(plain_len(rest)) {
        out.extend_from_slice(run);
        let Some((&byte, after)) = tail.split_first() else {
            break;
        };
        write_escape(out, byte);
        rest = after;
    }
    out.push(b'"');
}

/// Appends the decimal digits of `integer`.
pub(crate) fn write_u64(out: &mut Vec<u8>, mut integer: u64) {
    // As many as u64::MAX has.
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit += (integer % 10) as u8;
        integer /= 10;
        start -= 1;
        if integer == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Compares by UTF-16 code units, the order of members in RFC 8785.
///
/// The order of the UTF-8 bytes differs in one respect: UTF-16 writes characters above U+FFFF with surrogates
/// (from D800), so they come before U+E000 to U+FFFF.
pub(crate) fn cmp_utf16(a: &str, b: &str) -> Ordering {
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => utf16_rank(a).cmp(&utf16_rank(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// Ranks the first bytes of U+E000 to U+FFFF (EE and EF) above those of all later characters (F0 to F4). No other
/// byte of UTF-8 is EE or EF.
const fn utf16_rank(byte: u8) -> u8 {
    match byte {
        0xEE | 0xEF => byte + 0x10,
        _ => byte,
    }
}

/// How many bytes at the start of `bytes` stand for themselves in a JSON string.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let escaped = escaped_in(u64::from_le_bytes(*word));
        if escaped != 0 {
            return index * WORD + escaped.trailing_zeros() as usize / 8;
        }
    }
    words.len() * WORD + rest.iter().position(|&byte| needs_escape(byte)).unwrap_or(rest.len())
}

/// The highest bit of each byte that needs an escape. A bit may be wrong only if a lower byte's is set, because all that
/// can reach a byte is what was borrowed for a lower one; so the lowest is right.
const fn escaped_in(word: u64) -> u64 {
    const fn repeat(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; WORD])
    }
    const fn below(word: u64, byte: u8) -> u64 {
        word.wrapping_sub(repeat(byte)) & !word
    }
    let control = below(word, 0x20);
    let quote = below(word ^ repeat(b'"'), 1);
    let backslash = below(word ^ repeat(b'\\'), 1);
    (control | quote | backslash) & repeat(0x80)
}

const fn needs_escape(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escape(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        0x09 => b't',
        0x0A => b'n',
        0x0C => b'f',
        0x0D => b'r',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend([byte >> 4, byte & 0xF].map(hex_digit));
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + nibble - 10,
    }
}

/// The character that an escape stands for, and its bytes without the backslash, if the writer would escape it so.
pub(super) fn read_escape(rest: &[u8]) -> Option<(char, usize)> {
    let short = match rest.first()? {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let digits = rest.get(1..5)?;
            let high = matches!(digits, [b'0', b'0', b'0' | b'1', b'0'..=b'9' | b'a'..=b'f']);
            let code = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
            // U+0000 is in no record, and five of the others have a short form.
            return (high && !matches!(code, 0 | 8 | 9 | 10 | 12 | 13)).then_some((char::from(code), 5));
        }
        plain @ (b'"' | b'\\') => char::from(*plain),
        _ => return None,
    };
    Some((short, 1))
}

/// The text of a string that the writer has escaped.
pub(super) fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escaped)) = rest.split_once('\\') {
        text.push_str(plain);
        let (character, len) = read_escape(escaped.as_bytes()).unwrap_or((char::REPLACEMENT_CHARACTER, 0));
        text.push(character);
        rest = escaped.get(len..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

const WORD: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_an_escape_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..20 {
                let mut bytes = [b'x'; 20];
                bytes[place] = byte;
                let expected = if needs_escape(byte) { place } else { bytes.len() };
                assert_eq!(plain_len(&bytes), expected, "{byte} at {place}");
                bytes[place + 1..].fill(b'"');
                assert_eq!(plain_len(&bytes), expected.min(place + 1), "{byte} at {place}");
            }
        }
    }

    #[test]
    fn strings_have_the_fewest_escapes() {
        fn check(text: &str, expected: &str) {
            let mut out = b">".to_vec();
            write_str(&mut out, text);
            assert_eq!(String::from_utf8(out).unwrap(), format!(">{expected}"));
        }
        check("", r#""""#);
        check("plain / text", r#""plain / text""#);
        check("\u{8}\t\n\u{c}\r\"\\", r#""\b\t\n\f\r\"\\""#);
        check("\0\u{1}\u{b}\u{e}\u{1f}", r#""\u0000\u0001\u000b\u000e\u001f""#);
        check("\u{7f}\u{80}\u{2028}\u{feff}€😀", "\"\u{7f}\u{80}\u{2028}\u{feff}€😀\"");
        for plain in [31, 32, 33, 64, 100] {
            let run = "x".repeat(plain);
            check(&format!("{run}\n{run}"), &format!(r#""{run}\n{run}""#));
        }
        // The string of RFC 8785, section 3.2.2.
        check("\u{20ac}$\u{f}\nA'B\"\\\\\"/", r#""€$\u000f\nA'B\"\\\\\"/""#);
    }

    #[test]
    fn integers() {
        for integer in [0, 1, 9, 10, 99, 100, 12_345, u64::MAX - 1, u64::MAX] {
            let mut out = b"x".to_vec();
            write_u64(&mut out, integer);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{integer}"));
        }
    }

    #[test]
    fn order_is_that_of_utf16() {
        // The names of RFC 8785, section 3.2.3, in their order.
        let mut sorted = ["\r", "1", "\u{80}", "\u{f6}", "\u{20ac}", "\u{1f600}", "\u{fb33}"].to_vec();
        sorted.insert(0, "");
        sorted.push("\u{ffff}");
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(cmp_utf16(a, b), i.cmp(&j), "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn order_agrees_with_encoding() {
        let chars = ['a', 'é', '\u{d7ff}', '\u{e000}', '\u{efff}', '\u{ffff}', '\u{10000}', '\u{10ffff}'];
        let words: Vec<String> = chars.iter().flat_map(|a| chars.iter().map(move |b| format!("{a}{b}"))).collect();
        for a in &words {
            for b in &words {
                assert_eq!(cmp_utf16(a, b), a.encode_utf16().cmp(b.encode_utf16()), "{a:?} {b:?}");
            }
        }
    }
}
