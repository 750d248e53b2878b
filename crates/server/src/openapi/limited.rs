//! What every counted route may answer beside its own: 429.

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

const HEADERS: [(&str, &str); 6] = [
    ("Retry-After", "Seconds until there is one more"),
    ("RateLimit-Limit", "How many there are at once"),
    ("RateLimit-Remaining", "`0`"),
    ("RateLimit-Reset", "As `Retry-After`"),
    ("RateLimit-Policy", "The limit's name, size and window"),
    (
        "RateLimit",
        "The limit's name, what is left of it and for how long",
    ),
];

/// Documents it for every operation, with the errors of this `schema`.
pub(super) fn document(item: &mut PathItem, schema: &str) {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    let operations = [get, put, post, delete, patch].into_iter().flatten();
    for Operation { responses, .. } in operations {
        let own = responses.responses.entry("429".to_owned());
        let answer = own.or_insert_with(|| RefOr::T(too_many(schema)));
        if let RefOr::T(answer) = answer {
            let headers = HEADERS.iter();
            let headers =
                headers.map(|(name, words)| ((*name).to_owned(), RefOr::T(header(words))));
            answer.headers.extend(headers);
        }
    }
}

fn too_many(schema: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema)));
    ResponseBuilder::new()
        .description("Too many requests of this address, session or token")
        .content("application/json", content.build())
        .build()
}

fn header(words: &str) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    HeaderBuilder::new()
        .schema(Some(text))
        .description(Some(words))
        .build()
}
