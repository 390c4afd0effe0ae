//! The alphabets of names (`docs/formats.md` §1).

fn has_form(text: &str, first: fn(u8) -> bool, rest: fn(u8) -> bool, max: usize) -> bool {
    let mut bytes = text.bytes();
    text.len() <= max && bytes.next().is_some_and(first) && bytes.all(rest)
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase()
}

pub(in crate::base) fn is_snake(text: &str) -> bool {
    has_form(text, is_lower, |b| is_lower(b) || b.is_ascii_digit() || b == b'_', 64)
}

pub(super) fn is_upper_snake(text: &str) -> bool {
    has_form(text, |b| b.is_ascii_uppercase(), |b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_', 64)
}

pub(super) fn is_id(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"._~:@+-".contains(&b);
    (1..=128).contains(&text.len()) && text.bytes().all(good)
}

/// 256 bits are 42 characters and four bits of the last one, whose other two bits are zero.
pub(super) fn is_key_id(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
    text.len() == 43 && text.bytes().all(good) && text.ends_with(|c| "AEIMQUYcgkosw048".contains(c))
}

pub(super) fn is_permission(text: &str) -> bool {
    text.len() <= 128 && text.contains('.') && text.split('.').all(is_snake)
}

/// `[a-z0-9][a-z0-9-]{0,62}`
pub(super) fn is_tenant(text: &str) -> bool {
    has_form(text, |b| is_lower(b) || b.is_ascii_digit(), |b| is_lower(b) || b.is_ascii_digit() || b == b'-', 63)
}

pub(super) fn is_idempotency_key(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}
