//! Signing in with a password that is proven and never sent.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_cognito_srp::{SrpClient, User};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cogward_pool::{CLIENT_SECRET, POOL_ID, PUBLIC_CLIENT_ID, PoolOptions, SECRET_CLIENT_ID, Seed};
use serde_json::{Value, json};

use crate::common::{Answer, PASSWORD, TestPool, claims, secret_hash};

const USER: &str = "user@example.com";
const ADMIN: &str = "admin@example.com";
const NOBODY: &str = "nobody@example.com";
const WRONG: &str = "Incorrect username or password.";

/// One application that signs one person in.
pub(crate) struct Prover {
    srp: SrpClient<User>,
    client: &'static str,
    pub(crate) a: String,
}

impl Prover {
    pub(crate) fn new(name: &str, password: &str) -> Self {
        Self::of(PUBLIC_CLIENT_ID, name, password)
    }

    fn of(client: &'static str, name: &str, password: &str) -> Self {
        let secret = (client == SECRET_CLIENT_ID).then_some(CLIENT_SECRET);
        let srp = SrpClient::new(User::new(POOL_ID, name, password), client, secret);
        let a = srp.get_auth_parameters().a;
        Self { srp, client, a }
    }

    pub(crate) async fn begin(&self, pool: &TestPool, name: &str) -> Answer {
        self.begin_with(pool, "USER_SRP_AUTH", json!({ "USERNAME": name }))
            .await
    }

    pub(crate) async fn begin_with(&self, pool: &TestPool, flow: &str, more: Value) -> Answer {
        let mut parameters = json!({ "SRP_A": self.a });
        extend(&mut parameters, more);
        if self.client == SECRET_CLIENT_ID {
            let hash = secret_hash(parameters["USERNAME"].as_str().unwrap());
            parameters["SECRET_HASH"] = json!(hash);
        }
        let body = json!({
            "ClientId": self.client, "AuthFlow": flow, "AuthParameters": parameters,
        });
        pool.call("InitiateAuth", body).await
    }

    /// What proves the password to a challenge, under the name the challenge tells.
    pub(crate) fn responses(&self, challenge: &Value) -> Value {
        let shown = &challenge["ChallengeParameters"];
        let text = |name: &str| shown[name].as_str().unwrap();
        let id = text("USER_ID_FOR_SRP");
        let proof = self
            .srp
            .verify(text("SECRET_BLOCK"), id, text("SALT"), text("SRP_B"))
            .unwrap();
        let mut responses = json!({
            "USERNAME": shown["USERNAME"],
            "PASSWORD_CLAIM_SECRET_BLOCK": proof.password_claim_secret_block,
            "PASSWORD_CLAIM_SIGNATURE": proof.password_claim_signature,
            "TIMESTAMP": proof.timestamp,
        });
        if self.client == SECRET_CLIENT_ID {
            let hash = secret_hash(shown["USERNAME"].as_str().unwrap());
            responses["SECRET_HASH"] = json!(hash);
        }
        responses
    }

    pub(crate) async fn answer(&self, pool: &TestPool, challenge: &Value, more: Value) -> Answer {
        let mut responses = self.responses(challenge);
        extend(&mut responses, more);
        respond(
            pool,
            self.client,
            "PASSWORD_VERIFIER",
            Value::Null,
            responses,
        )
        .await
    }
}

fn extend(members: &mut Value, more: Value) {
    let Value::Object(more) = more else {
        panic!("{more} is no object");
    };
    members.as_object_mut().unwrap().extend(more);
}

pub(crate) async fn respond(
    pool: &TestPool,
    client: &str,
    challenge: &str,
    session: Value,
    responses: Value,
) -> Answer {
    let mut body = json!({
        "ClientId": client, "ChallengeName": challenge, "ChallengeResponses": responses,
    });
    if !session.is_null() {
        body["Session"] = session;
    }
    pool.call("RespondToAuthChallenge", body).await
}

/// A whole sign-in.
async fn signed_in(pool: &TestPool, name: &str, password: &str) -> Answer {
    let prover = Prover::new(name, password);
    let challenge = prover.begin(pool, name).await.ok();
    prover.answer(pool, &challenge, json!({})).await
}

#[track_caller]
fn wrong(answer: &Answer) {
    answer.refused("NotAuthorizedException");
    assert_eq!(answer.message(), WRONG);
}

