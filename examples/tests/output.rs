//! What each program prints, byte for byte. `KIFF_OVERWRITE=1 cargo test` writes the files anew.

#[cfg(test)]
mod tests {
    use std::{
        path::{Path, PathBuf},
        process::Command,
    };

    fn check(program: &str, name: &str) {
        let folder = Folder::new(name);
        let output = Command::new(program).env("TMPDIR", &folder.0).output().unwrap();
        assert!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(format!("{name}.txt"));
        if std::env::var_os("KIFF_OVERWRITE").is_some() {
            std::fs::write(&path, &output.stdout).unwrap();
        }
        let expected = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{name} prints something else than {path:?}");
    }

    macro_rules! programs {
        ($($name:ident)*) => {$(
            #[test]
            fn $name() {
                check(env!(concat!("CARGO_BIN_EXE_", stringify!($name))), stringify!($name));
            }
        )*};
    }

    /// The README holds the quickstart, its test and what it prints, apart from the time.
    #[test]
    fn the_readme_shows_the_quickstart() {
        let read = |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let (readme, source) = (read("../README.md"), read("src/bin/quickstart.rs"));
        let (_, source) = source.split_once("\n\n").unwrap();
        let (program, test) = source.split_once("\n\n#[cfg(test)]").unwrap();
        for block in [program, test] {
            assert!(readme.contains(block), "the README does not show:\n{block}");
        }
        let output = Command::new(env!("CARGO_BIN_EXE_quickstart")).output().unwrap().stdout;
        let printed = timeless(&String::from_utf8(output).unwrap());
        assert!(timeless(&readme).contains(&printed), "the README does not show:\n{printed}");
    }

    /// What the README takes away is in the quickstart; what it adds for PostgreSQL is in an example that is compiled.
    #[test]
    fn the_readme_shows_how_to_change_the_store() {
        let read = |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
        let readme = read("../README.md");
        let of = |block: usize, sign: char| -> Vec<String> {
            let block = readme.split("```diff\n").nth(block).and_then(|block| block.split("```").next()).unwrap();
            block.lines().filter_map(|line| line.strip_prefix(sign)).map(|line| line.trim().to_owned()).collect()
        };
        let has = |path: &str, lines: &[String]| {
            let text = read(path);
            assert!(!lines.is_empty() && lines.iter().all(|line| text.contains(line)), "{path} lacks one of {lines:?}");
        };
        has("src/bin/quickstart.rs", &of(1, '-'));
        has("../kiff/src/store/postgres/mod.rs", &of(2, '+'));
        assert_eq!(of(1, '+').first(), of(2, '-').first());
    }

    /// Leaves out the time at the start of a line.
    fn timeless(text: &str) -> String {
        let lines = text.lines().map(|line| match line.split_once("  ") {
            Some((time, rest)) if time.bytes().all(|byte| byte.is_ascii_digit() || b":.".contains(&byte)) => rest,
            _ => line,
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    programs! { refund support_ops payables projection own_store replay_a_log no_async guarded_payments contracts }

    /// Where the programs put their files, removed with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("kiff-output-{name}-{}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
