//! The tables of `docs/formats.md` §4, from the declarations of the bodies. After a change that is meant, write them anew
//! with `KIFF_OVERWRITE=1 cargo test -p kiff --lib record::page`.

use super::{
    body::{ExecutionTerms, HoldTerms, Issue, Ruling},
    kind::{self, Kind},
    row::Row,
};
use crate::kernel::request::Notes;
use std::{env, fs};

/// The table of each section, by its title. What the three decisions share has a section of its own.
fn tables() -> Vec<(String, Vec<Row>)> {
    let shared = [Ruling::rows(), Issue::rows()].into_iter().flatten().collect();
    let mut tables = vec![("The decision".to_owned(), shared)];
    for (kind, mut rows) in kind::rows() {
        match kind {
            Kind::DecisionRecorded => rows.extend(Notes::rows()),
            Kind::ActionValidated => rows = ExecutionTerms::rows(),
            Kind::ApprovalRequired => rows = HoldTerms::rows(),
            // It has what all decisions have.
            Kind::ActionBlocked => continue,
            _ => {}
        }
        tables.push((format!("`{kind}`"), rows));
    }
    tables
}

fn written(mut rows: Vec<Row>) -> String {
    rows.sort_by_key(|row| row.name);
    let mut table = "| member | type | |\n| --- | --- | --- |\n".to_owned();
    for Row { name, form, note } in rows {
        let note = if note.is_empty() { String::new() } else { format!("{note} ") };
        table.push_str(&format!("| `{name}` | {form} | {note}|\n"));
    }
    table
}

#[test]
fn the_tables_of_the_page_are_those_of_the_code() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/formats.md");
    let page = fs::read_to_string(path).unwrap();
    let mut expected = page.clone();
    for (title, rows) in tables() {
        let section = expected.find(&format!("\n### {title}\n")).unwrap_or_else(|| panic!("no section {title}"));
        let start =
            section + expected[section..].find("\n| member |").unwrap_or_else(|| panic!("no table {title}")) + 1;
        let end = start + expected[start..].find("\n\n").unwrap() + 1;
        expected.replace_range(start..end, &written(rows));
    }
    if env::var_os("KIFF_OVERWRITE").is_some() {
        fs::write(path, &expected).unwrap();
    }
    let page = fs::read_to_string(path).unwrap();
    for (line, (page, expected)) in (1..).zip(page.lines().zip(expected.lines())) {
        assert_eq!(page, expected, "line {line} of docs/formats.md");
    }
    assert_eq!(page, expected);
}
