//! One suggestion for a misspelt word.

/// "; did you mean `x`?" if one of `known` is close to `word`, and otherwise all of `known`.
pub(crate) fn hint<S: AsRef<str>>(word: &str, known: &[S]) -> String {
    match (nearest(word, known), known) {
        (Some(near), _) => format!("; did you mean `{near}`?"),
        (None, []) => String::new(),
        (None, [only]) => format!("; there is only `{}`", only.as_ref()),
        (None, _) => {
            let all: Vec<_> = known.iter().map(|word| format!("`{}`", word.as_ref())).collect();
            format!("; write one of {}", all.join(", "))
        }
    }
}

/// The word of `known` that is nearest to `word`, if it is near enough to be meant.
pub(crate) fn nearest<'a, S: AsRef<str>>(word: &str, known: &'a [S]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let far = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|candidate| (distance(&word, &candidate.as_ref().to_lowercase()), candidate.as_ref()))
        .filter(|(distance, _)| *distance <= far)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters to insert, drop, replace or swap with their neighbour to turn `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (line, letter) in a.chars().enumerate() {
        let mut next = vec![line + 1];
        for (column, other) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&row, column) + usize::from(letter != *other);
            let swapped = match column.checked_sub(1) {
                Some(left) if previous == Some(*other) && b.get(left) == Some(&letter) => at(&before, left) + 1,
                _ => usize::MAX,
            };
            next.push(replaced.min(at(&row, column + 1) + 1).min(at(&next, column) + 1).min(swapped));
        }
        before = std::mem::replace(&mut row, next);
        previous = Some(letter);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_letters() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("abc", "acb", 1),
            ("high", "hihg", 1),
            ("kitten", "sitting", 3),
            ("", "ab", 2),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
            assert_eq!(distance(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let known = ["allowed_states", "approval", "risk"];
        for (word, expected) in [
            ("alowed_states", "; did you mean `allowed_states`?"),
            ("rsik", "; did you mean `risk`?"),
            ("Risk", "; did you mean `risk`?"),
            ("colour", "; write one of `allowed_states`, `approval`, `risk`"),
        ] {
            assert_eq!(hint(word, &known), expected);
        }
        assert_eq!(hint("colour", &["risk"]), "; there is only `risk`");
        assert_eq!(hint::<&str>("x", &[]), "");
    }
}
