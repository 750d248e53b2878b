use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cogward_jwt::{Claims as _, ClientIds, Keys, NoClientId, Unverified, VerifyError};
use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::issuer::{
    CLIENT, ISSUER, NOW, Signer, Verifiers, access_claims, id_claims, key_set, verifier, with,
};

#[tokio::test]
async fn a_good_pair_passes_with_its_claims_typed() {
    let signer = Signer::new("id-key");
    let verifier = verifier(&signer);
    let id = verifier
        .id_token(&signer.token(&id_claims()), NOW)
        .await
        .unwrap();
    assert_eq!(id.username, "janedoe");
    assert_eq!(id.email.as_deref(), Some("jane@example.com"));
    assert!(id.email_verified);
    assert_eq!(id.groups, ["admin", "staff"]);
    assert_eq!((&*id.aud, &*id.iss), (CLIENT, ISSUER));
    assert_eq!(
        (id.iat, id.exp, id.auth_time),
        (NOW - 10, NOW + 3600, Some(NOW - 10))
    );
    assert_eq!(id.claim("custom:tenant").unwrap(), Some("blue"));
    assert_eq!(id.claim::<String>("custom:other").unwrap(), None);
    assert!(id.claim::<u32>("custom:tenant").is_err());
    assert_eq!(
        serde_json::from_str::<Value>(id.json()).unwrap(),
        id_claims()
    );
    let shown = format!("{id:?}");
    assert!(
        !shown.contains("jane@") && !shown.contains("n-0S6_WzA2Mj"),
        "{shown}"
    );

    let access = verifier
        .access_token(&signer.token(&access_claims()), NOW)
        .await
        .unwrap();
    assert_eq!(access.username.as_deref(), Some("janedoe"));
    assert_eq!(&*access.client_id, CLIENT);
    assert!(access.has_scope("openid") && !access.has_scope("open") && !access.has_scope(""));
    assert_eq!(access.into_inner().claim("version").unwrap(), Some(2));
}

#[tokio::test]
async fn each_claim_decides() {
    let pools_issuer = ISSUER.to_owned();
    refuses(&[
        ("iss", json!(pools_issuer.clone() + "/"), "Issuer"),
        (
            "iss",
            json!(pools_issuer[..pools_issuer.len() - 1]),
            "Issuer",
        ),
        ("iss", json!(pools_issuer.clone() + "2"), "Issuer"),
        ("iss", json!(pools_issuer.to_uppercase()), "Issuer"),
        (
            "iss",
            json!(pools_issuer.replace("https://", "https://x@")),
            "Issuer",
        ),
        (
            "iss",
            json!(pools_issuer.replace("Cogward01", "Other0001")),
            "Issuer",
        ),
        ("iss", json!([pools_issuer]), "Issuer"),
        ("iss", Value::Null, "Issuer"),
        ("token_use", json!("access"), "TokenUse"),
        ("token_use", json!(["id"]), "TokenUse"),
        ("token_use", Value::Null, "TokenUse"),
        ("aud", json!("other"), "Audience"),
        ("aud", json!(CLIENT.to_uppercase()), "Audience"),
        ("aud", json!(""), "Audience"),
        ("aud", json!([CLIENT, "other"]), "Audience"),
        ("aud", json!([CLIENT, CLIENT]), "Audience"),
        ("aud", json!(["other"]), "Audience"),
        ("aud", json!([]), "Audience"),
        ("aud", json!({ CLIENT: 1 }), "Audience"),
        ("aud", Value::Null, "Audience"),
        ("sub", Value::Null, "Claim { name: \"sub\" }"),
        ("sub", json!(""), "Claim { name: \"sub\" }"),
        ("sub", json!(7), "Claim { name: \"sub\" }"),
        (
            "cognito:username",
            Value::Null,
            "Claim { name: \"cognito:username\" }",
        ),
        ("email", json!(["a@b"]), "Claim { name: \"email\" }"),
        ("nonce", json!(1), "Claim { name: \"nonce\" }"),
    ])
    .await;
}

