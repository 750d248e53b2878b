//! Good tokens after an accident: the same ones in every run, but for their signatures.

use serde_json::json;

use super::cases::{ACCEPTS, Case};
use super::forge::{Forge, header};
use crate::issuer::{access_claims, id_claims, with};

/// Any will do; this one is ours.
const SEED: u64 = 0x0c09_4a2d;

pub(crate) fn originals(forge: &Forge) -> Vec<Case> {
    let other = with(id_claims(), "sub", json!("mallory"));
    vec![
        Case::id("original/id", forge.token(&id_claims()), ACCEPTS),
        Case::id("original/other", forge.token(&other), ACCEPTS),
        Case::access("original/access", forge.token(&access_claims()), ACCEPTS),
    ]
}

/// Tokens changed after they were signed.
pub(crate) fn of_tokens(originals: &[Case], count: usize) -> Vec<Case> {
    let mut dice = Dice(SEED);
    let mut mutants = Vec::new();
    for n in 0..count {
        let case = dice.pick(originals);
        let other = dice.pick(originals);
        let bytes = changed(&mut dice, case.token.as_bytes(), other.token.as_bytes());
        mutants.push(Case {
            name: format!("mutant/{n}"),
            token: String::from_utf8_lossy(&bytes).into_owned(),
            ..case.clone()
        });
    }
    mutants
}

/// Payloads changed before they were signed.
pub(crate) fn of_payloads(forge: &Forge, count: usize) -> Vec<Case> {
    let mut dice = Dice(SEED);
    let (id, access) = (id_claims().to_string(), access_claims().to_string());
    let originals = [Case::id("", "", ""), Case::access("", "", "")];
    let mut mutants = Vec::new();
    for n in 0..count {
        let case = dice.pick(&originals);
        let (payload, other) = if case.kind == "id" {
            (&id, &access)
        } else {
            (&access, &id)
        };
        let payload = changed(&mut dice, payload.as_bytes(), other.as_bytes());
        mutants.push(Case {
            name: format!("payload-mutant/{n}"),
            token: forge.sign(header().to_string(), payload),
            ..case.clone()
        });
    }
    mutants
}

fn changed(dice: &mut Dice, text: &[u8], other: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    let at = dice.below(text.len());
    let end = (at + 1 + dice.below(40)).min(text.len());
    match dice.below(9) {
        0 => text[at] ^= 1 << dice.below(7),
        1 => text[at] = *dice.pick(b"0123456789AZaz-_.+/= \"\\{}[],:\0"),
        2 => text.truncate(at),
        3 => drop(text.remove(at)),
        4 => text.insert(at, *dice.pick(b"019Az.=-_\" \n,")),
        5 => drop(text.splice(at..at, text[at..end].to_vec())),
        6 => drop(text.drain(at..end)),
        7 => return spliced(dice, &text, other),
        _ => text[at] ^= 0x20,
    }
    text
}

/// Pieces of two texts, cut at dots or commas where there are some, in any order.
fn spliced(dice: &mut Dice, one: &[u8], other: &[u8]) -> Vec<u8> {
    let mark = if one.contains(&b',') { b',' } else { b'.' };
    let pieces: Vec<_> = [one, other]
        .iter()
        .flat_map(|text| text.split(|byte| *byte == mark))
        .collect();
    let count = one.split(|byte| *byte == mark).count();
    let mut kept: Vec<_> = pieces[..count].to_vec();
    for _ in 0..=dice.below(2) {
        let to = dice.below(kept.len());
        kept[to] = pieces[dice.below(pieces.len())];
    }
    kept.join(&mark)
}

/// splitmix64.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % bound as u64).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
