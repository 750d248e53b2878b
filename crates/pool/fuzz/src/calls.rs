//! Calls one after the other, as an input tells them: a line each, the operation's name and its
//! body. What earlier answers gave goes in where a body names it ([`Known`]).

use std::sync::{Mutex, OnceLock, PoisonError};

use cogward_pool::LocalPool;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::answer;
use super::known::Known;
use super::wire::Connection;

/// Seconds since the epoch.
const NOW: i64 = 1_790_000_000;
const CALLS: usize = 16;
/// Whom nobody signs in as: no input knows the password or is told the codes.
const VICTIM: &str = "victim@example.com";

/// Every call is answered with what it declares, whatever it says; and without an administrator
/// nobody gets the tokens of another user. Tells whether any call was answered well.
pub fn api_calls(input: &[u8]) -> bool {
    static WORLD: OnceLock<Mutex<World>> = OnceLock::new();
    let world = WORLD.get_or_init(|| Mutex::new(World::new()));
    let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
    world.begin();
    world.play(input)
}

struct World {
    runtime: Runtime,
    pool: LocalPool,
    connection: Connection,
    victim: String,
}

impl World {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let pool = runtime.block_on(LocalPool::start()).unwrap();
        let connection = Connection::new(&pool.url());
        Self {
            runtime,
            pool,
            connection,
            victim: String::new(),
        }
    }

    /// The same to every input: the clock and the users.
    fn begin(&mut self) {
        self.runtime.block_on(async {
            self.pool.reset().await.unwrap();
            self.pool.fix_time(NOW);
            let Value::Object(settings) = settings() else {
                unreachable!("they are members")
            };
            self.pool.settings(settings).await.unwrap();
            let victim = self.pool.user(VICTIM, "n0-Input-knows-Th1s").await;
            self.victim = victim.unwrap();
        });
    }

    fn play(&mut self, input: &[u8]) -> bool {
        let mut known = Known::default();
        let (mut well, mut administered) = (false, false);
        for line in input.split(|byte| *byte == b'\n').take(CALLS) {
            let Some((operation, body)) = call(line) else {
                continue;
            };
            administered |= !answer::is_unsigned(operation);
            known.code(self.code());
            let (status, answer) = self.connection.call(operation, &known.fill(body));
            let answer = answer::check(operation, status, &answer);
            well |= status == 200;
            for token in known.learn(&answer) {
                assert!(administered || self.owner(&token) != self.victim);
            }
        }
        well
    }

    /// The newest code that the ready user was sent.
    fn code(&self) -> Option<String> {
        let code = self.pool.code("user@example.com");
        self.runtime.block_on(code).ok()
    }

    fn owner(&mut self, access_token: &str) -> String {
        let body = json!({ "AccessToken": access_token }).to_string();
        let (status, answer) = self.connection.call("GetUser", body.as_bytes());
        let answer = answer::check("GetUser", status, &answer);
        answer["Username"].as_str().unwrap_or_default().to_owned()
    }
}

/// What opens the most operations.
fn settings() -> Value {
    json!({
        "mfa": "OPTIONAL",
        "mfa_factors": ["SOFTWARE_TOKEN_MFA", "EMAIL_OTP", "SMS_MFA"],
        "devices": "USER_OPT_IN",
        "limits": { "attempts": false, "messages": false, "requests": false },
    })
}

/// A line's operation, which stands in a header, and its body.
fn call(line: &[u8]) -> Option<(&str, &[u8])> {
    let mut parts = line.splitn(2, |byte| *byte == b' ');
    let operation = std::str::from_utf8(parts.next()?).ok()?;
    let sound = !operation.is_empty() && operation.bytes().all(|byte| byte.is_ascii_alphanumeric());
    sound.then_some((operation, parts.next().unwrap_or_default()))
}
