use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cogward_cognito::{Code, PkceVerifier};
use serde_json::{Value, json};
use url::Url;

use crate::server::{CLIENT, Call, Server, confidential, public};

const OAUTH_TOKENS: &str = r#"{"access_token":"A","id_token":"I","refresh_token":"R",
    "token_type":"Bearer","expires_in":3600}"#;
const API_TOKENS: &str = r#"{"AuthenticationResult":{"AccessToken":"A","IdToken":"I",
    "RefreshToken":"R","TokenType":"Bearer","ExpiresIn":3600},"ChallengeParameters":{}}"#;

fn assert_form(call: &Call, path: &str, wanted: &[(&str, &str)]) {
    assert_eq!(call.path, path);
    assert_eq!(
        call.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    let form = call.form();
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(form, wanted);
}

fn assert_basic(call: &Call) {
    let login = STANDARD.encode(format!("{CLIENT}:cogwardlocalsecret0123456789abcdef"));
    assert_eq!(
        call.header("authorization"),
        Some(format!("Basic {login}").as_str())
    );
}

#[tokio::test]
async fn a_code_is_traded_with_its_verifier() {
    let callback = Url::parse("https://app.example.com/auth/callback").unwrap();
    let code = Code::from("c+de&x=y".to_owned());
    let verifier = PkceVerifier::from("v".repeat(43));
    let form = [
        ("grant_type", "authorization_code"),
        ("code", "c+de&x=y"),
        ("redirect_uri", "https://app.example.com/auth/callback"),
        ("code_verifier", &"v".repeat(43)),
    ];

    let server = Server::answering(200, OAUTH_TOKENS).await;
    let tokens = public(&server.url)
        .exchange_code(&code, &callback, &verifier)
        .await
        .unwrap();
    assert_eq!(tokens.access_token.expose(), "A");
    assert_eq!(tokens.id_token.as_ref().unwrap().expose(), "I");
    assert_eq!(tokens.refresh_token.as_ref().unwrap().expose(), "R");
    assert_eq!(tokens.expires_in, Some(3600));
    let call = server.only_call();
    assert_form(
        &call,
        "/oauth2/token",
        &[&form[..], &[("client_id", CLIENT)]].concat(),
    );
    assert_eq!(call.header("authorization"), None);

    let server = Server::answering(200, OAUTH_TOKENS).await;
    confidential(&server.url)
        .exchange_code(&code, &callback, &verifier)
        .await
        .unwrap();
    assert_form(&server.only_call(), "/oauth2/token", &form);
    assert_basic(&server.only_call());
}

#[tokio::test]
async fn refreshing_at_the_token_endpoint() {
    let form = [("grant_type", "refresh_token"), ("refresh_token", "old")];
    let server = Server::answering(200, OAUTH_TOKENS).await;
    public(&server.url).refresh("old").await.unwrap();
    let public_form = [&form[..], &[("client_id", CLIENT)]].concat();
    assert_form(&server.only_call(), "/oauth2/token", &public_form);

    let server = Server::answering(200, OAUTH_TOKENS).await;
    confidential(&server.url).refresh("old").await.unwrap();
    assert_form(&server.only_call(), "/oauth2/token", &form);
    assert_basic(&server.only_call());
}

#[tokio::test]
async fn refreshing_with_rotation() {
    let server = Server::answering(200, API_TOKENS).await;
    let tokens = public(&server.url).refresh_rotating("old").await.unwrap();
    assert_eq!(tokens.refresh_token.unwrap().expose(), "R");
    assert_eq!(tokens.expires_in, Some(3600));
    let input = json!({"RefreshToken": "old", "ClientId": CLIENT});
    assert_operation(&server.only_call(), "GetTokensFromRefreshToken", &input);

    let server = Server::answering(200, API_TOKENS).await;
    confidential(&server.url)
        .refresh_rotating("old")
        .await
        .unwrap();
    let input = json!({"RefreshToken": "old", "ClientId": CLIENT,
        "ClientSecret": "cogwardlocalsecret0123456789abcdef"});
    assert_operation(&server.only_call(), "GetTokensFromRefreshToken", &input);
}

#[tokio::test]
async fn revoking_one_token_and_all() {
    let server = Server::answering(200, "").await;
    public(&server.url).revoke("old").await.unwrap();
    let form = [("token", "old"), ("client_id", CLIENT)];
    assert_form(&server.only_call(), "/oauth2/revoke", &form);

    let server = Server::answering(200, "").await;
    confidential(&server.url).revoke("old").await.unwrap();
    assert_form(&server.only_call(), "/oauth2/revoke", &[("token", "old")]);
    assert_basic(&server.only_call());

    let server = Server::answering(200, "{}").await;
    public(&server.url).global_sign_out("A").await.unwrap();
    assert_operation(
        &server.only_call(),
        "GlobalSignOut",
        &json!({"AccessToken": "A"}),
    );
}

fn assert_operation(call: &Call, name: &str, input: &Value) {
    assert_eq!(call.path, "/");
    let target = format!("AWSCognitoIdentityProviderService.{name}");
    assert_eq!(call.header("x-amz-target"), Some(target.as_str()));
    assert_eq!(
        call.header("content-type"),
        Some("application/x-amz-json-1.1")
    );
    assert_eq!(serde_json::from_str::<Value>(&call.body).unwrap(), *input);
}
