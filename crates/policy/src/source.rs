use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::{Fault, Faults};

/// All files together are no larger, and there are no more of them.
const MAX_BYTES: u64 = 4 << 20;
const MAX_FILES: usize = 1000;
const MAX_DEPTH: usize = 4;

/// Where schema and policies come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// What Cogward brings along.
    Embedded,
    /// Every `*.cedar` file in a folder and the folders in it, with a `*.cedarschema` (Cedar's
    /// syntax) or `*.cedarschema.json`; without a schema the one that Cogward brings along.
    /// Names that begin with a dot do not count.
    Folder(PathBuf),
}

/// A file's name, as it is told to people, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The name.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// A schema with policies, not yet looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Texts {
    /// The schema: JSON where its name ends so.
    pub schema: Text,
    /// The policies, by the names of their files.
    pub policies: Vec<Text>,
}

macro_rules! embedded {
    ($name:literal) => {
        ($name, include_str!(concat!("../policies/", $name)))
    };
}

const SCHEMA: (&str, &str) = embedded!("schema.cedarschema");
const POLICIES: [(&str, &str); 9] = [
    embedded!("admin.cedar"),
    embedded!("developers.cedar"),
    embedded!("editors.cedar"),
    embedded!("moderators.cedar"),
    embedded!("owner.cedar"),
    embedded!("publishers.cedar"),
    embedded!("readonly.cedar"),
    embedded!("reviewers.cedar"),
    embedded!("users.cedar"),
];

impl Source {
    /// Reads the files. Blocks: they may be on a slow disk.
    ///
    /// # Errors
    /// A file or the folder cannot be read, there is no policy, there are two schemas, or all
    /// is too much.
    pub fn read(&self) -> Result<Texts, Faults> {
        match self {
            Self::Embedded => Ok(Texts {
                schema: embedded(SCHEMA),
                policies: POLICIES.map(embedded).to_vec(),
            }),
            Self::Folder(folder) => read(folder),
        }
    }
}

fn embedded((name, text): (&str, &str)) -> Text {
    Text {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

fn read(folder: &Path) -> Result<Texts, Faults> {
    let fault = |message: String| Fault::new(folder.display().to_string(), message);
    let mut paths = Vec::new();
    collect(folder, MAX_DEPTH, &mut paths)?;
    paths.sort();
    let mut left = MAX_BYTES;
    let (mut schemas, mut policies) = (Vec::new(), Vec::new());
    for path in paths {
        let read = read_file(&path, &mut left)?;
        match path.extension().is_some_and(|it| it == "cedar") {
            true => policies.push(read),
            false => schemas.push(read),
        }
    }
    if policies.is_empty() {
        let none = fault("there is no policy in it".to_owned());
        return Err(none.hint("policies are in files that end in .cedar").into());
    }
    let schema = match schemas.len() {
        0 => embedded(SCHEMA),
        1 => schemas.swap_remove(0),
        _ => {
            let names: Vec<_> = schemas.iter().map(|text| text.name.as_str()).collect();
            let two = fault(format!(
                "there is more than one schema: {}",
                names.join(", ")
            ));
            return Err(two.hint("keep one").into());
        }
    };
    Ok(Texts { schema, policies })
}

/// Links are followed, as they are how some systems swap whole folders.
fn collect(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) -> Result<(), Fault> {
    let failed = |error: io::Error| Fault::new(folder.display().to_string(), error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') {
            continue;
        }
        let wanted = [".cedar", ".cedarschema", ".cedarschema.json"];
        if wanted.iter().any(|end| name.ends_with(end)) {
            into.push(path.clone());
        } else if is_folder(&path)? {
            let text = format!("folders in it are more than {MAX_DEPTH} deep");
            let deeper = depth.checked_sub(1);
            let deeper = deeper.ok_or_else(|| Fault::new(path.display().to_string(), text))?;
            collect(&path, deeper, into)?;
        }
        if into.len() > MAX_FILES {
            let text = format!("there are more than {MAX_FILES} files in it");
            return Err(Fault::new(folder.display().to_string(), text));
        }
    }
    Ok(())
}

/// What cannot be looked at may hold a forbid.
fn is_folder(path: &Path) -> Result<bool, Fault> {
    let found = fs::metadata(path);
    let found = found.map_err(|error| Fault::new(path.display().to_string(), error))?;
    Ok(found.is_dir())
}

fn read_file(path: &Path, left: &mut u64) -> Result<Text, Fault> {
    let name = path.display().to_string();
    let failed = |error: io::Error| Fault::new(&name, error);
    let size = fs::metadata(path).map_err(failed)?.len();
    let text = match left.checked_sub(size) {
        Some(rest) => {
            *left = rest;
            fs::read_to_string(path).map_err(failed)?
        }
        None => {
            let text = format!("all files together are larger than {MAX_BYTES} bytes");
            return Err(Fault::new(name, text));
        }
    };
    Ok(Text { name, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_shipped_that_is_not_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("policies");
        let read = Source::Folder(folder).read().unwrap();
        let embedded = Source::Embedded.read().unwrap();
        let texts = |all: &Texts| -> Vec<String> {
            let policies = all.policies.iter().map(|it| it.text.clone());
            policies.chain([all.schema.text.clone()]).collect()
        };
        assert_eq!(texts(&read), texts(&embedded));
    }

    #[test]
    fn a_folder_is_read_with_the_folders_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        };
        put("b.cedar");
        put("policies/a.cedar");
        put(".hidden/c.cedar");
        put("notes.txt");
        let read = Source::Folder(folder.path().into()).read().unwrap();
        let texts: Vec<_> = read.policies.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(texts, ["b.cedar", "policies/a.cedar"]);
        assert_eq!(read.schema.name, "schema.cedarschema");
        put("own.cedarschema.json");
        let read = Source::Folder(folder.path().into()).read().unwrap();
        assert_eq!(read.schema.text, "own.cedarschema.json");
        put("other.cedarschema");
        let two = Source::Folder(folder.path().into()).read().unwrap_err();
        assert!(two.to_string().contains("more than one schema"), "{two}");
    }

    #[test]
    fn a_folder_without_policies_or_too_full_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::Folder(folder.path().into());
        let none = source.read().unwrap_err().to_string();
        assert!(
            none.ends_with("there is no policy in it; policies are in files that end in .cedar")
        );
        let file = fs::File::create(folder.path().join("large.cedar")).unwrap();
        file.set_len(MAX_BYTES + 1).unwrap();
        let large = source.read().unwrap_err().to_string();
        assert!(large.contains("larger than"), "{large}");
        // A forbid may be where nothing can be read.
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.cedar"), "").unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("more")).unwrap();
        let dangling = Source::Folder(folder.path().into()).read().unwrap_err();
        assert!(dangling.to_string().contains("more: "), "{dangling}");
        fs::remove_file(folder.path().join("more")).unwrap();
        fs::create_dir_all(folder.path().join("1/2/3/4/5")).unwrap();
        let deep = Source::Folder(folder.path().into()).read().unwrap_err();
        assert!(deep.to_string().contains("more than 4 deep"), "{deep}");
        let missing = Source::Folder(folder.path().join("none")).read();
        assert!(missing.unwrap_err().to_string().contains("No such file"));
    }
}