#[track_caller]
fn no_session(answer: &Answer) {
    answer.refused("NotAuthorizedException");
    let message = answer.message();
    assert!(message.starts_with("Invalid session"), "{message}");
}

#[tokio::test]
async fn a_proof_is_as_good_as_the_password() {
    let pool = TestPool::start().await;
    let sub = claims(&pool.signed_in(USER).await["AccessToken"])["sub"].clone();
    for name in [USER, "User@Example.com", sub.as_str().unwrap()] {
        let prover = Prover::new(name, PASSWORD);
        let challenge = prover.begin(&pool, name).await.ok();
        assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
        assert_eq!(challenge.get("Session"), None);
        assert_eq!(challenge["ChallengeParameters"]["USER_ID_FOR_SRP"], sub);
        let answer = prover.answer(&pool, &challenge, json!({})).await.ok();
        let tokens = &answer["AuthenticationResult"];
        assert_eq!(claims(&tokens["AccessToken"])["sub"], sub);
        pool.get_user(&tokens["AccessToken"]).await.ok();
        pool.refresh(&tokens["RefreshToken"]).await.ok();
    }
    wrong(&signed_in(&pool, USER, "Passw0rd?").await);
}

#[tokio::test]
async fn every_name_of_the_user_can_answer_and_no_other() {
    let pool = TestPool::start().await;
    for (name, right) in [(USER, true), ("USER@example.com", true), (ADMIN, false)] {
        let prover = Prover::new(USER, PASSWORD);
        let challenge = prover.begin(&pool, USER).await.ok();
        let answer = prover
            .answer(&pool, &challenge, json!({ "USERNAME": name }))
            .await;
        if right {
            answer.ok();
        } else {
            no_session(&answer);
        }
    }
}

#[tokio::test]
async fn a_client_with_a_secret_proves_both() {
    let pool = TestPool::start().await;
    let prover = Prover::of(SECRET_CLIENT_ID, USER, PASSWORD);
    let challenge = prover.begin(&pool, USER).await.ok();
    let other = json!({ "SECRET_HASH": secret_hash("x") });
    let refused = prover.answer(&pool, &challenge, other).await;
    refused.refused("NotAuthorizedException");
    // That was no answer yet.
    prover.answer(&pool, &challenge, json!({})).await.ok();
}

#[tokio::test]
async fn people_may_choose_to_prove_the_password() {
    let pool = TestPool::start().await;
    let prover = Prover::new(USER, PASSWORD);
    let preferred = json!({ "USERNAME": USER, "PREFERRED_CHALLENGE": "PASSWORD_SRP" });
    let challenge = prover
        .begin_with(&pool, "USER_AUTH", preferred.clone())
        .await
        .ok();
    assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
    prover.answer(&pool, &challenge, json!({})).await.ok();

    let initiate = async |parameters: Value| {
        let body = json!({
            "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH", "AuthParameters": parameters,
        });
        pool.call("InitiateAuth", body).await.ok()
    };
    // Without SRP_A it is asked for.
    let asked = initiate(preferred).await;
    assert_eq!(asked["ChallengeName"], "PASSWORD_SRP");
    let given = json!({ "USERNAME": USER, "SRP_A": prover.a });
    let session = asked["Session"].clone();
    let challenge = respond(&pool, PUBLIC_CLIENT_ID, "PASSWORD_SRP", session, given)
        .await
        .ok();
    assert_eq!(challenge["ChallengeName"], "PASSWORD_VERIFIER");
    prover.answer(&pool, &challenge, json!({})).await.ok();

    let choice = initiate(json!({ "USERNAME": USER })).await;
    assert_eq!(choice["ChallengeName"], "SELECT_CHALLENGE");
    let available = choice["AvailableChallenges"].as_array().unwrap();
    assert!(available.contains(&json!("PASSWORD_SRP")), "{available:?}");
    let given = json!({ "USERNAME": USER, "ANSWER": "PASSWORD_SRP", "SRP_A": prover.a });
    let session = choice["Session"].clone();
    let challenge = respond(&pool, PUBLIC_CLIENT_ID, "SELECT_CHALLENGE", session, given)
        .await
        .ok();
    prover.answer(&pool, &challenge, json!({})).await.ok();
}

