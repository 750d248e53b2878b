//! What stands in for the engine in a build without it: there is none, ever.

use std::sync::Arc;

use crate::{Decision, Explanation, Fault, Faults, Groups, Invalid, Principal, Question, Texts};

/// Policies that were checked: not in this build.
pub enum Engine {}

/// Somebody who asks: not in this build.
pub enum Caller {}

impl Engine {
    /// # Errors
    /// Always.
    pub fn new(texts: &Texts, _: Groups) -> Result<Self, Faults> {
        let fault = Fault::new(&texts.schema.name, "this build has no policy engine");
        Err(fault.hint("build with the feature `cedar`").into())
    }

    /// Nobody.
    ///
    /// # Errors
    /// None.
    pub fn caller(&self, _: &Principal<'_>) -> Result<Arc<Caller>, Invalid> {
        match *self {}
    }

    /// Nothing.
    ///
    /// # Errors
    /// None.
    pub fn decide(&self, _: &Caller, _: &Question<'_>) -> Result<Decision, Invalid> {
        match *self {}
    }

    /// Nothing.
    ///
    /// # Errors
    /// None.
    pub fn explain(&self, _: &Caller, _: &Question<'_>) -> Result<Explanation, Invalid> {
        match *self {}
    }

    /// None.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// None.
    pub fn told_by_providers(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }

    /// None.
    pub fn warnings(&self) -> &[Fault] {
        match *self {}
    }

    /// None.
    pub fn policies(&self) -> usize {
        match *self {}
    }
}
