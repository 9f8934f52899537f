//! The command line where it needs no node: input files, the configuration, proofs.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

fn volbridge(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_volbridge"))
        .args(args)
        .current_dir(folder)
        .env_remove("VOLBRIDGE_CONFIG")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.lines().count(), 1, "one document on stdout: {text}");
    serde_json::from_str(&text).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_malformed_file_gets_one_report_of_every_fault_and_nothing_is_published() {
    let folder = folder();
    let file = "titel: x\nhours_per_week: many\nroles:\n- slots: \"3\"\n---\ntitle: [\n---\ncountry: CN\n";
    fs::write(folder.path().join("bad.yaml"), file).unwrap();
    let output = volbridge(folder.path(), &["--json", "listing", "publish", "bad.yaml"]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    assert_eq!(report["error"]["code"], "input.malformed");
    let faults: Vec<(u64, &str, &str)> = report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            let text = |name: &str| fault[name].as_str().unwrap();
            (fault["line"].as_u64().unwrap(), text("field"), text("code"))
        })
        .collect();
    for expected in [
        (1, "titel", "field.unknown"),
        (1, "title", "field.required"),
        (2, "hours_per_week", "field.invalid"),
        (4, "roles[0].slots", "field.invalid"),
        (8, "country", "field.unknown"),
        (8, "title", "field.required"),
    ] {
        assert!(faults.contains(&expected), "{expected:?} in {faults:?}");
    }
    assert!(faults.iter().any(|(line, _, code)| (6..=7).contains(line) && *code == "input.malformed"));
    let text = stderr(&output);
    assert!(
        text.contains("bad.yaml:4:10: roles[0].slots: ") && text.contains("Nothing was published."),
        "{text}"
    );
}

#[test]
fn the_report_speaks_the_readers_language() {
    let folder = folder();
    fs::write(folder.path().join("bad.yaml"), "titel: x\n").unwrap();
    let output = volbridge(folder.path(), &["--lang", "zh-CN", "listing", "publish", "bad.yaml"]);
    let text = stderr(&output);
    assert!(text.contains("没有这个字段，是否指 title") && text.contains("没有发布任何内容"), "{text}");
}

/// A run in the environment of a reader with this locale.
fn in_locale(folder: &Path, locale: (&str, &str), args: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_volbridge"));
    for name in ["LC_ALL", "LC_MESSAGES", "LANG"] {
        command.env_remove(name);
    }
    let output = command.args(args).current_dir(folder).env(locale.0, locale.1).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
}

#[test]
fn help_and_errors_of_the_command_line_come_in_the_readers_language() {
    let folder = folder();
    let chinese = [("LC_ALL", "zh_CN.UTF-8"), ("LC_MESSAGES", "zh_CN"), ("LANG", "zh_TW.UTF-8")];
    for locale in chinese {
        let (code, help, _) = in_locale(folder.path(), locale, &["partner", "add", "--help"]);
        assert_eq!(code, Some(0));
        assert!(help.contains("接纳一家伙伴") && help.contains("用法：volbridge partner add"), "{help}");
        assert!(!help.contains("Usage") && !help.contains("Print help"), "{help}");
    }
    let (code, help, _) = in_locale(folder.path(), ("LANG", "de_DE.UTF-8"), &["partner", "add", "--help"]);
    assert!(code == Some(0) && help.contains("Admit a partner") && help.contains("Usage:"), "{help}");
    let (_, help, _) =
        in_locale(folder.path(), ("LANG", "C"), &["--lang", "zh-CN", "listing", "publish", "-h"]);
    assert!(help.contains("只读取并检查文件"), "{help}");

    for (args, told) in [
        (&["listing", "publsh"][..], "没有“publsh”这个命令"),
        (&["partner", "add", "--fingerprnt", "x"], "没有“--fingerprnt”这个参数"),
        (&["listing", "show", "x"], "的值“x”无效：应为编号（UUID）或记录的哈希"),
        (&["listing", "publish"], "缺少必需的参数：<FILE>"),
        (&["listing", "list", "--limit", "many"], "应为数字"),
        (&["partner", "show"], "缺少必需的参数"),
        (&["partner", "show", "x", "--self"], "同时使用"),
        (&["partner", "add"], "需要描述文件，或同时给出 --endpoint 和 --fingerprint"),
    ] {
        let (code, _, error) = in_locale(folder.path(), ("LC_ALL", "zh_CN.UTF-8"), args);
        assert_eq!(code, Some(2), "{args:?}");
        assert!(error.contains("错误：") && error.contains(told), "{args:?}: {error}");
        assert!(!error.contains("error:") && !error.contains("Usage"), "{error}");
        let (code, _, error) = in_locale(folder.path(), ("LC_ALL", "C.UTF-8"), args);
        assert!(code == Some(2) && error.contains("error: "), "{args:?}: {error}");
    }
}