#[tokio::test]
async fn a_secret_block_is_good_for_one_answer() {
    let pool = TestPool::start().await;
    let prover = Prover::new(USER, PASSWORD);
    let challenge = prover.begin(&pool, USER).await.ok();
    prover.answer(&pool, &challenge, json!({})).await.ok();
    let again = prover.answer(&pool, &challenge, json!({})).await;
    again.refused("NotAuthorizedException");
    assert_eq!(
        again.message(),
        "Invalid session for the user, session can only be used once."
    );

    // A wrong answer spends it too; half of one is none yet.
    for (bad, spends) in [
        (
            json!({ "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode([0; 32]) }),
            true,
        ),
        (json!({ "PASSWORD_CLAIM_SIGNATURE": "?" }), true),
        (json!({ "PASSWORD_CLAIM_SIGNATURE": "" }), false),
        (json!({ "TIMESTAMP": "" }), false),
    ] {
        let challenge = prover.begin(&pool, USER).await.ok();
        let answer = prover.answer(&pool, &challenge, bad).await;
        let then = prover.answer(&pool, &challenge, json!({})).await;
        if spends {
            wrong(&answer);
            no_session(&then);
        } else {
            answer.refused("InvalidParameterException");
            then.ok();
        }
    }
}

#[tokio::test]
async fn of_twenty_right_answers_at_once_one_counts() {
    let pool = Arc::new(TestPool::start().await);
    let prover = Prover::new(USER, PASSWORD);
    let challenge = prover.begin(&pool, USER).await.ok();
    let responses = prover.responses(&challenge);
    let mut answers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (pool, responses) = (Arc::clone(&pool), responses.clone());
        answers.spawn(async move {
            let null = Value::Null;
            respond(
                &pool,
                PUBLIC_CLIENT_ID,
                "PASSWORD_VERIFIER",
                null,
                responses,
            )
            .await
            .status
        });
    }
    let statuses = answers.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1);
}

#[tokio::test]
async fn a_secret_block_belongs_to_one_user_and_one_client() {
    let pool = TestPool::start().await;
    let (user, admin) = (Prover::new(USER, PASSWORD), Prover::new(ADMIN, PASSWORD));
    let of_user = user.begin(&pool, USER).await.ok();
    let of_admin = admin.begin(&pool, ADMIN).await.ok();
    // Somebody's own proof does not open another's session, under either name.
    for name in [USER, ADMIN] {
        let of_user = user.begin(&pool, USER).await.ok();
        let block = &of_user["ChallengeParameters"]["SECRET_BLOCK"];
        let theirs = json!({ "USERNAME": name, "PASSWORD_CLAIM_SECRET_BLOCK": block });
        let answer = admin.answer(&pool, &of_admin, theirs).await;
        answer.refused("NotAuthorizedException");
        assert_eq!(answer.body.get("AuthenticationResult"), None);
    }

    let mut responses = user.responses(&of_user);
    let name = responses["USERNAME"].as_str().unwrap().to_owned();
    responses["SECRET_HASH"] = json!(secret_hash(&name));
    let null = Value::Null;
    let other = respond(
        &pool,
        SECRET_CLIENT_ID,
        "PASSWORD_VERIFIER",
        null,
        responses,
    )
    .await;
    no_session(&other);
    // The other client took nothing away.
    user.answer(&pool, &of_user, json!({})).await.ok();
    admin.answer(&pool, &of_admin, json!({})).await.ok();
}

#[tokio::test]
async fn a_secret_block_that_was_not_issued_opens_nothing() {
    let pool = TestPool::start().await;
    let prover = Prover::new(USER, PASSWORD);
    let challenge = prover.begin(&pool, USER).await.ok();
    let block = challenge["ChallengeParameters"]["SECRET_BLOCK"]
        .as_str()
        .unwrap();
    let unpadded = block.trim_end_matches('=').split_at(block.len() - 4).0;
    for forged in [
        unpadded,
        &STANDARD.encode([7; 960]),
        "?",
        &format!(" {block}"),
    ] {
        let forged = json!({ "PASSWORD_CLAIM_SECRET_BLOCK": forged });
        no_session(&prover.answer(&pool, &challenge, forged).await);
    }
    for missing in ["PASSWORD_CLAIM_SECRET_BLOCK", "USERNAME"] {
        let mut responses = prover.responses(&challenge);
        responses.as_object_mut().unwrap().remove(missing);
        let null = Value::Null;
        respond(
            &pool,
            PUBLIC_CLIENT_ID,
            "PASSWORD_VERIFIER",
            null,
            responses,
        )
        .await
        .refused("InvalidParameterException");
    }
    prover.answer(&pool, &challenge, json!({})).await.ok();
}

