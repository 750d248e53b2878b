use aws_cognito_srp::{SrpClient, TrackedDevice, UntrackedDevice, User};

use super::super::group::N;
use super::*;

const POOL: &str = "us-east-1_Cogward01";
const PREFIX: &str = "Cogward01";
const ID: &str = "3f1c6f4e-0000-4000-8000-000000000001";
const PASSWORD: &str = "Pässw0rd!";

/// 2025-02-03 08:05:09, a Monday.
const NOW: i64 = 1_738_569_909;

// One exchange of pycognito 2024.5.1, with a = (0x1234567890abcdef << 700) + 7, the salt 16
// times 0x99 and the secret block "block", at NOW.
const V: &str = concat!(
    "646f15b0f4abafce848372c8536bfaecb0593babdc806175e857006f496ce432",
    "68b449571efbe16ec23eaec8f1cc2feee5268b5ac8b0100aca3ef2a719a45e76",
    "3e99d8fb974b8336f0d5772aa5c7afa7e3c1b3b1fa87bab50d7912cdb8226ec0",
    "6a585093ffb6cecfe98ede9f0d7a749a04de771826cabbee17f0de1799806488",
    "39e0b401157016650f7148468fba293c3dfcf903a4b9757f6cc2a2f5a02cca6d",
    "4089769f845c82619f18b7431d424372c9b43b05477af3fe9ff75fa838bd1eaf",
    "de0ddb15a17219cea9f10189e51fbcda7a76f1188f69ac8d44c65fff06bd66ae",
    "f734a02e1ea98e4aacdf4df68385d9f46bbac8cf7f12081c2f4749e9c92f0f5a",
    "13314c991fc8b4e94b54f184d732bbe77b8808fd9b8b14dd0235056c23cf3485",
    "df0bd000bcc7853ad21b3f51f89635df916d4e8c1bd86b55d95634f25f7ba030",
    "78503dfb090dfa9ed8db57f4181b7a136be5180d19ed6a1ca82e41a0f5a13334",
    "cec3f386b44ce7d5e3c1b892c452a767c45a58f0e9ecc0ceee30dc2b2edcd01f",
);
const A: &str = concat!(
    "5dc29658a6b3436c99d1f11dba576ccca98dd4ee9bc9aa4fac694f423e34b18a",
    "f3e55ce968f41ec9d516da97e63bd7a7a3ad05e614227881630dc1f66c2b20cd",
    "b1e531f7a884c02c633fd29953c494f5cd850872741cc6304237544719f75e4c",
    "274295e9ccf543a640596e6a1cbdeb984b2f3b304c435b35bbd0c0e63bb58016",
    "a817f72e7a3db648c148f4eefce20db7b86527ea0fcc5bfccdd16288de7c499e",
    "614d4768e3cab8c16a28b1a9a625d25140d2c52db62b5829c773463c68d1e42b",
    "6ad3f0c8ac43bc9b7d24d0c9cf8f01347721c36ec470b9670271b0427c7885d2",
    "f31450395ebe5ee9b04abf729d50e90e7ead068450ee4926f5307d477ed9b271",
    "2332d10a6cd3f309ea0da2e1195717fed036162fb26fd9f4636477f77cfa976b",
    "34b734def02d52a08561c7de44475b2282b9127d1ea731f389285471786d0b57",
    "fe96a48d7d0002aed83aee67fe1578806eb953b2230522dde1225aac20febf47",
    "5e9063813756f5a258b9b284940f07b68af9a01868b8473d6c5b6f7ca32ef78a",
);
const SECRET_B: &str = "f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0";
const B: &str = concat!(
    "6b9cc9a614ae3c678677bb89706b517d4d760c28666261ea94c83a23d0e37826",
    "7d7b770da045e1544185f584ef09163e1bb088c0e336d4af3c6fd0fbeb13aa13",
    "f4c191d4e58938c622664500bfeaec38957ec735bef277b72a7009e1878043b6",
    "5eb6c2fcf6c7e8fc4bf34b932918d16e89ec4ab5f7024140d6eb4c7e7b424635",
    "10e1d7f4e2c275b0ffde1039ecb1158946ec1b69fc56152d301a08b16a8ca864",
    "1fa7474d052396c095e7843af9762d3ffdea4d0e5e1f9365d3785d5a23833e41",
    "c4449bced8c7bffadb559ea3353d16c76b78c7903176f22fbd824abb8a91257f",
    "65f7c90770326a7a42d2f18c30aed020ae336d37765e15bf804426e8c5b1e069",
    "39f5d4460c3ffc0898bb1b627e7634cdd0283a203e802e97aaa13b6eb65b7ba3",
    "c6ee84b54c1f411d8d33d262c3376ff06ec73e6b2c9e2e62204fe6cb6875b7ba",
    "2cb42909e47c7f48da00fd2fd00149c9a1ac370984535409053dfb7072e916f3",
    "13c59c5abf9350057a8616da9ec50ef0052ecd7f2027073480f2f7c6da7545c6",
);
const SIGNATURE: &str = "ER1zk+Qlz3VRmRWfmf5yFD6nTUFUmbj+YtpsDdwMrl4=";

