use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::{Engine, Fault, Faults, Groups, Source, Texts};

/// The policies in force, which may change while they are used.
pub struct Live {
    source: Source,
    groups: Groups,
    facts: bool,
    engine: ArcSwapOption<Engine>,
    tried: ArcSwapOption<Texts>,
}

impl Live {
    /// None in force yet.
    pub fn new(source: Source, groups: Groups) -> Self {
        Self {
            source,
            groups,
            facts: true,
            engine: ArcSwapOption::empty(),
            tried: ArcSwapOption::empty(),
        }
    }

    /// Nobody tells more of a resource than its type and its owner: a set whose schema has more is
    /// no good, for a forbid by that would never apply.
    #[must_use]
    pub fn without_facts(self) -> Self {
        let facts = false;
        Self { facts, ..self }
    }

    /// Where they come from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Takes others into force, wholly: whoever asks from here on is answered by them, whoever
    /// holds an engine by those he began with.
    ///
    /// # Errors
    /// They are not good. Those in force stay.
    pub fn take(&self, texts: &Texts) -> Result<Arc<Engine>, Faults> {
        self.tried.store(Some(Arc::new(texts.clone())));
        let engine = Arc::new(Engine::new(texts, self.groups.clone())?);
        if let Some(name) = engine.told_by_providers().next().filter(|_| !self.facts) {
            let text =
                format!("nobody tells `{name}` of an App::Resource: there is no entity provider");
            let fault = Fault::new(&texts.schema.name, text);
            return Err(fault
                .hint(format!("take out `{name}`, or set policy.entities"))
                .into());
        }
        self.engine.store(Some(Arc::clone(&engine)));
        Ok(engine)
    }

    /// What was to be taken last, good or not.
    pub fn tried(&self) -> Option<Arc<Texts>> {
        self.tried.load_full()
    }

    /// Those in force, unless there never were good ones.
    pub fn engine(&self) -> Option<Arc<Engine>> {
        self.engine.load_full()
    }
}
