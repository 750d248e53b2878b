//! A browser as far as HTTP goes: keeps cookies, follows nothing by itself.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;
use url::Url;

use crate::known_error;

/// Cookies by name; all servers of a test share one host, as ports do in a real jar.
pub struct Browser {
    client: Client,
    base: Url,
    jar: BTreeMap<String, String>,
    /// Every error of `base` must be a documented one.
    strict: bool,
}

/// An answer, read whole.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body as text.
    pub body: String,
    /// Where it came from.
    pub url: Url,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }

    /// A header's text, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Where the browser is sent, resolved against where it was.
    pub fn location(&self) -> Url {
        self.url.join(self.header(LOCATION.as_str())).unwrap()
    }

    /// All `Set-Cookie` lines.
    pub fn set_cookies(&self) -> Vec<String> {
        let lines = self.headers.get_all(SET_COOKIE).iter();
        lines
            .map(|line| line.to_str().unwrap().to_owned())
            .collect()
    }
}

impl Browser {
    /// A browser at home on `base`.
    pub fn new(base: Url) -> Self {
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(std::time::Duration::from_secs(30))
            .no_proxy()
            .build()
            .unwrap();
        Self::with_client(client, base)
    }

    /// The same over a client that is there already; making one costs 20 ms.
    pub(crate) fn with_client(client: Client, base: Url) -> Self {
        Self {
            client,
            base,
            jar: BTreeMap::new(),
            strict: false,
        }
    }

    /// The same, for a server of Cogward's: an error that is not documented ends the test.
    pub(crate) fn strict(self) -> Self {
        let strict = true;
        Self { strict, ..self }
    }

    /// A second one with the same cookies: another tab, or a thief.
    pub fn copy(&self) -> Self {
        let mut copy = Self::with_client(self.client.clone(), self.base.clone());
        copy.jar.clone_from(&self.jar);
        copy.strict = self.strict;
        copy
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.jar.get(name).map(String::as_str)
    }

    /// Puts a cookie in, or changes it.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.jar.insert(name.to_owned(), value.to_owned());
    }

    /// Takes a cookie out.
    pub fn drop_cookie(&mut self, name: &str) {
        self.jar.remove(name);
    }

    /// A request with this jar's cookies, for a test to add to.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.base.join(path).unwrap());
        if self.jar.is_empty() {
            return request;
        }
        let pairs: Vec<String> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
        request.header(COOKIE, pairs.join("; "))
    }

    /// Sends it and keeps the cookies that come back.
    pub async fn send(&mut self, request: RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers, url) = (
            response.status(),
            response.headers().clone(),
            response.url().clone(),
        );
        let body = String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned();
        let answer = Answer {
            status,
            headers,
            body,
            url,
        };
        if self.strict && status.as_u16() >= 400 && answer.url.origin() == self.base.origin() {
            known_error(&answer).unwrap_or_else(|problem| panic!("{problem}"));
        }
        for line in answer.set_cookies() {
            self.keep(&line);
        }
        answer
    }

    fn keep(&mut self, line: &str) {
        let (name, rest) = line.split_once('=').unwrap();
        let value = rest.split(';').next().unwrap_or_default();
        if line.to_ascii_lowercase().contains("max-age=0") {
            self.jar.remove(name);
        } else {
            self.set_cookie(name, value);
        }
    }

    /// GET.
    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// POST as a page of the frontend would: the protocol's header, no body.
    pub async fn post(&mut self, path: &str) -> Answer {
        let request = self.request(Method::POST, path).header("x-l42-csrf", "1");
        self.send(request).await
    }

    /// POST with JSON and the protocol's header.
    pub async fn post_json(&mut self, path: &str, body: &Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("x-l42-csrf", "1")
            .json(body);
        self.send(request).await
    }

    /// POST of a form, as a page without scripts sends it.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).form(fields);
        self.send(request).await
    }
}
