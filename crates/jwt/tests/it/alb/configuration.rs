//! What a verifier can be made of.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cogward_jwt::alb::{AlbConfigError, AlbKey, AlbKeyError, AlbKeys, AlbVerifier};

use super::{ARN, CLIENT, ISSUER, KID, Signer, pem};

#[test]
fn a_verifier_is_made_of_an_application_load_balancers_arn_only() {
    let signer = Signer::new();
    let make = |arn: &str| {
        let keys = AlbKeys::preloaded([(KID, &*signer.pem())]).unwrap();
        AlbVerifier::with_keys(arn, ISSUER, CLIENT, keys)
    };
    let changed = |from: &str, to: &str| ARN.replace(from, to);
    for (arn, part) in [
        (String::new(), "arn:aws:elasticloadbalancing"),
        ("my-alb".to_owned(), "arn:aws:elasticloadbalancing"),
        (
            changed("elasticloadbalancing", "cognito-idp"),
            "arn:aws:elasticloadbalancing",
        ),
        (format!("{ARN}:443"), "arn:aws:elasticloadbalancing"),
        (format!(" {ARN}"), "arn:aws:elasticloadbalancing"),
        (changed("arn:aws:", "arn:aws-cn:"), "partition"),
        (changed("arn:aws:", "arn:aws-us-gov:"), "region"),
        (changed("us-east-1", "us-gov-west-1"), "region"),
        (changed("us-east-1", "us-east"), "region"),
        (changed("us-east-1", "us-east-1a"), "region"),
        (changed("us-east-1", "US-EAST-1"), "region"),
        (changed("us-east-1", ""), "region"),
        (changed("us-east-1", "evil.example/"), "region"),
        (changed("us-east-1", "us-east.evil-1"), "region"),
        (changed("123456789012", "1234"), "account"),
        (changed("123456789012", ""), "account"),
        (changed("/app/", "/net/"), "loadbalancer/app/NAME/ID"),
        (changed("/app/", "/gwy/"), "loadbalancer/app/NAME/ID"),
        (
            changed("/app/my-alb/50dc6c495c0c9188", "/my-classic"),
            "loadbalancer/app/NAME/ID",
        ),
        (
            changed("loadbalancer/app", "targetgroup"),
            "loadbalancer/app/NAME/ID",
        ),
        (format!("{ARN}/"), "loadbalancer/app/NAME/ID"),
        (
            format!("{ARN}/f2f7dc8efc522ab2"),
            "loadbalancer/app/NAME/ID",
        ),
        (changed("/my-alb/", "//"), "loadbalancer/app/NAME/ID"),
        (changed("/my-alb/", "/*/"), "loadbalancer/app/NAME/ID"),
        (changed("50dc6c495c0c9188", "*"), "loadbalancer/app/NAME/ID"),
        (format!("{ARN}\n"), "loadbalancer/app/NAME/ID"),
        (format!("{ARN}0"), "loadbalancer/app/NAME/ID"),
    ] {
        let error = make(&arn).err().unwrap_or_else(|| panic!("{arn:?} passes"));
        assert!(matches!(error, AlbConfigError::Arn { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains(part) && said.contains(arn.trim()), "{said}");
    }
    for good in [
        ARN.to_owned(),
        changed("us-east-1", "ap-southeast-7"),
        changed("us-east-1", "us-gov-east-1").replace("arn:aws:", "arn:aws-us-gov:"),
    ] {
        assert!(make(&good).is_ok(), "{good}");
    }
}

#[test]
fn other_arguments_that_cannot_work_are_refused() {
    let signer = Signer::new();
    let keys = AlbKeys::preloaded([(KID, &*signer.pem())]).unwrap();
    let make = |issuer, client| AlbVerifier::with_keys(ARN, issuer, client, Arc::clone(&keys));
    let said = |result: Result<AlbVerifier, AlbConfigError>| result.err().unwrap().to_string();
    assert!(said(make("", CLIENT)).starts_with("issuer is empty"));
    assert!(said(make(ISSUER, "")).starts_with("client is empty"));
    let verifier = signer.verifier();
    assert!(said(verifier.clone().or_client("")).starts_with("client is empty"));
    let elsewhere = ARN.replace("us-east-1", "eu-west-1");
    assert!(said(verifier.clone().or_load_balancer(&elsewhere)).contains("another region"));
    assert!(said(verifier.or_load_balancer("x")).contains("`x` is not usable"));
    for (kid, expected) in [("k", AlbKeyError::Kid), (KID, AlbKeyError::Pem)] {
        let error = AlbKeys::preloaded([(kid, "key")]).err();
        let Some(AlbConfigError::Key { source, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!(source, expected);
    }
}

#[test]
fn only_one_pem_block_with_a_key_on_p256_is_a_key() {
    let good = Signer::new().pem();
    let rsa = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let rsa: PublicKeyX509Der<'_> = rsa.public_key().as_der().unwrap();
    let mut off_curve = STANDARD.decode(good.lines().nth(1).unwrap()).unwrap();
    *off_curve.last_mut().unwrap() ^= 1;
    let windows = good.replace('\n', "\r\n");
    let (head, tail) = good.split_at(80);
    let folded = format!("\n{head}\n{tail}\n");
    for pem in [&good, &windows, &folded, &good.replace('\n', "")] {
        assert!(AlbKey::from_pem(pem).is_ok(), "{pem}");
    }
    for (pem, expected) in [
        (String::new(), AlbKeyError::Pem),
        ("<html>".to_owned(), AlbKeyError::Pem),
        (good.replace("PUBLIC KEY", "CERTIFICATE"), AlbKeyError::Pem),
        (format!("{good}{good}"), AlbKeyError::Pem),
        (good.replace('M', "%"), AlbKeyError::Pem),
        (good[..good.len() - 30].to_owned(), AlbKeyError::Pem),
        (
            Signer::of(&ECDSA_P384_SHA384_FIXED_SIGNING).pem(),
            AlbKeyError::Curve,
        ),
        (pem(rsa.as_ref()), AlbKeyError::Curve),
        (pem(&off_curve), AlbKeyError::Curve),
        (pem(b""), AlbKeyError::Curve),
    ] {
        assert_eq!(AlbKey::from_pem(&pem).err(), Some(expected), "{pem}");
    }
}
