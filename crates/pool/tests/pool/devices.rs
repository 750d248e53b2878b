//! Devices that are tracked, remembered, and take the place of the second factor.

use aws_cognito_srp::{SrpClient, TrackedDevice, UntrackedDevice};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cogward_pool::{POOL_ID, PUBLIC_CLIENT_ID, SECRET_CLIENT_ID};
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, claims, secret_hash};
use crate::srp::{Prover, respond};

const USER: &str = "user@example.com";
const ADMIN: &str = "admin@example.com";
const STRANGE: &str = "us-east-1_00000000-0000-4000-8000-000000000000";

async fn tracking(setting: &str) -> TestPool {
    let pool = TestPool::start().await;
    pool.settings(json!({ "devices": setting })).await;
    pool
}

/// One that has signed in and keeps its secret.
pub(crate) struct Device {
    pub(crate) key: String,
    group: String,
    pub(crate) password: String,
    tokens: Value,
}

impl Device {
    /// Signs in with the password alone, and confirms.
    pub(crate) async fn confirmed(pool: &TestPool, name: &str) -> Self {
        let tokens = pool.signed_in(name).await;
        let text = |member: &str| {
            let text = tokens["NewDeviceMetadata"][member].as_str();
            text.unwrap().to_owned()
        };
        let (key, group) = (text("DeviceKey"), text("DeviceGroupKey"));
        let (password, config) = secret(&group, &key);
        let answer = confirm(pool, &tokens, &key, Some(config)).await.ok();
        assert!(answer["UserConfirmationNecessary"].is_boolean());
        Self {
            key,
            group,
            password,
            tokens,
        }
    }

    fn prover(&self, password: &str) -> SrpClient<TrackedDevice> {
        let device = TrackedDevice::new(POOL_ID, &self.group, &self.key, password);
        SrpClient::new(device, PUBLIC_CLIENT_ID, None)
    }

    fn responses(&self, prover: &SrpClient<TrackedDevice>, challenge: &Value) -> Value {
        let text = |name: &str| challenge["ChallengeParameters"][name].as_str().unwrap();
        let proof = prover
            .verify(text("SECRET_BLOCK"), text("SALT"), text("SRP_B"))
            .unwrap();
        json!({
            "USERNAME": text("USERNAME"), "DEVICE_KEY": self.key,
            "PASSWORD_CLAIM_SECRET_BLOCK": proof.password_claim_secret_block,
            "PASSWORD_CLAIM_SIGNATURE": proof.password_claim_signature,
            "TIMESTAMP": proof.timestamp,
        })
    }

    /// From `DEVICE_SRP_AUTH` to the answer to the proof.
    pub(crate) async fn prove(&self, pool: &TestPool, asked: &Value, password: &str) -> Answer {
        let prover = self.prover(password);
        let challenge = self.begin(pool, &prover, asked).await.ok();
        assert_eq!(challenge["ChallengeName"], "DEVICE_PASSWORD_VERIFIER");
        assert_eq!(challenge["ChallengeParameters"]["DEVICE_KEY"], self.key);
        verify(pool, self.responses(&prover, &challenge)).await
    }

    async fn begin(
        &self,
        pool: &TestPool,
        prover: &SrpClient<TrackedDevice>,
        asked: &Value,
    ) -> Answer {
        assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
        let a = prover.get_auth_parameters().a;
        let given = json!({ "USERNAME": USER, "DEVICE_KEY": self.key, "SRP_A": a });
        srp_auth(pool, asked["Session"].clone(), given).await
    }
}

/// A new secret with what the pool is to know of it.
fn secret(group: &str, key: &str) -> (String, Value) {
    let device = UntrackedDevice::new(POOL_ID, group, key);
    let made = SrpClient::new(device, PUBLIC_CLIENT_ID, None).get_password_verifier();
    let config = json!({ "PasswordVerifier": made.verifier, "Salt": made.salt });
    (made.password, config)
}

