#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    cogward_policy_fuzz::question(input);
});
