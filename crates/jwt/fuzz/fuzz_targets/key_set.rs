#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    cogward_jwt_fuzz::key_set(input);
});