async fn confirm(pool: &TestPool, tokens: &Value, key: &str, config: Option<Value>) -> Answer {
    let mut body = json!({
        "AccessToken": tokens["AccessToken"], "DeviceKey": key, "DeviceName": "Firefox",
    });
    if let Some(config) = config {
        body["DeviceSecretVerifierConfig"] = config;
    }
    pool.call("ConfirmDevice", body).await
}

async fn srp_auth(pool: &TestPool, session: Value, given: Value) -> Answer {
    respond(pool, PUBLIC_CLIENT_ID, "DEVICE_SRP_AUTH", session, given).await
}

async fn verify(pool: &TestPool, responses: Value) -> Answer {
    let challenge = "DEVICE_PASSWORD_VERIFIER";
    respond(pool, PUBLIC_CLIENT_ID, challenge, Value::Null, responses).await
}

/// The password of somebody on a device.
pub(crate) async fn sign_in(pool: &TestPool, name: &str, key: &str) -> Value {
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": name, "PASSWORD": PASSWORD, "DEVICE_KEY": key },
    });
    pool.call("InitiateAuth", body).await.ok()
}

async fn on_device(pool: &TestPool, operation: &str, tokens: &Value, key: &str) -> Answer {
    let mut body = json!({ "AccessToken": tokens["AccessToken"], "DeviceKey": key });
    if operation == "UpdateDeviceStatus" {
        body["DeviceRememberedStatus"] = json!("remembered");
    }
    pool.call(operation, body).await
}

async fn refresh(pool: &TestPool, tokens: &Value, key: Option<&str>) -> Answer {
    let mut parameters = json!({ "REFRESH_TOKEN": tokens["RefreshToken"] });
    if let Some(key) = key {
        parameters["DEVICE_KEY"] = json!(key);
    }
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "REFRESH_TOKEN_AUTH",
        "AuthParameters": parameters,
    });
    pool.call("InitiateAuth", body).await
}

