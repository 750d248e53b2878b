//! The commands of the documentation, run.

use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::deployment::Deployment;
use crate::process::{Dev, Server, free_ports, sign_in, who};

#[tokio::test]
async fn the_page_about_the_local_pool_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/local-pool.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [port] = free_ports();
    let args = ["pool", "--port", &port.to_string(), "--data-dir", "pool"];
    let _pool = Server::start(folder.path(), &args, &[], port, "/_local/health").await;
    let here = |language: &str| blocks(&page, language).replace(":9229", &format!(":{port}"));
    let python = root.join(".test-tools/venv/bin/python");
    assert!(python.exists(), "boto3 is missing: run ./test");
    succeeds(Command::new(python).arg("-c").arg(here("python")));
    let output = in_folder(folder.path(), &format!("set -x\n{}", here("sh")));
    let said = String::from_utf8(output.stdout).unwrap();
    for part in [
        "CodeDeliveryDetails",
        "given_name",
        "\"refresh_rotation\":true",
        "{\"AuthenticationResult\"",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

/// As GitHub makes addresses of headings.
#[test]
fn the_contents_of_the_page_about_the_local_pool_are_complete() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/local-pool.md")).unwrap();
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let entries: Vec<_> = headings
        .map(|heading| {
            let kept = |c: &char| c.is_alphanumeric() || " -_".contains(*c);
            let slug: String = heading.to_lowercase().chars().filter(kept).collect();
            format!("[{heading}](#{})", slug.replace(' ', "-"))
        })
        .collect();
    let contents = page.split("\n\n").find(|part| part.starts_with("[Start]"));
    let found: Vec<_> = contents
        .unwrap()
        .split(['\n', '·'])
        .map(str::trim)
        .collect();
    let found: Vec<_> = found.into_iter().filter(|it| !it.is_empty()).collect();
    assert_eq!(found, entries);
}

#[tokio::test]
async fn the_tests_on_the_page_about_the_local_pool_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/local-pool.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pool.test.mjs"), blocks(&page, "js")).unwrap();
    let output = succeeds(&mut bash(folder.path(), "node --test pool.test.mjs"));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("# pass 2") || said.contains("pass 2"),
        "{said}"
    );

    let python = root.join(".test-tools/venv/bin/python");
    assert!(python.exists(), "boto3 is missing: run ./test");
    std::fs::write(folder.path().join("test_pool.py"), blocks(&page, "py")).unwrap();
    std::fs::write(folder.path().join("run.py"), FIXTURES).unwrap();
    succeeds(&mut bash(
        folder.path(),
        &format!("{} run.py", python.display()),
    ));
}

/// What pytest does with the fixtures on the page, for machines without it.
const FIXTURES: &str = r#"
import inspect, pathlib, sys, tempfile, types

class Folders:
    def mktemp(self, name):
        return pathlib.Path(tempfile.mkdtemp(prefix=name, dir="."))

def fixture(function=None, **_):
    def named(function):
        function.is_fixture = True
        return function
    return named(function) if function else named

sys.modules["pytest"] = types.SimpleNamespace(fixture=fixture)
import test_pool

made, ends = {"tmp_path_factory": Folders()}, []

def value(name):
    if name not in made:
        function = getattr(test_pool, name)
        assert function.is_fixture
        result = function(*map(value, inspect.signature(function).parameters))
        if inspect.isgenerator(result):
            ends.append(result)
            result = next(result)
        made[name] = result
    return made[name]

try:
    tests = [function for name, function in vars(test_pool).items() if name.startswith("test_")]
    for test in tests:
        test(*map(value, inspect.signature(test).parameters))
    assert len(tests) == 1
finally:
    for end in reversed(ends):
        next(end, None)
"#;

