//! A material and its file, from the command line.

use std::{fs, path::Path};

use crate::served::Served;

#[test]
fn t37_a_material_is_published_with_its_file_read_back_and_withdrawn_with_it() {
    let node = Served::start("BVF");
    let conference = "language: en\nnames: [{language: en, text: Exchange}]\nstarts_on: 2027-12-05\nends_on: 2027-12-06\n\
         time_zone: Asia/Shanghai\n";
    node.write("conference.yaml", conference);
    let conference = node.ok(&["conference", "publish", "conference.yaml"]);
    let paper: Vec<u8> = (0..2_000_000_u32).flat_map(|number| number.to_be_bytes()).collect();
    node.write("paper.pdf", &paper);
    let material = format!(
        "language: en\nconference: {}\ntitle: A paper\nkind: paper\nlicence: CC-BY-4.0\nfile: paper.pdf\n",
        conference[0]["id"].as_str().unwrap()
    );
    node.write("material.yaml", &material);
    let published = node.ok(&["material", "publish", "material.yaml"]);
    let id = published[0]["id"].as_str().unwrap();
    let hash = blake3::hash(&paper).to_string();

    // A download that was interrupted goes on; one that is damaged begins again.
    node.write(&format!("{hash}.part"), &paper[..1_000_000]);
    let got = node.ok(&["blob", "get", &hash, "--out", "copy.pdf"]);
    assert_eq!(got[0]["size"], paper.len(), "{got:?}");
    assert!(fs::read(node.path("copy.pdf")).unwrap() == paper);
    node.write(&format!("{hash}.part"), vec![7; 1_000_000]);
    assert!(!node.run(&["blob", "get", &hash, "--out", "wrong.pdf"]).status.success());
    assert!(!node.path("wrong.pdf").exists());
    node.ok(&["blob", "get", &hash, "--out", "right.pdf"]);
    assert!(fs::read(node.path("right.pdf")).unwrap() == paper);

    node.ok(&["material", "withdraw", id]);
    assert!(!node.run(&["blob", "get", &hash, "--out", "gone.pdf"]).status.success());
    assert!(!node.path("gone.pdf").exists());
    // The files go right after the answer; a restart would take them at the latest.
    let blobs = node.path("data/blobs");
    let left = || walk(&blobs).into_iter().filter(|path| path.is_file()).count();
    // Each call takes some ten milliseconds.
    let gone = (0..200).any(|_| left() == 0 || node.ok(&["log", "verify"]).is_empty());
    assert!(gone, "{:?}", walk(&blobs));
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(folder) = found.get(next) {
        let entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().collect();
        found.extend(entries.into_iter().map(|entry| entry.path()));
        next += 1;
    }
    found
}
