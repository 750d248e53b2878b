use std::sync::Arc;

use arc_swap::ArcSwapOption;

use crate::{Engine, Faults, Groups, Source, Texts};

/// The policies in force, which may change while they are used.
pub struct Live {
    source: Source,
    groups: Groups,
    engine: ArcSwapOption<Engine>,
    tried: ArcSwapOption<Texts>,
}

impl Live {
    /// None in force yet.
    pub fn new(source: Source, groups: Groups) -> Self {
        Self {
            source,
            groups,
            engine: ArcSwapOption::empty(),
            tried: ArcSwapOption::empty(),
        }
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
