//! Starts that must fail, and say what to do.

use crate::process::{Dev, Server, cogward, free_ports, run, text};

#[test]
fn the_local_pool_is_refused_in_production() {
    for command in ["dev", "pool"] {
        let output = run(&[command], &[("ENVIRONMENT", "production")]);
        assert_eq!(output.status.code(), Some(1), "{command}");
        let said = text(&output.stderr);
        assert!(said.contains("ENVIRONMENT"), "{said}");
        assert!(said.contains("use cogward serve\n"), "{said}");
        assert!(!said.contains("https"), "{said}");
    }
}

#[tokio::test]
async fn a_second_dev_finds_folder_and_ports_taken() {
    let dev = Dev::new();
    let _first = dev.start(&[]).await;
    let [port, pool_port] = free_ports::<2>().map(|port| port.to_string());
    let (taken, taken_pool) = (dev.port.to_string(), dev.pool_port.to_string());
    let second = |port: &str, pool_port: &str, folder: &str| {
        let args = [
            "dev",
            "--port",
            port,
            "--pool-port",
            pool_port,
            "--data-dir",
            folder,
        ];
        let output = cogward(dev.folder.path(), &args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        text(&output.stderr)
    };
    let said = second(&port, &pool_port, "data");
    assert!(said.contains("is in use by another process"), "{said}");
    assert!(said.contains("--data-dir"), "{said}");
    let said = second(&taken, &pool_port, "other");
    assert!(said.contains(&format!("127.0.0.1:{taken}")), "{said}");
    assert!(said.contains("--port"), "{said}");
    let said = second(&port, &taken_pool, "other");
    assert!(said.contains(&format!("127.0.0.1:{taken_pool}")), "{said}");
    assert!(said.contains("--pool-port"), "{said}");
}

/// A port that is taken is told in one form, whoever wanted it.
#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_flag_that_chooses_another() {
    let dev = Dev::new();
    let _first = dev.start(&[]).await;
    let [free] = free_ports();
    let refused = |args: &[&str]| {
        let output = cogward(dev.folder.path(), args).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        text(&output.stderr)
    };
    let (free, port, pool) = (
        &free.to_string(),
        &dev.port.to_string(),
        &dev.pool_port.to_string(),
    );
    let start = |port: &str, pool: &str| {
        refused(&[
            "dev",
            "--port",
            port,
            "--pool-port",
            pool,
            "--data-dir",
            "other",
        ])
    };
    let form = |port: &str, flag: &str| {
        format!(
            "error: cannot listen on 127.0.0.1:{port}\n  caused by: Address already in use \
             (os error 98)\n\nhint: choose another with {flag}\n"
        )
    };
    assert_eq!(start(free, pool), form(pool, "--pool-port"));
    assert_eq!(start(port, free), form(port, "--port or PORT"));
    let alone = refused(&["pool", "--port", pool, "--data-dir", "other"]);
    assert_eq!(alone, form(pool, "--port"));
}

/// Two pools would have keys, counters and faults of their own for the same users.
#[tokio::test]
async fn a_folder_has_one_pool_until_its_process_ends() {
    let dev = Dev::new();
    let mut first = dev.start(&[("SESSION_BACKEND", "memory")]).await;
    let [port, pool_port] = free_ports::<2>().map(|port| port.to_string());
    let ports = ["--port", &port, "--pool-port", &pool_port];
    for command in [
        [&["dev", "--data-dir", "data"], &ports[..]].concat(),
        ["pool", "--data-dir", "data", "--port", &pool_port].to_vec(),
    ] {
        let mut second = cogward(dev.folder.path(), &command);
        let output = second.env("SESSION_BACKEND", "memory").output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let said = text(&output.stderr);
        let told = "error: the data directory data is in use by another process\n\n\
                    hint: choose another with --data-dir or DATA_DIR\n";
        assert_eq!(said, told);
    }
    first.kill();
    dev.start(&[("SESSION_BACKEND", "memory")])
        .await
        .stop()
        .await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let output = cogward(folder.path(), &["dev", "--data-dir", "file/data"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("file/data"), "{said}");
    assert!(said.contains("--data-dir"), "{said}");
}

#[tokio::test]
async fn a_pool_alone_runs_where_no_server_does() {
    let folder = tempfile::tempdir().unwrap();
    let [port] = free_ports();
    let args = ["pool", "--port", &port.to_string(), "--data-dir", "pool"];
    let pool = Server::start(folder.path(), &args, &[], port, "/_local/health").await;
    let args = ["pool", "--port", &port.to_string(), "--data-dir", "other"];
    let again = cogward(folder.path(), &args).output().unwrap();
    let said = text(&again.stderr);
    assert!(said.contains("hint: choose another with --port"), "{said}");
    pool.stop().await;
}
