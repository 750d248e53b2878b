//! Threats I: forged, foreign and malformed tokens at a running server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use cogward_testkit::{Browser, Signer, TestApp};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use reqwest::Method;
use serde_json::{Value, json};

use crate::i_bearer::{
    Doors, EXPIRED, INVALID, MALFORMED, NOT_ADMIN, UNKNOWN_KEY, bear, builder, send, text,
};
use crate::raw::raw;
use crate::sign_ins::{access_claims, id_claims, issuer};

const PRIVATE: (Method, &str) = (Method::GET, "/messages/private");

async fn start() -> TestApp {
    builder().fake().start().await
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn good(app: &TestApp) -> String {
    app.fake().access.sign(&access_claims(app, "alice"))
}

/// Good claims under another header, signed by the pool's key.
fn under(app: &TestApp, header: &Value) -> String {
    let claims = access_claims(app, "alice").to_string();
    let signer = &app.fake().access;
    signer.sign_text(&header.to_string(), &claims)
}

/// `value` with one member changed; null takes it away.
fn with(value: &Value, name: &str, member: Value) -> Value {
    let mut value = value.clone();
    let members = value.as_object_mut().unwrap();
    match member {
        Value::Null => members.remove(name),
        member => members.insert(name.to_owned(), member),
    };
    value
}

#[tokio::test]
async fn t94_a_token_without_a_signature_is_nobodys() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let good = good(&app);
    doors.accept("as it is", &good, "alice").await;
    let (_, rest) = good.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let header = json!({ "kid": "access-key", "alg": "RS256" });
    for alg in ["none", "None", "nOnE", "NONE", "", "null"] {
        for kid in [json!("access-key"), Value::Null] {
            let header = with(&with(&header, "kid", kid), "alg", json!(alg));
            let header = base64(header.to_string());
            for signature in ["", signature] {
                let forged = format!("{header}.{payload}.{signature}");
                doors.refuse(alg, &forged, INVALID).await;
            }
            doors
                .refuse(alg, &format!("{header}.{payload}"), INVALID)
                .await;
        }
    }
    // The pool's own signature does not make up for it.
    for alg in [json!("none"), json!(""), json!(["RS256"]), Value::Null] {
        let forged = under(&app, &with(&header, "alg", alg.clone()));
        doors.refuse(&format!("alg {alg}"), &forged, INVALID).await;
    }
}

#[tokio::test]
async fn t95_the_public_key_is_no_shared_secret() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let signer = &app.fake().access;
    let der = signer.public_der();
    let lines: Vec<_> = STANDARD.encode(der).into_bytes();
    let lines: Vec<_> = lines.chunks(64).map(String::from_utf8_lossy).collect();
    let body = lines.join("\n");
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let modulus = text(signer.jwk(), "n");
    let secrets = [
        ("PEM", pem.clone().into_bytes()),
        ("PEM, no last newline", pem.trim_end().into()),
        ("PEM after a newline", format!("\n{pem}").into_bytes()),
        ("PEM after a space", format!(" {pem}").into_bytes()),
        ("DER", der.to_vec()),
        ("JWK", signer.jwk().to_string().into_bytes()),
        ("modulus", URL_SAFE_NO_PAD.decode(modulus).unwrap()),
        ("modulus as text", modulus.into()),
        ("nothing", Vec::new()),
    ];
    let claims = base64(access_claims(&app, "alice").to_string());
    for alg in ["HS256", "HS512", "RS512", "PS256", "ES256", "rs256"] {
        let header = json!({ "kid": "access-key", "alg": alg });
        doors.refuse(alg, &under(&app, &header), INVALID).await;
    }
    for (alg, name) in [
        (Algorithm::HS256, "HS256"),
        (Algorithm::HS384, "HS384"),
        (Algorithm::HS512, "HS512"),
    ] {
        for (what, secret) in &secrets {
            let header = base64(json!({ "kid": "access-key", "alg": name }).to_string());
            let input = format!("{header}.{claims}");
            let key = EncodingKey::from_secret(secret);
            let tag = crypto::sign(input.as_bytes(), &key, alg).unwrap();
            doors.refuse(what, &format!("{input}.{tag}"), INVALID).await;
        }
    }
}

