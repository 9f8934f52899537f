use super::*;

fn in_file(text: &str) -> (tempfile::TempDir, Sources) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("volbridge.toml");
    std::fs::write(&file, text).unwrap();
    (folder, Sources { file: Some(file), ..Sources::default() })
}

fn problems(text: &str) -> Vec<(String, String, String)> {
    let (_folder, sources) = in_file(text);
    let error = Config::load(&sources).unwrap_err();
    let line = |place: &str| place.rsplit_once(':').map_or(String::new(), |(_, line)| line.to_owned());
    error.problems.into_iter().map(|p| (line(&p.place), p.key, p.why)).collect()
}

#[test]
fn the_defaults_are_complete_and_explained() {
    let config = Config::load(&Sources::default()).unwrap();
    assert_eq!(config.keys_dir(), Path::new("data/keys"));
    assert_eq!(config.database.options(&config.node.data_dir).unwrap().url, "data/node.db");
    let table: toml::Table = DEFAULT_TOML.parse().unwrap();
    for (section, keys) in &table {
        for key in keys.as_table().unwrap().keys() {
            let explanation = layer::explanation(&format!("{section}.{key}"));
            assert!(explanation.len() > 20, "{section}.{key}: {explanation}");
        }
    }
}

#[test]
fn later_sources_win() {
    let (_folder, mut sources) = in_file("[log]\ncheckpoint_interval_ms = 2000\n[gateway]\nlisten = \"\"\n");
    let config = Config::load(&sources).unwrap();
    assert_eq!((config.log.checkpoint_interval_ms, config.gateway.listen.as_str()), (2_000, ""));
    sources.environment = vec![
        ("VOLBRIDGE_LOG_CHECKPOINT_INTERVAL_MS".into(), "3000".into()),
        ("VOLBRIDGE_EXCHANGE_ENDPOINTS".into(), "[\"a.example:1\"]".into()),
        ("VOLBRIDGE_NODE_NAME".into(), "7".into()),
        ("VOLBRIDGE_TOKEN".into(), "not a setting".into()),
    ];
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.log.checkpoint_interval_ms, 3_000);
    assert_eq!((config.exchange.endpoints.len(), config.node.name.as_str()), (1, "7"));
    sources.arguments = vec![("log.checkpoint_interval_ms".into(), "4000".into())];
    assert_eq!(Config::load(&sources).unwrap().log.checkpoint_interval_ms, 4_000);
}

#[test]
fn every_wrong_key_is_named_with_its_line() {
    let text =
        "[exchange]\nlisten = 7443\nendpoint = []\n\n[database]\nreaders = 0\n[databse]\nurl = \"x\"\n";
    let found = problems(text);
    let places: Vec<_> = found.iter().map(|(line, key, _)| (line.as_str(), key.as_str())).collect();
    let expected =
        [("2", "exchange.listen"), ("3", "exchange.endpoint"), ("7", "databse"), ("6", "database.readers")];
    assert_eq!(places.len(), expected.len());
    assert!(expected.iter().all(|place| places.contains(place)), "{found:?}");
    let unknown = found.iter().find(|problem| problem.1 == "exchange.endpoint").unwrap();
    assert!(unknown.2.contains("endpoints"), "{unknown:?}");
}

#[test]
fn what_is_allowed_is_said() {
    let (_folder, mut sources) = in_file("");
    sources.arguments = vec![("blobs.largest_bytes".into(), "9".into()), ("nothing".into(), "1".into())];
    sources.environment = vec![("VOLBRIDGE_NODE_DEMO".into(), "maybe".into())];
    let error = Config::load(&sources).unwrap_err().to_string();
    assert!(error.contains("VOLBRIDGE_NODE_DEMO: node.demo: "), "{error}");
    assert!(
        error.contains("--set blobs.largest_bytes: blobs.largest_bytes: 9 is not from 1048576"),
        "{error}"
    );
    assert!(error.contains("The largest file, 1 MiB to 16 GiB"), "{error}");
    assert!(error.contains("there are accounts, api, blobs"), "{error}");
}

#[test]
fn a_file_that_is_no_toml_or_missing_is_named() {
    assert_eq!(problems("[node]\nname = \n")[0].0, "2");
    let sources = Sources { file: Some("/nowhere/volbridge.toml".into()), ..Sources::default() };
    assert!(Config::load(&sources).unwrap_err().to_string().starts_with("/nowhere/volbridge.toml: "));
}

#[test]
fn secrets_stand_in_files_only() {
    let found = problems("[database]\nurl = \"postgres://db/x\"\npassword = \"hunter2\"\n");
    assert!(found[0].2.contains("in a file") && !found[0].2.contains("hunter2"), "{found:?}");
    let (folder, mut sources) =
        in_file("[database]\nurl = \"postgres://u@db/x\"\npassword = { file = \"pw\" }\n");
    std::fs::write(folder.path().join("pw"), "p/w\n").unwrap();
    sources.arguments = vec![("node.data_dir".into(), folder.path().display().to_string())];
    let config = Config::load(&sources).unwrap();
    let options = config.database.options(&config.node.data_dir).unwrap();
    assert_eq!(options.password.unwrap().as_str(), "p/w");
}

#[test]
fn addresses_are_checked() {
    assert_eq!(problems("[exchange]\nendpoints = [\"a.example:1\", \"b\"]\n")[0].1, "exchange.endpoints");
    for url in ["ftp://x", "https://", "https://x/path", "https://u@x"] {
        assert_eq!(problems(&format!("[gateway]\npublic_url = \"{url}\"\n"))[0].1, "gateway.public_url");
    }
}

#[test]
fn a_trusted_proxy_is_an_address_or_a_network_and_never_everybody() {
    for proxy in ["", "proxy.example", "10.0.0.0/0", "10.0.0.0/33", "::/129", "127.0.0.1:80", "10.0.0.0/"] {
        let text = format!("[gateway]\ntrusted_proxies = [\"127.0.0.1\", \"{proxy}\"]\n");
        assert_eq!(problems(&text)[0].1, "gateway.trusted_proxies", "{proxy}");
    }
    let (_folder, sources) = in_file("[gateway]\ntrusted_proxies = [\"127.0.0.1\", \"2001:db8::/32\"]\n");
    let config = Config::load(&sources).unwrap();
    let expected: [(std::net::IpAddr, u8); 2] =
        [("127.0.0.1".parse().unwrap(), 32), ("2001:db8::".parse().unwrap(), 32)];
    assert_eq!(config.gateway.proxies(), expected);
    assert_eq!(problems("[gateway]\nrequest_burst = 0\n")[0].1, "gateway.request_burst");
}
