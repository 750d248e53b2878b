//! Whatever the sources hold, loading answers.

use cogward_config::{Mode, load, schema};
use proptest::prelude::*;

use crate::{from_env, from_toml};

/// Every key of the schema.
fn keys() -> Vec<String> {
    let schema = schema();
    let tables = schema["properties"].as_object().unwrap();
    let names = |(section, table): (&String, &serde_json::Value)| {
        let names = table["properties"].as_object().unwrap().keys();
        names
            .map(|name| format!("{section}.{name}"))
            .collect::<Vec<_>>()
    };
    tables.iter().flat_map(names).collect()
}

fn own_env(key: &str) -> String {
    format!("COGWARD_{}", key.replace('.', "_").to_uppercase())
}

/// Loads for each command; printing the outcome must not panic either.
fn answer(mut sources: cogward_config::Sources) {
    for mode in [Mode::Serve, Mode::Dev, Mode::Pool] {
        sources.mode = mode;
        match load(&sources) {
            Ok(config) => assert!(!config.show().to_string().is_empty()),
            Err(faults) => assert_eq!(faults.to_string().lines().count(), faults.iter().count()),
        }
    }
}

/// Text near to what settings hold, and any other.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z]{0,5}(://)?[a-z@:/*.\\[\\]#?%0-9-]{0,20}",
        "(https?|redis)://[^ ]{0,20}",
        "[0-9./:]{0,20}",
        "production|true|memory|us-east-1_[a-z]{0,3}|[*]|,|/",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_environment(values in proptest::collection::vec((0..keys().len(), text()), 0..12)) {
        let keys = keys();
        let mut sources = from_env(&[]);
        for (index, value) in values {
            sources.env.insert(own_env(&keys[index]), value);
        }
        answer(sources);
    }

    #[test]
    fn any_value_in_the_file(values in proptest::collection::vec((0..keys().len(), text()), 0..12)) {
        let keys = keys();
        let lines = values.iter().map(|(index, value)| {
            format!("{} = {}\n", keys[*index], serde_json::Value::from(value.as_str()))
        });
        answer(from_toml(&lines.collect::<String>()));
    }

    #[test]
    fn any_file(text in any::<String>()) {
        answer(from_toml(&text));
    }

    #[test]
    fn any_file_of_toml_signs(text in "[a-z=\\[\\]{}'\"\\\\.,0-9#\n -]{0,80}") {
        answer(from_toml(&text));
    }
}
