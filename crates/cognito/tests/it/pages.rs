use aws_lc_rs::rand::SystemRandom;
use cogward_cognito::{Authorize, BuildError, Cognito, PkceVerifier, Settings};
use url::Url;

use crate::server::{CLIENT, public, settings};

fn pairs(url: &Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn every_parameter_of_the_sign_in_page_stands_once() {
    let domain = Url::parse("https://auth.example.com/?client_id=evil&scope=admin#x").unwrap();
    let redirect_uri = Url::parse("http://localhost:3001/auth/callback?a=b&state=c").unwrap();
    let evil = "x&client_id=evil&redirect_uri=https://evil/#\r\n";
    let url = public(&domain).authorize_url(&Authorize {
        redirect_uri: &redirect_uri,
        state: evil,
        nonce: "n+ /=",
        code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        identity_provider: Some("Google&prompt=none"),
        login_hint: Some("jane+x@example.com"),
    });
    assert!(
        url.as_str()
            .starts_with("https://auth.example.com/oauth2/authorize?response_type=")
    );
    assert_eq!(url.fragment(), None);
    let wanted = owned(&[
        ("response_type", "code"),
        ("client_id", CLIENT),
        ("redirect_uri", redirect_uri.as_str()),
        ("scope", "openid email profile"),
        ("state", evil),
        ("nonce", "n+ /="),
        (
            "code_challenge",
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        ),
        ("code_challenge_method", "S256"),
        ("identity_provider", "Google&prompt=none"),
        ("login_hint", "jane+x@example.com"),
    ]);
    assert_eq!(pairs(&url), wanted);
}

#[test]
fn what_is_not_asked_for_is_not_sent() {
    let domain = Url::parse("http://localhost:9229/pool/").unwrap();
    let cognito = Cognito::new(Settings {
        scopes: Vec::new(),
        trusted_certificate: None,
        ..settings(&domain)
    })
    .unwrap();
    let url = cognito.authorize_url(&Authorize {
        redirect_uri: &Url::parse("https://app.example.com/cb").unwrap(),
        state: "s",
        nonce: "n",
        code_challenge: "c",
        identity_provider: None,
        login_hint: None,
    });
    assert_eq!(url.path(), "/pool/oauth2/authorize");
    let names: Vec<_> = pairs(&url).into_iter().map(|(name, _)| name).collect();
    let wanted = [
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn the_sign_out_page_gets_its_two_parameters() {
    let domain = Url::parse("https://auth.example.com").unwrap();
    let back = Url::parse("https://app.example.com/bye?x=1&y").unwrap();
    let url = public(&domain).logout_url(back.as_str());
    assert_eq!(url.path(), "/logout");
    assert_eq!(
        pairs(&url),
        owned(&[("client_id", CLIENT), ("logout_uri", back.as_str())])
    );
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let good = settings(&Url::parse("https://auth.example.com").unwrap());
    for bad in ["mailto:x", "ftp://auth.example.com", "data:,x"] {
        let bad = Url::parse(bad).unwrap();
        let domain = Cognito::new(Settings {
            domain: bad.clone(),
            ..good.clone()
        });
        assert!(matches!(
            domain.err().unwrap(),
            BuildError::Address {
                name: "user-pool domain"
            }
        ));
        let api = Cognito::new(Settings {
            api: bad,
            ..good.clone()
        });
        assert!(matches!(
            api.err().unwrap(),
            BuildError::Address {
                name: "user-pool API"
            }
        ));
    }
    let unnamed = Cognito::new(Settings {
        client_id: String::new(),
        ..good
    });
    assert!(matches!(unnamed.err().unwrap(), BuildError::ClientId));
}

#[test]
fn the_challenge_is_that_of_rfc_7636_appendix_b() {
    let verifier = PkceVerifier::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned());
    assert_eq!(
        verifier.challenge(),
        "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    );
}

#[test]
fn verifiers_are_new_each_time_and_well_formed() {
    let rng = SystemRandom::new();
    let [one, other] = [(); 2].map(|()| PkceVerifier::generate(&rng).unwrap());
    assert_ne!(one.expose(), other.expose());
    assert_eq!(one.expose().len(), 43);
    let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    assert!(one.expose().chars().all(unreserved));
    assert_eq!(format!("{one:?}"), "PkceVerifier(..)");
}
