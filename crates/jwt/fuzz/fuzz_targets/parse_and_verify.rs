#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    cogward_jwt_fuzz::parse_and_verify(input);
});
