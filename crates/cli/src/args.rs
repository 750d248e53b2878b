//! The command line.

mod operator;
mod policy;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use operator::{
    Context, ContextCommand, Forget, Revoke, Server, Sessions, SessionsCommand, Store,
    StoreCommand, Whose,
};
pub(crate) use policy::{Check, Explain, Policy, PolicyCommand, Set, Test};

/// Sign-in on Amazon Cognito that keeps every token out of the browser.
#[derive(Parser)]
#[command(
    name = "cogward",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
        cogward dev                      try it: server, local user pool and a demo application\n  \
        cogward config check             is the configuration good? every fault at once\n  \
        cogward serve                    run in production\n\n\
        Settings come from cogward.toml, then the environment, then flags: see `cogward config schema`."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run server, local user pool and a demo application; needs no configuration
    #[command(after_help = "Examples:\n  \
        cogward dev\n  \
        cogward dev --port 4001 --pool-port 9339 --data-dir /tmp/try\n  \
        SESSION_BACKEND=memory cogward dev")]
    Dev(Dev),
    /// Run the production server
    #[command(after_help = "Examples:\n  \
        cogward serve --config /etc/cogward/cogward.toml\n  \
        COGNITO_USER_POOL_ID=us-east-1_AbCdEfGhI COGNITO_CLIENT_ID=… COGNITO_DOMAIN=… \\\n  \
        API_CALLBACK_URL=https://auth.example.com/api/v1/auth/callback \\\n  \
        FRONTEND_URL=https://app.example.com SESSION_SECRET=\"$(cogward keys new)\" cogward serve")]
    Serve(Serve),
    /// Run the local user pool alone, for tests and other servers
    #[command(after_help = "Examples:\n  \
        cogward pool\n  \
        cogward pool --port 9339 --data-dir .pool\n  \
        cogward pool --seed pool.toml\n  \
        aws cognito-idp sign-up --endpoint-url http://localhost:9229 --region us-east-1 --no-sign-request \\\n  \
            --client-id cogwardlocalpublicclient01 --username me@example.com --password 'Passw0rd!'")]
    Pool(Pool),
    /// Check, show or describe the configuration
    #[command(after_help = "Examples:\n  \
        cogward config check\n  \
        cogward config show --config /etc/cogward/cogward.toml")]
    Config(Config),
    /// Make secrets
    #[command(after_help = "Example:\n  \
        export SESSION_SECRET=\"$(cogward keys new)\"")]
    Keys(Keys),
    /// Show and end the sessions of a user
    #[command(after_help = "Examples:\n  \
        cogward sessions list --user 4f0c2d1e-8a7b-4c6d-9e5f-0a1b2c3d4e5f\n  \
        cogward sessions revoke --user 4f0c2d1e-8a7b-4c6d-9e5f-0a1b2c3d4e5f --all")]
    Sessions(Sessions),
    /// Have what is remembered of people's roles asked for anew
    #[command(after_help = "Examples:\n  \
        cogward context forget --user 4f0c2d1e-8a7b-4c6d-9e5f-0a1b2c3d4e5f\n  \
        cogward context forget --pattern '*/recipes'")]
    Context(Context),
    /// Check, test and explain the policies of authorization
    #[command(after_help = "Examples:\n  \
        cogward policy check policies\n  \
        cogward policy test policies/cases.toml --folder policies\n  \
        cogward policy explain --group editors --action publish:content")]
    Policy(Policy),
    /// Make the session store ready
    #[command(after_help = "Example:\n  \
        cogward store prepare --config /etc/cogward/cogward.toml")]
    Store(Store),
    /// Show what a token says, or verify it
    #[command(after_help = "Examples:\n  \
        cogward token inspect < token\n  \
        cogward token verify --pool us-east-1_AbCdEfGhI --client 1a2b3c4d5e6f7g8h9i0j < token")]
    Token(Token),
    /// Print the OpenAPI document of all routes
    #[command(after_help = "Example:\n  \
        cogward openapi > openapi.json")]
    Openapi,
    /// Print shell completions
    #[command(after_help = "Examples:\n  \
        source <(cogward completions bash)\n  \
        cogward completions zsh > ~/.zfunc/_cogward\n  \
        cogward completions fish > ~/.config/fish/completions/cogward.fish")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

#[derive(clap::Args)]
pub(crate) struct Dev {
    /// Port of server and demo application [default: 3001]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Port of the local user pool [default: 9229]
    #[arg(long)]
    pub(crate) pool_port: Option<u16>,
    /// Where users and sessions are kept [default: .cogward]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Issuer in the pool's tokens, for clients that insist on the shape AWS uses
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Serve the pool over HTTPS with a development certificate
    #[arg(long)]
    pub(crate) tls: bool,
    /// Begin with the settings, clients, groups and users of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Serve {
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Port to listen on [default: 3001]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1, in production 0.0.0.0]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<String>,
    /// Where local data is kept [default: .cogward]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Pool {
    /// Port, on the loopback interface [default: 9229]
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// Where users and keys are kept [default: .cogward]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Issuer in tokens, for clients that insist on the shape AWS uses
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Serve HTTPS with a development certificate
    #[arg(long)]
    pub(crate) tls: bool,
    /// Begin with the settings, clients, groups and users of this file
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) command: ConfigCommand,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say everything that is wrong with the configuration of `serve`
    #[command(after_help = "Examples:\n  \
        cogward config check\n  \
        ENVIRONMENT=production cogward config check --config /etc/cogward/cogward.toml")]
    Check(Serve),
    /// Show every setting as it holds, and where it came from; no secret
    #[command(after_help = "Example:\n  \
        cogward config show --config /etc/cogward/cogward.toml")]
    Show(Serve),
    /// Print the JSON schema of cogward.toml
    #[command(after_help = "Example:\n  \
        cogward config schema > cogward.schema.json   # for editors that complete TOML")]
    Schema,
}