#[tokio::test]
async fn a_challenge_waits_as_long_as_a_session_does() {
    let pool = TestPool::start().await;
    let prover = Prover::new(USER, PASSWORD);
    let challenge = prover.begin(&pool, USER).await.ok();
    pool.advance(120).await;
    prover.answer(&pool, &challenge, json!({})).await.ok();
    let challenge = prover.begin(&pool, USER).await.ok();
    pool.advance(180).await;
    let late = prover.answer(&pool, &challenge, json!({})).await;
    late.refused("NotAuthorizedException");
    assert_eq!(
        late.message(),
        "Invalid session for the user, session is expired."
    );
}

#[tokio::test]
async fn a_proof_is_dated_with_the_time_of_the_machine() {
    let pool = TestPool::start().await;
    // The application's clock stays where it is when the pool's is put forward.
    pool.advance(86400).await;
    signed_in(&pool, USER, PASSWORD).await.ok();
    // What was signed is that time and no other.
    for other in [
        "Mon Feb 3 08:05:09 UTC 2025",
        "Mon Feb 03 08:05:09 UTC 2025",
        "now",
    ] {
        let prover = Prover::new(USER, PASSWORD);
        let challenge = prover.begin(&pool, USER).await.ok();
        let dated = json!({ "TIMESTAMP": other });
        wrong(&prover.answer(&pool, &challenge, dated).await);
    }
}