/// Counts who comes.
async fn canary() -> (String, Arc<AtomicUsize>) {
    let visits = Arc::new(AtomicUsize::new(0));
    let count = async |State(visits): State<Arc<AtomicUsize>>| {
        visits.fetch_add(1, Ordering::SeqCst);
    };
    let router = Router::new()
        .fallback(count)
        .with_state(Arc::clone(&visits));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://localhost:{port}/jwks.json"), visits)
}

#[tokio::test]
async fn t97_a_token_brings_no_key_of_its_own() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let (url, visits) = canary().await;
    let attacker = Signer::new("attacker");
    let claims = access_claims(&app, "alice").to_string();
    let certificate = STANDARD.encode(attacker.public_der());
    let smuggled = [
        ("jwk", attacker.jwk().clone()),
        ("jku", json!(url)),
        ("x5u", json!(url)),
        ("x5c", json!([certificate])),
        ("x5t", json!(base64([7; 20]))),
    ];
    let header = json!({ "kid": "access-key", "alg": "RS256" });
    for (name, value) in &smuggled {
        let header = with(&header, name, value.clone());
        let forged = attacker.sign_text(&header.to_string(), &claims);
        doors.refuse(name, &forged, INVALID).await;
        let strange = with(&header, "kid", json!("attacker"));
        let forged = attacker.sign_text(&strange.to_string(), &claims);
        doors.refuse(name, &forged, UNKNOWN_KEY).await;
        let nameless = with(&header, "kid", Value::Null);
        let forged = attacker.sign_text(&nameless.to_string(), &claims);
        doors.refuse(name, &forged, INVALID).await;
        // What is not looked at is not held against a good token either.
        doors.accept(name, &under(&app, &header), "alice").await;
    }
    for kid in [url.as_str(), "../../jwks.json", "access-key\0", "'; --"] {
        let header = with(&header, "kid", json!(kid));
        let forged = attacker.sign_text(&header.to_string(), &claims);
        doors.refuse(kid, &forged, UNKNOWN_KEY).await;
    }
    assert_eq!(visits.load(Ordering::SeqCst), 0, "the canary was visited");
    app.browser().get(&url).await;
    assert_eq!(visits.load(Ordering::SeqCst), 1, "the canary is alive");
}

#[tokio::test]
async fn t98_what_a_header_demands_is_not_passed_over() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let header = json!({ "kid": "access-key", "alg": "RS256", "typ": "JWT" });
    doors.accept("plain", &under(&app, &header), "alice").await;
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!(["b64"])),
        ("crit", json!(["https://example.com/unknown"])),
        ("crit", json!([])),
        ("crit", json!("exp")),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
    ] {
        let forged = under(&app, &with(&header, name, value));
        doors.refuse(name, &forged, INVALID).await;
    }
    let unencoded = json!({ "kid": "access-key", "alg": "RS256", "b64": false, "crit": ["b64"] });
    doors
        .refuse("RFC 7797", &under(&app, &unencoded), INVALID)
        .await;
    let doubled = r#"{"alg":"none","kid":"access-key","alg":"RS256"}"#;
    let claims = access_claims(&app, "alice").to_string();
    let forged = app.fake().access.sign_text(doubled, &claims);
    doors.refuse("alg stands twice", &forged, INVALID).await;
}