#[tokio::test]
async fn the_pools_seed_file_is_one() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/local-pool.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("pool.toml");
    std::fs::write(&seed, blocks(&page, "toml")).unwrap();
    let [port] = free_ports();
    let port = port.to_string();
    let args = [
        "pool",
        "--port",
        &port,
        "--data-dir",
        "pool",
        "--seed",
        "pool.toml",
    ];
    let pool = Server::start(
        folder.path(),
        &args,
        &[],
        port.parse().unwrap(),
        "/_local/health",
    )
    .await;
    let script = format!(
        "curl -fsS http://localhost:{port}/ -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' -d \
         '{{\"ClientId\":\"web\",\"AuthFlow\":\"USER_PASSWORD_AUTH\",\"AuthParameters\":{{\"USERNAME\":\"ada@example.com\",\"PASSWORD\":\"Passw0rd!\"}}}}'\n\
         curl -fsS http://localhost:{port}/_local/export"
    );
    let said = String::from_utf8(succeeds(&mut bash(folder.path(), &script)).stdout).unwrap();
    assert!(
        said.contains("\"ExpiresIn\":300") && said.contains("5f0c2d1e-8a7b"),
        "{said}"
    );
    drop(pool);

    let bad = blocks(&page, "toml").replace("precedence", "precedense");
    let line = bad
        .lines()
        .position(|line| line.contains("precedense"))
        .unwrap()
        + 1;
    std::fs::write(&seed, bad).unwrap();
    let output = bash(folder.path(), &format!("cogward {}", args.join(" ")))
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&format!(
            "pool.toml, line {line}: unknown field `precedense`"
        )),
        "{said}"
    );
    assert!(
        said.contains("\nhint: ") && !output.status.success(),
        "{said}"
    );
}

#[tokio::test]
async fn the_page_about_tokens_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/tokens.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [port] = free_ports();
    let args = ["pool", "--port", &port.to_string(), "--data-dir", "pool"];
    let _pool = Server::start(folder.path(), &args, &[], port, "/_local/health").await;
    let pool = format!("http://localhost:{port}");
    let config = format!(
        "[cognito]\nuser_pool_id = \"us-east-1_Cogward01\"\n\
         client_id = \"cogwardlocalpublicclient01\"\n\
         domain = \"{pool}\"\nendpoint = \"{pool}\"\n\
         [session]\nsecret = \"kept-from-everyone-0123456789-abcdef\"\n"
    );
    std::fs::write(folder.path().join("cogward.toml"), config).unwrap();
    let here = |script: &str| bash(folder.path(), script);
    let script = blocks(&page, "sh").replace(":9229", &format!(":{port}"));
    let said = String::from_utf8(succeeds(&mut here(&script)).stdout).unwrap();
    let verified = said.matches("\nverified: an access token").count();
    assert_eq!(verified, 3, "{said}");
    assert!(said.contains("\"token_use\":\"id\""), "{said}");
    // What the page shows, as far as it is always the same.
    for line in blocks(&page, "text").lines().take(6) {
        assert!(said.contains(line), "{line}: {said}");
    }
    let expired = here("cogward token verify --at 4000000000 < token").output();
    let said = String::from_utf8(expired.unwrap().stderr).unwrap();
    let (error, hint) = said.split_once("\n\nhint: ").unwrap();
    let error = error.split_once(" is ").unwrap().0;
    assert!(page.contains(error) && page.contains(hint), "{said}");
}

#[tokio::test]
async fn the_page_about_accounts_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/accounts.md")).unwrap();
    let dev = Dev::new();
    let _server = dev.start(&[]).await;
    let script = blocks(&page, "sh")
        .replace(":9229", &format!(":{}", dev.pool_port))
        .replace(":3001", &format!(":{}", dev.port));
    let folder = tempfile::tempdir().unwrap();
    let said = String::from_utf8(succeeds(&mut bash(folder.path(), &script)).stdout).unwrap();
    for part in [
        "{\"message\":\"OTP sent\"}\n{\"message\":\"Signup complete\"}\n{\"success\":true}",
        "\"authenticated\":true",
        "{\"message\":\"Password reset complete\"}\n{\"access_token\":\"e",
        "{\"challenge\":\"NEW_PASSWORD_REQUIRED\"\n{\"success\":true}",
        "grace@example.com",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[tokio::test]
async fn the_readme_tells_the_truth_about_bearer_tokens() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, section) = page
        .split_once("## Call your API with a bearer token")
        .unwrap();
    let section = section.split("\n## ").next().unwrap();
    let dev = Dev::new();
    let _server = dev.start(&[]).await;
    let script = blocks(section, "sh")
        .replace(":9229", &format!(":{}", dev.pool_port))
        .replace(":3001", &format!(":{}", dev.port));
    let start = "set -euo pipefail";
    let output = succeeds(Command::new("bash").args(["-c", &format!("{start}\n{script}")]));
    let said = String::from_utf8(output.stdout).unwrap();
    let shown = blocks(section, "json");
    // The rest is another one with every pool.
    let (message, id) = shown.split_once("\"user_id\":\"").unwrap();
    assert!(said.starts_with(message), "{said}");
    assert_eq!(
        said.len(),
        message.len() + "\"user_id\":\"".len() + id.trim_end().len()
    );
}