#[tokio::test]
async fn an_a_that_no_client_makes_is_refused() {
    let pool = TestPool::start().await;
    let n = concat!(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74",
        "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437",
        "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
        "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05",
        "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB",
        "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
        "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718",
        "3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33",
        "A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
        "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864",
        "D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2",
        "08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    );
    for name in [USER, NOBODY] {
        for a in ["0", "00", n, &format!("{n}0"), "xyz", "-1"] {
            let mut prover = Prover::new(name, PASSWORD);
            prover.a = a.to_owned();
            wrong(&prover.begin(&pool, name).await);
        }
        let mut prover = Prover::new(name, PASSWORD);
        prover.a = String::new();
        let missing = prover.begin(&pool, name).await;
        missing.refused("InvalidParameterException");
        assert_eq!(missing.message(), "Missing required parameter SRP_A");
    }
}

#[tokio::test]
async fn a_proof_answers_no_other_challenge() {
    let pool = TestPool::start().await;
    let prover = Prover::new(USER, PASSWORD);
    let challenge = prover.begin(&pool, USER).await.ok();
    let block = challenge["ChallengeParameters"]["SECRET_BLOCK"].clone();
    for (name, given) in [
        ("PASSWORD", json!({ "PASSWORD": PASSWORD })),
        ("PASSWORD_SRP", json!({ "SRP_A": prover.a })),
        (
            "SELECT_CHALLENGE",
            json!({ "ANSWER": "PASSWORD", "PASSWORD": PASSWORD }),
        ),
        (
            "NEW_PASSWORD_REQUIRED",
            json!({ "NEW_PASSWORD": "N3w-Passw0rd" }),
        ),
        ("MFA_SETUP", json!({})),
    ] {
        let mut responses = json!({ "USERNAME": USER });
        extend(&mut responses, given);
        let answer = respond(&pool, PUBLIC_CLIENT_ID, name, block.clone(), responses).await;
        no_session(&answer);
    }
    // The session of another challenge is no secret block.
    let body = json!({
        "ClientId": PUBLIC_CLIENT_ID, "AuthFlow": "USER_AUTH",
        "AuthParameters": { "USERNAME": USER },
    });
    let session = pool.call("InitiateAuth", body).await.ok()["Session"].clone();
    let instead = json!({ "PASSWORD_CLAIM_SECRET_BLOCK": session });
    no_session(&prover.answer(&pool, &challenge, instead).await);
    prover.answer(&pool, &challenge, json!({})).await.ok();
}

/// What a challenge says, but for what is new each time.
fn shape(challenge: &Value) -> Vec<(String, usize)> {
    let members = challenge["ChallengeParameters"].as_object().unwrap();
    let length = |name: &str, value: &Value| match name {
        // A number may begin with zeros.
        "SRP_B" | "SALT" => usize::from(!value.as_str().unwrap().is_empty()),
        _ => value.as_str().unwrap().len(),
    };
    members
        .iter()
        .map(|(name, value)| (name.clone(), length(name, value)))
        .collect()
}

#[tokio::test]
async fn a_name_nobody_has_is_asked_like_any_other() {
    let pool = TestPool::start().await;
    let prover = Prover::new(NOBODY, PASSWORD);
    let real = prover.begin(&pool, USER).await.ok();
    let shown = |challenge: &Value, name: &str| challenge["ChallengeParameters"][name].clone();
    let mut seen = BTreeSet::new();
    for name in [NOBODY, NOBODY, "Nobody@Example.com"] {
        let decoy = prover.begin(&pool, name).await.ok();
        assert_eq!(decoy["ChallengeName"], real["ChallengeName"]);
        assert_eq!(decoy.get("Session"), None);
        assert_eq!(shape(&decoy), shape(&real));
        // The same salt and id each time, as those of a user are; the rest is new.
        let same = ["SALT", "USER_ID_FOR_SRP", "USERNAME"].map(|name| shown(&decoy, name));
        seen.insert(same.map(|value| value.to_string()));
        seen.insert(["", "", &shown(&decoy, "SRP_B").to_string()].map(str::to_owned));
        wrong(&prover.answer(&pool, &decoy, json!({})).await);
        let again = prover.answer(&pool, &decoy, json!({})).await;
        assert!(again.message().ends_with("session can only be used once."));
    }
    assert_eq!(seen.len(), 4);

    // The typed name answers as well as the id, and another's does not.
    let decoy = prover.begin(&pool, NOBODY).await.ok();
    let typed = json!({ "USERNAME": NOBODY });
    wrong(&prover.answer(&pool, &decoy, typed).await);
    let decoy = prover.begin(&pool, NOBODY).await.ok();
    let other = json!({ "USERNAME": "other@example.com" });
    no_session(&prover.answer(&pool, &decoy, other).await);

    pool.settings(json!({ "prevent_user_existence_errors": false }))
        .await;
    let told = prover.begin(&pool, NOBODY).await;
    told.refused("UserNotFoundException");
    assert_eq!(told.message(), "User does not exist.");
}

#[tokio::test]
async fn where_people_choose_their_names_a_decoy_has_the_name() {
    let seed = "[pool]\nusername_attributes = []\nalias_attributes = [\"email\"]\n";
    let pool = TestPool::with(PoolOptions {
        seed: Some(Seed::from_toml(seed).unwrap()),
        ..PoolOptions::default()
    })
    .await;
    let (status, body) = pool
        .local("users", json!({ "username": "jane", "password": PASSWORD }))
        .await;
    assert_eq!(status, 200, "{body}");
    signed_in(&pool, "jane", PASSWORD).await.ok();
    signed_in(&pool, "Jane", PASSWORD).await.ok();
    for (name, id) in [
        ("jane", "jane"),
        ("Jane", "jane"),
        ("joan", "joan"),
        ("Joan", "joan"),
    ] {
        let challenge = Prover::new(name, "x").begin(&pool, name).await.ok();
        let told = challenge["ChallengeParameters"]["USER_ID_FOR_SRP"].clone();
        assert_eq!(told.as_str().unwrap().to_lowercase(), id);
        assert_eq!(challenge["ChallengeParameters"]["USERNAME"], told);
    }
    // Users write their names with capitals or without, and so do those that nobody has: in the
    // same way whatever is typed.
    let mut capitals = 0;
    let prover = Prover::new("eve", "x");
    for number in 0..48 {
        let mut told = Vec::new();
        for name in [format!("eve{number}"), format!("EVE{number}")] {
            let challenge = prover.begin(&pool, &name).await.ok();
            told.push(challenge["ChallengeParameters"]["USERNAME"].clone());
        }
        assert_eq!(told[0], told[1]);
        capitals += i32::from(told[0].as_str().unwrap().starts_with('E'));
    }
    assert!((1..48).contains(&capitals), "{capitals}");
    // An address is nobody's own name.
    let challenge = Prover::new(NOBODY, "x").begin(&pool, NOBODY).await.ok();
    let id = challenge["ChallengeParameters"]["USER_ID_FOR_SRP"]
        .as_str()
        .unwrap();
    assert_eq!(id.len(), 36, "{id}");
}

#[tokio::test]
async fn wrong_proofs_lock_a_name_whether_or_not_somebody_has_it() {
    let pool = TestPool::start().await;
    for name in [USER, NOBODY] {
        // The n-th locks for 2^(n-5) seconds: for long enough to be seen.
        for failure in 1..=11 {
            wrong(&signed_in(&pool, name, "Wr0ng-one").await);
            if (5..11).contains(&failure) {
                pool.advance(1 << (failure - 5)).await;
            }
        }
        for password in [PASSWORD, "Wr0ng-one"] {
            let locked = signed_in(&pool, name, password).await;
            locked.refused("NotAuthorizedException");
            assert_eq!(locked.message(), "Password attempts exceeded");
        }
        // It is the lock that passwords have.
        let locked = pool.password(name, PASSWORD).await;
        assert_eq!(locked.message(), "Password attempts exceeded");
    }
    pool.advance(64).await;
    signed_in(&pool, USER, PASSWORD).await.ok();
    wrong(&signed_in(&pool, NOBODY, PASSWORD).await);
    // A success has cleared the user's.
    for _ in 0..4 {
        wrong(&signed_in(&pool, USER, "Wr0ng-one").await);
    }
    signed_in(&pool, USER, PASSWORD).await.ok();
}

#[tokio::test]
async fn a_proof_leads_to_the_steps_a_password_does() {
    let pool = TestPool::start().await;
    pool.sign_up("new@example.com").await.ok();
    signed_in(&pool, "new@example.com", PASSWORD)
        .await
        .refused("UserNotConfirmedException");

    let set = async |change: Value| {
        let mut body = json!({ "username": USER });
        extend(&mut body, change);
        assert_eq!(pool.local("users", body).await.0, 200);
    };
    set(json!({ "status": "FORCE_CHANGE_PASSWORD" })).await;
    let challenge = signed_in(&pool, USER, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let given = json!({ "USERNAME": USER, "NEW_PASSWORD": "N3w-Passw0rd" });
    let session = challenge["Session"].clone();
    respond(
        &pool,
        PUBLIC_CLIENT_ID,
        "NEW_PASSWORD_REQUIRED",
        session,
        given,
    )
    .await
    .ok();
    wrong(&signed_in(&pool, USER, PASSWORD).await);
    signed_in(&pool, USER, "N3w-Passw0rd").await.ok();

    set(json!({ "status": "RESET_REQUIRED" })).await;
    wrong(&signed_in(&pool, USER, "N3w-Passw0rd").await);
    set(json!({ "status": "CONFIRMED", "enabled": false })).await;
    let disabled = signed_in(&pool, USER, "N3w-Passw0rd").await;
    disabled.refused("NotAuthorizedException");
    assert_eq!(disabled.message(), "User is disabled.");

    signed_in(&pool, ADMIN, PASSWORD).await.ok();
    pool.settings(json!({ "mfa": "ON" })).await;
    let challenge = signed_in(&pool, ADMIN, PASSWORD).await.ok();
    assert_eq!(challenge["ChallengeName"], "MFA_SETUP");
}

#[tokio::test]
async fn a_password_that_changes_meanwhile_is_not_proven() {
    let pool = TestPool::start().await;
    let (old, new) = (
        Prover::new(USER, PASSWORD),
        Prover::new(USER, "N3w-Passw0rd"),
    );
    let (of_old, of_new) = (
        old.begin(&pool, USER).await.ok(),
        new.begin(&pool, USER).await.ok(),
    );
    let change = json!({ "username": USER, "password": "N3w-Passw0rd" });
    assert_eq!(pool.local("users", change).await.0, 200);
    wrong(&old.answer(&pool, &of_old, json!({})).await);
    wrong(&new.answer(&pool, &of_new, json!({})).await);
    signed_in(&pool, USER, "N3w-Passw0rd").await.ok();
}