/// The same signature in other letters.
fn respelt(good: &str) -> Vec<(&'static str, String)> {
    let (input, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = input.split_once('.').unwrap();
    // 256 bytes are 341 letters and a third: four bits of the last are nobody's.
    let (most, last) = signature.split_at(signature.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let next = alphabet.find(last).unwrap() + 1;
    let stray = format!("{input}.{most}{}", &alphabet[next..=next]);
    let plain = good.replace('-', "+").replace('_', "/");
    assert_ne!(plain, good);
    vec![
        ("padding", format!("{good}==")),
        ("stray bits", stray),
        ("the plain alphabet", plain),
        ("a dot behind", format!("{good}.")),
        ("a dot before", format!(".{good}")),
        ("a letter more", format!("{good}A")),
        ("four letters more", format!("{good}AAAA")),
        ("a letter less", format!("{input}.{most}")),
        ("no signature", format!("{input}.")),
        ("no payload", format!("{header}..{signature}")),
        ("halves swapped", format!("{payload}.{header}.{signature}")),
        ("a tilde", good.replacen('.', "~", 1)),
    ]
}

#[tokio::test]
async fn t100_a_token_has_one_spelling() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    // Of many one has all the letters that differ between the alphabets.
    let good = (0..)
        .map(|number| {
            with(
                &access_claims(&app, "alice"),
                "jti",
                json!(number.to_string()),
            )
        })
        .map(|claims| app.fake().access.sign(&claims))
        .find(|token| token.contains('-') && token.contains('_'))
        .unwrap();
    for kept in [false, true] {
        for (what, spelling) in respelt(&good) {
            doors.refuse(what, &spelling, INVALID).await;
        }
        for (what, spelling) in [
            ("padding inside", good.replacen('.', "=.", 1)),
            ("quotes", format!("\"{good}\"")),
            ("a space inside", good.replacen('.', ". ", 1)),
            ("a tab inside", good.replacen('.', "\t.", 1)),
            ("percent-encoded", good.replacen('.', "%2E", 1)),
            ("a letter from elsewhere", good.replacen('.', "\u{e9}.", 1)),
        ] {
            doors.refuse(what, &spelling, MALFORMED).await;
        }
        // No client sends these.
        for (what, spelling) in [
            ("NUL", good.replacen('.', "\0.", 1)),
            ("a new line", good.replacen('.', "\r\n .", 1)),
            ("a bare new line", good.replacen('.', "\n.", 1)),
            ("a return", good.replacen('.', "\r.", 1)),
        ] {
            let header = format!("Authorization: Bearer {spelling}\r\n");
            let (status, answer) = raw(&app, "GET /messages/private", header.as_bytes()).await;
            assert_eq!(status, 400, "{what} (kept: {kept}): {answer}");
        }
        doors.accept("as it was made", &good, "alice").await;
    }
}

#[tokio::test]
async fn t106_only_the_pool_itself_is_the_issuer() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let own = issuer(&app);
    let port = app.fake().base().port().unwrap();
    let wrong = [
        json!(format!("{own}/")),
        json!(format!("{own}x")),
        json!(&own[..own.len() - 1]),
        json!(own.to_uppercase()),
        json!(own.replace("us-east-1_", "us-east-1_Other")),
        json!(own.replace("us-east-1_", "eu-west-1_")),
        json!(own.replace("localhost", "user@localhost")),
        json!(own.replace("localhost", "LOCALHOST")),
        json!(own.replace("localhost", "127.0.0.1")),
        json!(own.replace("http:", "https:")),
        json!(own.replace(&port.to_string(), "80")),
        json!(format!("{own}?x")),
        json!(format!("{own}#")),
        json!(format!(" {own}")),
        json!(format!("{own}\n")),
        json!([own]),
        json!([own, "https://evil.example"]),
        json!({ "iss": own }),
        json!(""),
        json!(1),
        Value::Null,
    ];
    let (id, access) = (id_claims(&app, "alice", "n"), access_claims(&app, "alice"));
    for iss in wrong {
        let what = format!("iss {iss}");
        let forged = app.fake().id.sign(&with(&id, "iss", iss.clone()));
        doors.refuse(&what, &forged, INVALID).await;
        let forged = app.fake().access.sign(&with(&access, "iss", iss));
        doors.refuse(&what, &forged, INVALID).await;
    }
    let id = app.fake().id.sign(&id);
    doors.accept("the pool itself", &id, "alice").await;
}

#[tokio::test]
async fn t107_only_tokens_of_our_own_app_client_count() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let (id, access) = (id_claims(&app, "alice", "n"), access_claims(&app, "alice"));
    let own = text(&access, "client_id");
    for client in [
        json!("another"),
        json!(own.to_uppercase()),
        json!(format!("{own} ")),
        json!([own]),
        json!(""),
        Value::Null,
    ] {
        let what = format!("client {client}");
        // `aud` is no word of an access token's, nor `client_id` of an ID token's.
        let of_access = with(&access, "aud", json!(own));
        let of_access = with(&of_access, "client_id", client.clone());
        let forged = app.fake().access.sign(&of_access);
        doors.refuse(&what, &forged, INVALID).await;
        if !client.is_array() {
            let of_id = with(&with(&id, "client_id", json!(own)), "azp", json!(own));
            let forged = app.fake().id.sign(&with(&of_id, "aud", client));
            doors.refuse(&what, &forged, INVALID).await;
        }
    }
    for aud in [json!([own, "another"]), json!(["another", own]), json!([])] {
        let what = format!("aud {aud}");
        let forged = app.fake().id.sign(&with(&id, "aud", aud));
        doors.refuse(&what, &forged, INVALID).await;
    }
    let alone = app.fake().id.sign(&with(&id, "aud", json!([own])));
    doors
        .accept("an array of ours alone", &alone, "alice")
        .await;
}