fn attribute(device: &Value, name: &str) -> Option<String> {
    let attributes = device["DeviceAttributes"].as_array().unwrap();
    let found = attributes.iter().find(|one| one["Name"] == name)?;
    Some(found["Value"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_pool_that_keeps_no_devices_gives_no_keys() {
    let pool = TestPool::start().await;
    let tokens = sign_in(&pool, USER, STRANGE).await["AuthenticationResult"].clone();
    assert_eq!(tokens.get("NewDeviceMetadata"), None);
    assert_eq!(claims(&tokens["AccessToken"]).get("device_key"), None);
    refresh(&pool, &tokens, None).await.ok();
    for operation in [
        "ConfirmDevice",
        "GetDevice",
        "ForgetDevice",
        "UpdateDeviceStatus",
    ] {
        on_device(&pool, operation, &tokens, STRANGE)
            .await
            .refused("InvalidUserPoolConfigurationException");
    }
    let body = json!({ "AccessToken": tokens["AccessToken"] });
    pool.call("ListDevices", body)
        .await
        .refused("InvalidUserPoolConfigurationException");
}

#[tokio::test]
async fn a_sign_in_on_a_new_device_gives_it_a_key() {
    let pool = tracking("ALWAYS").await;
    let mut keys = std::collections::BTreeSet::new();
    // Neither a key that nobody has nor somebody else's is the user's own.
    let theirs = Device::confirmed(&pool, ADMIN).await;
    for key in [STRANGE, STRANGE, &theirs.key] {
        let tokens = sign_in(&pool, USER, key).await["AuthenticationResult"].clone();
        let new = tokens["NewDeviceMetadata"].clone();
        let key = new["DeviceKey"].as_str().unwrap().to_owned();
        assert!(key.starts_with("us-east-1_") && key.len() == 46, "{key}");
        assert_eq!(new["DeviceGroupKey"], theirs.group);
        assert_eq!(claims(&tokens["AccessToken"])["device_key"], key);
        assert_eq!(claims(&tokens["IdToken"]).get("device_key"), None);
        keys.insert(key);
    }
    assert_eq!(keys.len(), 3);
    // A proof of the password is no proof of a device.
    let prover = Prover::new(USER, PASSWORD);
    let challenge = prover.begin(&pool, USER).await.ok();
    let strange = json!({ "DEVICE_KEY": STRANGE });
    let answer = prover.answer(&pool, &challenge, strange).await.ok();
    assert!(answer["AuthenticationResult"]["NewDeviceMetadata"].is_object());
}

#[tokio::test]
async fn a_confirmed_device_can_be_seen_and_forgotten() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let (key, tokens) = (&device.key, &device.tokens);
    let body = json!({ "AccessToken": tokens["AccessToken"] });
    let list = pool.call("ListDevices", body.clone()).await.ok();
    assert_eq!(list["Devices"].as_array().unwrap().len(), 1);
    assert_eq!(list.get("PaginationToken"), None);
    let seen = on_device(&pool, "GetDevice", tokens, key).await.ok()["Device"].clone();
    assert_eq!(seen, list["Devices"][0]);
    assert_eq!(seen["DeviceKey"], *key);
    assert!(seen["DeviceCreateDate"].is_number());
    assert!(seen["DeviceLastModifiedDate"].is_number());
    assert!(seen["DeviceLastAuthenticatedDate"].is_number());
    for (name, value) in [
        ("device_name", "Firefox"),
        ("device_status", "valid"),
        ("last_ip_used", "127.0.0.1"),
        ("dev:device_remembered_status", "remembered"),
    ] {
        assert_eq!(attribute(&seen, name).unwrap(), value);
    }

    let again = confirm(&pool, tokens, key, None).await;
    again.refused("DeviceKeyExistsException");
    let forgotten = on_device(&pool, "ForgetDevice", tokens, key).await;
    assert_eq!(
        (forgotten.status.as_u16(), forgotten.body),
        (200, json!(""))
    );
    let list = pool.call("ListDevices", body).await.ok();
    assert_eq!(list["Devices"], json!([]));
    for operation in ["GetDevice", "ForgetDevice", "UpdateDeviceStatus"] {
        let gone = on_device(&pool, operation, tokens, key).await;
        gone.refused("ResourceNotFoundException");
        assert_eq!(gone.message(), "Device does not exist.");
    }
}

#[tokio::test]
async fn a_device_belongs_to_one_user() {
    let pool = tracking("USER_OPT_IN").await;
    let (mine, theirs) = (
        Device::confirmed(&pool, USER).await,
        Device::confirmed(&pool, ADMIN).await,
    );
    for operation in [
        "ConfirmDevice",
        "GetDevice",
        "ForgetDevice",
        "UpdateDeviceStatus",
    ] {
        on_device(&pool, operation, &mine.tokens, &theirs.key)
            .await
            .refused("ResourceNotFoundException");
        on_device(&pool, operation, &mine.tokens, STRANGE)
            .await
            .refused("ResourceNotFoundException");
    }
    let seen = on_device(&pool, "GetDevice", &theirs.tokens, &theirs.key).await;
    let seen = seen.ok()["Device"].clone();
    assert_eq!(
        attribute(&seen, "dev:device_remembered_status").unwrap(),
        "not_remembered"
    );
    refresh(&pool, &theirs.tokens, Some(&theirs.key)).await.ok();
    for operation in [
        "GetDevice",
        "ForgetDevice",
        "UpdateDeviceStatus",
        "ConfirmDevice",
    ] {
        let no_token = json!({ "AccessToken": "a.b.c" });
        on_device(&pool, operation, &no_token, &mine.key)
            .await
            .refused("NotAuthorizedException");
    }
}

#[tokio::test]
async fn a_key_is_confirmed_by_a_living_sign_in_it_was_given_in() {
    let pool = tracking("ALWAYS").await;
    let tokens = pool.signed_in(USER).await;
    let key = tokens["NewDeviceMetadata"]["DeviceKey"].as_str().unwrap();
    let theirs = pool.signed_in(ADMIN).await;
    confirm(&pool, &theirs, key, None)
        .await
        .refused("ResourceNotFoundException");
    let salt = STANDARD.encode([7; 16]);
    for config in [
        json!({}),
        json!({ "PasswordVerifier": STANDARD.encode([9; 300]) }),
        json!({ "Salt": salt }),
        json!({ "PasswordVerifier": "?", "Salt": salt }),
        json!({ "PasswordVerifier": STANDARD.encode([1]), "Salt": salt }),
        json!({ "PasswordVerifier": STANDARD.encode([0; 384]), "Salt": salt }),
    ] {
        confirm(&pool, &tokens, key, Some(config))
            .await
            .refused("InvalidParameterException");
    }
    let answer = confirm(&pool, &tokens, key, None).await.ok();
    assert_eq!(answer, json!({ "UserConfirmationNecessary": false }));
    // Whoever has an old access token cannot bring a forgotten device back.
    on_device(&pool, "ForgetDevice", &tokens, key).await.ok();
    confirm(&pool, &tokens, key, None)
        .await
        .refused("ResourceNotFoundException");
}

#[tokio::test]
async fn tokens_are_refreshed_on_their_device_only() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let other = Device::confirmed(&pool, USER).await;
    let tokens = &device.tokens;
    for key in [None, Some(STRANGE), Some(other.key.as_str())] {
        let refused = refresh(&pool, tokens, key).await;
        refused.refused("NotAuthorizedException");
        assert_eq!(refused.message(), "Invalid Refresh Token.");
    }
    let fresh = refresh(&pool, tokens, Some(&device.key)).await.ok();
    let fresh = &fresh["AuthenticationResult"];
    assert_eq!(claims(&fresh["AccessToken"])["device_key"], device.key);
    assert_eq!(fresh.get("NewDeviceMetadata"), None);
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "RefreshToken": tokens["RefreshToken"],
        "DeviceKey": device.key,
    });
    pool.call("GetTokensFromRefreshToken", body).await.ok();

    on_device(&pool, "ForgetDevice", tokens, &device.key)
        .await
        .ok();
    refresh(&pool, tokens, Some(&device.key))
        .await
        .refused("NotAuthorizedException");
    // The access token lives on, and so does the other device.
    pool.get_user(&tokens["AccessToken"]).await.ok();
    refresh(&pool, &other.tokens, Some(&other.key)).await.ok();
}