#[tokio::test]
async fn times_are_whole_seconds_of_this_age() {
    let year_10000 = 253_402_300_800_i64;
    refuses(&[
        ("iat", Value::Null, "Claim { name: \"iat\" }"),
        (
            "iat",
            json!((NOW - 10).to_string()),
            "Claim { name: \"iat\" }",
        ),
        ("iat", json!(NOW + 61), "NotYetValid"),
        ("nbf", json!(NOW + 1), "NotYetValid"),
        ("nbf", json!("soon"), "Claim { name: \"nbf\" }"),
        ("exp", json!(NOW), "Expired"),
        ("exp", json!(NOW - 1), "Expired"),
        ("exp", json!(0), "Expired"),
        ("exp", Value::Null, "Claim { name: \"exp\" }"),
        (
            "exp",
            json!((NOW + 60).to_string()),
            "Claim { name: \"exp\" }",
        ),
        ("exp", json!(true), "Claim { name: \"exp\" }"),
        ("exp", json!(-1), "Claim { name: \"exp\" }"),
        ("exp", json!(1.79e9 + 60.5), "Claim { name: \"exp\" }"),
        ("exp", json!(1e300), "Claim { name: \"exp\" }"),
        ("exp", json!(i64::MAX), "Claim { name: \"exp\" }"),
        ("exp", json!(u64::MAX), "Claim { name: \"exp\" }"),
        ("exp", json!((NOW + 60) * 1000), "Claim { name: \"exp\" }"),
        ("exp", json!(year_10000), "Claim { name: \"exp\" }"),
    ])
    .await;
}

async fn refuses(cases: &[(&str, Value, &str)]) {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    for (name, value, wanted) in cases {
        let token = signer.token(&with(id_claims(), name, value.clone()));
        let error = verifier.id_token(&token, NOW).await.unwrap_err();
        assert_eq!(format!("{error:?}"), *wanted, "{name} = {value}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn the_edges_of_time_are_exact() {
    let signer = Signer::new("k");
    let token = |name, value| signer.token(&with(id_claims(), name, json!(value)));
    let strict = verifier(&signer);
    for (name, value) in [("exp", NOW + 1), ("iat", NOW + 60), ("nbf", NOW)] {
        assert!(
            strict.id_token(&token(name, value), NOW).await.is_ok(),
            "{name}"
        );
    }
    let lenient = verifier(&signer).leeway(30);
    for (name, good, bad) in [
        ("exp", NOW - 29, NOW - 30),
        ("iat", NOW + 90, NOW + 91),
        ("nbf", NOW + 30, NOW + 31),
    ] {
        assert!(
            lenient.id_token(&token(name, good), NOW).await.is_ok(),
            "{name}"
        );
        assert!(
            lenient.id_token(&token(name, bad), NOW).await.is_err(),
            "{name}"
        );
    }
    let capped = verifier(&signer).leeway(u32::MAX);
    assert!(capped.id_token(&token("exp", NOW - 299), NOW).await.is_ok());
    assert!(
        capped
            .id_token(&token("exp", NOW - 300), NOW)
            .await
            .is_err()
    );
    for now in [i64::MIN, i64::MAX] {
        assert!(
            capped
                .id_token(&signer.token(&id_claims()), now)
                .await
                .is_err()
        );
    }
}

#[tokio::test]
async fn an_access_token_is_bound_to_its_client() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let by_aud_only = with(
        with(access_claims(), "client_id", Value::Null),
        "aud",
        json!(CLIENT),
    );
    for (claims, wanted) in [
        (
            with(access_claims(), "client_id", json!("other")),
            "Audience",
        ),
        (
            with(access_claims(), "client_id", json!([CLIENT])),
            "Audience",
        ),
        (with(access_claims(), "client_id", Value::Null), "Audience"),
        (by_aud_only, "Audience"),
        (
            with(access_claims(), "username", json!(1)),
            "Claim { name: \"username\" }",
        ),
        (id_claims(), "TokenUse"),
    ] {
        let error = verifier
            .access_token(&signer.token(&claims), NOW)
            .await
            .unwrap_err();
        assert_eq!(format!("{error:?}"), wanted);
    }
    // RFC 8707: bound to a resource, and still ours.
    let bound = with(access_claims(), "aud", json!("https://api.example.com"));
    assert!(
        verifier
            .access_token(&signer.token(&bound), NOW)
            .await
            .is_ok()
    );
    let machine = with(
        with(access_claims(), "username", Value::Null),
        "sub",
        json!(CLIENT),
    );
    let machine = verifier
        .access_token(&signer.token(&machine), NOW)
        .await
        .unwrap();
    assert_eq!(machine.username, None);
}

#[tokio::test]
async fn several_clients_may_be_named_and_none_may_not() {
    let signer = Signer::new("k");
    let ids = ClientIds::try_from(vec!["other".to_owned(), CLIENT.to_owned()]).unwrap();
    let verifier = Verifiers::new(ids, Keys::preloaded(key_set(&[&signer])));
    assert!(
        verifier
            .id_token(&signer.token(&id_claims()), NOW)
            .await
            .is_ok()
    );
    let alone_in_array = with(id_claims(), "aud", json!([CLIENT]));
    let claims = verifier
        .id_token(&signer.token(&alone_in_array), NOW)
        .await
        .unwrap();
    assert_eq!(&*claims.aud, CLIENT);
    assert_eq!(ClientIds::try_from(Vec::new()).unwrap_err(), NoClientId);
}

#[tokio::test]
async fn doubtful_values_grant_nothing() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let many: Vec<_> = (0..500).map(|n| format!("group-{n}")).collect();
    for (groups, kept) in [
        (json!("admin"), 0),
        (json!({"admin": true}), 0),
        (json!(["admin", 1]), 0),
        (json!([["admin"]]), 0),
        (Value::Null, 0),
        (json!(many), 500),
        (json!([" Admin", "ADMIN"]), 2),
    ] {
        let token = signer.token(&with(id_claims(), "cognito:groups", groups));
        assert_eq!(
            verifier.id_token(&token, NOW).await.unwrap().groups.len(),
            kept
        );
    }
    for (value, verified) in [
        (json!("true"), true),
        (json!("false"), false),
        (json!("True"), false),
        (json!(1), false),
        (Value::Null, false),
    ] {
        let token = signer.token(&with(id_claims(), "email_verified", value));
        assert_eq!(
            verifier.id_token(&token, NOW).await.unwrap().email_verified,
            verified
        );
    }
}

