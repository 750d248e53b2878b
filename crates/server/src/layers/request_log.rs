//! One line for each request: a fault of ours at `error`, all others at `debug`, where an operator
//! who wants them switches them on (`LOG_LEVEL=info,cogward::request=debug`).

use std::time::Instant;

use cogward_auth::audit::RequestId;
use http::{Method, StatusCode};
use tracing::Level;

use crate::error::Error;

const TARGET: &str = "cogward::request";

/// Names requests by the path that a route is declared with: what stands in place of `{…}`, in a
/// query or at no route at all is the sender's, and may be a secret.
pub(super) struct RequestLog {
    templates: Vec<String>,
}

/// A request under way.
pub(super) struct Line {
    id: RequestId,
    method: Method,
    begun: Option<Instant>,
}

impl RequestLog {
    pub(super) fn new(templates: Vec<String>) -> Self {
        Self { templates }
    }

    /// The time is taken only where it is told.
    pub(super) fn begin(&self, id: RequestId, method: &Method) -> Line {
        let told = tracing::enabled!(target: TARGET, Level::DEBUG);
        Line {
            id,
            method: method.clone(),
            begun: told.then(Instant::now),
        }
    }

    pub(super) fn end(&self, line: &Line, path: &str, status: StatusCode, error: Option<&Error>) {
        let of_ours = status.is_server_error() && error.is_some();
        if !of_ours && line.begun.is_none() {
            return;
        }
        let Line { id, method, begun } = line;
        let path = self.template(path);
        let ms = begun.map(|it| it.elapsed().as_secs_f64() * 1000.0);
        let (code, cause) = (error.map(Error::code), error.and_then(Error::cause));
        let message = error.map_or("answered", Error::message);
        let status = status.as_u16();
        if of_ours {
            tracing::error!(target: TARGET, request_id = %id, %method, path, status, ms, code, cause, "{message}");
        } else {
            tracing::debug!(target: TARGET, request_id = %id, %method, path, status, ms, code, cause, "{message}");
        }
    }

    fn template(&self, path: &str) -> Option<&str> {
        let all = || self.templates.iter().map(String::as_str);
        let exact = all().find(|template| *template == path);
        exact.or_else(|| all().find(|template| fits(template, path)))
    }
}

/// Whether a path is one of a route with places to fill in.
fn fits(template: &str, path: &str) -> bool {
    let mut segments = path.split('/');
    let all = template.split('/').all(|wanted| {
        let segment = segments.next();
        segment.is_some_and(|segment| wanted == segment || is_place(wanted) && !segment.is_empty())
    });
    all && segments.next().is_none()
}

fn is_place(segment: &str) -> bool {
    segment.starts_with('{') && segment.ends_with('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_named_by_its_route_and_a_strangers_by_none() {
        let templates = ["/", "/a/b", "/a/{id}", "/a/{id}/c"].map(str::to_owned);
        let log = RequestLog::new(templates.to_vec());
        for (path, named) in [
            ("/", Some("/")),
            ("/a/b", Some("/a/b")),
            ("/a/secret", Some("/a/{id}")),
            ("/a/secret/c", Some("/a/{id}/c")),
            ("/a/", None),
            ("/a/secret/d", None),
            ("/a/secret/c/", None),
            ("/secret", None),
            ("", None),
        ] {
            assert_eq!(log.template(path), named, "{path}");
        }
    }
}
