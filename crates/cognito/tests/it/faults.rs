use cogward_cognito::accounts::{Admin, AdminCredentials, Subject};
use cogward_cognito::{AccountError, Accounts, CallError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use url::Url;

use crate::server::{public, settings};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ";

/// What becomes of the connection after the bytes.
#[derive(Clone, Copy)]
enum Then {
    Close,
    Reset,
    Hang,
}

/// Answers every connection with these bytes.
async fn raw(bytes: String, then: Then) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _request = stream.read(&mut [0; 8192]).await;
            let _sent = stream.write_all(bytes.as_bytes()).await;
            match then {
                Then::Close => {}
                Then::Reset => stream.set_zero_linger().unwrap(),
                Then::Hang => held.push(stream),
            }
        }
    });
    Url::parse(&url).unwrap()
}

async fn transient(url: &Url) -> String {
    let cognito = public(url);
    let results = tokio::join!(
        cognito.refresh("s3cret"),
        cognito.refresh_rotating("s3cret")
    );
    let mut said = String::new();
    for error in [results.0.unwrap_err(), results.1.unwrap_err()] {
        let CallError::Transient { what } = &error else {
            panic!("{error:?}")
        };
        assert!(!error.is_fatal() && !format!("{error:?}").contains("s3cret"));
        said.clone_from(what);
    }
    said
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let said = transient(&url).await;
    assert!(said.starts_with("cannot connect: "), "{said}");
}

#[tokio::test]
async fn no_such_host() {
    let said = transient(&Url::parse("http://cognito.invalid").unwrap()).await;
    assert!(said.starts_with("cannot connect: "), "{said}");
}

#[tokio::test]
async fn connections_that_break() {
    let half = format!("{HEAD}500\r\n\r\n{{\"access_token\":\"A\",\"expi");
    let refusal =
        "HTTP/1.1 400 Bad Request\r\ncontent-length: 500\r\n\r\n{\"error\":\"invalid_grant\"}";
    for bytes in [String::new(), HEAD.to_owned(), half, refusal.to_owned()] {
        for then in [Then::Close, Then::Reset] {
            transient(&raw(bytes.clone(), then).await).await;
        }
    }
}

#[tokio::test]
async fn what_is_no_http() {
    transient(
        &raw(
            "invalid_grant NotAuthorizedException\r\n\r\n".to_owned(),
            Then::Close,
        )
        .await,
    )
    .await;
    transient(&raw("HTTP/1.1 999999 \r\n\r\n".to_owned(), Then::Close).await).await;
    // TLS is expected and something else is spoken.
    let mut https = raw("HTTP/1.1 400 Bad Request\r\n\r\n".to_owned(), Then::Close).await;
    https.set_scheme("https").unwrap();
    let said = transient(&https).await;
    assert!(said.starts_with("cannot connect: "), "{said}");
}

#[tokio::test]
async fn an_answer_that_never_comes() {
    let said = transient(&raw(String::new(), Then::Hang).await).await;
    assert!(said.starts_with("timed out: "), "{said}");
}

/// The SDK's calls have their time too, whatever of an answer came.
#[tokio::test]
async fn an_answer_about_an_account_that_never_ends() {
    let ada = Subject {
        username: "ada@example.com",
        address: None,
    };
    let half = format!("{HEAD}500\r\n\r\n{{\"AuthenticationResult\":{{");
    for bytes in [String::new(), half] {
        let settings = settings(&raw(bytes, Then::Hang).await);
        let accounts = Accounts::new(&settings, "us-east-1");
        let credentials = AdminCredentials::new("AKIDEXAMPLEEXAMPLE", "a secret", None);
        let admin = Admin::new(&settings, "us-east-1_x", "us-east-1", Some(credentials)).await;
        let (signed_in, found) = tokio::join!(
            accounts.sign_in(ada, "s3cret"),
            admin.user("ada@example.com")
        );
        for error in [signed_in.err().unwrap(), found.err().unwrap()] {
            assert!(
                matches!(error, AccountError::Unavailable { what: "timed out" }),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_never_ends() {
    let half = format!("{HEAD}500\r\n\r\n{{\"access_token\":\"A\",");
    let said = transient(&raw(half, Then::Hang).await).await;
    assert!(said.starts_with("timed out: "), "{said}");
}
