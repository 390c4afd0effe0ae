//! Key sets: what is loaded, and what is refused.

use super::kit::{KEY_ID, keys, vector};
use kiff::{
    keys::Ed25519Signer,
    verify::{KeySet, KeySetError},
};

const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

fn load(keys: &str) -> Result<KeySet, KeySetError> {
    KeySet::from_json(format!(r#"{{"keys":[{keys}]}}"#).as_bytes())
}

fn jwk(more: &str) -> String {
    format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}"{more}}}"#)
}

#[test]
fn what_is_exported_is_loaded_again() {
    let set = keys().with(Ed25519Signer::generate().unwrap().public_key().clone());
    assert_eq!(KeySet::from_json(set.to_json().as_bytes()).unwrap(), set);
    assert_eq!((set.len(), KeySet::from_json(KeySet::new().to_json().as_bytes()).unwrap().len()), (2, 0));
    assert_eq!(KeySet::from_json(&vector("keys.jwks.json")).unwrap(), keys());
}

#[test]
fn what_is_not_needed_is_passed_over() {
    for more in ["", r#","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k""#, r#","use":"enc","alg":7,"x5c":[{}]"#] {
        assert!(load(&jwk(more)).unwrap().get(KEY_ID).is_some(), "{more}");
    }
    assert!(KeySet::from_json(format!(r#"{{"issuer":{{}},"keys":[{}]}}"#, jwk("")).as_bytes()).is_ok());
}

#[test]
fn one_unsound_key_spoils_the_set() {
    let sound = jwk("");
    let with_x = |x: &str| sound.replace(X, x);
    for (key, code) in [
        (jwk(r#","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A""#), "private_key"),
        (jwk(r#","d":null"#), "private_key"),
        (sound.replace("OKP", "EC"), "other_algorithm"),
        (sound.replace("Ed25519", "X25519"), "other_algorithm"),
        (sound.replace("Ed25519", "Ed448"), "other_algorithm"),
        (sound.replace(r#""kty":"OKP","#, ""), "other_algorithm"),
        (sound.replace(r#""OKP""#, "[\"OKP\"]"), "other_algorithm"),
        (r#"{"kty":"oct","k":"AA"}"#.to_owned(), "other_algorithm"),
        (with_x(""), "key_encoding"),
        (with_x(&X[..42]), "key_encoding"),
        (with_x(&format!("{X}=")), "key_encoding"),
        (with_x(&X.replace('_', "/")), "key_encoding"),
        (with_x(&X.replace("URo", "URp")), "key_encoding"),
        (sound.replace(&format!(r#""{X}""#), "1"), "key_encoding"),
        (with_x("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "small_order"),
        (with_x("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "small_order"),
        (with_x("7f_______________________________________38"), "not_canonical"),
        (with_x("AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "not_a_point"),
        (jwk(r#","kid":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#), "key_id_mismatch"),
        (jwk(r#","kid":null"#), "key_id_mismatch"),
        (sound.replace(r#""x":"#, r#""x":"AA","x":"#), "not_json"),
        ("[]".to_owned(), "not_a_key_set"),
        (sound.clone(), "duplicate_key"),
    ] {
        assert_eq!(load(&format!("{sound},{key}")).expect_err("it was loaded").code(), code, "{key}");
    }
    for (text, code) in [
        ("", "not_json"),
        ("{}", "not_a_key_set"),
        ("[]", "not_a_key_set"),
        (r#"{"keys":{}}"#, "not_a_key_set"),
        (r#"{"keys":[],"keys":[]}"#, "not_json"),
        (r#"{"keys":[]}x"#, "not_json"),
        ("\u{feff}{\"keys\":[]}", "not_json"),
    ] {
        assert_eq!(KeySet::from_json(text.as_bytes()).expect_err("it was loaded").code(), code, "{text}");
    }
}