#[tokio::test]
async fn a_remembered_device_proves_its_secret() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let asked = sign_in(&pool, USER, &device.key).await;
    assert_eq!(asked.get("AuthenticationResult"), None);
    let answer = device.prove(&pool, &asked, &device.password).await.ok();
    let tokens = &answer["AuthenticationResult"];
    assert_eq!(claims(&tokens["AccessToken"])["device_key"], device.key);
    assert_eq!(tokens.get("NewDeviceMetadata"), None);
    refresh(&pool, tokens, Some(&device.key)).await.ok();

    // After a proof of the password as well, with the key in either step.
    for early in [true, false] {
        let key = json!({ "DEVICE_KEY": device.key });
        let prover = Prover::new(USER, PASSWORD);
        let (first, then) = if early {
            (key, json!({}))
        } else {
            (json!({}), key)
        };
        let mut parameters = json!({ "USERNAME": USER });
        parameters
            .as_object_mut()
            .unwrap()
            .extend(first.as_object().unwrap().clone());
        let challenge = prover
            .begin_with(&pool, "USER_SRP_AUTH", parameters)
            .await
            .ok();
        let asked = prover.answer(&pool, &challenge, then).await.ok();
        device.prove(&pool, &asked, &device.password).await.ok();
    }

    let asked = sign_in(&pool, USER, &device.key).await;
    let wrong = device.prove(&pool, &asked, "another secret").await;
    wrong.refused("NotAuthorizedException");
    assert_eq!(wrong.message(), "Incorrect username or password.");
}

