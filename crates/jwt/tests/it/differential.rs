//! The same tokens shown to this library, to aws-jwt-verify and to PyJWT, all at one moment and
//! with the same keys. Where one of them says otherwise, `docs/verification.md` has a row for it.

mod cases;
mod forge;
mod judges;
mod mutants;
mod page;

use std::collections::BTreeSet;

use self::cases::{Case, encoding::lenient_bytes};
use self::forge::Forge;
use self::judges::{Judges, Verdict, Verdicts};
use self::page::Rows;
use crate::issuer::NOW;

#[tokio::test]
async fn every_disagreement_with_the_peers_is_explained_on_the_page() {
    let forge = Forge::new();
    let cases = cases::all(&forge);
    let names: BTreeSet<_> = cases.iter().map(|case| &case.name).collect();
    assert_eq!(names.len(), cases.len(), "every case has its own name");

    let mut found = Rows::new();
    let mut wrong = Vec::new();
    for (case, verdicts) in Judges::of(&forge).hear(&cases).await {
        let [ours, ..] = &verdicts;
        if ours.name() != case.ours {
            wrong.push(format!(
                "{}: {} and not {}",
                case.name,
                ours.name(),
                case.ours
            ));
        }
        if !agree(&verdicts) {
            found.insert(case.name.clone(), page::words(&verdicts));
        }
    }
    assert!(wrong.is_empty(), "not our verdict:\n{}", wrong.join("\n"));
    page::assert_explains(&found, cases.len());
}

#[tokio::test]
async fn nobody_accepts_a_token_that_was_changed_after_signing() {
    let forge = Forge::new();
    let good = mutants::originals(&forge);
    let mutants = mutants::of_tokens(&good, 2000);
    for (case, verdicts) in Judges::of(&forge).hear(&mutants).await {
        let [ours, aws_jwt_verify, pyjwt] = &verdicts;
        let original = |good: &Case| good.kind == case.kind && good.token == case.token;
        if good.iter().any(original) {
            assert!(
                ours.accepts() && agree(&verdicts),
                "{}: {verdicts:?}",
                case.token
            );
            continue;
        }
        // The rows `encoding/signature-…` of the page: another spelling of the same signature.
        let respelled = good.iter().any(|good| same_bytes(&good.token, &case.token));
        assert!(!ours.accepts(), "{}", case.token);
        assert!(respelled || !aws_jwt_verify.accepts(), "{}", case.token);
        assert!(respelled || !pyjwt.accepts(), "{}", case.token);
    }
}

#[tokio::test]
async fn what_we_accept_the_peers_read_in_the_same_way() {
    let forge = Forge::new();
    let mutants = mutants::of_payloads(&forge, 1500);
    let mut accepted = 0;
    for (case, verdicts) in Judges::of(&forge).hear(&mutants).await {
        let [ours, aws_jwt_verify, pyjwt] = &verdicts;
        let Verdict::Accepts(claims) = ours else {
            continue;
        };
        accepted += 1;
        assert!(ours.same_claims(aws_jwt_verify), "{case:?}: {verdicts:?}");
        // The row `iat/in-one-second`: PyJWT allows a clock that is behind nothing.
        let just_made = claims["iat"].as_i64().is_some_and(|iat| iat > NOW);
        assert!(
            just_made || ours.same_claims(pyjwt),
            "{case:?}: {verdicts:?}"
        );
    }
    assert!(
        accepted > 100,
        "only {accepted} of the payloads were accepted: nothing is shown"
    );
}

fn agree(verdicts: &Verdicts) -> bool {
    let [ours, peers @ ..] = verdicts;
    peers.iter().all(|peer| match ours {
        Verdict::Accepts(_) => ours.same_claims(peer),
        Verdict::Refuses(_) => !peer.accepts(),
    })
}

fn same_bytes(one: &str, other: &str) -> bool {
    let split = |token: &str| {
        let (input, signature) = token.rsplit_once('.')?;
        Some((input.to_owned(), lenient_bytes(signature)?))
    };
    split(one).is_some_and(|one| split(other) == Some(one))
}
