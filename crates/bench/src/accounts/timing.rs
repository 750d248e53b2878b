//! How long answers take where there is an account, and where there is none: calls of all kinds
//! in turn, each with an address and a person of its own.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::deployment::{Deployment, PASSWORD, request};
use crate::generator::{Shape, ask};
use crate::table::{head, row, say};

/// What is asked about one person; those of one question have to take as long as each other.
struct Kind {
    question: &'static str,
    about: &'static str,
    call: &'static str,
    body: fn(&str) -> Value,
    /// Whether the answer is 200.
    good: bool,
}

const KINDS: [Kind; 11] = [
    kind("register", "a free address", "register", register, true),
    kind("register", "a taken address", "register", register, true),
    kind("register", "an unconfirmed one", "register", register, true),
    kind(
        "sign in, wrong password",
        "nobody",
        "login",
        wrong_password,
        false,
    ),
    kind(
        "sign in, wrong password",
        "an account",
        "login",
        wrong_password,
        false,
    ),
    kind(
        "code for a new password",
        "nobody",
        "request-otp",
        reset,
        true,
    ),
    kind(
        "code for a new password",
        "an account",
        "request-otp",
        reset,
        true,
    ),
    kind(
        "another code to confirm",
        "nobody",
        "request-otp",
        confirm,
        true,
    ),
    kind(
        "another code to confirm",
        "an unconfirmed one",
        "request-otp",
        confirm,
        true,
    ),
    kind(
        "new password, wrong code",
        "nobody",
        "verify-otp",
        wrong_code,
        false,
    ),
    kind(
        "new password, wrong code",
        "an account",
        "verify-otp",
        wrong_code,
        false,
    ),
];

const fn kind(
    question: &'static str,
    about: &'static str,
    call: &'static str,
    body: fn(&str) -> Value,
    good: bool,
) -> Kind {
    Kind {
        question,
        about,
        call,
        body,
        good,
    }
}

fn register(email: &str) -> Value {
    json!({
        "email": email, "password": PASSWORD, "first_name": "Ada", "last_name": "Lovelace",
        "accept_terms": true,
    })
}

fn wrong_password(email: &str) -> Value {
    json!({ "email": email, "password": "Wr0ng-Passw0rd" })
}

fn reset(email: &str) -> Value {
    json!({ "email": email, "purpose": "password_reset" })
}

fn confirm(email: &str) -> Value {
    json!({ "email": email, "purpose": "email_verification" })
}

fn wrong_code(email: &str) -> Value {
    json!({
        "email": email, "code": "000000", "purpose": "password_reset", "new_password": PASSWORD,
    })
}

impl Kind {
    /// Somebody else for each call.
    fn email(&self, number: usize, sample: usize) -> String {
        format!("person.{number:02}.{sample:05}@example.com")
    }

    fn prepare(&self, deployment: &Deployment, email: &str) -> Result<()> {
        match self.about {
            "a taken address" | "an account" => deployment.user(email),
            "an unconfirmed one" => deployment.unconfirmed(email),
            _ => Ok(()),
        }
    }
}

pub(super) fn measure(binary: &Path, step: u32, samples: usize) -> Result<()> {
    let step_text = step.to_string();
    let settings = [
        ("SESSION_BACKEND", "memory"),
        ("COGWARD_ACCOUNTS_ANSWER_STEP_MS", step_text.as_str()),
    ];
    let deployment = Deployment::start(binary, &settings)?;
    for (number, kind) in KINDS.iter().enumerate() {
        for sample in 0..samples {
            kind.prepare(&deployment, &kind.email(number, sample))?;
        }
    }
    let mut taken: Vec<Vec<f64>> = KINDS.iter().map(|_| Vec::new()).collect();
    for sample in 0..samples {
        // The order changes from round to round, so that none always follows the same one.
        for place in 0..KINDS.len() {
            let number = (place * 7 + sample) % KINDS.len();
            let kind = KINDS.get(number).context("kind")?;
            let caller = sample * KINDS.len() + number;
            let body = (kind.body)(&kind.email(number, sample));
            let question = request(kind.call, caller, &body);
            let begun = Instant::now();
            let answer = ask(deployment.address, &question)?;
            let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
            let good = Shape::default().of(&answer).context("answer")?.ok;
            let text = String::from_utf8_lossy(&answer);
            ensure!(good == kind.good, "{}: {text}", kind.question);
            taken.get_mut(number).context("kind")?.push(milliseconds);
        }
    }
    print(step, samples, taken);
    Ok(())
}

fn print(step: u32, samples: usize, taken: Vec<Vec<f64>>) {
    match step {
        0 => say(&format!(
            "\nAnswers as they come, {samples} calls of each kind in turn."
        )),
        _ => say(&format!(
            "\nSteps of {step} ms, {samples} calls of each kind in turn."
        )),
    }
    head(&[
        "call, about",
        "median ms",
        "10 % to 90 % ms",
        "later than the first step",
        "median beside the first of its kind",
    ]);
    let mut first = ("", f64::NAN);
    let mut largest: f64 = 0.0;
    for (kind, mut taken) in KINDS.iter().zip(taken) {
        taken.sort_by(f64::total_cmp);
        let at = |percent: usize| {
            let place = taken.len() * percent / 100;
            taken.get(place).copied().unwrap_or(f64::NAN)
        };
        let median = at(50);
        let beside = if first.0 == kind.question {
            let percent = (median / first.1 - 1.0) * 100.0;
            largest = largest.max(percent.abs());
            format!("{percent:+.2} %")
        } else {
            first = (kind.question, median);
            "–".to_owned()
        };
        let late = f64::from(step) * 1.9;
        let late = taken.iter().filter(|&&it| step > 0 && it > late).count();
        row(&[
            format!("{}, {}", kind.question, kind.about),
            format!("**{median:.2}**"),
            format!("{:.2}–{:.2}", at(10), at(90)),
            late.to_string(),
            beside,
        ]);
    }
    say(&format!(
        "\nLargest difference of medians: **{largest:.2} %**."
    ));
}
