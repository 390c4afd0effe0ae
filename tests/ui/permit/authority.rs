//! An authority is said by host code: it cannot be read from what an agent sends.

fn main() {
    let sent = r#"{"id":"root","type":"human"}"#;
    let _: Result<kiff::Authority, _> = serde_json::from_str(sent);
}
