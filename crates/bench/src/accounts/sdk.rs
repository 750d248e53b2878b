//! The call to Cognito by itself, made by this process: through the AWS SDK, and by plain HTTP.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use cogward_cognito::accounts::{SignIn, Subject};
use cogward_cognito::{Accounts, Settings};
use serde_json::json;
use url::Url;

use super::deployment::{CLIENT, PASSWORD};
use crate::process;

const AT_ONCE: usize = 16;

/// Microseconds of this process's CPU for each sign-in.
pub(super) fn by_sdk(pool: SocketAddr, names: &[String], seconds: f64) -> Result<f64> {
    let url = url(pool)?;
    let settings = Settings {
        domain: url.clone(),
        api: url,
        client_id: CLIENT.to_owned(),
        client_secret: None,
        scopes: Vec::new(),
        trusted_certificate: None,
    };
    let accounts = Accounts::new(&settings, "us-east-1");
    in_turn(names, seconds, &async |username: &str| {
        let subject = Subject {
            username,
            address: None,
        };
        let signed_in = accounts.sign_in(subject, PASSWORD).await?;
        ensure!(matches!(signed_in, SignIn::Done(_)), "no tokens");
        Ok(())
    })
}

/// The same call, of which nothing is read.
pub(super) fn by_hand(pool: SocketAddr, names: &[String], seconds: f64) -> Result<f64> {
    let (url, http) = (url(pool)?, cogward_cognito::http_client(None)?);
    in_turn(names, seconds, &async |username: &str| {
        let body = json!({
            "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": CLIENT,
            "AuthParameters": { "USERNAME": username, "PASSWORD": PASSWORD },
        });
        let call = http.post(url.clone()).header(
            "X-Amz-Target",
            "AWSCognitoIdentityProviderService.InitiateAuth",
        );
        let answer = call.body(body.to_string()).send().await?;
        ensure!(answer.status() == 200, "{}", answer.status());
        answer.bytes().await?;
        Ok(())
    })
}

fn url(pool: SocketAddr) -> Result<Url> {
    Ok(Url::parse(&format!("http://localhost:{}", pool.port()))?)
}

/// So many at once on this one thread, as long as said.
fn in_turn(names: &[String], seconds: f64, call: &impl AsyncFn(&str) -> Result<()>) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build()?;
    runtime.block_on(async {
        // Connections, and whatever is made at the first call.
        call(names.first().context("nobody")?).await?;
        let (before, count) = (process::own_cpu()?, std::cell::Cell::new(0.0));
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let one = async |first: usize| -> Result<()> {
            for name in names.iter().cycle().skip(first) {
                if Instant::now() >= end {
                    break;
                }
                call(name).await?;
                count.set(count.get() + 1.0);
            }
            Ok(())
        };
        let all = (0..AT_ONCE).map(|number| one(number * names.len() / AT_ONCE));
        futures_util::future::try_join_all(all).await?;
        Ok(process::own_cpu()?.per_request(before, count.get()).all())
    })
}
