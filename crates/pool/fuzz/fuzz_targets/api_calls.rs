#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    cogward_pool_fuzz::api_calls(input);
});