#[tokio::test]
async fn t107_a_token_is_of_one_of_two_kinds() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let (id, access) = (id_claims(&app, "alice", "n"), access_claims(&app, "alice"));
    for kind in [
        json!("refresh"),
        json!("ID"),
        json!(["id"]),
        json!(""),
        Value::Null,
    ] {
        let what = format!("token_use {kind}");
        for claims in [&id, &access] {
            let forged = app.fake().id.sign(&with(claims, "token_use", kind.clone()));
            doors.refuse(&what, &forged, INVALID).await;
        }
    }
    // Each under the other's name.
    for (claims, kind) in [(&id, "access"), (&access, "id")] {
        let forged = app.fake().id.sign(&with(claims, "token_use", json!(kind)));
        doors.refuse(kind, &forged, INVALID).await;
    }
}

#[tokio::test]
async fn t61_a_token_has_its_time() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let access = access_claims(&app, "alice");
    let now = app.auth.now().as_secs();
    let sign = |name, value| app.fake().access.sign(&with(&access, name, value));
    for exp in [0, 1, now - 3600, now - 1, now] {
        let forged = sign("exp", json!(exp));
        doors.refuse("over", &forged, EXPIRED).await;
    }
    for exp in [
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(now * 1000),
        json!(now as f64 + 3600.5),
        json!((now + 3600).to_string()),
        json!([now + 3600]),
        json!(true),
        Value::Null,
    ] {
        let forged = sign("exp", exp.clone());
        doors.refuse(&format!("exp {exp}"), &forged, INVALID).await;
    }
    for (name, ahead) in [("iat", 3000), ("nbf", 3000), ("nbf", 1200)] {
        let forged = sign(name, json!(now + ahead));
        doors.refuse(name, &forged, INVALID).await;
    }
    for name in ["iat", "sub", "username"] {
        doors.refuse(name, &sign(name, Value::Null), INVALID).await;
    }
}

/// What a client without a person gets (RFC 6749 §4.4).
#[tokio::test]
async fn t109_a_machine_is_no_user() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let claims = access_claims(&app, "alice");
    let client = claims["client_id"].clone();
    let mut machine = with(&claims, "username", Value::Null);
    machine["sub"] = client;
    machine["scope"] = json!("cogward/admin");
    for machine in [
        with(&machine, "origin_jti", Value::Null),
        with(&machine, "cognito:groups", json!(["admin"])),
        machine,
    ] {
        let token = app.fake().access.sign(&machine);
        doors.refuse("a machine", &token, INVALID).await;
        let id = app.fake().id.sign(&id_claims(&app, "alice", "n"));
        let pair = json!({ "access_token": token, "id_token": id });
        let answer = app.browser().post_json("/auth/session", &pair).await;
        assert_eq!(answer.status, 403, "{}", answer.body);
        assert_eq!(answer.set_cookies(), Vec::<String>::new());
    }
}

async fn delete(app: &TestApp, token: &str) -> cogward_testkit::Answer {
    bear(&mut app.browser(), (Method::DELETE, "/users/1"), token).await
}

fn many_groups(and: &str) -> Value {
    let mut groups: Vec<String> = (0..600).map(|number| format!("g{number}")).collect();
    groups.push(and.to_owned());
    json!(groups)
}

/// None of them makes an administrator.
fn no_admin() -> Vec<Value> {
    vec![
        json!("admin"),
        json!({ "admin": true }),
        json!({ "0": "admin" }),
        json!([["admin"]]),
        json!([{ "name": "admin" }]),
        json!(["admin", 1]),
        json!(["admin", null]),
        json!("[\"admin\"]"),
        json!([" admin"]),
        json!(["admin "]),
        json!(["Admin"]),
        json!(["ADMIN"]),
        json!(["admins"]),
        json!(["user,admin"]),
        json!(["admin\u{200b}"]),
        json!(["\u{feff}admin"]),
        json!(["\u{430}dmin"]),
        json!(["admin\0"]),
        json!([""]),
        json!([]),
        json!(true),
        many_groups("Admin"),
        Value::Null,
    ]
}

