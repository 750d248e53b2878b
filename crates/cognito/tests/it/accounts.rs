//! Accounts against the local pool, and what goes over the wire.

use cogward_cognito::accounts::{Admin, AdminCredentials, PasswordRule, SignIn, Subject};
use cogward_cognito::{AccountError, Accounts, Refusal, Settings};
use cogward_pool::{CLIENT_SECRET, LocalPool, POOL_ID, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::{Value, json};
use url::Url;

use crate::server::{Server, public};

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "Passw0rd!";
const ADA: Subject<'_> = Subject {
    username: EMAIL,
    address: Some("203.0.113.9"),
};

fn accounts(url: &str, client_id: &str) -> Accounts {
    let url = Url::parse(url).unwrap();
    let secret = (client_id == SECRET_CLIENT_ID).then(|| CLIENT_SECRET.to_owned().into());
    let settings = Settings {
        domain: url.clone(),
        api: url,
        client_id: client_id.to_owned(),
        client_secret: secret,
        scopes: Vec::new(),
        trusted_certificate: None,
    };
    Accounts::new(&settings, "us-east-1")
}

async fn post(pool: &LocalPool, path: &str, headers: &[(&str, &str)], body: Value) -> Value {
    let url = Url::parse(&pool.url()).unwrap().join(path).unwrap();
    let mut request = public(&url).http().post(url).json(&body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {body}");
    answer.json().await.unwrap_or(Value::Null)
}

async fn fault(pool: &LocalPool, operation: &str, kind: &str, times: u32) {
    let body = json!({ "op": operation, "type": kind, "times": times });
    post(pool, "_local/faults", &[("x-cogward-local", "1")], body).await;
}

async fn calls(pool: &LocalPool, operation: &str) -> u64 {
    let url = Url::parse(&pool.url())
        .unwrap()
        .join("_local/stats")
        .unwrap();
    let stats = public(&url).http().get(url).send().await.unwrap();
    let stats: Value = stats.json().await.unwrap();
    stats[operation].as_u64().unwrap_or_default()
}

#[track_caller]
fn refusal<T>(result: Result<T, AccountError>) -> Refusal {
    match result {
        Err(AccountError::Refused(refusal)) => refusal,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was not refused"),
    }
}

#[tokio::test]
async fn an_account_lives_with_either_client() {
    for client_id in [PUBLIC_CLIENT_ID, SECRET_CLIENT_ID] {
        let pool = LocalPool::start().await.unwrap();
        let accounts = accounts(&pool.url(), client_id);
        let name = [("email", EMAIL), ("given_name", "Ada")];
        let made = accounts.sign_up(ADA, PASSWORD, &name).await.unwrap();
        assert!(!made.confirmed && !made.sub.is_empty());
        accounts.resend_confirmation_code(ADA).await.unwrap();
        let unconfirmed = accounts.sign_in(ADA, PASSWORD).await;
        assert_eq!(refusal(unconfirmed), Refusal::NotConfirmed);
        let code = pool.code(EMAIL).await.unwrap();
        accounts.confirm_sign_up(ADA, &code).await.unwrap();

        accounts.forgot_password(ADA).await.unwrap();
        let code = pool.code(EMAIL).await.unwrap();
        let changed = "0ther-Passw0rd";
        let reset = accounts.confirm_forgot_password(ADA, &code, changed).await;
        reset.unwrap();
        let SignIn::Done(tokens) = accounts.sign_in(ADA, changed).await.unwrap() else {
            panic!("a challenge");
        };
        assert!(tokens.id_token.is_some() && tokens.refresh_token.is_some());
        assert_eq!(tokens.expires_in, Some(3600));
        let access = tokens.access_token.expose();
        let wrong = accounts
            .change_password(access, PASSWORD, "Th1rd-Pass")
            .await;
        assert_eq!(refusal(wrong), Refusal::InvalidCredentials);
        let right = accounts
            .change_password(access, changed, "Th1rd-Pass")
            .await;
        right.unwrap();
        accounts.delete_user(access).await.unwrap();
        let gone = accounts.sign_in(ADA, "Th1rd-Pass").await;
        assert_eq!(refusal(gone), Refusal::InvalidCredentials);
        let gone = accounts.delete_user(access).await;
        assert_eq!(refusal(gone), Refusal::UserNotFound);
    }
}

#[tokio::test]
async fn what_the_pool_refuses_has_a_type() {
    let pool = LocalPool::start().await.unwrap();
    let accounts = accounts(&pool.url(), PUBLIC_CLIENT_ID);
    let of = |username| Subject {
        username,
        address: None,
    };
    let user = of("user@example.com");
    let email = [("email", "user@example.com")];
    let taken = accounts.sign_up(user, PASSWORD, &email).await;
    assert_eq!(refusal(taken), Refusal::UserExists);
    for (password, rule) in [
        ("Sh0rt!", PasswordRule::Length),
        ("PASSW0RD!", PasswordRule::Lowercase),
        ("passw0rd!", PasswordRule::Uppercase),
        ("Password!", PasswordRule::Number),
        ("Passw0rdd", PasswordRule::Symbol),
    ] {
        let weak = accounts.sign_up(ADA, password, &[]).await;
        assert_eq!(refusal(weak), Refusal::Password(Some(rule)), "{password}");
    }
    let wrong = accounts.sign_in(user, "Wr0ng-word").await;
    assert_eq!(refusal(wrong), Refusal::InvalidCredentials);
    let again = accounts.confirm_sign_up(user, "123456").await;
    assert_eq!(refusal(again), Refusal::AlreadyConfirmed);
    accounts.sign_up(ADA, PASSWORD, &[]).await.unwrap();
    let code = pool.code(EMAIL).await.unwrap();
    let other = if code == "000000" { "111111" } else { "000000" };
    let wrong = accounts.confirm_sign_up(ADA, other).await;
    assert_eq!(refusal(wrong), Refusal::CodeMismatch);
    pool.advance(std::time::Duration::from_secs(25 * 3600));
    let late = accounts.confirm_sign_up(ADA, &code).await;
    assert_eq!(refusal(late), Refusal::CodeExpired);
}

#[tokio::test]
async fn every_error_the_service_declares_means_something() {
    let pool = LocalPool::start().await.unwrap();
    let accounts = accounts(&pool.url(), PUBLIC_CLIENT_ID);
    for (kind, meaning) in [
        ("UserNotFoundException", Refusal::UserNotFound),
        ("UserNotConfirmedException", Refusal::NotConfirmed),
        ("PasswordResetRequiredException", Refusal::ResetRequired),
        ("UserLambdaValidationException", Refusal::ByFunction),
        ("InvalidParameterException", Refusal::InvalidParameter),
    ] {
        fault(&pool, "InitiateAuth", kind, 1).await;
        assert_eq!(refusal(accounts.sign_in(ADA, PASSWORD).await), meaning);
    }
    for (kind, meaning) in [
        ("AliasExistsException", Refusal::AliasExists),
        ("TooManyFailedAttemptsException", Refusal::TooManyAttempts),
        ("LimitExceededException", Refusal::LimitExceeded),
    ] {
        fault(&pool, "ConfirmSignUp", kind, 5).await;
        assert_eq!(
            refusal(accounts.confirm_sign_up(ADA, "123456").await),
            meaning
        );
        fault(&pool, "ConfirmSignUp", kind, 0).await;
    }
    fault(&pool, "SignUp", "CodeDeliveryFailureException", 1).await;
    let unsent = accounts.sign_up(ADA, PASSWORD, &[]).await;
    assert_eq!(refusal(unsent), Refusal::CodeNotSent);
    for kind in [
        "ResourceNotFoundException",
        "InvalidLambdaResponseException",
        "UnexpectedLambdaException",
        "InvalidUserPoolConfigurationException",
        "OperationNotEnabledException",
    ] {
        fault(&pool, "InitiateAuth", kind, 1).await;
        let error = accounts.sign_in(ADA, PASSWORD).await.unwrap_err();
        assert!(
            matches!(&error, AccountError::Misconfigured { error } if error == kind),
            "{error:?}"
        );
    }
    let strangers = self::accounts(&pool.url(), "nosuchclient");
    let error = strangers.sign_in(ADA, PASSWORD).await.unwrap_err();
    assert!(
        matches!(error, AccountError::Misconfigured { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_cognito_is_too_busy_for_is_asked_again_and_nothing_else_is() {
    let pool = LocalPool::start().await.unwrap();
    let accounts = accounts(&pool.url(), PUBLIC_CLIENT_ID);
    pool.user(EMAIL, PASSWORD).await.unwrap();
    fault(&pool, "InitiateAuth", "TooManyRequestsException", 2).await;
    accounts.sign_in(ADA, PASSWORD).await.unwrap();
    assert_eq!(calls(&pool, "InitiateAuth").await, 3);

    fault(&pool, "InitiateAuth", "TooManyRequestsException", 3).await;
    let refused = refusal(accounts.sign_in(ADA, PASSWORD).await);
    assert_eq!(refused, Refusal::Throttled);
    assert_eq!(calls(&pool, "InitiateAuth").await, 6);

    fault(&pool, "SignUp", "LimitExceededException", 3).await;
    let refused = refusal(accounts.sign_up(ADA, PASSWORD, &[]).await);
    assert_eq!(refused, Refusal::LimitExceeded);
    assert_eq!(calls(&pool, "SignUp").await, 1);

    fault(&pool, "ForgotPassword", "InternalErrorException", 1).await;
    let error = accounts.forgot_password(ADA).await.unwrap_err();
    assert!(
        matches!(error, AccountError::Unavailable { .. }),
        "{error:?}"
    );
    assert_eq!(calls(&pool, "ForgotPassword").await, 1);
}

#[tokio::test]
async fn a_challenge_is_answered_with_its_session() {
    let pool = LocalPool::start().await.unwrap();
    let accounts = accounts(&pool.url(), SECRET_CLIENT_ID);
    let invited = json!({
        "UserPoolId": POOL_ID, "Username": EMAIL, "TemporaryPassword": "T3mp-Passw0rd",
        "UserAttributes": [{ "Name": "email", "Value": EMAIL }],
    });
    let target = "AWSCognitoIdentityProviderService.AdminCreateUser";
    post(&pool, "/", &[("x-amz-target", target)], invited).await;
    let SignIn::Challenge(asked) = accounts.sign_in(ADA, "T3mp-Passw0rd").await.unwrap() else {
        panic!("no challenge");
    };
    assert_eq!(asked.name, "NEW_PASSWORD_REQUIRED");
    let session = asked.session.unwrap();
    assert!(!format!("{session:?}").contains(session.expose()));
    let username = asked.parameters["USER_ID_FOR_SRP"].clone();
    let subject = Subject {
        username: &username,
        address: None,
    };
    let responses = [("NEW_PASSWORD", PASSWORD)];
    let answer = accounts.answer(subject, &asked.name, Some(session.expose()), &responses);
    assert!(matches!(answer.await.unwrap(), SignIn::Done(_)));
    let again = accounts.answer(subject, &asked.name, Some(session.expose()), &responses);
    assert_eq!(refusal(again.await), Refusal::Ended);
}

#[tokio::test]
async fn cognito_is_told_the_browsers_address_and_its_words_go_no_further() {
    let answer = json!({
        "__type": "UserLambdaValidationException",
        "message": "arn:aws:lambda:us-east-1:123456789012:function:secret said <script>",
    });
    let server = Server::answering(400, answer.to_string()).await;
    let accounts = accounts(server.url.as_str(), PUBLIC_CLIENT_ID);
    let error = accounts.sign_up(ADA, PASSWORD, &[("email", EMAIL)]).await;
    let error = error.err().unwrap();
    let told = format!("{error} {error:?}");
    assert!(!told.contains("arn") && !told.contains("script"), "{told}");
    let call = &server.calls()[0];
    let body: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(
        body["UserContextData"],
        json!({ "IpAddress": "203.0.113.9" })
    );
    assert_eq!(
        body["UserAttributes"],
        json!([{ "Name": "email", "Value": EMAIL }])
    );
    assert!(call.header("authorization").is_none());

    let unknown = Subject {
        username: EMAIL,
        address: None,
    };
    let _refused = accounts.forgot_password(unknown).await;
    let body: Value = serde_json::from_str(&server.calls()[1].body).unwrap();
    assert_eq!(body.get("UserContextData"), None);
}

#[tokio::test]
async fn no_answer_and_foreign_answers_are_no_refusals() {
    let nobody = accounts("http://127.0.0.1:9", PUBLIC_CLIENT_ID);
    let page = Server::answering(200, "<html>a proxy</html>").await;
    let blocked = Server::answering(403, "<html>a firewall</html>").await;
    let empty = Server::answering(200, "{}").await;
    for accounts in [
        nobody,
        accounts(page.url.as_str(), PUBLIC_CLIENT_ID),
        accounts(blocked.url.as_str(), PUBLIC_CLIENT_ID),
        accounts(empty.url.as_str(), PUBLIC_CLIENT_ID),
    ] {
        let error = accounts.sign_in(ADA, PASSWORD).await.unwrap_err();
        assert!(
            matches!(error, AccountError::Unavailable { .. }),
            "{error:?}"
        );
    }
}

async fn admin(url: &str) -> Admin {
    let url = Url::parse(url).unwrap();
    let settings = Settings {
        domain: url.clone(),
        api: url,
        client_id: PUBLIC_CLIENT_ID.to_owned(),
        client_secret: None,
        scopes: Vec::new(),
        trusted_certificate: None,
    };
    let credentials = AdminCredentials::new("AKIDEXAMPLEEXAMPLE", "a secret", None);
    Admin::new(&settings, POOL_ID, "us-east-1", Some(credentials)).await
}

#[tokio::test]
async fn an_administrator_finds_a_user_sets_his_password_and_ends_his_tokens() {
    let pool = LocalPool::start().await.unwrap();
    let admin = admin(&pool.url()).await;
    assert_eq!(refusal(admin.user(EMAIL).await), Refusal::UserNotFound);
    let accounts = accounts(&pool.url(), PUBLIC_CLIENT_ID);
    let attributes = [("email", EMAIL)];
    let made = accounts.sign_up(ADA, PASSWORD, &attributes).await.unwrap();
    let found = admin.user(EMAIL).await.unwrap();
    assert_eq!(found.sub, made.sub);
    assert_eq!(found.may_reset(), Err(Refusal::NotConfirmed));
    let code = pool.code(EMAIL).await.unwrap();
    accounts.confirm_sign_up(ADA, &code).await.unwrap();
    let found = admin.user(EMAIL).await.unwrap();
    assert_eq!(found.may_reset(), Ok(EMAIL));

    let signed_in = accounts.sign_in(ADA, PASSWORD).await.unwrap();
    let SignIn::Done(tokens) = signed_in else {
        panic!("{signed_in:?}")
    };
    let weak = admin.set_password(&found.username, "short").await;
    assert!(matches!(refusal(weak), Refusal::Password(_)));
    admin
        .set_password(&found.username, "0ther-Passw0rd")
        .await
        .unwrap();
    assert_eq!(
        refusal(accounts.sign_in(ADA, PASSWORD).await),
        Refusal::InvalidCredentials
    );
    accounts.sign_in(ADA, "0ther-Passw0rd").await.unwrap();
    admin.global_sign_out(&found.username).await.unwrap();
    let over = accounts.delete_user(tokens.access_token.expose()).await;
    assert_eq!(refusal(over), Refusal::Ended);
}

#[tokio::test]
async fn an_administrator_without_rights_is_told_apart_from_a_user_nobody_has() {
    let pool = LocalPool::start().await.unwrap();
    let admin = admin(&pool.url()).await;
    fault(&pool, "AdminGetUser", "AccessDeniedException", 1).await;
    let error = admin.user(EMAIL).await.unwrap_err();
    assert!(
        matches!(error, AccountError::Misconfigured { .. }),
        "{error:?}"
    );
    assert!(!format!("{:?}", AdminCredentials::new("id", "hunter2", None)).contains("hunter2"));
}
