use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ErrorKind, RedisError, ServerErrorKind, Value};
use tokio::time::timeout;

use crate::endpoint::{Address, Endpoints};
use crate::options::OpenError;

/// Asks each configured server whether it will do. One that cannot be reached may do later.
pub(crate) async fn check(endpoints: &Endpoints, limit: Duration) -> Result<(), OpenError> {
    let checks = endpoints.seeds().map(|server| async move {
        let checked = timeout(limit, check_one(endpoints, &server, limit)).await;
        let late = |_| Err(io::Error::from(io::ErrorKind::TimedOut).into());
        (server, checked.unwrap_or_else(late))
    });
    for (server, checked) in join_all(checks).await {
        match checked {
            Ok(facts) => judge(&server, &facts, endpoints.cluster)?,
            Err(error) => match refusal(&server, &error) {
                Some(refusal) => return Err(refusal),
                None => tracing::warn!(%server, %error, "redis cannot be reached yet"),
            },
        }
    }
    Ok(())
}

/// What `INFO` says, or nothing where that may not be asked.
async fn check_one(
    endpoints: &Endpoints,
    server: &Address,
    limit: Duration,
) -> Result<String, RedisError> {
    let client = endpoints.client(server)?;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(limit))
        .set_response_timeout(None);
    let connection = client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = connection.await?;
    ask(&mut connection, &redis::cmd("PING")).await?;
    match ask(&mut connection, &redis::cmd("INFO")).await {
        Ok(Value::BulkString(facts)) => Ok(String::from_utf8_lossy(&facts).into_owned()),
        Ok(Value::VerbatimString { text, .. }) => Ok(text),
        _ => Ok(String::new()),
    }
}

async fn ask(connection: &mut MultiplexedConnection, command: &Cmd) -> Result<Value, RedisError> {
    connection
        .send_packed_command(command)
        .await?
        .extract_error()
}

fn judge(server: &Address, facts: &str, cluster: bool) -> Result<(), OpenError> {
    let fact = |name: &str| {
        let mut lines = facts.lines().filter_map(|line| line.split_once(':'));
        lines
            .find(|(fact, _)| *fact == name)
            .map(|(_, value)| value)
    };
    if let Some(found) = fact("redis_version").filter(|version| is_too_old(version)) {
        return Err(OpenError::TooOld {
            server: server.to_string(),
            found: found.to_owned(),
        });
    }
    match (fact("cluster_enabled"), cluster) {
        (Some("1"), false) => {
            return Err(OpenError::IsCluster {
                server: server.to_string(),
            });
        }
        (Some("0"), true) => {
            return Err(OpenError::NotCluster {
                server: server.to_string(),
            });
        }
        _ => {}
    }
    let limited = fact("maxmemory").is_some_and(|bytes| bytes != "0");
    if let Some(policy) =
        fact("maxmemory_policy").filter(|policy| limited && *policy != "noeviction")
    {
        tracing::warn!(
            %server, policy,
            "redis drops sessions and revocations when its memory is full: set maxmemory-policy to noeviction"
        );
    }
    Ok(())
}

fn is_too_old(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < (6, 2),
        _ => false,
    }
}

/// What is wrong with the configuration, if it is that.
fn refusal(server: &Address, error: &RedisError) -> Option<OpenError> {
    let name = server.to_string();
    if let Some(reason) = certificate_fault(error) {
        return Some(OpenError::Certificate {
            server: name,
            reason,
        });
    }
    let reason = error.to_string();
    match error.kind() {
        ErrorKind::RESP3NotSupported => Some(OpenError::TooOld {
            server: name,
            found: "5 or older".to_owned(),
        }),
        ErrorKind::Server(ServerErrorKind::ResponseError) if reason.contains("switch database") => {
            Some(OpenError::NoDatabase { server: name })
        }
        ErrorKind::AuthenticationFailed | ErrorKind::Server(ServerErrorKind::NoPerm) => {
            Some(OpenError::Refused {
                server: name,
                reason,
            })
        }
        _ if matches!(error.code(), Some("NOAUTH" | "WRONGPASS")) => Some(OpenError::Refused {
            server: name,
            reason,
        }),
        _ => None,
    }
}

fn certificate_fault(error: &RedisError) -> Option<String> {
    let inner = error
        .source()?
        .downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    let inner = inner.downcast_ref::<io::Error>()?.get_ref()?;
    match inner.downcast_ref::<rustls::Error>()? {
        fault @ rustls::Error::InvalidCertificate(_) => Some(fault.to_string()),
        _ => None,
    }
}
