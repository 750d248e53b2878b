//! A pool in one process and servers in others, as in production.

use tempfile::TempDir;

use crate::process::{Server, free_ports};

/// What `SESSION_SECRET` is when a test does not care.
const SECRET: &str = "a secret for tests, thirty-two characters";

/// The pool, and what servers are told of it.
pub(crate) struct Deployment {
    pub(crate) pool: Server,
    pub(crate) folder: TempDir,
}

impl Deployment {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [port] = free_ports();
        let number = port.to_string();
        let args = ["pool", "--port", &number, "--data-dir", "pool"];
        let pool = Server::start(folder.path(), &args, &[], port, "/_local/health").await;
        Self { pool, folder }
    }

    /// `cogward serve` on a port of its own, with `more` in its environment; its data is in
    /// `data` and so only one server's, unless told otherwise.
    pub(crate) async fn serve(&self, more: &[(&str, &str)]) -> Server {
        let [port] = free_ports();
        let env = self.env(port, more);
        let env: Vec<_> = env.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let args = ["serve", "--port", &port.to_string()];
        Server::start(self.folder.path(), &args, &env, port, "/health").await
    }

    /// The environment of a server on this port.
    pub(crate) fn env(&self, port: u16, more: &[(&str, &str)]) -> Vec<(String, String)> {
        let pool = self.pool.base.as_str().trim_end_matches('/');
        let callback = format!("http://localhost:{port}/api/v1/auth/callback");
        let mut env = vec![
            ("COGNITO_USER_POOL_ID", "us-east-1_Cogward01"),
            ("COGNITO_CLIENT_ID", "cogwardlocalsecretclient01"),
            (
                "COGNITO_CLIENT_SECRET",
                "cogwardlocalsecret0123456789abcdef",
            ),
            ("COGNITO_ENDPOINT", pool),
            ("COGNITO_DOMAIN", pool),
            ("API_CALLBACK_URL", &callback),
            ("FRONTEND_URL", "http://localhost:3000"),
            ("DATA_DIR", "data"),
            // Floods show something else here.
            ("COGWARD_LIMITS_ADDRESS", "0"),
            ("COGWARD_LIMITS_SESSION", "0"),
            ("COGWARD_LIMITS_BAD_CREDENTIALS", "0"),
        ];
        if !more
            .iter()
            .any(|(name, _)| name.starts_with("SESSION_SECRET"))
        {
            env.push(("SESSION_SECRET", SECRET));
        }
        env.extend(more);
        env.into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}
