//! Agreements and profiles between two nodes: published, listed, shown, withdrawn.

use serde_json::Value;

use crate::served::Served;

fn agreement(one: &Served, other: &Served) -> String {
    let mut parties = [one.id(), other.id()];
    parties.sort();
    format!(
        "parties: [{}, {}]\npurposes: [placement]\ncategories: [contact, profile]\nlegal_basis: consent\n\
         retention_days: 365\nstarts_on: 2026-01-01\nends_on: 2096-12-31\nlanguage: en\ntext: |\n  We exchange profiles.\n",
        parties[0], parties[1]
    )
}

fn profile(host: &Served) -> String {
    format!(
        "language: zh-CN\nname: 王一\nlatin_name: Wang Yi\nbirth_year: 1999\ncontact: wang@people.example\n\
         recipient: {}\npurpose: placement\nconsent:\n  categories: [contact, profile]\n  notice_language: zh-CN\n  \
         notice: 您的档案将交给接待方。\n  given_by: attested\n  given_at: 2026-11-01T00:00:00Z\n  \
         expires_at: 2096-11-01T00:00:00Z\n  how_to_withdraw: 请告知我们\n",
        host.id()
    )
}

fn one(lines: &[Value]) -> &Value {
    assert_eq!(lines.len(), 1, "{lines:?}");
    &lines[0]
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {value:#}"))
}

#[test]
fn a_profile_goes_to_one_host_under_an_agreement_and_ends_with_it() {
    let (bvf, unv) = (Served::start("BVF"), Served::start("UNV"));
    bvf.add(&unv);
    unv.add(&bvf);
    // A profile is sealed with a key that the host's log names.
    bvf.until(&["partner", "list"], |partners| {
        partners.iter().all(|partner| partner["log"]["size"].as_u64() > Some(0))
    });
    bvf.write("profile.yaml", profile(&unv));
    let terms = agreement(&bvf, &unv);

    // Without an agreement nothing leaves.
    let report = bvf.refused(&["profile", "publish", "profile.yaml"]);
    assert_eq!(report["faults"][0]["code"], "agreement.none", "{report:#}");
    assert!(text(&report, "/faults/0/message").len() > 5);

    let mut halves = Vec::new();
    for node in [&bvf, &unv] {
        node.write("agreement.yaml", &terms);
        halves.push(text(one(&node.ok(&["agreement", "publish", "agreement.yaml"])), "/id").to_owned());
    }
    for node in [&bvf, &unv] {
        let listed = node.until(&["agreement", "list"], |listed| {
            listed.len() == 2 && listed.iter().all(|half| half["in_force"] == true)
        });
        assert_eq!(listed[0]["terms"]["purposes"][0], "placement");
        let shown = node.ok(&["agreement", "show", &halves[0]]);
        assert_eq!(text(one(&shown), "/partner/id"), bvf.id());
        assert_eq!(text(one(&shown), "/other/id"), unv.id());
        assert_eq!(text(one(&shown), "/terms/text").trim(), "We exchange profiles.");
    }

    let published = bvf.ok(&["profile", "publish", "profile.yaml"]);
    let (id, hash) = (text(one(&published), "/id"), text(one(&published), "/hash"));
    assert_ne!(text(one(&published), "/consent/record/hash"), hash);
    let again = bvf.ok(&["profile", "publish", "profile.yaml"]);
    assert_eq!(text(one(&again), "/hash"), hash, "a second run seals nothing twice");

    let listed = unv.until(&["profile", "list"], |listed| !listed.is_empty());
    assert_eq!((text(one(&listed), "/id"), text(one(&listed), "/home/id")), (id, bvf.id().as_str()));
    assert!(!format!("{listed:?}").contains("王一"), "a list opens nothing");
    let unsaid = unv.run(&["profile", "show", id]);
    assert_eq!(unsaid.status.code(), Some(2), "without a purpose nothing is opened");
    for target in [id, hash] {
        let shown = unv.ok(&["profile", "show", target, "--purpose", "placement"]);
        assert_eq!(text(one(&shown), "/profile/name"), "王一");
        assert_eq!(one(&shown)["profile"]["birth_year"], 1999);
    }

    let withdrawn = bvf.ok(&["profile", "withdraw", id]);
    assert!(one(&withdrawn)["record"]["index"].is_u64());
    unv.until(&["profile", "list"], <[Value]>::is_empty);
    let report = unv.refused(&["profile", "show", hash, "--purpose", "placement"]);
    assert_eq!(report["error"]["code"], "not_found");
    assert!(text(&report, "/error/hint").contains("list"));

    let ended = unv.ok(&["agreement", "withdraw", &halves[1], "--reason", "superseded by another"]);
    assert_eq!(one(&ended)["ended"], true);
    for node in [&bvf, &unv] {
        node.until(&["agreement", "list"], |listed| listed.iter().all(|half| half["in_force"] == false));
    }
    let report = bvf.refused(&["profile", "publish", "profile.yaml", "--run", "2"]);
    assert_eq!(report["faults"][0]["code"], "agreement.ended", "{report:#}");
}

#[test]
fn agreements_that_break_rules_are_told_with_line_and_field() {
    let node = Served::start("BVF");
    let good = "categories: [profile]\nlegal_basis: consent\nretention_days: 365\nstarts_on: 2026-01-01\nlanguage: en\ntext: x\n";
    node.write(
        "agreement.yaml",
        format!("purposes: [placement]\nends_on: 2025-01-01\nparties: [{}]\n{good}", node.id()),
    );
    let report = node.refused(&["agreement", "publish", "agreement.yaml"]);
    let faults: Vec<(u64, &str)> = report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["field"].as_str().unwrap()))
        .collect();
    assert!(faults.contains(&(2, "ends_on")) && faults.contains(&(3, "parties")), "{report:#}");
    assert!(node.ok(&["agreement", "list"]).is_empty());
    let report = node.refused(&["agreement", "withdraw", "01890000-0000-7000-8000-000000000000"]);
    assert_eq!(report["error"]["code"], "not_found");
}