fn recorded() -> Challenge {
    Challenge::from_text(&format!("{A}.{SECRET_B}.{B}")).unwrap()
}

fn verifier() -> Verifier {
    Verifier::of(PREFIX, ID, PASSWORD, [0x99; 16])
}

fn claim() -> Claim<'static> {
    Claim {
        prefix: PREFIX,
        id: ID,
        secret_block: b"block",
        timestamp: "Mon Feb 3 08:05:09 UTC 2025",
        signature: SIGNATURE,
    }
}

/// The time the client takes.
fn client_now() -> i64 {
    crate::clock::Clock::default().now()
}

/// Whether a client with `typed` is let in where `verifier` is kept.
fn runs(verifier: &Verifier, id: &str, typed: &str) -> bool {
    let client = SrpClient::new(User::new(POOL, id, typed), "client", None);
    let challenge = begun(verifier, &client.get_auth_parameters().a);
    let said = client
        .verify(
            &STANDARD.encode(b"block"),
            id,
            &verifier.salt_hex(),
            &challenge.public_b_hex(),
        )
        .unwrap();
    let claim = Claim {
        id,
        timestamp: &said.timestamp,
        signature: &said.password_claim_signature,
        ..claim()
    };
    challenge.prove(verifier, &claim, &[client_now()])
}

/// As a row keeps it.
fn begun(verifier: &Verifier, a: &str) -> Challenge {
    let challenge = Challenge::begin(verifier, a, &Random::default()).unwrap();
    let kept = Challenge::from_text(&challenge.to_text()).unwrap();
    assert_eq!(kept.public_b_hex(), challenge.public_b_hex());
    kept
}

#[test]
fn the_numbers_are_those_of_pycognito() {
    assert_eq!(hex::encode(&verifier().v.to_bytes()), V);
    assert!(recorded().prove(&verifier(), &claim(), &[NOW]));
    let b: [u8; 32] = hex::decode(SECRET_B).unwrap().try_into().unwrap();
    let public = Element::multiplier()
        .times(&verifier().v)
        .plus(&Element::generator_to(&b));
    assert_eq!(hex::encode(&public.to_bytes()), B);
}

