//! The model finds what it is there to find: defects that are sown into kiff, one at a time.

use std::{fs, path::Path};

/// Every defect that can be sown, by the name that `KIFF_DEFECT` takes.
const DEFECTS: &[&str] = &[
    "approval_not_consumed",
    "denial_forgotten",
    "digest_unchecked",
    "doubt_taken_for_failure",
    "expiry_ignored",
    "key_content_unchecked",
    "open_execution_unchecked",
    "quorum_of_one_person",
    "requester_settles",
    "resolved_while_it_may_land",
    "retry_of_any_effect",
    "reviewer_unchecked",
    "run_before_the_append",
    "run_on_conflict",
    "self_review",
    "state_version_ignored",
];

#[test]
fn the_defects_are_those_that_the_sources_and_the_page_name() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let (mut waiting, mut sown) = (vec![root.join("kiff/src")], Vec::new());
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let code = fs::read_to_string(&path).unwrap();
        sown.extend(code.split("is_sown(\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
    sown.sort();
    sown.dedup();
    assert_eq!(sown, DEFECTS);
    let page = fs::read_to_string(root.join("kiff/docs/security.md")).unwrap();
    for defect in DEFECTS {
        assert!(page.contains(&format!("\n| {defect} |")), "kiff/docs/security.md has no row on {defect}");
    }
}

/// Needs a build with `--cfg kiff_defect`: `CONTRIBUTING.md` has the command.
#[cfg(kiff_defect)]
#[test]
fn the_model_finds_every_defect() {
    use std::{env, process::Command};
    // So many runs find any of them; without a defect fewer show that the model finds no more than there is.
    const RUNS: &str = "1500";
    const RUNS_WITHOUT: &str = "64";
    let model = |defect: &str, runs: &str| {
        let mut model = Command::new(env::current_exe().unwrap());
        model.args(["--exact", "model::kiff_says_what_the_reference_says"]);
        let output = model.env("KIFF_DEFECT", defect).env("KIFF_MODEL_RUNS", runs).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let missed: Vec<_> = DEFECTS
        .iter()
        .filter(|defect| {
            let (is_missed, said) = model(defect, RUNS);
            let why = said.lines().find(|line| line.contains("kiff says")).unwrap_or("no difference");
            println!("{defect}: {why}");
            // Nothing else that goes wrong counts as found.
            is_missed || !said.contains("kiff says")
        })
        .collect();
    assert!(missed.is_empty(), "the model does not find {missed:?}");
    let (is_well, said) = model("none", RUNS_WITHOUT);
    assert!(is_well, "{said}");
}