#[derive(clap::Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
}

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Print a new secret for SESSION_SECRET or SESSION_ENCRYPTION_KEY
    #[command(after_help = "Examples:\n  \
        export SESSION_SECRET=\"$(cogward keys new)\"\n  \
        (umask 077; cogward keys new > session-secret)   # and SESSION_SECRET_FILE=session-secret")]
    New,
}

#[derive(clap::Args)]
pub(crate) struct Token {
    #[command(subcommand)]
    pub(crate) command: TokenCommand,
}

#[derive(Subcommand)]
pub(crate) enum TokenCommand {
    /// Show header and claims, times as people read them; nothing is verified
    #[command(after_help = "Examples:\n  \
        cogward token inspect < token\n  \
        echo \"$TOKEN\" | cogward token inspect --json | jq .claims.sub")]
    Inspect(Inspect),
    /// Verify a token and show its claims
    #[command(after_help = "Examples:\n  \
        cogward token verify < token                     with the configuration of cogward serve\n  \
        cogward token verify --pool us-east-1_AbCdEfGhI --client 1a2b3c4d5e6f7g8h9i0j < token\n  \
        echo \"$TOKEN\" | cogward token verify --client cogwardlocalpublicclient01 \\\n      \
            --issuer http://localhost:9229/us-east-1_Cogward01 --use access --group admin\n\n\
        Ends with 0 when the token is good, 1 when it is not, 2 when that cannot be told.")]
    Verify(Verify),
}

#[derive(clap::Args)]
pub(crate) struct Inspect {
    /// The token; better on standard input (nothing here, or -): arguments stay in the
    /// shell's history and show in the list of processes
    #[arg(value_name = "TOKEN|-")]
    pub(crate) token: Vec<String>,
    /// Print {"verified":false,"header":…,"claims":…}
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("whose").args(["pool", "issuer"]))]
pub(crate) struct Verify {
    /// The token; better on standard input (nothing here, or -): arguments stay in the
    /// shell's history and show in the list of processes
    #[arg(value_name = "TOKEN|-")]
    pub(crate) token: Vec<String>,
    /// Tokens of this user pool on AWS are good, not those of the configured one
    #[arg(long, value_name = "POOL_ID", requires = "client")]
    pub(crate) pool: Option<String>,
    /// Tokens of this issuer are good, exactly as it is spelt
    #[arg(long, value_name = "URL", requires = "client")]
    pub(crate) issuer: Option<String>,
    /// Signing keys: a saved key set, or where one is fetched [default: the issuer's]
    #[arg(long, value_name = "FILE|URL", requires = "whose")]
    pub(crate) jwks: Option<String>,
    /// An app client whose tokens are good; can be repeated
    #[arg(long, value_name = "ID", requires = "whose", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) client: Vec<String>,
    /// The kind that is wanted [default: either]
    #[arg(long = "use", value_name = "KIND")]
    pub(crate) token_use: Option<TokenUse>,
    /// A group that the user must be in; repeated: in all of them
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) group: Vec<String>,
    /// A scope that the access token must have; repeated: all of them
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(crate) scope: Vec<String>,
    /// By how much clocks may differ, up to 300
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=300))]
    pub(crate) leeway: u32,
    /// Verify as of this time, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(0..))]
    pub(crate) at: Option<i64>,
    /// Print the claims as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Read this file instead of cogward.toml
    #[arg(long, value_name = "FILE", conflicts_with = "whose")]
    pub(crate) config: Option<PathBuf>,
}

/// `token_use` in Cognito's tokens.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum TokenUse {
    /// ID tokens.
    Id,
    /// Access tokens.
    Access,
}

/// Flags by the name that the configuration knows them by.
pub(crate) type Flags = BTreeMap<&'static str, String>;

fn flags<const N: usize>(given: [(&'static str, Option<String>); N]) -> Flags {
    given
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

fn path(path: &Option<PathBuf>) -> Option<String> {
    path.as_ref()
        .map(|path| path.to_string_lossy().into_owned())
}

impl Dev {
    pub(crate) fn flags(&self) -> Flags {
        flags([
            ("port", self.port.map(|port| port.to_string())),
            ("pool-port", self.pool_port.map(|port| port.to_string())),
            ("data-dir", path(&self.data_dir)),
            ("issuer", self.issuer.clone()),
            ("tls", self.tls.then(|| "true".to_owned())),
            ("seed", path(&self.seed)),
        ])
    }
}

impl Serve {
    pub(crate) fn flags(&self) -> Flags {
        flags([
            ("port", self.port.map(|port| port.to_string())),
            ("host", self.host.clone()),
            ("data-dir", path(&self.data_dir)),
        ])
    }
}

impl Pool {
    pub(crate) fn flags(&self) -> Flags {
        flags([
            ("pool-port", self.port.map(|port| port.to_string())),
            ("data-dir", path(&self.data_dir)),
            ("issuer", self.issuer.clone()),
            ("tls", self.tls.then(|| "true".to_owned())),
            ("seed", path(&self.seed)),
        ])
    }
}
