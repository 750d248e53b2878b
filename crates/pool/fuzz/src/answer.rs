//! What an answer may be, by the service model.

use std::sync::LazyLock;

use serde_json::{Map, Value};

static MODEL: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let model: Value =
        serde_json::from_str(include_str!("../../src/model/cognito-idp.json")).unwrap();
    model["operations"].as_object().unwrap().clone()
});

/// Errors of the protocol, which no operation declares.
const OF_ANY: [&str; 3] = [
    "InvalidParameterException",
    "SerializationException",
    "ForbiddenException",
];

pub(super) fn is_unsigned(operation: &str) -> bool {
    MODEL
        .get(operation)
        .is_none_or(|model| model["unsigned"] == true)
}

/// Reads an answer.
///
/// # Panics
/// It is a fault of the server's, an error that is not declared, or of another form.
pub(super) fn check(operation: &str, status: u16, body: &[u8]) -> Value {
    let text = String::from_utf8_lossy(body);
    if status == 200 && body.is_empty() {
        assert_eq!(MODEL[operation]["has_output"], false, "{operation}: {text}");
        return Value::Null;
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    assert!(answer.is_object(), "{operation}: {status} {text}");
    if status == 200 {
        return answer;
    }
    assert_eq!(status, 400, "{operation}: {text}");
    assert!(answer["message"].is_string(), "{operation}: {text}");
    let kind = answer["__type"].as_str().unwrap();
    match MODEL.get(operation) {
        None => assert_eq!(kind, "UnknownOperationException", "{operation}: {text}"),
        Some(model) => {
            let errors = model["errors"].as_array().unwrap();
            let declared = errors.iter().any(|error| error == kind);
            assert!(declared || OF_ANY.contains(&kind), "{operation}: {text}");
        }
    }
    answer
}
