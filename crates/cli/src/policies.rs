//! The policies are taken anew, from where they stand, while the server runs.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use cogward_auth::Auth;
use cogward_auth::audit::Changed;
use cogward_policy::{Engine, Fault, Faults, Source, Texts};
use tokio::signal::unix::Signal;

use crate::looks::{Look, Looks};

/// What is read the same again after this long is not half written.
const SETTLED_AFTER: Duration = Duration::from_millis(500);

type Read = Result<Texts, Faults>;

/// Says which policies are in force from here on.
pub(crate) fn tell(engine: &Engine) {
    let actions = engine.actions().count();
    tracing::info!(policies = engine.policies(), actions, "policies in force");
    for warning in engine.warnings() {
        tracing::warn!("{warning}");
    }
}

/// Says why others are not.
pub(crate) fn complain(faults: &Faults, so: &str) {
    for fault in &faults.0 {
        tracing::error!("{fault}");
    }
    tracing::error!(
        faults = faults.0.len(),
        "policies refused: {so} (see cogward policy check)"
    );
}

/// Looks at the folder again and again, and at once for every `hangup`; whatever is no good
/// leaves in force what was.
pub(crate) async fn watch(auth: Arc<Auth>, hangup: Option<Signal>) {
    if matches!(auth.policies().source(), Source::Embedded) {
        return;
    }
    let tried = auth.policies().tried();
    let mut known = tried.map_or_else(|| Err(Faults(Vec::new())), |it| Ok((*it).clone()));
    let mut looks = Looks::new(hangup);
    loop {
        let now = match looks.next(true).await {
            Look::Routine if read(&auth).await == known => continue,
            Look::Routine | Look::Asked => at_rest(&auth).await,
        };
        take(&auth, now.clone()).await;
        known = now;
    }
}

/// What is there once nothing changes any more.
async fn at_rest(auth: &Arc<Auth>) -> Read {
    let mut before = read(auth).await;
    loop {
        tokio::time::sleep(SETTLED_AFTER).await;
        let now = read(auth).await;
        if now == before {
            return now;
        }
        before = now;
    }
}

async fn read(auth: &Arc<Auth>) -> Read {
    let source = auth.policies().source().clone();
    blocking(move || source.read()).await
}

/// Checking many policies takes its time.
async fn take(auth: &Arc<Auth>, read: Read) {
    let checking = Arc::clone(auth);
    let sum = read.as_ref().map_or_else(|_| "not read".to_owned(), sum);
    let taken = blocking(move || checking.policies().take(&read?)).await;
    match taken {
        Ok(engine) => {
            tell(&engine);
            let policies = engine.policies();
            let what = format!("{policies} policies, {sum}");
            auth.tell_changed(Changed::PoliciesTaken, &what);
        }
        Err(faults) => {
            let what = format!("{}, {sum}", places(&faults));
            auth.tell_changed(Changed::PoliciesRefused, &what);
            let so = match auth.policies().engine() {
                Some(_) => "those in force stay",
                None => "authorization answers 503",
            };
            complain(&faults, so);
        }
    }
}

/// Of the schema and then the policies, in the order of their files' names.
fn sum(texts: &Texts) -> String {
    let mut context = Context::new(&SHA256);
    for text in [&texts.schema].into_iter().chain(&texts.policies) {
        context.update(text.text.as_bytes());
    }
    let sum = context.finish();
    let hex = sum.as_ref().iter().map(|byte| format!("{byte:02x}"));
    format!("SHA-256 {}", hex.collect::<String>())
}

/// How many faults there are and where the first is. What is wrong may quote a policy.
fn places(faults: &Faults) -> String {
    let first = faults.0.first().map_or_else(String::new, |fault| {
        let place = fault.place.as_deref();
        let place = place.map(|it| format!(":{}:{}", it.line, it.column));
        format!("{}{}", fault.file, place.unwrap_or_default())
    });
    format!("faults: {}, the first in {first}", faults.0.len())
}

/// Whatever goes wrong in it, the next look is taken.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Faults> + Send + 'static,
) -> Result<T, Faults> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Fault::new("policies", error).into()))
}
