//! Programs that share no code with the project: a reader of C2SP tiles and a gRPC
//! client made from the published `.proto` files alone.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use volbridge_tests::{Database, Partner, portal::Portal};

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("independent").join(name)
}

async fn run(mut command: Command) -> serde_json::Value {
    let output: Output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_reader_of_tiles_recomputes_each_root() {
    let (bvf, unv) =
        (Partner::start("BVF", Database::Sqlite).await, Partner::start("UNV", Database::Sqlite).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    let bvf = std::sync::Arc::new(bvf);
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..300 {
        let (bvf, organisation) = (bvf.clone(), organisation.clone());
        calls.spawn(async move { bvf.listing(&format!("Listing {number}"), &organisation).await });
    }
    calls.join_all().await;
    unv.follows(&bvf).await;
    // From a partner that only follows it, too.
    for reader in [&*bvf, &unv] {
        let portal = Portal::start(reader).await;
        let mut command = Command::new("python3");
        command.arg(script("read_log.py")).arg(portal.at(&format!("/log/{}/1", bvf.id)));
        let read = run(command).await;
        assert_eq!(read["size"], 303, "{read}");
        assert_eq!(read["entries"], 303, "{read}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_made_from_the_published_proto_files_lists_and_publishes() {
    let partner = Partner::start("BVF", Database::Sqlite).await;
    let python = tokio::task::spawn_blocking(grpcio).await.unwrap();
    let mut command = Command::new(python);
    let address = partner.node().api_addr().unwrap().to_string();
    command.arg(script("grpc_client.py")).arg(address).arg(partner.token_file());
    let done = run(command).await;
    assert_eq!(done["total"], 1, "{done}");
    let hash = (0..32)
        .map(|byte| u8::from_str_radix(&done["hash"].as_str().unwrap()[byte * 2..byte * 2 + 2], 16).unwrap());
    assert!(!partner.record(&hash.collect::<Vec<_>>()).await.body.is_empty());
}

/// A Python with grpcio, made once below the target folder.
fn grpcio() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let venv = folder.join("grpcio");
    let lock = File::create(folder.join("grpcio.lock")).unwrap();
    lock.lock().unwrap();
    let python = venv.join("bin/python");
    let ready = venv.join("ready");
    if !ready.exists() {
        let must = |command: &mut Command| assert!(command.status().unwrap().success(), "{command:?}");
        must(Command::new("python3").args(["-m", "venv"]).arg(&venv));
        must(
            Command::new(&python)
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
                .arg(script("requirements.txt")),
        );
        File::create(ready).unwrap();
    }
    python
}
