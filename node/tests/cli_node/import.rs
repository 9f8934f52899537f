//! Listings from a spreadsheet, as a volunteer centre keeps it.

use serde_json::Value;

use crate::served::{ORGANISATION, Served};

const HEADER: &str = "编号,项目名称（中文）,标题（英文）,摘要（中文）,介绍,国家,费用（中文）,联系方式,招募对象,领域,岗位,招募人数,内部备注\n";

fn row(number: &str, slots: &str) -> String {
    format!(
        "{number},支教{number},=Teaching {number},在乡村教书,每周授课,CN,无,\"a@b.example\r\n\",不限,education;animals,教师,{slots},x\n"
    )
}

fn hashes(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["record"]["hash"].as_str().unwrap()).collect()
}

#[test]
fn a_spreadsheet_is_checked_cell_by_cell_and_published_once() {
    let node = Served::start("BVF");
    node.write("organisation.yaml", ORGANISATION);
    let organisation = node.ok(&["organisation", "publish", "organisation.yaml"]);
    let organisation = organisation[0]["id"].as_str().unwrap();
    let good: String = (1..=20).map(|number| row(&number.to_string(), "3")).collect();
    node.write("listings.csv", format!("{HEADER}{good}{}{}", row("21", "many"), row("1", "3")));
    let import = |more: &[&'static str]| {
        let mut args =
            vec!["import", "listings.csv", "--organisation", organisation, "--map", "介绍=description_zh"];
        args.extend(["--map", "内部备注="]);
        args.extend(more);
        args
    };
    let report = node.refused(&import(&[]));
    let faults: Vec<_> = report["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            (
                fault["line"].as_u64().unwrap(),
                fault["field"].as_str().unwrap(),
                fault["code"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(faults, [(22, "招募人数", "field.invalid"), (23, "编号", "field.duplicate")], "{report}");
    assert!(node.ok(&["listing", "list"]).is_empty(), "nothing was published");

    node.write("listings.csv", format!("{HEADER}{good}"));
    let checked = node.ok(&import(&["--dry-run"]));
    assert_eq!((checked[0]["checked"].as_u64(), checked[0]["published"].as_u64()), (Some(20), Some(0)));
    assert!(node.ok(&["listing", "list"]).is_empty(), "nothing was published");

    let first = node.ok(&import(&[]));
    assert_eq!(
        (first.len(), &first[0]["reference"], &first[0]["translations"]),
        (20, &"1".into(), &1.into())
    );
    // After a break, with some more.
    node.write("listings.csv", format!("{HEADER}{good}{}", row("22", "1")));
    let again = node.ok(&import(&[]));
    assert_eq!(hashes(&first), hashes(&again)[..20], "a second run publishes nothing twice");
    assert_eq!(again.len(), 21);

    let shown = node.ok(&["listing", "show", first[4]["id"].as_str().unwrap()]);
    let text = shown[0].to_string();
    assert!(text.contains("支教5") && text.contains("=Teaching 5"), "{text}");
}

#[test]
fn a_file_of_another_kind_and_a_header_that_is_not_there_are_refused() {
    let node = Served::start("BVF");
    node.write("listings.pdf", "x");
    node.write("listings.csv", format!("{HEADER}{}", row("1", "1")));
    assert_eq!(node.run(&["import", "listings.pdf"]).status.code(), Some(2));
    assert_eq!(node.run(&["import", "listings.csv", "--map", "no such=title"]).status.code(), Some(2));
    let report = node.refused(&["import", "listings.csv"]);
    let fields: Vec<_> =
        report["faults"].as_array().unwrap().iter().filter_map(|fault| fault["field"].as_str()).collect();
    assert!(fields.contains(&"organisation") && fields.contains(&"description"), "{report}");
}
