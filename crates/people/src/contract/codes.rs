use tokio::task::JoinSet;

use super::{Directory, Failure, NOW, Outcome, ensure, same, signed_up};
use crate::code::{CodeKey, OneTimeCode, TRIES, TRIES_SECONDS};

fn key() -> CodeKey {
    CodeKey {
        sub: "a".to_owned(),
        purpose: "reset",
    }
}

fn code(byte: u8) -> OneTimeCode {
    OneTimeCode {
        salt: [byte; 16],
        hash: [byte; 32],
    }
}

async fn put(directory: &Directory, byte: u8) -> Result<bool, Failure> {
    Ok(directory
        .put_code(&key(), &code(byte), NOW.plus(600), NOW)
        .await?)
}

/// How many of so many tries, one after the other, are given a code.
async fn tries(directory: &Directory, count: u32) -> Result<u32, Failure> {
    let mut given = 0;
    for _ in 0..count {
        given += u32::from(directory.try_code(&key(), NOW).await?.is_some());
    }
    Ok(given)
}

pub(super) async fn a_code_is_spent_once(directory: Directory) -> Outcome {
    same(&directory.try_code(&key(), NOW).await?, &None, "before")?;
    ensure(put(&directory, 1).await?, "was put")?;
    same(
        &directory.try_code(&key(), NOW).await?,
        &Some(code(1)),
        "there",
    )?;
    ensure(
        !directory.spend_code(&key(), &code(2)).await?,
        "another code",
    )?;
    ensure(directory.spend_code(&key(), &code(1)).await?, "is spent")?;
    ensure(
        !directory.spend_code(&key(), &code(1)).await?,
        "is spent twice",
    )?;
    same(&directory.try_code(&key(), NOW).await?, &None, "spent")
}

pub(super) async fn a_new_code_replaces_the_older_and_leaves_the_tries(
    directory: Directory,
) -> Outcome {
    put(&directory, 1).await?;
    same(&tries(&directory, 3).await?, &3, "of the first code")?;
    ensure(put(&directory, 2).await?, "was put")?;
    ensure(
        !directory.spend_code(&key(), &code(1)).await?,
        "the older is dead",
    )?;
    same(
        &directory.try_code(&key(), NOW).await?,
        &Some(code(2)),
        "the newer",
    )?;
    same(&tries(&directory, 9).await?, &(TRIES - 4), "what was left")?;
    // A spent code that is followed by another does the same.
    ensure(directory.spend_code(&key(), &code(2)).await?, "is spent")?;
    same(&put(&directory, 3).await?, &false, "put without tries")
}

pub(super) async fn without_tries_no_code_is_put(directory: Directory) -> Outcome {
    put(&directory, 1).await?;
    same(&tries(&directory, 20).await?, &TRIES, "tries")?;
    ensure(!put(&directory, 2).await?, "put all the same")?;
    same(
        &directory.try_code(&key(), NOW).await?,
        &None,
        "nothing to try",
    )
}

pub(super) async fn tries_come_back_after_an_hour(directory: Directory) -> Outcome {
    put(&directory, 1).await?;
    same(&tries(&directory, 20).await?, &TRIES, "tries")?;
    let end = NOW.plus(TRIES_SECONDS);
    for (now, good) in [(end.plus(-1), false), (end, true)] {
        let put = directory
            .put_code(&key(), &code(2), now.plus(600), now)
            .await?;
        same(&put, &good, "put")?;
        let found = directory.try_code(&key(), now).await?;
        same(&found.is_some(), &good, "tried")?;
    }
    // They count from that try on.
    let mut given = 0;
    for _ in 0..9 {
        let at = end.plus(599);
        given += u32::from(directory.try_code(&key(), at).await?.is_some());
    }
    same(&given, &(TRIES - 1), "of the second hour")
}

pub(super) async fn of_many_tries_at_once_five_count(directory: Directory) -> Outcome {
    put(&directory, 1).await?;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let directory = Directory::clone(&directory);
        calls.spawn(async move { directory.try_code(&key(), NOW).await });
    }
    let mut given = 0;
    for found in calls.join_all().await {
        given += u32::from(found?.is_some());
    }
    same(&given, &TRIES, "tries")
}

