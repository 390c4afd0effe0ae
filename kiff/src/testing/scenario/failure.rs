//! Assertions that fail.

#[track_caller]
#[expect(clippy::panic, reason = "a failed assertion of a test")]
pub(super) fn fail(what: &(impl std::fmt::Display + ?Sized)) -> ! {
    panic!("{what}")
}

/// Expected and found lines side by side: `-` is missing, `+` was not expected.
pub(super) fn difference(expected: &[String], found: &[String]) -> String {
    let same = expected.iter().zip(found).take_while(|(a, b)| a == b).count();
    let tail = expected.iter().rev().zip(found.iter().rev()).take_while(|(a, b)| a == b).count();
    let tail = tail.min(expected.len().min(found.len()) - same);
    let middle = |lines: &[String]| lines.iter().take(lines.len() - tail).skip(same).cloned().collect::<Vec<_>>();
    let mut text = String::new();
    let mut put =
        |mark: &str, lines: &[String]| lines.iter().for_each(|line| text.push_str(&format!("{mark} {line}\n")));
    put(" ", found.get(..same).unwrap_or_default());
    put("-", &middle(expected));
    put("+", &middle(found));
    put(" ", found.get(found.len() - tail..).unwrap_or_default());
    text
}