#[tokio::test]
async fn a_device_has_its_second_factor_s_place_while_it_is_remembered() {
    let pool = tracking("USER_OPT_IN").await;
    let device = Device::confirmed(&pool, USER).await;
    pool.settings(json!({ "mfa": "ON" })).await;
    // Tracked is not remembered yet.
    let asked = sign_in(&pool, USER, &device.key).await;
    assert_eq!(asked["ChallengeName"], "MFA_SETUP");
    on_device(&pool, "UpdateDeviceStatus", &device.tokens, &device.key)
        .await
        .ok();
    let asked = sign_in(&pool, USER, &device.key).await;
    device.prove(&pool, &asked, &device.password).await.ok();
    // A wrong proof leaves nothing, and another device none of it.
    let asked = sign_in(&pool, USER, &device.key).await;
    device
        .prove(&pool, &asked, "another secret")
        .await
        .refused("NotAuthorizedException");
    assert_eq!(
        sign_in(&pool, USER, STRANGE).await["ChallengeName"],
        "MFA_SETUP"
    );

    // While it is asked, its user forgets it.
    let asked = sign_in(&pool, USER, &device.key).await;
    let prover = device.prover(&device.password);
    let challenge = device.begin(&pool, &prover, &asked).await.ok();
    let body = json!({
        "AccessToken": device.tokens["AccessToken"], "DeviceKey": device.key,
        "DeviceRememberedStatus": "not_remembered",
    });
    pool.call("UpdateDeviceStatus", body).await.ok();
    verify(&pool, device.responses(&prover, &challenge))
        .await
        .refused("ResourceNotFoundException");
    assert_eq!(
        sign_in(&pool, USER, &device.key).await["ChallengeName"],
        "MFA_SETUP"
    );
    on_device(&pool, "ForgetDevice", &device.tokens, &device.key)
        .await
        .ok();
    assert_eq!(
        sign_in(&pool, USER, &device.key).await["ChallengeName"],
        "MFA_SETUP"
    );
}

#[tokio::test]
async fn a_device_without_a_secret_proves_nothing() {
    let pool = tracking("ALWAYS").await;
    let tokens = pool.signed_in(USER).await;
    let key = tokens["NewDeviceMetadata"]["DeviceKey"].as_str().unwrap();
    confirm(&pool, &tokens, key, None).await.ok();
    let answer = sign_in(&pool, USER, key).await;
    let tokens = &answer["AuthenticationResult"];
    assert_eq!(tokens.get("NewDeviceMetadata"), None);
    assert_eq!(claims(&tokens["AccessToken"])["device_key"], key);
    pool.settings(json!({ "mfa": "ON" })).await;
    assert_eq!(
        sign_in(&pool, USER, key).await["ChallengeName"],
        "MFA_SETUP"
    );
}

