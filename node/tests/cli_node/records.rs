//! What is published, shown, proven and withdrawn by the thousand.

use std::{fs, path::Path};

use serde_json::Value;

use crate::served::{ORGANISATION, Served, listings};

#[test]
fn thousands_are_published_once_shown_proven_and_withdrawn() {
    let node = Served::start("BVF");
    node.write("organisation.yaml", ORGANISATION);
    let organisation = node.ok(&["organisation", "publish", "organisation.yaml"]);
    let organisation = organisation[0]["id"].as_str().unwrap();
    node.write("listings.yaml", listings(organisation, 1_000));
    let first = node.ok(&["listing", "publish", "listings.yaml"]);
    let again = node.ok(&["listing", "publish", "listings.yaml"]);
    let hashes = |lines: &[Value]| -> Vec<String> {
        let mut hashes: Vec<_> =
            lines.iter().filter_map(|line| Some(line["record"]["hash"].as_str()?.to_owned())).collect();
        hashes.sort();
        hashes
    };
    assert_eq!(hashes(&first).len(), 1_000);
    assert_eq!(hashes(&first), hashes(&again), "a second run publishes nothing twice");

    let hash = first.iter().find_map(|line| line["record"]["hash"].as_str()).unwrap();
    let shown = node.ok(&["record", "show", hash]);
    let index = shown[0]["record"]["index"].as_u64().unwrap();
    assert_eq!((&shown[0]["record"]["hash"], &shown[0]["state"]), (&hash.into(), &"live".into()));
    assert!(shown[0]["content"]["title"].as_str().unwrap().starts_with("Reader "));
    node.ok(&["record", "export", hash, "--out", "record.tlog-proof"]);
    let proof = fs::read(node.path("record.tlog-proof")).unwrap();
    let policy = proof_policy(node.folder.path());
    let facts = node.ok(&["record", "verify", "record.tlog-proof", "--policy", &policy]);
    assert_eq!((facts[0]["hash"].as_str(), facts[0]["index"].as_u64()), (Some(hash), Some(index)));
    assert!(facts[0].to_string().contains(shown[0]["content"]["title"].as_str().unwrap()), "{}", facts[0]);
    for place in (0..proof.len()).step_by(proof.len() / 40) {
        let mut touched = proof.clone();
        touched[place] ^= 1;
        node.write("touched.tlog-proof", &touched);
        let output = node.run(&["record", "verify", "touched.tlog-proof", "--policy", &policy]);
        assert_eq!(output.status.code(), Some(1), "byte {place}");
    }
    let verified = node.ok(&["log", "verify"]);
    assert!(verified.iter().any(|line| line["size"] == 1_003), "{verified:?}");
    let log = node.ok(&["log", "show", "--start", &index.to_string(), "--limit", "1"]);
    assert!(log.iter().any(|line| line.to_string().contains(hash)), "{log:?}");
    node.ok(&["listing", "withdraw", first[0]["id"].as_str().unwrap()]);
    node.ok(&["views", "rebuild"]);
    let checked = node.ok(&["fsck"]);
    assert!(checked.iter().any(|line| line["entries"] == 1_004), "{checked:?}");
}

/// The policy that was written beside a proof.
fn proof_policy(folder: &Path) -> String {
    let is_policy =
        |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "policy");
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).find(is_policy);
    found.unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

/// Its line and field, for each fault.
fn places(report: &Value) -> Vec<(u64, String)> {
    let faults = report["faults"].as_array().unwrap().iter();
    faults
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["field"].as_str().unwrap().to_owned()))
        .collect()
}

#[test]
fn thousands_of_faults_come_in_one_report_and_the_others_can_go_on() {
    let node = Served::start("BVF");
    node.write("organisation.yaml", ORGANISATION);
    let organisation = node.ok(&["organisation", "publish", "organisation.yaml"]);
    let good = listings(organisation[0]["id"].as_str().unwrap(), 1);
    // Ten lines each; the fourth is the title, the seventh the roles.
    let mut expected = Vec::new();
    let one = |number: u64| match number % 30 {
        0 => good.clone(),
        place if place % 2 == 0 => {
            expected.push((number * 10 + 4, "titel".to_owned()));
            good.replacen("title", "titel", 1)
        }
        _ => {
            expected.push((number * 10 + 7, "roles[0].slots".to_owned()));
            good.replacen("slots: 2", "slots: many", 1)
        }
    };
    let faulty: String = (0..3_000).map(one).collect();
    node.write("listings.yaml", faulty);

    let report = node.refused(&["listing", "publish", "listings.yaml"]);
    assert_eq!(report["error"]["code"], "input.malformed");
    let told = places(&report);
    assert!(expected.len() == 2_900 && expected.iter().all(|place| told.contains(place)), "{:?}", &told[..9]);
    assert!(node.ok(&["listing", "list"]).is_empty(), "nothing was published");

    let output = node.run(&["listing", "publish", "listings.yaml", "--keep-going"]);
    assert_eq!(output.status.code(), Some(1), "some are left");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut printed: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(places(&printed.pop().unwrap()), told);
    assert_eq!(printed.len(), 100);
    assert!(printed.iter().all(|line| line["kind"] == "listing" && line["record"]["hash"].is_string()));
    assert_eq!(node.ok(&["listing", "list", "--limit", "0"]).len(), 100);
}

#[test]
fn what_the_node_refuses_is_told_at_its_line_too() {
    let node = Served::start("BVF");
    let one = |source: &str| {
        format!(
            "---\nlanguage: zh-CN\nsegments: [{{field: title, text: 标题, origin: human}}]\nsource: {source}\n"
        )
    };
    let unknown = ["ab".repeat(32), "cd".repeat(32)].map(|source| one(&source)).concat();
    node.write("translations.yaml", unknown);
    let report = node.refused(&["translation", "publish", "translations.yaml", "--keep-going"]);
    assert_eq!(places(&report), [(4, "source".to_owned()), (8, "source".to_owned())], "{report:#}");
    assert_eq!(
        (&report["faults"][1]["entry"], &report["faults"][1]["file"]),
        (&2.into(), &"translations.yaml".into())
    );
}