pub(super) async fn of_many_who_spend_a_code_at_once_one_does(directory: Directory) -> Outcome {
    put(&directory, 1).await?;
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let directory = Directory::clone(&directory);
        calls.spawn(async move { directory.spend_code(&key(), &code(1)).await });
    }
    let mut spent = 0;
    for done in calls.join_all().await {
        spent += u32::from(done?);
    }
    same(&spent, &1, "who spent it")
}

pub(super) async fn codes_of_people_and_purposes_are_apart(directory: Directory) -> Outcome {
    put(&directory, 1).await?;
    let others = [
        CodeKey {
            purpose: "verification",
            ..key()
        },
        CodeKey {
            sub: "b".to_owned(),
            ..key()
        },
    ];
    for other in &others {
        same(&directory.try_code(other, NOW).await?, &None, "another's")?;
        ensure(
            !directory.spend_code(other, &code(1)).await?,
            "spent as another's",
        )?;
        directory
            .put_code(other, &code(2), NOW.plus(9), NOW)
            .await?;
        ensure(directory.spend_code(other, &code(2)).await?, "its own")?;
    }
    same(
        &directory.try_code(&key(), NOW).await?,
        &Some(code(1)),
        "the first",
    )
}

pub(super) async fn a_returned_code_is_good_again_and_no_other(directory: Directory) -> Outcome {
    put(&directory, 1).await?;
    for _ in 0..TRIES * 3 {
        same(
            &directory.try_code(&key(), NOW).await?,
            &Some(code(1)),
            "good",
        )?;
        ensure(directory.spend_code(&key(), &code(1)).await?, "is spent")?;
        directory.return_code(&key(), &code(1)).await?;
    }
    // Once for each time it was spent.
    for _ in 0..9 {
        directory.return_code(&key(), &code(1)).await?;
    }
    same(&tries(&directory, 20).await?, &TRIES, "tries that count")?;
    // One that another has taken the place of does not come back.
    let later = NOW.plus(TRIES_SECONDS);
    directory
        .put_code(&key(), &code(2), later.plus(9), later)
        .await?;
    ensure(directory.spend_code(&key(), &code(2)).await?, "is spent")?;
    directory
        .put_code(&key(), &code(3), later.plus(9), later)
        .await?;
    directory.return_code(&key(), &code(2)).await?;
    same(
        &directory.try_code(&key(), later).await?,
        &Some(code(3)),
        "the newer",
    )
}

pub(super) async fn a_code_that_is_over_is_none(directory: Directory) -> Outcome {
    put(&directory, 1).await?;
    same(
        &directory.try_code(&key(), NOW.plus(599)).await?,
        &Some(code(1)),
        "in time",
    )?;
    same(
        &directory.try_code(&key(), NOW.plus(600)).await?,
        &None,
        "late",
    )
}

pub(super) async fn a_sweep_takes_what_is_over_and_is_bounded(directory: Directory) -> Outcome {
    directory.keep(signed_up("a", "ada@x.com")).await?;
    let of = |sub: u8| CodeKey {
        sub: format!("s{sub}"),
        ..key()
    };
    for n in 0..5 {
        directory
            .put_code(&of(n), &code(n), NOW.plus(600), NOW)
            .await?;
    }
    // Its tries count on when the code is over.
    directory.try_code(&of(0), NOW.plus(599)).await?;
    same(&directory.sweep(NOW.plus(599), 9).await?, &0, "too early")?;
    same(
        &directory.sweep(NOW.plus(600), 3).await?,
        &3,
        "as many as asked",
    )?;
    same(&directory.sweep(NOW.plus(600), 9).await?, &1, "the rest")?;
    let end = NOW.plus(599 + TRIES_SECONDS);
    same(
        &directory.sweep(end.plus(-1), 9).await?,
        &0,
        "tries that count",
    )?;
    same(&directory.sweep(end, 9).await?, &1, "tries that do not")?;
    ensure(directory.by_sub("a").await?.is_some(), "people stay")
}
