//! The keys alone, read again.

use std::fs;

use cogward_config::{Sources, load, session_keys};

use crate::{KEY, from_env, from_toml, least};

const NEW: &str = "Zk4TqW8vB2nR6yXc1LmHs9PdJf3GaUeV7oQtKi5EwNA";

fn texts(sources: &Sources) -> Vec<String> {
    let keys = session_keys(sources, true).unwrap();
    let texts = keys.secrets.iter().map(|key| key.expose().to_owned());
    texts.collect()
}

#[test]
fn come_from_the_file_they_are_named_in_as_it_is_now() {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), KEY).unwrap();
    let mut sources = from_env(&least());
    sources.env.remove("SESSION_SECRET");
    let path = file.path().to_str().unwrap().to_owned();
    sources.env.insert("SESSION_SECRET_FILE".into(), path);
    assert_eq!(texts(&sources), [KEY]);
    assert!(session_keys(&sources, true).unwrap().in_files);
    fs::write(file.path(), format!("{NEW}\n{KEY}\n")).unwrap();
    assert_eq!(texts(&sources), [NEW, KEY]);
    fs::write(file.path(), "").unwrap();
    let told = session_keys(&sources, true).unwrap_err().to_string();
    assert!(told.starts_with("SESSION_SECRET_FILE (environment): the file is empty"));
}

#[test]
fn come_from_the_configuration_file_as_it_is_now() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut sources = from_toml(&format!("[session]\nsecret = '{KEY}'\n"));
    sources.env.remove("SESSION_SECRET");
    sources.toml.as_mut().unwrap().0 = file.path().to_owned();
    assert_eq!(texts(&sources), [KEY]);
    // What else is wrong there is not asked now.
    let text = format!("[server]\nprot = 1\n[session]\nsecret = ['{NEW}', '{KEY}']\n");
    fs::write(file.path(), text).unwrap();
    let again = sources.read_again().unwrap();
    assert_eq!(texts(&again), [NEW, KEY]);
    assert!(session_keys(&again, true).unwrap().in_files);
    fs::write(file.path(), format!("[session]\nsecret = '{NEW}")).unwrap();
    let told = session_keys(&sources.read_again().unwrap(), true).unwrap_err();
    assert!(told.to_string().contains("is not valid TOML"), "{told}");
    assert!(!told.to_string().contains(NEW), "{told}");
    fs::remove_file(file.path()).unwrap();
    let told = sources.read_again().unwrap_err().to_string();
    assert!(told.contains("cannot be read"), "{told}");
}

#[test]
fn follow_the_rules_of_production_in_production() {
    let mut sources = from_env(&least());
    assert!(!session_keys(&sources, true).unwrap().in_files);
    for (bad, says) in [
        ("sixteen-letters-", "at least 32 characters"),
        ("your-secret-key-your-secret-key-0", "must be random"),
    ] {
        sources.env.insert("SESSION_SECRET".into(), bad.to_owned());
        assert!(session_keys(&sources, false).is_ok());
        let told = session_keys(&sources, true).unwrap_err().to_string();
        assert!(told.starts_with("SESSION_SECRET (environment): "), "{told}");
        assert!(told.contains(says) && !told.contains(bad), "{told}");
    }
    let twice = format!("{KEY},{NEW},{KEY}");
    sources.env.insert("SESSION_SECRET".into(), twice);
    let told = session_keys(&sources, false).unwrap_err().to_string();
    assert!(told.contains("the same secret twice"), "{told}");
    assert_eq!(load(&sources).unwrap_err().to_string(), told);
    sources.env.remove("SESSION_SECRET");
    let told = session_keys(&sources, true).unwrap_err().to_string();
    assert!(told.contains("is required and not set"), "{told}");
}
