use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use cogward_cognito::{Cognito, Settings};
use tokio::net::TcpListener;
use url::Url;

pub(crate) const CLIENT: &str = "cogwardlocalpublicclient01";

/// A call as it came in.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Call {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .into_owned()
            .collect()
    }
}

/// Answers every call alike.
pub(crate) struct Server {
    pub(crate) url: Url,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Server {
    pub(crate) async fn answering(status: u16, body: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        let body = Bytes::from(body.into());
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&calls);
        let handler = async move |uri: Uri, headers: HeaderMap, text: String| {
            log.lock().unwrap().push(Call {
                path: uri.to_string(),
                headers,
                body: text,
            });
            (status, [("location", "/elsewhere")], body)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, calls }
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    pub(crate) fn only_call(&self) -> Call {
        let [call] = self
            .calls()
            .try_into()
            .unwrap_or_else(|_| panic!("not one call"));
        call
    }
}

pub(crate) fn settings(url: &Url) -> Settings {
    Settings {
        domain: url.clone(),
        api: url.clone(),
        client_id: CLIENT.to_owned(),
        client_secret: None,
        scopes: ["openid", "email", "profile"].map(str::to_owned).into(),
        trusted_certificate: None,
    }
}

pub(crate) fn public(url: &Url) -> Cognito {
    Cognito::new(settings(url)).unwrap()
}

pub(crate) fn confidential(url: &Url) -> Cognito {
    let client_secret = Some("cogwardlocalsecret0123456789abcdef".to_owned().into());
    Cognito::new(Settings {
        client_secret,
        ..settings(url)
    })
    .unwrap()
}
