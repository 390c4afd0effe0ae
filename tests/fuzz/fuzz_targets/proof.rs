#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kiff_tests::fuzzed::proof(bytes);
});
