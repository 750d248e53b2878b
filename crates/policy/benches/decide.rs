//! `cargo bench -p cogward-policy`: what a decision costs, by the policies there are.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a benchmark ends where it fails"
)]

use std::fmt::Write as _;
use std::sync::Arc;

use cogward_policy::{Caller, Engine, Groups, Principal, Question, Resource, Source, Text, Texts};
use divan::Bencher;

/// As the shipped binary has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

const SUB: &str = "7d3f2a10-90a1-70c2-4b1e-0123456789ab";

fn caller(engine: &Engine, groups: &[&str]) -> Arc<Caller> {
    let groups: Vec<String> = groups.iter().map(|&group| group.to_owned()).collect();
    let principal = Principal {
        sub: SUB,
        email: Some("somebody@example.com"),
        groups: &groups,
    };
    engine.caller(&principal).unwrap()
}

fn document(owner: Option<&'static str>) -> Resource<'static> {
    Resource {
        id: "document-0123456789",
        kind: "document",
        owner,
        attributes: None,
    }
}

fn default_set() -> Engine {
    Engine::new(&Source::Embedded.read().unwrap(), Groups::default()).unwrap()
}

/// Of somebody in three groups who asked before, as one request does it.
#[divan::bench(args = ["read:content", "write:own", "admin:manage"])]
fn default_policies(bencher: Bencher<'_, '_>, action: &str) {
    let engine = default_set();
    let question = Question::about(document(Some(SUB)), action);
    bencher.bench(|| {
        let caller = caller(&engine, &["users", "editors", "eu-central"]);
        engine.decide(&caller, &question).unwrap()
    });
}

/// Of somebody who asks for the first time.
#[divan::bench(args = ["read:content", "write:own", "admin:manage"])]
fn default_policies_first_question(bencher: Bencher<'_, '_>, action: &str) {
    let engine = default_set();
    let groups = ["users", "editors", "eu-central"].map(str::to_owned);
    let question = Question::about(document(Some(SUB)), action);
    let mut number = 0;
    bencher
        .with_inputs(|| {
            number += 1;
            format!("7d3f2a10-90a1-70c2-4b1e-{number:012}")
        })
        .bench_local_values(|sub| {
            let caller = engine.caller(&Principal {
                sub: &sub,
                email: Some("somebody@example.com"),
                groups: &groups,
            });
            engine.decide(&caller.unwrap(), &question).unwrap()
        });
}

fn engine_of(policies: String) -> Engine {
    let schema = Source::Embedded.read().unwrap().schema;
    let policies = vec![Text {
        name: "many.cedar".to_owned(),
        text: policies,
    }];
    Engine::new(&Texts { schema, policies }, Groups::default()).unwrap()
}

const CURVE: [usize; 5] = [10, 100, 1000, 3000, 10_000];

/// As a company has them: each for one of so many groups, for one of twenty actions, with a condition.
#[divan::bench(args = CURVE)]
fn policies_of_groups(bencher: Bencher<'_, '_>, many: usize) {
    let default = default_set();
    let actions: Vec<&str> = default.actions().take(20).collect();
    let mut text = String::new();
    for at in 0..many {
        let (group, action) = (at / 10, actions[at % actions.len()]);
        writeln!(
            text,
            "@id(\"p{at}\") permit(principal in App::UserGroup::\"g{group}\", \
             action == App::Action::\"{action}\", resource) \
             when {{ resource.resourceType == \"document\" }};"
        )
        .unwrap();
    }
    let engine = engine_of(text);
    let question = Question::about(document(Some(SUB)), actions[0]);
    bencher.bench(|| {
        let caller = caller(&engine, &["g0", "g2", "g4"]);
        let decision = engine.decide(&caller, &question).unwrap();
        assert!(decision.allowed);
    });
}

/// The worst there is: every policy concerns the question by its head, and must be evaluated.
#[divan::bench(args = CURVE)]
fn policies_of_anybody_and_one_action(bencher: Bencher<'_, '_>, many: usize) {
    let mut text = String::new();
    for at in 0..many {
        writeln!(
            text,
            "@id(\"p{at}\") permit(principal, action == App::Action::\"read:content\", resource) \
             when {{ resource.resourceType == \"type{at}\" }};"
        )
        .unwrap();
    }
    let engine = engine_of(text);
    let question = Question::about(document(None), "read:content");
    bencher.bench(|| {
        let caller = caller(&engine, &["users"]);
        engine.decide(&caller, &question).unwrap()
    });
}
