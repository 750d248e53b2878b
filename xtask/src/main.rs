//! Repository tasks: `cargo run -p xtask -- generate [--check]` writes the
//! reference documentation, or with `--check` fails when it is not current.

mod default_policies;
mod pool_operations;

use std::path::Path;
use std::process::{Command, ExitCode};

/// A generated file, by its path from the repository's root.
struct Generated {
    path: &'static str,
    text: String,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["generate"] => generated().and_then(|files| files.iter().try_for_each(write)),
        ["generate", "--check"] => generated().and_then(|files| files.iter().try_for_each(check)),
        _ => Err("usage: cargo run -p xtask -- generate [--check]".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tell(&problem);
            ExitCode::FAILURE
        }
    }
}

fn generated() -> Result<Vec<Generated>, String> {
    Ok(vec![
        Generated {
            path: "docs/reference/configuration.md",
            text: cogward_config::reference(),
        },
        Generated {
            path: "docs/reference/cogward.schema.json",
            text: format!("{:#}\n", cogward_config::schema()),
        },
        Generated {
            path: "docs/reference/default-policies.md",
            text: default_policies::page()?,
        },
        Generated {
            path: "docs/reference/errors.md",
            text: cogward_server::errors(),
        },
        Generated {
            path: "docs/reference/openapi.json",
            text: openapi()?,
        },
        Generated {
            path: "docs/reference/pool-operations.md",
            text: pool_operations::page(root())?,
        },
    ])
}

/// The document that the binary prints: only it joins configuration and routes.
fn openapi() -> Result<String, String> {
    let failed = |why: String| format!("cogward openapi: {why}");
    let output = Command::new(env!("CARGO"))
        .args([
            "run",
            "--quiet",
            "--locked",
            "--package",
            "cogward-cli",
            "openapi",
        ])
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
}

fn write(file: &Generated) -> Result<(), String> {
    let path = root().join(file.path);
    let folder = path.parent().unwrap_or(root());
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, &file.text))
        .map_err(|error| format!("cannot write {}: {error}", file.path))
}

fn check(file: &Generated) -> Result<(), String> {
    match std::fs::read_to_string(root().join(file.path)) {
        Ok(text) if text == file.text => Ok(()),
        Ok(_) => Err(format!(
            "{} is stale: run cargo run -p xtask -- generate",
            file.path
        )),
        Err(error) => Err(format!("cannot read {}: {error}", file.path)),
    }
}

fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

#[expect(clippy::print_stderr, reason = "a command-line tool")]
fn tell(problem: &str) {
    eprintln!("{problem}");
}
