//! What each program prints, byte for byte. `UPDATE_GOLDEN=1 cargo test` writes the files anew.

#[cfg(test)]
mod tests {
    use std::{path::Path, process::Command};

    fn check(program: &str, name: &str) {
        let output = Command::new(program).output().unwrap();
        assert!(output.status.success(), "{name} failed: {}", String::from_utf8_lossy(&output.stderr));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden").join(format!("{name}.txt"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
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

    programs! { refund support_ops payables own_store replay_a_log no_async }
}