#[tokio::test]
async fn the_readme_tells_the_truth_about_own_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, section) = page
        .split_once("## Sign up and in on your own pages")
        .unwrap();
    let section = section.split("\n## ").next().unwrap();
    let dev = Dev::new();
    let _server = dev.start(&[]).await;
    let script = blocks(section, "sh").replace(":3001", &format!(":{}", dev.port));
    let folder = tempfile::tempdir().unwrap();
    let said = String::from_utf8(succeeds(&mut bash(folder.path(), &script)).stdout).unwrap();
    assert!(
        said.starts_with("{\"success\":true}{\"authenticated\":true"),
        "{said}"
    );
    assert!(section.contains("/signup"));
}

/// Every step is taken with somebody signed in, who stays so for as long as the page says.
#[tokio::test]
async fn the_page_about_keys_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/keys.md")).unwrap();
    let deployment = Deployment::new().await;
    let folder = deployment.folder.path();
    let run = |script: &str| in_folder(folder, script);
    let steps = each_block(&page, "sh");
    let [first, front, drop, behind, before] = steps[..] else {
        panic!("other steps than those that are known here");
    };
    run(first);
    let env = [("SESSION_SECRET_FILE", "session-secret")];
    let server = deployment.serve(&env).await;
    let mut signed_in = server.browser();
    sign_in(&mut signed_in, "user@example.com").await;
    let changed = "session keys changed";
    // One server: the new one in front, then alone.
    run(front);
    server.logged_times(changed, 1).await;
    assert!(who(&mut signed_in).await.is_some());
    run(drop);
    server.logged_times(changed, 2).await;
    assert_eq!(who(&mut signed_in).await, None);
    // Many: behind the old one, in front of it, alone.
    sign_in(&mut signed_in, "user@example.com").await;
    for (step, times) in [(behind, 3), (before, 4)] {
        run(step);
        server.logged_times(changed, times).await;
        assert!(who(&mut signed_in).await.is_some());
    }
    run(drop);
    server.logged_times(changed, 5).await;
    assert_eq!(who(&mut signed_in).await, None);
    // The line that the page shows.
    std::fs::write(folder.join("session-secret"), "").unwrap();
    server.logged("the file is empty").await;
    let log = server.log();
    let line = log.lines().find(|line| line.contains("the file is empty"));
    let line = line.unwrap().split_once("ERROR ").unwrap().1;
    assert!(page.contains(line), "{line}");
}

#[tokio::test]
async fn the_page_about_stores_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/stores.md")).unwrap();
    let least = "[cognito]\nuser_pool_id = \"us-east-1_Cogward01\"\nclient_id = \"client\"\n\
                 domain = \"auth.example.com\"\n";
    for settings in each_block(&page, "toml") {
        let secret = "secret = \"kept-from-everyone-0123456789-abcdef\"\n";
        let folder = tempfile::tempdir().unwrap();
        let text = format!("{least}{settings}{secret}");
        std::fs::write(folder.path().join("cogward.toml"), text).unwrap();
        in_folder(folder.path(), "cogward config check");
    }
    let dev = Dev::new();
    let server = dev.start(&[]).await;
    let mut browser = server.browser();
    sign_in(&mut browser, "user@example.com").await;
    let profile = browser.get("/api/v1/auth/check").await.json();
    let sub = profile["user"]["id"].as_str().unwrap();
    let script = blocks(&page, "sh").replace(".cogward", "data");
    in_folder(dev.folder.path(), &format!("SUB={sub}\n{script}"));
    assert_eq!(who(&mut browser).await, None);
}

#[tokio::test]
async fn the_page_about_policies_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/policies.md")).unwrap();
    let dev = Dev::new();
    let _server = dev.start(&[]).await;
    let folder = files_of_policies(&page, dev.port);
    let script = blocks(&page, "sh")
        .replace(":9229", &format!(":{}", dev.pool_port))
        .replace(":3001", &format!(":{}", dev.port))
        // Asked of those that are built in.
        .replace("explain --action", "explain --config /dev/null --action");
    let more = "cogward policy check\ncogward policy test cases.toml --folder current\n\
                TOKEN=$token node page.mjs";
    let script = format!("set +e\n{script}\n{more}");
    let output = bash(folder.path(), &script).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    let said = String::from_utf8(output.stdout).unwrap();
    let [asked, tested, fault, explained] = each_block(&page, "text")[..] else {
        panic!("other outputs than those that are known here");
    };
    for part in [asked, tested, explained] {
        for line in part.lines() {
            assert!(said.contains(line), "{line}: {said}");
        }
    }
    let end = "3 cases: 3 ok\nfalse Forbidden by policy\n";
    assert!(said.ends_with(end), "{said}");
    let good = said.matches("2 policies, 3 actions: good\n").count();
    assert_eq!(good, 3, "{said}");
    let wrong = folder.path().join("wrong");
    let mut check = bash(&wrong, "cogward policy check policies");
    let told = check.output().unwrap().stderr;
    assert_eq!(String::from_utf8(told).unwrap(), fault);
}