#[test]
fn a_wrong_command_line_is_told_from_a_refusal() {
    let folder = folder();
    for args in [
        &["listing", "publsh"][..],
        &["listing", "show", "x"],
        &["record", "verify", "missing.tlog-proof"],
        &["--node", "nowhere", "partner", "list"],
        &["partner", "add"],
    ] {
        assert_eq!(volbridge(folder.path(), args).status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn without_a_node_a_command_says_so_and_what_to_do() {
    let folder = folder();
    let output = volbridge(folder.path(), &["--json", "--node", "127.0.0.1:1", "partner", "list"]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    assert_eq!(report["error"]["code"], "unavailable");
    assert!(report["error"]["message"].as_str().unwrap().contains("127.0.0.1:1"));
    assert!(report["error"]["hint"].as_str().unwrap().contains("volbridge serve"));
}

#[test]
fn config_check_names_every_wrong_setting_with_its_line() {
    let folder = folder();
    let config = "[node]\nname = 7\n\n[api]\nlisten = \"nowhere\"\nspeed = 1\n";
    fs::write(folder.path().join("volbridge.toml"), config).unwrap();
    let output = volbridge(folder.path(), &["--json", "config", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let report = json(&output);
    assert_eq!(report["ok"], false);
    let places: Vec<&str> = report["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| problem["place"].as_str().unwrap())
        .collect();
    for place in ["volbridge.toml:2", "volbridge.toml:5", "volbridge.toml:6"] {
        assert!(places.contains(&place), "{place} in {places:?}");
    }
    fs::write(folder.path().join("volbridge.toml"), "[node]\nname = \"x\"\n").unwrap();
    let output = volbridge(folder.path(), &["--json", "config", "check"]);
    assert_eq!((output.status.code(), &json(&output)["ok"]), (Some(0), &Value::Bool(true)));
}

/// The frozen proofs of `proto/vectors`, as a partner's node would export them.
fn vectors() -> (Value, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../proto/vectors/tlog-proof.json");
    let vectors: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let policy = vectors["shared"]["policy"].as_str().unwrap().to_owned();
    (vectors, policy)
}

fn verify(folder: &Path, proof: &[u8]) -> Output {
    fs::write(folder.join("p.tlog-proof"), proof).unwrap();
    volbridge(folder, &["--json", "record", "verify", "p.tlog-proof", "--policy", "p.policy"])
}

#[test]
fn verify_accepts_a_good_proof_and_refuses_the_bad_ones() {
    let folder = folder();
    let (vectors, policy) = vectors();
    fs::write(folder.path().join("p.policy"), policy).unwrap();
    for case in vectors["accepted"].as_array().unwrap() {
        let output = verify(folder.path(), case["file"].as_str().unwrap().as_bytes());
        assert_eq!(output.status.code(), Some(0), "{}: {}", case["name"], stderr(&output));
        let facts = json(&output);
        assert_eq!((&facts["hash"], &facts["index"]), (&case["id"], &case["index"]), "{}", case["name"]);
    }
    for case in vectors["refused"].as_array().unwrap() {
        let output = verify(folder.path(), case["file"].as_str().unwrap().as_bytes());
        assert_eq!(output.status.code(), Some(1), "{}", case["name"]);
        assert_eq!(json(&output)["error"]["code"], case["code"], "{}", case["name"]);
    }
}

#[test]
fn t01_verify_refuses_a_change_of_any_part_of_the_file() {
    let folder = folder();
    let (vectors, policy) = vectors();
    fs::write(folder.path().join("p.policy"), policy).unwrap();
    let file = vectors["accepted"][0]["file"].as_str().unwrap().as_bytes();
    // Every byte is tried in `proto`; here it is the program that is asked, so a sample does.
    for place in (0..file.len()).step_by(1 + file.len() / 40).chain([file.len() - 1]) {
        let mut changed = file.to_vec();
        changed[place] ^= 1;
        let output = verify(folder.path(), &changed);
        assert_eq!(output.status.code(), Some(1), "byte {place}");
        assert!(json(&output)["error"]["code"].is_string());
    }
}

#[test]
fn t06_evidence_of_a_fork_is_checked_offline_and_no_byte_of_it_can_change() {
    let folder = folder();
    let vectors: Value = serde_json::from_str(include_str!("../../proto/vectors/evidence.json")).unwrap();
    let vector = &vectors["accepted"][0];
    let file = vector["file"].as_str().unwrap();
    let check = |file: &str| {
        fs::write(folder.path().join("fork.txt"), file).unwrap();
        volbridge(folder.path(), &["--json", "log", "evidence", "--check", "fork.txt"])
    };
    let output = check(file);
    assert!(output.status.success(), "{}", stderr(&output));
    let fork = json(&output);
    assert_eq!((&fork["log"], &fork["sizes"]), (&vector["log"], &vector["sizes"]));
    for place in (0..file.len()).step_by(file.len() / 16) {
        let mut changed = file.as_bytes().to_vec();
        changed[place] ^= 1;
        let output = check(&String::from_utf8(changed).unwrap());
        assert!(!output.status.success(), "byte {place}");
    }
}
