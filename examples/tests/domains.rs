//! `kiff/docs/domains.md` shows code that is compiled, explains each key once, and draws what the domain is.

#[cfg(test)]
mod tests {
    use kiff_examples::returns;
    use std::path::Path;

    fn read(path: &str) -> String {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    }

    fn blocks(page: &str, language: &str) -> Vec<String> {
        let begin = format!("```{language}\n");
        page.split(&begin).skip(1).map(|rest| rest.split("\n```").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn the_chapter_shows_the_whole_example() {
        let (page, source) = (read("../kiff/docs/domains.md"), read("src/returns.rs"));
        let source: String = source.split_inclusive('\n').filter(|line| !line.starts_with("//!")).collect();
        let mut behind = 0;
        let shown = blocks(&page, "rust");
        assert!(shown.len() > 10, "{} blocks", shown.len());
        for block in shown {
            let at = source[behind..].find(&block).unwrap_or_else(|| panic!("src/returns.rs has no\n{block}"));
            assert_eq!(source[behind..behind + at].trim(), "", "the chapter leaves it out");
            behind += at + block.len();
        }
        assert_eq!(source[behind..].trim(), "", "the chapter ends before the example does");
    }

    /// The words between the quotes of the lists of keys, and how often the chapter explains each.
    #[test]
    fn the_chapter_explains_each_key_once() {
        let page = read("../kiff/docs/domains.md");
        let explained = |key: &str| {
            let rows = page.lines().filter(|line| {
                let first = line.strip_prefix("| `").unwrap_or_default();
                first.strip_prefix(key).is_some_and(|rest| rest.starts_with('`'))
            });
            rows.count()
        };
        let action = read("../kiff-macros/src/attr.rs");
        let (_, list) = action.split_once("const KEYS: &[&str] = &[").unwrap();
        let keys: Vec<&str> = list.split("];").next().unwrap().split('"').skip(1).step_by(2).collect();
        assert!(keys.len() >= 18, "{keys:?}");
        let others =
            ["entity", "facts", "on", "from", "sources", "min", "max", "min_len", "max_len", "try_from", "rename"];
        for key in keys.into_iter().chain(others) {
            // A state and an action both have a name.
            let expected = if key == "name" { 2 } else { 1 };
            assert_eq!(explained(key), expected, "`{key}` in kiff/docs/domains.md");
        }
    }

    #[test]
    fn the_chapter_draws_the_domain() {
        let drawn = returns::domain().unwrap().to_mermaid("return").unwrap();
        let page = read("../kiff/docs/domains.md");
        assert_eq!(blocks(&page, "mermaid"), [drawn.trim_end()]);
    }
}