#[tokio::test]
async fn a_device_that_was_asked_answers_itself_and_once() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let other = Device::confirmed(&pool, USER).await;
    let prover = device.prover(&device.password);
    let a = prover.get_auth_parameters().a;
    let asked = sign_in(&pool, USER, &device.key).await;
    let session = asked["Session"].clone();
    // Another device of the user is not the one that was asked.
    let given = json!({ "USERNAME": USER, "DEVICE_KEY": other.key, "SRP_A": a });
    srp_auth(&pool, session.clone(), given)
        .await
        .refused("ResourceNotFoundException");
    let given = json!({ "USERNAME": ADMIN, "DEVICE_KEY": device.key, "SRP_A": a });
    let asked = sign_in(&pool, USER, &device.key).await;
    srp_auth(&pool, asked["Session"].clone(), given)
        .await
        .refused("NotAuthorizedException");
    let given = json!({ "USERNAME": USER, "DEVICE_KEY": device.key, "SRP_A": "0" });
    let asked = sign_in(&pool, USER, &device.key).await;
    srp_auth(&pool, asked["Session"].clone(), given)
        .await
        .refused("NotAuthorizedException");

    let asked = json!({ "ChallengeName": "DEVICE_SRP_AUTH", "Session": session });
    device.begin(&pool, &prover, &asked).await.ok();
    let again = json!({ "USERNAME": USER, "DEVICE_KEY": device.key, "SRP_A": a });
    srp_auth(&pool, session, again)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_proof_of_a_device_works_once_and_for_it_alone() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let other = Device::confirmed(&pool, USER).await;
    let prover = device.prover(&device.password);
    let asked = sign_in(&pool, USER, &device.key).await;
    let challenge = device.begin(&pool, &prover, &asked).await.ok();
    let responses = device.responses(&prover, &challenge);
    let mut others = responses.clone();
    others["DEVICE_KEY"] = json!(other.key);
    verify(&pool, others)
        .await
        .refused("ResourceNotFoundException");
    let null = Value::Null;
    respond(
        &pool,
        PUBLIC_CLIENT_ID,
        "PASSWORD_VERIFIER",
        null.clone(),
        responses.clone(),
    )
    .await
    .refused("NotAuthorizedException");
    let mut other_client = responses.clone();
    let name = responses["USERNAME"].as_str().unwrap();
    other_client["SECRET_HASH"] = json!(secret_hash(name));
    respond(
        &pool,
        SECRET_CLIENT_ID,
        "DEVICE_PASSWORD_VERIFIER",
        null,
        other_client,
    )
    .await
    .refused("NotAuthorizedException");
    verify(&pool, responses.clone()).await.ok();
    let replayed = verify(&pool, responses).await;
    replayed.refused("NotAuthorizedException");
    assert_eq!(
        replayed.message(),
        "Invalid session for the user, session can only be used once."
    );

    let asked = sign_in(&pool, USER, &device.key).await;
    let challenge = device.begin(&pool, &prover, &asked).await.ok();
    pool.advance(180).await;
    let late = verify(&pool, device.responses(&prover, &challenge)).await;
    late.refused("NotAuthorizedException");
    assert!(late.message().ends_with("session is expired."));
}

#[tokio::test]
async fn a_device_may_answer_without_the_session_once() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let prover = device.prover(&device.password);
    let a = prover.get_auth_parameters().a;
    let given = json!({ "USERNAME": USER, "DEVICE_KEY": device.key, "SRP_A": a });
    // Nothing waits for it before the password was right.
    srp_auth(&pool, Value::Null, given.clone())
        .await
        .refused("NotAuthorizedException");
    for _ in 0..2 {
        sign_in(&pool, USER, &device.key).await;
        let challenge = srp_auth(&pool, Value::Null, given.clone()).await.ok();
        verify(&pool, device.responses(&prover, &challenge))
            .await
            .ok();
        srp_auth(&pool, Value::Null, given.clone())
            .await
            .refused("NotAuthorizedException");
    }
    // It is the same session: what was answered with it is not answered without.
    let asked = sign_in(&pool, USER, &device.key).await;
    device.begin(&pool, &prover, &asked).await.ok();
    srp_auth(&pool, Value::Null, given.clone())
        .await
        .refused("NotAuthorizedException");
    sign_in(&pool, USER, &device.key).await;
    let mut strangers = given;
    strangers["USERNAME"] = json!(ADMIN);
    srp_auth(&pool, Value::Null, strangers)
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn wrong_proofs_of_a_device_lock_its_user() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let mut asked = Vec::new();
    for _ in 0..8 {
        asked.push(sign_in(&pool, USER, &device.key).await);
    }
    let last = asked.pop().unwrap();
    for (failure, asked) in asked.iter().enumerate() {
        let wrong = device.prove(&pool, asked, "another secret").await;
        wrong.refused("NotAuthorizedException");
        assert_eq!(wrong.message(), "Incorrect username or password.");
        // The n-th locks for 2^(n-5) seconds.
        if (4..6).contains(&failure) {
            pool.advance(1 << (failure - 4)).await;
        }
    }
    let locked = device.prove(&pool, &last, &device.password).await;
    locked.refused("NotAuthorizedException");
    assert_eq!(locked.message(), "Password attempts exceeded");
}

