//! People who can sign in, made through each pool's own API.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::call::{call, local, request};
use super::peer::{Peer, Running};
use crate::generator::{ask, body_of};

const PASSWORD: &str = "Passw0rd!";

/// An app client and who signs in there.
pub(crate) struct People {
    client_id: String,
    names: Vec<String>,
}

impl People {
    pub(crate) fn make(pool: &Running, count: usize) -> Result<Self> {
        // Of one length, so that requests and answers are.
        let names = (0..count).map(|number| format!("person.{number:05}@example.com"));
        let people = match pool.peer {
            Peer::Cogward => Self {
                client_id: "cogwardlocalpublicclient01".to_owned(),
                names: names.collect(),
            },
            Peer::CognitoLocal | Peer::Moto => {
                let made = json!({ "PoolName": "bench", "UsernameAttributes": ["email"] });
                let made = call(pool.address, "CreateUserPool", &made)?;
                let pool_id = text(&made, "/UserPool/Id")?;
                let people = Self {
                    client_id: client(pool, &pool_id)?,
                    names: names.collect(),
                };
                people.create(pool, &pool_id)?;
                return Ok(people);
            }
        };
        for name in &people.names {
            let person = json!({ "username": name, "password": PASSWORD });
            local(pool.address, "users", &person)?;
        }
        Ok(people)
    }

    fn create(&self, pool: &Running, pool_id: &str) -> Result<()> {
        for name in &self.names {
            let person = json!({
                "UserPoolId": pool_id,
                "Username": name,
                "UserAttributes": [
                    { "Name": "email", "Value": name },
                    { "Name": "email_verified", "Value": "true" },
                ],
                "TemporaryPassword": PASSWORD,
                "MessageAction": "SUPPRESS",
            });
            call(pool.address, "AdminCreateUser", &person)?;
            let password = json!({
                "UserPoolId": pool_id,
                "Username": name,
                "Password": PASSWORD,
                "Permanent": true,
            });
            call(pool.address, "AdminSetUserPassword", &password)?;
        }
        Ok(())
    }

    /// Only so many of them.
    pub(crate) fn first(&self, count: usize) -> Self {
        Self {
            client_id: self.client_id.clone(),
            names: self.names.iter().take(count).cloned().collect(),
        }
    }

    /// Each person's `USER_PASSWORD_AUTH`.
    pub(crate) fn sign_ins(&self) -> Vec<Vec<u8>> {
        let parameters = |name: &String| json!({ "USERNAME": name, "PASSWORD": PASSWORD });
        let names = self.names.iter();
        names
            .map(|name| self.initiate("USER_PASSWORD_AUTH", &parameters(name)))
            .collect()
    }

    /// Signs each person in, and makes the `REFRESH_TOKEN_AUTH` of those sessions.
    pub(crate) fn refreshes(&self, pool: &Running) -> Result<Vec<Vec<u8>>> {
        let sign_ins = self.sign_ins();
        let refresh = |sign_in: &Vec<u8>| {
            let answer = ask(pool.address, sign_in)?;
            let answer: Value = serde_json::from_slice(body_of(&answer)?)?;
            let token = text(&answer, "/AuthenticationResult/RefreshToken")?;
            Ok(self.initiate("REFRESH_TOKEN_AUTH", &json!({ "REFRESH_TOKEN": token })))
        };
        sign_ins.iter().map(refresh).collect()
    }

    fn initiate(&self, flow: &str, parameters: &Value) -> Vec<u8> {
        let body = json!({
            "AuthFlow": flow,
            "ClientId": self.client_id,
            "AuthParameters": parameters,
        });
        request("InitiateAuth", &body)
    }
}

fn client(pool: &Running, pool_id: &str) -> Result<String> {
    let client = json!({
        "UserPoolId": pool_id,
        "ClientName": "bench",
        "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    });
    let made = call(pool.address, "CreateUserPoolClient", &client)?;
    text(&made, "/UserPoolClient/ClientId")
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    let found = found.with_context(|| format!("no {pointer} in {value}"))?;
    Ok(found.to_owned())
}