#[tokio::test]
async fn no_header_chooses_the_algorithm_or_the_key() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let payload = id_claims().to_string();
    for alg in [
        json!("none"),
        json!("None"),
        json!("nOnE"),
        json!(""),
        json!("rs256"),
        json!("RS256 "),
        json!("HS256"),
        json!("RS384"),
        json!("RS512"),
        json!("PS256"),
        json!("ES256"),
        json!(["RS256"]),
        Value::Null,
    ] {
        let token = signer.sign(
            &with(signer.header(), "alg", alg.clone()).to_string(),
            &payload,
        );
        for token in [&token, &token[..=token.rfind('.').unwrap()]] {
            let error = verifier.id_token(token, NOW).await.unwrap_err();
            assert!(matches!(error, VerifyError::Header), "{alg}: {error:?}");
        }
    }
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("kid", json!("")),
        ("kid", json!(7)),
        ("kid", Value::Null),
    ] {
        let token = signer.sign(&with(signer.header(), name, value).to_string(), &payload);
        let error = verifier.id_token(&token, NOW).await.unwrap_err();
        assert!(matches!(error, VerifyError::Header), "{name}: {error:?}");
    }
    let crit_null = signer.sign(r#"{"alg":"RS256","kid":"k","crit":null}"#, &payload);
    assert!(matches!(
        verifier.id_token(&crit_null, NOW).await,
        Err(VerifyError::Header)
    ));
}

#[tokio::test]
async fn keys_a_token_brings_along_are_not_looked_at() {
    let [signer, attacker] = ["k", "k"].map(Signer::new);
    let verifier = verifier(&signer);
    let payload = id_claims().to_string();
    for (name, value) in [
        ("jwk", attacker.jwk()),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("x5u", json!("http://127.0.0.1:9/cert.pem")),
        ("x5c", json!(["MIIB"])),
    ] {
        let token = attacker.sign(&with(attacker.header(), name, value).to_string(), &payload);
        let error = verifier.id_token(&token, NOW).await.unwrap_err();
        assert!(matches!(error, VerifyError::Signature), "{name}: {error:?}");
    }
    let named_by_url = with(signer.header(), "kid", json!("http://127.0.0.1:9/k")).to_string();
    let token = signer.sign(&named_by_url, &payload);
    assert!(matches!(
        verifier.id_token(&token, NOW).await,
        Err(VerifyError::UnknownKey)
    ));
}

#[tokio::test]
async fn the_public_key_is_no_hmac_secret() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let jwk = signer.jwk();
    let modulus = URL_SAFE_NO_PAD.decode(jwk["n"].as_str().unwrap()).unwrap();
    for secret in [
        jwk.to_string().into_bytes(),
        modulus,
        jwk["n"].to_string().into_bytes(),
    ] {
        for (alg, name) in [(Algorithm::HS256, "HS256"), (Algorithm::HS512, "HS512")] {
            // With the algorithm named, and with RS256 claimed for an HMAC.
            for claimed in [name, "RS256"] {
                let header = json!({"alg": claimed, "kid": "k"}).to_string();
                let input = [header, id_claims().to_string()].map(|p| URL_SAFE_NO_PAD.encode(p));
                let input = input.join(".");
                let key = EncodingKey::from_secret(&secret);
                let mac = jsonwebtoken::crypto::sign(input.as_bytes(), &key, alg).unwrap();
                let token = format!("{input}.{mac}");
                assert!(verifier.id_token(&token, NOW).await.is_err());
            }
        }
    }
}