#[tokio::test]
async fn devices_are_listed_by_the_page() {
    let pool = tracking("USER_OPT_IN").await;
    let mut keys = Vec::new();
    for _ in 0..5 {
        let device = Device::confirmed(&pool, USER).await;
        keys.push(device.key);
        pool.advance(1).await;
    }
    let token = pool.signed_in(USER).await["AccessToken"].clone();
    Device::confirmed(&pool, ADMIN).await;
    let list = async |limit: i64, from: &Value| {
        let mut body = json!({ "AccessToken": token, "Limit": limit });
        if !from.is_null() {
            body["PaginationToken"] = from.clone();
        }
        pool.call("ListDevices", body).await
    };
    let mut listed = Vec::new();
    let mut from = Value::Null;
    for size in [2, 2, 1] {
        let page = list(2, &from).await.ok();
        let devices = page["Devices"].as_array().unwrap();
        assert_eq!(devices.len(), size);
        listed.extend(devices.iter().map(|device| device["DeviceKey"].clone()));
        from = page["PaginationToken"].clone();
    }
    assert_eq!(from, Value::Null);
    assert_eq!(listed, keys);
    assert_eq!(
        list(0, &from).await.ok()["Devices"]
            .as_array()
            .unwrap()
            .len(),
        5
    );
    list(2, &json!("nonsense"))
        .await
        .refused("InvalidParameterException");
}

#[tokio::test]
async fn administrators_do_with_devices_what_their_users_do() {
    let pool = tracking("USER_OPT_IN").await;
    let device = Device::confirmed(&pool, USER).await;
    let of = |name: &str| json!({ "Username": name, "DeviceKey": device.key });
    let seen = pool.admin("AdminGetDevice", of(USER)).await.ok();
    assert_eq!(seen["Device"]["DeviceKey"], device.key);
    let list = pool
        .admin("AdminListDevices", json!({ "Username": USER }))
        .await;
    assert_eq!(list.ok()["Devices"], json!([seen["Device"]]));
    let mut status = of(USER);
    status["DeviceRememberedStatus"] = json!("remembered");
    pool.admin("AdminUpdateDeviceStatus", status).await.ok();
    let seen = pool.admin("AdminGetDevice", of(USER)).await.ok();
    assert_eq!(
        attribute(&seen["Device"], "dev:device_remembered_status").unwrap(),
        "remembered"
    );
    // Theirs are the keys of their users, not of others.
    for operation in [
        "AdminGetDevice",
        "AdminForgetDevice",
        "AdminUpdateDeviceStatus",
    ] {
        pool.admin(operation, of(ADMIN))
            .await
            .refused("ResourceNotFoundException");
    }
    for (operation, kind) in [
        ("AdminGetDevice", "ResourceNotFoundException"),
        ("AdminListDevices", "ResourceNotFoundException"),
        ("AdminForgetDevice", "UserNotFoundException"),
        ("AdminUpdateDeviceStatus", "UserNotFoundException"),
    ] {
        let mut nobody = of("nobody@example.com");
        if operation == "AdminListDevices" {
            nobody.as_object_mut().unwrap().remove("DeviceKey");
        }
        pool.admin(operation, nobody).await.refused(kind);
    }
    pool.admin("AdminForgetDevice", of(USER)).await.ok();
    pool.admin("AdminGetDevice", of(USER))
        .await
        .refused("ResourceNotFoundException");
    refresh(&pool, &device.tokens, Some(&device.key))
        .await
        .refused("NotAuthorizedException");
}

