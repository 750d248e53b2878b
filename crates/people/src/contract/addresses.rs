use tokio::task::JoinSet;

use super::{Directory, NOW, Outcome, ensure, owner, same, signed_in, signed_up};
use crate::person::Seen;

const ADDRESS: &str = "ada@x.com";

pub(super) async fn an_address_moves_as_cognito_says(directory: Directory) -> Outcome {
    directory.keep(signed_in("a", ADDRESS, 1)).await?;
    directory.keep(signed_in("b", ADDRESS, 2)).await?;
    same(
        &owner(&directory, ADDRESS).await?,
        &Some("b".to_owned()),
        "it moved",
    )?;
    let loser = directory.by_sub("a").await?;
    let kept = loser.map(|a| (a.email, a.email_verified, a.last_signed_in_at));
    same(
        &kept,
        &Some((None, false, Some(NOW.plus(1)))),
        "who lost it",
    )?;
    directory.keep(signed_in("a", ADDRESS, 3)).await?;
    same(
        &owner(&directory, ADDRESS).await?,
        &Some("a".to_owned()),
        "and back",
    )
}

pub(super) async fn a_verified_address_is_lost_to_no_unverified_one(
    directory: Directory,
) -> Outcome {
    directory.keep(signed_in("a", ADDRESS, 1)).await?;
    let claims = Seen {
        email_verified: false,
        ..signed_in("b", ADDRESS, 2)
    };
    directory.keep(claims).await?;
    directory.keep(signed_up("c", ADDRESS)).await?;
    same(
        &owner(&directory, ADDRESS).await?,
        &Some("a".to_owned()),
        "it stays",
    )?;
    for sub in ["b", "c"] {
        let without = directory.by_sub(sub).await?.map(|person| person.email);
        same(&without, &Some(None), "who claims it")?;
    }
    // What is nobody's for sure goes to the last.
    directory.keep(signed_up("d", "free@x.com")).await?;
    directory.keep(signed_up("e", "free@x.com")).await?;
    same(
        &owner(&directory, "free@x.com").await?,
        &Some("e".to_owned()),
        "unverified",
    )
}

pub(super) async fn an_earlier_word_takes_no_address(directory: Directory) -> Outcome {
    directory.keep(signed_in("a", ADDRESS, 100)).await?;
    directory.keep(signed_in("b", ADDRESS, 50)).await?;
    same(
        &owner(&directory, ADDRESS).await?,
        &Some("a".to_owned()),
        "it stays",
    )?;
    let other = directory
        .by_sub("b")
        .await?
        .map(|b| (b.email, b.email_verified));
    same(&other, &Some((None, false)), "who is late")
}

pub(super) async fn a_verified_address_is_marked(directory: Directory) -> Outcome {
    directory.keep(signed_up("a", ADDRESS)).await?;
    directory.keep(signed_up("b", "bob@x.com")).await?;
    ensure(directory.verified(ADDRESS).await?, "somebody has it")?;
    ensure(!directory.verified("nobody@x.com").await?, "nobody has it")?;
    // Of who gave it for his without proof, Cognito has told; a code that somebody else was sent
    // says nothing about him.
    let claims = Seen {
        email_verified: false,
        ..signed_in("c", "eve@x.com", 2)
    };
    directory.keep(claims).await?;
    ensure(
        !directory.verified("eve@x.com").await?,
        "it is another's word",
    )?;
    let claimed = directory.by_sub("c").await?.map(|c| c.email_verified);
    same(&claimed, &Some(false), "who claims it")?;
    for (sub, verified) in [("a", true), ("b", false)] {
        let found = directory.by_sub(sub).await?.map(|it| it.email_verified);
        same(&found, &Some(verified), sub)?;
    }
    Ok(())
}

pub(super) async fn of_many_who_claim_an_address_at_once_one_has_it(
    directory: Directory,
) -> Outcome {
    let mut calls = JoinSet::new();
    for n in 0..20 {
        let directory = Directory::clone(&directory);
        calls.spawn(async move {
            directory
                .keep(signed_in(&format!("s{n}"), ADDRESS, 1))
                .await
        });
    }
    for done in calls.join_all().await {
        done?;
    }
    let all = directory.page(None, 99).await?;
    same(&all.len(), &20, "records")?;
    let with: Vec<_> = all.into_iter().filter(|it| it.email.is_some()).collect();
    same(&with.len(), &1, "who have it")
}

pub(super) async fn two_who_swap_addresses_at_once_end_with_one_each(
    directory: Directory,
) -> Outcome {
    for second in 1..10 {
        let mut calls = JoinSet::new();
        let (mine, yours) = if second % 2 == 0 {
            ("1@x.com", "2@x.com")
        } else {
            ("2@x.com", "1@x.com")
        };
        for (sub, email) in [("a", mine), ("b", yours), ("a", mine), ("b", yours)] {
            let directory = Directory::clone(&directory);
            calls.spawn(async move { directory.keep(signed_in(sub, email, second)).await });
        }
        for done in calls.join_all().await {
            done?;
        }
        same(&owner(&directory, mine).await?, &Some("a".to_owned()), mine)?;
        same(
            &owner(&directory, yours).await?,
            &Some("b".to_owned()),
            yours,
        )?;
    }
    Ok(())
}
