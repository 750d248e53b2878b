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
    let again = cogward(folder.path(), &args).output().unwrap();
    let said = text(&again.stderr);
    assert!(said.contains("hint: choose another with --port"), "{said}");
    pool.stop().await;
}