#[test]
fn a_claim_is_for_one_challenge_and_password() {
    let proves = |claim: &Claim<'_>| recorded().prove(&verifier(), claim, &[NOW]);
    assert!(proves(&claim()));
    let other = |change: fn(&mut Claim<'static>)| {
        let mut claim = claim();
        change(&mut claim);
        claim
    };
    for wrong in [
        other(|c| c.prefix = "Cogward02"),
        other(|c| c.id = "3f1c6f4e-0000-4000-8000-000000000002"),
        other(|c| c.secret_block = b"blocK"),
        other(|c| c.secret_block = b""),
        other(|c| c.timestamp = "Mon Feb 3 08:05:10 UTC 2025"),
        other(|c| c.signature = "FR1zk+Qlz3VRmRWfmf5yFD6nTUFUmbj+YtpsDdwMrl4="),
    ] {
        assert!(!proves(&wrong));
    }
    let salted = Verifier::of(PREFIX, ID, PASSWORD, [0x98; 16]);
    let others = Verifier::of(PREFIX, ID, "Passw0rd!", [0x99; 16]);
    for verifier in [salted, others, Verifier::decoy(b"secret", ID)] {
        assert!(!recorded().prove(&verifier, &claim(), &[NOW]));
    }
    // The same client, another b.
    assert!(!begun(&verifier(), A).prove(&verifier(), &claim(), &[NOW]));
}

#[test]
fn a_signature_has_one_length() {
    let signature = STANDARD.decode(SIGNATURE).unwrap();
    let longer = [&*signature, &[0]].concat();
    let url_safe = SIGNATURE.replace('+', "-");
    let mut wrong = vec![
        String::new(),
        "?".to_owned(),
        format!("{SIGNATURE}\n"),
        SIGNATURE.trim_end_matches('=').to_owned(),
        url_safe,
    ];
    wrong.extend(
        [&signature[..31], &signature[..16], &signature[..1], &longer].map(|s| STANDARD.encode(s)),
    );
    for signature in &wrong {
        let claim = Claim {
            signature,
            ..claim()
        };
        assert!(
            !recorded().prove(&verifier(), &claim, &[NOW]),
            "{signature}"
        );
    }
}

/// What is refused here for its time is signed all the same.
#[test]
fn a_signed_time_must_be_well_formed_and_near() {
    let signed_by = |timestamp: &str, clocks: &[i64]| {
        let message = [
            PREFIX.as_bytes(),
            ID.as_bytes(),
            b"block",
            timestamp.as_bytes(),
        ]
        .concat();
        let signature = hmac::sign(&recorded().key(&verifier()), &message);
        let claim = Claim {
            timestamp,
            signature: &STANDARD.encode(signature),
            ..claim()
        };
        recorded().prove(&verifier(), &claim, clocks)
    };
    let signed = |timestamp: &str, now| signed_by(timestamp, &[now]);
    assert!(signed("Mon Feb 3 08:05:09 UTC 2025", NOW));
    assert!(signed(&timestamp::of(NOW - 300), NOW));
    assert!(!signed(&timestamp::of(NOW - 301), NOW));
    assert!(!signed("Mon Feb 03 08:05:09 UTC 2025", NOW));
    assert!(!signed("Tue Feb 3 08:05:09 UTC 2025", NOW));
    assert!(!signed("", NOW));
    assert!(signed_by(&timestamp::of(NOW), &[NOW + 86400, NOW]));
    assert!(!signed_by(&timestamp::of(NOW), &[NOW + 301, NOW - 301]));
}

#[test]
fn an_a_that_tells_nothing_is_refused() {
    // 2N: every digit doubled, with the carry of the one behind it.
    let digits: Vec<_> = format!("0{N}0")
        .chars()
        .map(|digit| digit.to_digit(16).unwrap())
        .collect();
    let twice: String = digits
        .windows(2)
        .map(|pair| format!("{:x}", (pair[0] * 2 + pair[1] / 8) % 16))
        .collect();
    let below = format!("{}e", &N[..767]);
    let begin = |a: &str| Challenge::begin(&verifier(), a, &Random::default());
    let long = "1".repeat(769);
    let zeros = "0".repeat(768);
    let capitals = N.to_uppercase();
    let padded = format!("00{N}");
    for a in [
        "", "0", "00", &zeros, N, &capitals, &padded, &twice, &long, "xyz", "0x12", "-1", "1 ",
    ] {
        let error = begin(a).err().unwrap();
        assert_eq!(error, ApiError::wrong_password(), "{a}");
    }
    assert!(begin(&below).is_ok());
    assert!(begin(&format!("0000{A}")).is_ok());
}

