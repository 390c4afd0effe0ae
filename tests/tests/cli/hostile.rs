//! What a log says does not reach the terminal as it stands.

use super::kit::{Folder, chained, run};

/// A screen that is cleared, a title that is set, a line that is faked, text that runs backwards.
const NASTY: &[&str] =
    &["\\u001b[2J", "\\u001b]0;x\\u0007", "\\nverified\\n", "\\u202eevil", "\\u009b31m", "\\r", "\u{202e}", "\u{7f}"];

#[test]
fn nothing_but_visible_ascii_is_printed() {
    let log = std::fs::read_to_string(super::kit::vector().join("log.jsonl")).unwrap();
    let folder = Folder::of_vector("hostile");
    for nasty in NASTY {
        for from in
            ["\"evt_002\"", "\"stripe\"", "\"ORDER_PAID\"", "\"entity\":\"order:ord_002\"", "\"payload\"", "\"kind\""]
        {
            let to = format!("{}{nasty}\"", from.strip_suffix('"').unwrap());
            folder.write("log.jsonl", chained(&log.replace(from, &to)));
            for command in
                ["verify log.jsonl", "verify . --json", "replay log.jsonl", "timeline log.jsonl order:ord_002"]
            {
                let ran = run(&folder.0, command);
                let is_plain = |c: char| c == '\n' || c == ' ' || c == '\u{2192}' || c.is_ascii_graphic();
                assert!(ran.out.chars().all(is_plain), "{command} with {to}: {ran:?}");
                assert!(ran.out.lines().all(|line| !line.starts_with("verified")), "{command} with {to}: {ran:?}");
            }
        }
    }
}

#[test]
fn names_of_others_are_escaped_in_refusals() {
    let folder = Folder::of_vector("origin");
    folder.edit("checkpoint.txt", "kiff.dev/log/kiff-demo\n7", "kiff.dev/\u{202e}log\n7");
    let ran = run(&folder.0, "verify . --vkeys @/vkeys.txt");
    assert!(ran.status == 1 && ran.out.is_ascii(), "{ran:?}");
    assert!(
        ran.has("refused: log_key_unknown: none of the keys that you named belongs to kiff.dev/\\u{202e}log"),
        "{ran:?}"
    );
    folder.edit("receipt.json", "\"tenant\"", "\"\u{202e}tenant\u{1b}\"");
    assert!(run(&folder.0, "verify .").out.is_ascii());
}