#[tokio::test]
async fn one_token_has_one_spelling() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let token = signer.token(&id_claims());
    let [header, payload, signature] = parts(&token);
    let last = token.as_bytes()[token.len() - 1] as char;
    // 256 octets leave four bits over in the last character: all spellings but one are wrong.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let twins: Vec<_> = alphabet
        .chars()
        .filter(|c| *c != last)
        .map(|c| format!("{}{c}", &token[..token.len() - 1]))
        .collect();
    let mut spellings = vec![
        format!("{token}=="),
        format!("{header}=.{payload}.{signature}"),
        format!(" {token}"),
        format!("{token}\n"),
        format!("\"{token}\""),
        format!("{token}\0"),
        format!("{header}.{payload}.\n{signature}"),
        format!("{header}. {payload}.{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{header}..{payload}.{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}."),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        format!("{token}.{signature}.{signature}"),
        token.replace(['-', '_'], "+"),
        String::new(),
        "..".to_owned(),
    ];
    spellings.extend(twins);
    for spelling in spellings {
        assert!(
            verifier.id_token(&spelling, NOW).await.is_err(),
            "{spelling}"
        );
    }
}

#[tokio::test]
async fn json_is_read_one_way() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let claims = id_claims().to_string();
    let header = signer.header().to_string();
    let twice = format!("{{\"sub\":\"admin\",{}", &claims[1..]);
    let escaped = format!("{{\"\\u0073ub\":\"admin\",{}", &claims[1..]);
    for payload in [
        twice.as_str(),
        &escaped,
        "[]",
        "null",
        "",
        &claims[1..],
        &format!("{claims}x"),
    ] {
        let error = verifier
            .id_token(&signer.sign(&header, payload), NOW)
            .await
            .unwrap_err();
        assert!(matches!(error, VerifyError::Malformed), "{payload}");
    }
    for header in [
        r#"{"alg":"none","alg":"RS256","kid":"k"}"#,
        r#"{"alg":"RS256","kid":"k"} x"#,
        "[]",
        "\"RS256\"",
        "\u{feff}{}",
    ] {
        let error = verifier
            .id_token(&signer.sign(header, &claims), NOW)
            .await
            .unwrap_err();
        assert!(matches!(error, VerifyError::Malformed), "{header}");
    }
}

#[tokio::test]
async fn a_deep_claim_is_passed_over_or_refused_but_not_descended_into() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let token = |name: &str| {
        let payload = format!("{{\"{name}\":{deep},{}", &id_claims().to_string()[1..]);
        signer.sign(&signer.header().to_string(), &payload)
    };
    let claims = verifier.id_token(&token("a"), NOW).await.unwrap();
    assert!(claims.claim::<Value>("a").is_err());
    let error = verifier.id_token(&token("name"), NOW).await.unwrap_err();
    assert!(matches!(error, VerifyError::Malformed));
}

#[tokio::test]
async fn size_is_bounded() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let filled = |length: usize| {
        signer.token(&with(
            id_claims(),
            "custom:filler",
            json!("x".repeat(length)),
        ))
    };
    let short = filled(11_000);
    assert!(short.len() < 16 * 1024 && verifier.id_token(&short, NOW).await.is_ok());
    let long = filled(12_000);
    assert!(long.len() > 16 * 1024);
    assert!(matches!(
        verifier.id_token(&long, NOW).await,
        Err(VerifyError::Malformed)
    ));
}

#[test]
fn an_unverified_token_gives_only_what_a_key_is_found_by() {
    let signer = Signer::new("a+b/c=");
    let token = signer.token(&id_claims());
    let unverified = Unverified::parse(&token).unwrap();
    assert_eq!((unverified.kid(), unverified.alg()), ("a+b/c=", "RS256"));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(text in "\\PC*", parts in prop::collection::vec("[A-Za-z0-9_-]{0,60}", 0..5)) {
        let _ = Unverified::parse(&text);
        let _ = Unverified::parse(&parts.join("."));
    }

    #[test]
    fn no_header_makes_it_panic(header in "\\{(\"(alg|kid|crit)\":(\"RS256\"|null|1|\\[\\]),?){0,4}\\}") {
        let _ = Unverified::parse(&format!("{}.e30.AA", URL_SAFE_NO_PAD.encode(header)));
    }
}

#[test]
fn no_changed_byte_passes() {
    let signer = Signer::new("k");
    let verifier = verifier(&signer);
    let token = signer.token(&id_claims());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let strategy = (0..token.len(), 0_u8..128);
    proptest!(|((at, byte) in strategy)| {
        let mut changed = token.clone().into_bytes();
        changed[at] = byte;
        let changed = String::from_utf8(changed).unwrap();
        let passes = runtime.block_on(verifier.id_token(&changed, NOW)).is_ok();
        prop_assert_eq!(passes, changed == token);
    });
}

fn parts(token: &str) -> [&str; 3] {
    let parts: Vec<_> = token.split('.').collect();
    parts.try_into().unwrap()
}
