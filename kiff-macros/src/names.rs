//! The alphabets of `kiff/docs/formats.md` §1 and the words that are made or read at compile time.

/// `[a-z][a-z0-9_]{0,63}`: entities, parameters, reason codes.
pub(crate) fn is_snake(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `[A-Z][A-Z0-9_]{0,63}`: actions, states, events.
pub(crate) fn is_upper_snake(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// Dotted words, such as `orders.refund`.
pub(crate) fn is_permission(text: &str) -> bool {
    text.len() <= 128 && text.contains('.') && text.split('.').all(is_snake)
}

/// `[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}`: fields and variants inside a parameter.
pub(crate) fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

/// `[A-Za-z0-9._~:@+-]{1,128}`: ids of actors, so of the sources of events.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~:@+-".contains(&b))
}

/// The upper snake case of a Rust name: `refund_order` and `RefundOrder` both give `REFUND_ORDER`.
pub(crate) fn upper_snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut upper = String::with_capacity(name.len() + 4);
    for (place, letter) in letters.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|left| letters.get(left));
        let after = letters.get(place + 1);
        let starts_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if starts_word {
            upper.push('_');
        }
        upper.extend(letter.to_uppercase());
    }
    upper
}

/// The lower snake case of a Rust name: `PaidInFull` gives `paid_in_full`.
pub(crate) fn snake(name: &str) -> String {
    upper_snake(name).to_lowercase()
}

/// The milliseconds of "500ms", "30s", "5m", "24h" or "7d"; `None` for any other text and for zero.
pub(crate) fn milliseconds(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at_checked(digits)?;
    let factor = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.parse::<u64>().ok()?.checked_mul(factor).filter(|ms| *ms > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_names_become_upper_snake_case() {
        for (name, expected) in [
            ("refund_order", "REFUND_ORDER"),
            ("Paid", "PAID"),
            ("PaidInFull", "PAID_IN_FULL"),
            ("KycOk2Go", "KYC_OK2_GO"),
            ("HTTPError", "HTTP_ERROR"),
            ("A", "A"),
        ] {
            assert_eq!(upper_snake(name), expected);
        }
    }

    #[test]
    fn durations_are_an_integer_and_a_unit() {
        for (text, expected) in [
            ("500ms", Some(500)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("24h", Some(86_400_000)),
            ("7d", Some(604_800_000)),
            ("0s", None),
            ("24", None),
            ("h", None),
            ("-1s", None),
            ("1.5h", None),
            ("1 h", None),
            ("", None),
            ("99999999999999999999d", None),
            ("999999999999999999d", None),
        ] {
            assert_eq!(milliseconds(text), expected, "{text}");
        }
    }

    #[test]
    fn names_keep_to_their_alphabets() {
        assert!(
            is_snake("order_2") && !is_snake("Order") && !is_snake("") && !is_snake("_x") && !is_snake(&"a".repeat(65))
        );
        assert!(is_upper_snake("ORDER_2") && !is_upper_snake("order") && !is_upper_snake("2A"));
        assert!(
            is_permission("orders.refund")
                && !is_permission("orders")
                && !is_permission("orders..x")
                && !is_permission("a.B")
        );
        assert!(
            is_word("orderId")
                && is_word("2fa")
                && is_word("a.b-c")
                && !is_word("-a")
                && !is_word("a b")
                && !is_word("")
        );
        assert!(is_id("stripe") && !is_id("") && !is_id("a b"));
    }
}