#[test]
fn a_kept_challenge_is_whole() {
    let text = format!("{A}.{SECRET_B}.{B}");
    for broken in [
        String::new(),
        "..".to_owned(),
        format!("{A}.{SECRET_B}"),
        format!("{text}.1"),
        format!("0.{SECRET_B}.{B}"),
        format!("{A}.1{SECRET_B}.{B}"),
        format!("{A}.{SECRET_B}.{}", "f".repeat(768)),
        text.replace('.', ":"),
    ] {
        assert!(Challenge::from_text(&broken).is_none(), "{broken}");
    }
}

#[test]
fn every_exchange_has_its_own_b() {
    let [one, other] = [(); 2].map(|()| begun(&verifier(), A).public_b_hex());
    assert_ne!(one, other);
}

#[test]
fn a_client_signs_in_with_any_password() {
    let random = Random::default();
    let alphabet: Vec<_> = "aZ09 :$\\\"'\u{e4}\u{df}\u{20ac}\u{1f511}\u{301}\u{65e5}\0\n"
        .chars()
        .collect();
    for round in 0..200 {
        let length = 1 + usize::from(random.bytes::<1>()[0] % 40);
        let password: String = random.bytes::<40>()[..length]
            .iter()
            .map(|byte| alphabet[usize::from(*byte) % alphabet.len()])
            .collect();
        let mut salt = random.bytes::<16>();
        // Salts a client may read otherwise: as a number, or with its top bit as a sign.
        match round % 4 {
            0 => salt[0] |= 0x80,
            1 => salt[0] = 0,
            2 => salt[0] &= 0x0f,
            _ => {}
        }
        let id = random.uuid();
        let verifier = Verifier::of(PREFIX, &id, &password, salt);
        assert!(runs(&verifier, &id, &password), "{password:?} {salt:?}");
    }
}

#[test]
fn a_client_with_another_password_is_refused() {
    let verifier = verifier();
    assert!(runs(&verifier, ID, PASSWORD));
    assert!(!runs(&verifier, ID, "Passw0rd!"));
    assert!(!runs(&verifier, ID, ""));
    assert!(!runs(&Verifier::decoy(b"secret", ID), ID, PASSWORD));
    let others = Verifier::of(PREFIX, "other", PASSWORD, [0x99; 16]);
    assert!(!runs(&others, ID, PASSWORD));
}

#[test]
fn a_device_signs_in_with_the_verifier_it_gave() {
    let (group, key) = ("-group", "us-east-1_a-device");
    let untracked = UntrackedDevice::new(POOL, group, key);
    let config = SrpClient::new(untracked, "client", None).get_password_verifier();
    let verifier = Verifier::from_client(&config.verifier, &config.salt).unwrap();
    let verifier = Verifier::from_text(&verifier.to_text()).unwrap();
    let run = |secret: &str, group: &str| {
        let client = SrpClient::new(TrackedDevice::new(POOL, group, key, secret), "client", None);
        let challenge = begun(&verifier, &client.get_auth_parameters().a);
        let (salt, b) = (verifier.salt_hex(), challenge.public_b_hex());
        let said = client
            .verify(&STANDARD.encode(b"block"), &salt, &b)
            .unwrap();
        let claim = Claim {
            prefix: "-group",
            id: key,
            secret_block: b"block",
            timestamp: &said.timestamp,
            signature: &said.password_claim_signature,
        };
        challenge.prove(&verifier, &claim, &[client_now()])
    };
    assert!(run(&config.password, group));
    assert!(!run("another secret", group));
    assert!(!run(&config.password, "-other"));
}