#[tokio::test]
async fn t113_groups_are_an_array_of_exact_names() {
    let app = start().await;
    let (id, access) = (id_claims(&app, "alice", "n"), access_claims(&app, "alice"));
    for shape in no_admin() {
        for claims in [&id, &access] {
            let claims = with(claims, "cognito:groups", shape.clone());
            let token = app.fake().access.sign(&claims);
            let what = format!("groups {shape:.80}");
            NOT_ADMIN.assert_is(&delete(&app, &token).await, &what);
            let who = bear(&mut app.browser(), PRIVATE, &token).await;
            assert_eq!(who.status, 200, "{what} is a user all the same");
        }
    }
    for name in [
        "custom:groups",
        "groups",
        "roles",
        "Cognito:groups",
        "scope",
    ] {
        let value = match name {
            "scope" => json!("admin"),
            _ => json!(["admin"]),
        };
        let token = app.fake().access.sign(&with(&access, name, value));
        NOT_ADMIN.assert_is(&delete(&app, &token).await, name);
    }
    for groups in [
        json!(["admin"]),
        json!(["users", "admin"]),
        many_groups("admin"),
    ] {
        let claims = with(&access, "cognito:groups", groups);
        let answer = delete(&app, &app.fake().access.sign(&claims)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }
}

/// 5000 groups are more than any token of Cognito's holds, 16 KiB.
#[tokio::test]
async fn t113_a_token_too_long_is_refused() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let groups: Vec<String> = (0..5000).map(|number| format!("g{number}")).collect();
    let mut claims = access_claims(&app, "alice");
    claims["cognito:groups"] = json!(groups);
    claims["cognito:groups"][4999] = json!("admin");
    let token = app.fake().access.sign(&claims);
    assert!(token.len() > 40_000);
    doors.refuse("5000 groups", &token, INVALID).await;
    // Some ten times of what a head may have.
    let longer = token.repeat(10);
    let answer = bear(&mut app.browser(), PRIVATE, &longer).await;
    assert_eq!(answer.status, 431);
}

/// Of an AWS load balancer. This server stands behind none that it was told of.
#[tokio::test]
async fn t115_a_load_balancers_header_tells_nothing_here() {
    let app = start().await;
    let mut doors = Doors::of(&app).await;
    let good = good(&app);
    let bob = app.fake().access.sign(&access_claims(&app, "bob"));
    doors.accept("by itself", &good, "alice").await;
    let elb = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/x/1";
    let header = json!({
        "alg": "RS256", "kid": "access-key", "signer": elb, "iss": issuer(&app),
        "client": access_claims(&app, "bob")["client_id"], "exp": app.auth.now().as_secs() + 100,
    });
    let dressed = under(&app, &header);
    let evil_kid = under(&app, &with(&header, "kid", json!("../../evil")));
    for data in [&bob, &dressed, &evil_kid] {
        let headers = [
            ("x-amzn-oidc-data", data.as_str()),
            ("x-amzn-oidc-accesstoken", data.as_str()),
            ("x-amzn-oidc-identity", "bob"),
        ];
        let mut stranger = app.browser();
        let answer = send(&mut stranger, PRIVATE, &headers).await;
        assert_eq!(answer.status, 401, "{}", answer.body);
        assert_eq!(answer.json(), json!({ "detail": "Not authenticated" }));
        let beside = format!("Bearer {good}");
        let beside = [&headers[..], &[("authorization", &beside)]].concat();
        let answer = send(&mut stranger, PRIVATE, &beside).await;
        assert_eq!(answer.json()["user_id"], "alice", "{}", answer.body);
        let mut signed_in = session_of(&app, "carol").await;
        let answer = send(&mut signed_in, PRIVATE, &headers).await;
        assert_eq!(answer.json()["user_id"], "carol", "{}", answer.body);
    }
}

async fn session_of(app: &TestApp, sub: &str) -> Browser {
    let mut browser = app.browser();
    crate::sign_ins::sign_in(app, crate::sign_ins::BACKEND_PROXY, &mut browser, sub).await;
    browser
}
