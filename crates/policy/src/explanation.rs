use crate::question::Decision;

/// An answer, with all policies that could have had a say in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The answer, as without explanation.
    pub decision: Decision,
    /// The caller's groups, by the names that policies know them by.
    pub groups: Vec<String>,
    /// Every policy about the action, in the order of the files.
    pub policies: Vec<Considered>,
}

/// A policy, and what it says to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Considered {
    /// Its `@id`, or its file and number.
    pub name: String,
    /// What it says where it holds.
    pub effect: Effect,
    /// Its file, as it was named.
    pub file: String,
    /// The line that it begins in, from 1.
    pub line: usize,
    /// As it stands in the file.
    pub text: String,
    /// What it says here.
    pub verdict: Verdict,
}

/// What a policy says where it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Yes.
    Permit,
    /// No, whatever others say.
    Forbid,
}

/// What a policy says to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, and the answer is what it is because of it.
    Decides,
    /// It holds, but a policy forbids it, or failed.
    Overruled,
    /// Its head is about others: each thing that it wants and that is not so.
    Head(Vec<String>),
    /// Its head is about this, its condition does not hold.
    Condition,
    /// It could not be evaluated, for this reason.
    Failed(String),
}
