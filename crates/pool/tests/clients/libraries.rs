use cogward_pool::POOL_ID;

use crate::run::{browser, node, python, seeded, tls};

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_signs_in_refreshes_and_revokes() {
    node("openid_client.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn openid_client_gets_tokens_for_a_machine() {
    seeded("openid_client_machine.mjs", include_str!("machine.toml")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn oidc_client_ts_signs_in_and_renews_in_a_browser() {
    browser("oidc_client_ts.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amplify_lives_an_account_with_plain_passwords() {
    node("amplify_sign_in.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amplify_signs_in_with_srp() {
    node("amplify_srp.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amazon_cognito_identity_js_signs_up_in_and_out() {
    node("identity_js_sign_in.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pycognito_signs_up_in_and_out_and_verifies_tokens() {
    python("pycognito_sign_in.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amplify_changes_an_account() {
    node("amplify_account.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amazon_cognito_identity_js_changes_an_account() {
    node("identity_js_account.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pycognito_changes_an_account() {
    python("pycognito_account.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amplify_asks_for_a_second_factor() {
    node("amplify_mfa.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amplify_lets_a_person_choose_the_first_factor() {
    node("amplify_choice.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amazon_cognito_identity_js_asks_for_a_second_factor() {
    node("identity_js_mfa.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pycognito_answers_challenges() {
    python("pycognito_challenges.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amplify_is_remembered() {
    node("amplify_devices.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amazon_cognito_identity_js_is_remembered() {
    node("identity_js_devices.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pycognito_signs_in_with_a_device() {
    python("pycognito_devices.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pycognito_administers_users_and_groups() {
    python("pycognito_admin.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_jwt_verify_takes_a_local_issuer() {
    tls("aws_jwt_verify.mjs", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_jwt_verify_takes_an_issuer_of_the_aws_shape() {
    let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{POOL_ID}");
    tls("aws_jwt_verify.mjs", Some(issuer)).await;
}
