use cogward_session::Timestamp;
use tokio::task::JoinSet;

use super::{Directory, NOW, Outcome, ensure, has, person, same, signed_in, signed_up};
use crate::code::{CodeKey, OneTimeCode};
use crate::person::{Person, Seen};

pub(super) async fn a_sign_up_makes_a_record(directory: Directory) -> Outcome {
    directory.ping().await?;
    let seen = signed_up("a", "ada@x.com");
    let ada = person(&seen);
    directory.keep(seen).await?;
    has(&directory, "a", Some(ada.clone()), "by its sub").await?;
    same(
        &directory.by_email("ada@x.com").await?,
        &Some(ada),
        "by its address",
    )?;
    has(&directory, "b", None, "another's").await?;
    same(
        &directory.by_email("bob@x.com").await?,
        &None,
        "another address",
    )
}

pub(super) async fn a_sign_in_makes_what_is_missing_and_follows_the_token(
    directory: Directory,
) -> Outcome {
    let first = signed_in("a", "ada@x.com", 1);
    directory.keep(first.clone()).await?;
    has(&directory, "a", Some(person(&first)), "made").await?;
    // As it is, but for the time; then another address and name.
    directory.keep(signed_in("a", "ada@x.com", 2)).await?;
    let again = Person {
        last_signed_in_at: Some(NOW.plus(2)),
        ..person(&first)
    };
    has(&directory, "a", Some(again.clone()), "seen again").await?;
    let married = Seen {
        email_verified: false,
        family_name: Some("King".to_owned()),
        ..signed_in("a", "king@x.com", 3)
    };
    directory.keep(married.clone()).await?;
    let expected = Person {
        created_at: NOW.plus(1),
        ..person(&married)
    };
    has(&directory, "a", Some(expected.clone()), "told otherwise").await?;
    same(
        &directory.by_email("ada@x.com").await?,
        &None,
        "the old address",
    )?;
    // A token without those scopes tells nothing of them.
    let silent = Seen {
        email: None,
        email_verified: false,
        given_name: None,
        family_name: None,
        ..signed_in("a", "", 4)
    };
    directory.keep(silent).await?;
    let expected = Person {
        last_signed_in_at: Some(NOW.plus(4)),
        ..expected
    };
    has(&directory, "a", Some(expected), "told nothing").await
}

pub(super) async fn an_earlier_word_moves_no_more_than_times(directory: Directory) -> Outcome {
    let later = signed_in("a", "new@x.com", 100);
    directory.keep(later.clone()).await?;
    // Written late, and told before.
    directory.keep(signed_in("a", "old@x.com", 50)).await?;
    has(&directory, "a", Some(person(&later)), "written late").await?;
    // An old token of a sign-in now.
    let old = Seen {
        at: NOW.plus(200),
        ..signed_in("a", "old@x.com", 50)
    };
    directory.keep(old).await?;
    let expected = Person {
        last_signed_in_at: Some(NOW.plus(200)),
        ..person(&later)
    };
    has(&directory, "a", Some(expected), "an old token").await
}

pub(super) async fn a_late_sign_up_adds_the_terms_alone(directory: Directory) -> Outcome {
    let later = signed_in("a", "new@x.com", 100);
    directory.keep(later.clone()).await?;
    directory.keep(signed_up("a", "old@x.com")).await?;
    let expected = Person {
        terms_accepted_at: Some(NOW),
        ..person(&later)
    };
    has(&directory, "a", Some(expected.clone()), "the terms").await?;
    directory.keep(signed_in("a", "new@x.com", 101)).await?;
    let expected = Person {
        last_signed_in_at: Some(NOW.plus(101)),
        ..expected
    };
    has(&directory, "a", Some(expected), "and they stay").await
}

pub(super) async fn every_text_survives(directory: Directory) -> Outcome {
    let texts = [
        "",
        "王",
        "'; DROP TABLE person; --",
        "a\\b\"c\n",
        "\u{1f469}\u{200d}\u{1f4bb}",
    ];
    for (n, text) in (0..).zip(texts) {
        let seen = Seen {
            given_name: Some(text.to_owned()),
            family_name: Some("x".repeat(2048)),
            at: Timestamp::from_secs(i64::MAX - n),
            told_at: Timestamp::from_secs(i64::MAX),
            ..signed_in(&format!("sub {text}"), &format!("{n}@x.com"), 0)
        };
        directory.keep(seen.clone()).await?;
        has(&directory, &seen.sub, Some(person(&seen)), text).await?;
        same(
            &directory.by_email(&format!("{n}@x.com")).await?,
            &Some(person(&seen)),
            "by its address",
        )?;
    }
    Ok(())
}

pub(super) async fn pages_have_everybody_once_in_order(directory: Directory) -> Outcome {
    for n in [3, 1, 4, 0, 2, 6, 5] {
        directory
            .keep(signed_up(&format!("s{n}"), &format!("{n}@x.com")))
            .await?;
    }
    let mut found = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = directory.page(after.as_deref(), 3).await?;
        ensure(page.len() <= 3, "a page is longer than it was asked to be")?;
        let Some(last) = page.last() else { break };
        after = Some(last.sub.clone());
        found.extend(page.into_iter().map(|person| person.sub));
    }
    same(&found, &(0..7).map(|n| format!("s{n}")).collect(), "all")?;
    same(
        &directory.page(None, 0).await?,
        &Vec::new(),
        "a page of none",
    )
}

pub(super) async fn a_deleted_record_is_gone_with_its_codes(directory: Directory) -> Outcome {
    directory.keep(signed_up("a", "ada@x.com")).await?;
    directory.keep(signed_up("b", "bob@x.com")).await?;
    let code = OneTimeCode {
        salt: [1; 16],
        hash: [1; 32],
    };
    let key = |sub: &str| CodeKey {
        sub: sub.to_owned(),
        purpose: "reset",
    };
    for sub in ["a", "b"] {
        directory
            .put_code(&key(sub), &code, NOW.plus(9), NOW)
            .await?;
    }
    ensure(directory.delete("a").await?, "was there")?;
    ensure(!directory.delete("a").await?, "was there twice")?;
    has(&directory, "a", None, "deleted").await?;
    same(&directory.by_email("ada@x.com").await?, &None, "deleted")?;
    same(
        &directory.try_code(&key("a"), NOW).await?,
        &None,
        "its code",
    )?;
    same(
        &directory.try_code(&key("b"), NOW).await?,
        &Some(code),
        "another's code",
    )?;
    directory.keep(signed_up("c", "ada@x.com")).await?;
    same(
        &directory
            .by_email("ada@x.com")
            .await?
            .map(|person| person.sub),
        &Some("c".to_owned()),
        "the address is free",
    )
}

pub(super) async fn of_concurrent_sign_ins_one_record_comes(directory: Directory) -> Outcome {
    let mut calls = JoinSet::new();
    for second in 0..20 {
        let directory = Directory::clone(&directory);
        calls.spawn(async move {
            let email = format!("{second}@x.com");
            directory.keep(signed_in("a", &email, second)).await
        });
    }
    calls.spawn({
        let directory = Directory::clone(&directory);
        async move { directory.keep(signed_up("a", "first@x.com")).await }
    });
    for done in calls.join_all().await {
        done?;
    }
    let found = directory.page(None, 9).await?;
    same(&found.len(), &1, "records")?;
    let ada = found.into_iter().next();
    let told = ada.map(|ada| (ada.email, ada.terms_accepted_at, ada.last_signed_in_at));
    let expected = (Some("19@x.com".to_owned()), Some(NOW), Some(NOW.plus(19)));
    same(&told, &Some(expected), "the last word")
}
