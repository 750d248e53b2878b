use crate::run::browser;

#[tokio::test(flavor = "multi_thread")]
async fn chromium_makes_passkeys_and_signs_in_with_them() {
    browser("passkeys.mjs").await;
}
