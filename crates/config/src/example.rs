//! Names and valid examples in the form the user wrote a value in.

use crate::setting::{About, Kind};
use crate::sources::Source;

/// The setting as the user wrote it, and where.
pub(crate) fn name(about: &About, source: &Source) -> String {
    match source {
        Source::File { path, line } => format!("{} ({} line {line})", about.key, path.display()),
        Source::Environment(name) => format!("{name} (environment)"),
        // Not the path: somebody may have put the secret itself there.
        Source::SecretFile { named_by, .. } => named_by.clone(),
        Source::Flag(name) => format!("--{name}"),
        Source::Default | Source::Derived | Source::Fixed(_) => {
            format!("{} ({source})", about.canonical_env())
        }
    }
}

/// `for example …`, in the same form.
pub(crate) fn hint(about: &About, source: &Source) -> String {
    let example = match source {
        Source::File { .. } => in_toml(about),
        Source::Flag(name) => format!("--{name} {}", about.example),
        Source::Environment(name) if !name.ends_with("_FILE") => in_env(about, name),
        _ => in_env(about, &about.canonical_env()),
    };
    format!("for example {example}")
}

pub(crate) fn in_env(about: &About, name: &str) -> String {
    if about.example.is_empty() {
        format!("{name}_FILE={}", secret_path(about))
    } else if about.example.contains([' ', '$']) {
        format!("{name}=\"{}\"", about.example)
    } else {
        format!("{name}={}", about.example)
    }
}

pub(crate) fn in_toml(about: &About) -> String {
    let example = about.example;
    if example.is_empty() || example.starts_with('$') {
        return format!("{}_file = \"{}\"", about.key, secret_path(about));
    }
    let quoted = |text: &str| match about.kind {
        Kind::Integer | Kind::Boolean => text.to_owned(),
        _ => format!("\"{text}\""),
    };
    if about.list {
        let items: Vec<_> = example.split(',').map(quoted).collect();
        format!("{} = [{}]", about.key, items.join(", "))
    } else {
        format!("{} = {}", about.key, quoted(example))
    }
}

fn secret_path(about: &About) -> String {
    format!("/run/secrets/{}", about.canonical_env().to_lowercase())
}