#[tokio::test]
async fn an_administrator_s_server_signs_devices_in() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
        "AuthParameters": { "USERNAME": USER, "PASSWORD": PASSWORD, "DEVICE_KEY": device.key },
    });
    let asked = pool.admin("AdminInitiateAuth", body).await.ok();
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let prover = device.prover(&device.password);
    let a = prover.get_auth_parameters().a;
    let given = json!({ "USERNAME": USER, "DEVICE_KEY": device.key, "SRP_A": a });
    // Not through the door of everybody, with the session or without.
    for session in [asked["Session"].clone(), Value::Null] {
        srp_auth(&pool, session, given.clone())
            .await
            .refused("NotAuthorizedException");
    }
    let answer = async |name: &str, session: Value, responses: Value| {
        let mut body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "ChallengeName": name, "ChallengeResponses": responses,
        });
        if !session.is_null() {
            body["Session"] = session;
        }
        pool.admin("AdminRespondToAuthChallenge", body).await
    };
    let challenge = answer("DEVICE_SRP_AUTH", asked["Session"].clone(), given)
        .await
        .ok();
    let responses = device.responses(&prover, &challenge);
    verify(&pool, responses.clone())
        .await
        .refused("NotAuthorizedException");
    let tokens = answer("DEVICE_PASSWORD_VERIFIER", Value::Null, responses)
        .await
        .ok();
    assert!(tokens["AuthenticationResult"]["AccessToken"].is_string());
}

#[tokio::test]
async fn nobody_takes_the_place_of_a_device_that_answers_without_the_session() {
    let pool = tracking("ALWAYS").await;
    let device = Device::confirmed(&pool, USER).await;
    let (prover, eve) = (device.prover(&device.password), device.prover("a guess"));
    let begin = |prover: &SrpClient<TrackedDevice>| {
        let a = prover.get_auth_parameters().a;
        let given = json!({ "USERNAME": USER, "DEVICE_KEY": device.key, "SRP_A": a });
        srp_auth(&pool, Value::Null, given)
    };
    sign_in(&pool, USER, &device.key).await;
    // Who knows the key begins, and cannot go on; the device still can.
    let eves = begin(&eve).await.ok();
    let (first, second) = (begin(&prover).await.ok(), begin(&prover).await.ok());
    verify(&pool, device.responses(&eve, &eves))
        .await
        .refused("NotAuthorizedException");
    verify(&pool, device.responses(&prover, &first)).await.ok();
    // One proof and no more.
    verify(&pool, device.responses(&prover, &second))
        .await
        .refused("NotAuthorizedException");
    begin(&prover).await.refused("NotAuthorizedException");
}

#[tokio::test]
async fn a_device_tells_where_it_was_last_used_from() {
    let mut pool = tracking("ALWAYS").await;
    let port = pool.pool.address().port();
    let device = Device::confirmed(&pool, USER).await;
    let last_ip = async |pool: &TestPool| {
        let shown = on_device(pool, "GetDevice", &device.tokens, &device.key).await;
        attribute(&shown.ok()["Device"], "last_ip_used").unwrap()
    };
    assert_eq!(last_ip(&pool).await, "127.0.0.1");
    // A machine without IPv6 has the one address.
    if tokio::net::TcpStream::connect(("::1", port)).await.is_ok() {
        pool.base = format!("http://[::1]:{port}");
        let asked = sign_in(&pool, USER, &device.key).await;
        device.prove(&pool, &asked, &device.password).await.ok();
        assert_eq!(last_ip(&pool).await, "::1");
    }
    pool.base = format!("http://127.0.0.1:{port}");
    let asked = sign_in(&pool, USER, &device.key).await;
    device.prove(&pool, &asked, &device.password).await.ok();
    assert_eq!(last_ip(&pool).await, "127.0.0.1");
}