#[tokio::test]
async fn the_page_about_contexts_tells_the_truth() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/context.md")).unwrap();
    let dev = Dev::new();
    let [port] = free_ports();
    let service = dev.folder.path().join("iam.py");
    std::fs::write(&service, blocks(&page, "python")).unwrap();
    let mut iam = Command::new("python3");
    let mut iam = iam.arg(&service).arg(port.to_string()).spawn().unwrap();
    let url = format!("http://localhost:{port}");
    let env = [
        ("COGWARD_CONTEXT_URL", url.as_str()),
        ("COGWARD_CONTEXT_NAMES", "recipes,products"),
    ];
    assert!(blocks(&page, "console").contains("COGWARD_CONTEXT_NAMES=recipes,products"));
    let server = dev.start(&env).await;
    server.logged("who tells who people are").await;
    // It is a script's service, and takes its time to listen.
    let awaited = format!(
        "curl -s --retry 50 --retry-connrefused --retry-delay 1 -o /dev/null {url}/internal/users/x?context=recipes\n"
    );
    let script = blocks(&page, "sh")
        .replace(":9229", &format!(":{}", dev.pool_port))
        .replace(":3001", &format!(":{}", dev.port))
        .replace("--data-dir .cogward", "--data-dir data");
    let output = in_folder(dev.folder.path(), &(awaited + &script));
    iam.kill().unwrap();
    iam.wait().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let shown = blocks(&page, "json");
    for part in shown.trim().split('…') {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(said.ends_with("*/* is asked for anew\n"), "{said}");
}

/// What the page has of files, in a folder; its page in JavaScript asks with `$TOKEN`.
fn files_of_policies(page: &str, port: u16) -> TempDir {
    let toml = each_block(page, "toml");
    let json = each_block(page, "json");
    let json = json.iter().find(|it| it.starts_with("{\n  \"App\""));
    let (schema, policies) = (blocks(page, "cedarschema"), blocks(page, "cedar"));
    let wrong = policies.replace("\"write:content\"", "\"wriet:content\"");
    let script = format!(
        "const plain = fetch, authorization = `Bearer ${{process.env.TOKEN}}`;\n\
         globalThis.fetch = (path, it) => plain(`http://localhost:{port}${{path}}`,\n    \
             {{ ...it, headers: {{ ...it.headers, authorization }} }});\n\
         {}\nconsole.log(authorized, reason);\n",
        blocks(page, "js")
    );
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [
        ("policies/own.cedarschema", schema.as_str()),
        ("policies/editors.cedar", &policies),
        ("next/own.cedarschema.json", json.unwrap()),
        ("next/editors.cedar", &policies),
        ("wrong/policies/own.cedarschema", &schema),
        ("wrong/policies/editors.cedar", &wrong),
        ("cases.toml", toml[0]),
        ("cogward.toml", &toml[1].replace("/etc/cogward/", "")),
        ("page.mjs", &script),
    ] {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// Runs a script that has `cogward` at hand.
fn in_folder(folder: &Path, script: &str) -> Output {
    succeeds(&mut bash(folder, script))
}

fn bash(folder: &Path, script: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_cogward")).parent().unwrap();
    let start = format!("set -euo pipefail\nPATH={}:$PATH", binary.display());
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("{start}\n{script}")]);
    bash.current_dir(folder);
    bash
}

/// All fenced blocks of a language, in order, as one text.
fn blocks(page: &str, language: &str) -> String {
    each_block(page, language).join("\n")
}

fn each_block<'p>(page: &'p str, language: &str) -> Vec<&'p str> {
    let fence = format!("```{language}\n");
    let found: Vec<&str> = page
        .split(&fence)
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(!found.is_empty(), "no {language} on the page");
    found
}

fn succeeds(command: &mut Command) -> Output {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    output
}
