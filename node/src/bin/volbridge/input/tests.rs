use std::path::PathBuf;

use super::*;

const GOOD: &str = "\
language: en
organisation: 01890a5d-ac96-774b-bcce-b302099a8057
title: Teach in the hills
summary: A term in a village school.
description: English and music for two classes.
place: {country: CN, region: CN-YN, city: Nujiang}
starts_on: 2026-09-01
ends_on: 2027-01-15
apply_by: 2026-07-01
hours_per_week: 20
roles:
- number: 1
  title: Teacher
  tasks: Two lessons a day.
  slots: 3
  skills: [teaching]
  languages: [{language: zh-CN, level: B1}]
  offer: {housing: true}
sdgs: [4]
how_to_apply: Write to us.
contact: post@example.org
costs: none
applicants: all
";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn read_text(name: &str, text: &str) -> Batch {
    let folder = folder();
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    read(Noun::Listing, &[path], &Options::default())
}

fn lines(batch: &Batch) -> Vec<(usize, Option<usize>, String, Code)> {
    let line =
        |fault: &Fault| (fault.place.line, fault.entry, fault.refusal.field.clone(), fault.refusal.code);
    batch.faults.iter().map(line).collect()
}

#[test]
fn a_good_entry_is_read_without_a_fault() {
    let batch = read_text("one.yaml", GOOD);
    assert_eq!(lines(&batch), []);
    assert_eq!((batch.entries.len(), batch.total), (1, 1));
}

#[test]
fn every_fault_of_every_entry_is_in_one_report_with_its_line() {
    let second = GOOD.replace("slots: 3", "slots: many").replace("language: en\n", "languge: en\n");
    let third =
        GOOD.replace("starts_on: 2026-09-01", "starts_on: September").replace("  title: Teacher\n", "");
    let fourth = "title: [\n";
    let batch = read_text("many.yaml", &format!("{GOOD}---\n{second}---\n{third}---\n{fourth}"));
    assert_eq!((batch.entries.len(), batch.total), (1, 3));
    let found = lines(&batch);
    let document = GOOD.lines().count() + 1;
    let place = |nth: usize, line: usize| document * nth + line;
    let has = |line: usize, entry: usize, field: &str, code: Code| {
        assert!(
            found.contains(&(line, Some(entry), field.to_owned(), code)),
            "{field} at {line} in {found:#?}"
        );
    };
    has(place(1, 1), 2, "languge", Code::FieldUnknown);
    has(place(1, 15), 2, "roles[0].slots", Code::FieldInvalid);
    has(place(2, 7), 3, "starts_on", Code::DateMalformed);
    has(place(2, 12), 3, "roles[0].title", Code::FieldRequired);
    assert!(
        found.iter().any(|(line, entry, _, code)| {
            *line >= place(3, 0) && entry.is_none() && *code == Code::InputMalformed
        }),
        "{found:#?}"
    );
    assert!(found.is_sorted_by_key(|(line, ..)| *line));
}

#[test]
fn a_list_documents_and_json_lines_give_the_same_entries() {
    let list = format!("- {}", GOOD.trim_end().replace('\n', "\n  "));
    let yaml = read_text("list.yaml", &list);
    assert_eq!(lines(&yaml), []);
    let json = r#"{"language":"en","organisation":"01890a5d-ac96-774b-bcce-b302099a8057","title":"Teach in the hills","summary":"A term in a village school.","description":"English and music for two classes.","place":{"country":"CN","region":"CN-YN","city":"Nujiang"},"starts_on":"2026-09-01","ends_on":"2027-01-15","apply_by":"2026-07-01","hours_per_week":20,"roles":[{"number":1,"title":"Teacher","tasks":"Two lessons a day.","slots":3,"skills":["teaching"],"languages":[{"language":"zh-CN","level":"B1"}],"offer":{"housing":true}}],"sdgs":[4],"how_to_apply":"Write to us.","contact":"post@example.org","costs":"none","applicants":"all"}"#;
    let two = read_text("two.jsonl", &format!("{json}\n{json}\n"));
    assert_eq!(lines(&two), []);
    assert_eq!(two.entries.len(), 2);
    assert_eq!(two.entries[0].request, yaml.entries[0].request);
    assert_eq!(two.entries[0].key, yaml.entries[0].key);
    assert_ne!(two.entries[0].key, two.entries[1].key, "the same entry twice is two records");
    let array = read_text("all.json", &format!("[{json},\n{json}]"));
    assert_eq!(array.entries.len(), 2);
}

#[test]
fn keys_follow_the_content_and_the_name_of_the_run() {
    let folder = folder();
    let path = folder.path().join("x.yaml");
    fs::write(&path, format!("{GOOD}---\n{}", GOOD.replace("slots: 3", "slots: 4"))).unwrap();
    let keys = |run: Option<&str>| -> Vec<String> {
        let options = Options { run: run.map(str::to_owned), ..Options::default() };
        read(Noun::Listing, std::slice::from_ref(&path), &options)
            .entries
            .into_iter()
            .map(|entry| entry.key)
            .collect()
    };
    assert_eq!(keys(None), keys(None));
    assert_ne!(keys(None)[0], keys(None)[1]);
    assert_ne!(keys(None), keys(Some("again")));
}

#[test]
fn a_number_is_no_text_in_json_and_may_be_one_in_yaml() {
    assert_eq!(lines(&read_text("a.yaml", &GOOD.replace("Teach in the hills", "2026"))), []);
    let batch = read_text("a.json", r#"{"title": 2026}"#);
    assert!(lines(&batch).contains(&(1, Some(1), "title".to_owned(), Code::FieldInvalid)));
}

#[test]
fn what_the_node_refuses_is_shown_at_its_line() {
    let batch = read_text("one.yaml", GOOD);
    let entry = &batch.entries[0];
    assert_eq!(entry.fault(Refusal::new(Code::FieldInvalid).at("roles[0].slots")).place.line, 15);
    assert_eq!(entry.fault(Refusal::new(Code::FieldInvalid).at("listing.title")).place.line, 3);
    assert_eq!(entry.fault(Refusal::new(Code::Unavailable)).place.line, 1);
}

#[test]
fn a_file_that_cannot_be_read_is_one_fault() {
    let missing = read(Noun::Listing, &[PathBuf::from("/no/such/file.yaml")], &Options::default());
    assert_eq!(missing.faults.len(), 1);
    for (name, text) in [("empty.yaml", ""), ("nothing.json", "null")] {
        assert_eq!(lines(&read_text(name, text)), [(1, None, String::new(), Code::InputMalformed)], "{name}");
    }
}

#[test]
fn a_materials_file_becomes_its_blob() {
    let folder = folder();
    fs::write(folder.path().join("slides.pdf"), b"%PDF-1.7\n").unwrap();
    let path = folder.path().join("m.yaml");
    let text =
        "language: en\ntitle: Slides\nkind: slides\nlicence: CC-BY-4.0\ndate: 2026-11-24\nfile: slides.pdf\n";
    fs::write(&path, text).unwrap();
    let batch = read(Noun::Material, std::slice::from_ref(&path), &Options::default());
    assert_eq!(lines(&batch), []);
    let blob = batch.entries[0].blob.as_ref().unwrap();
    assert_eq!((blob.size, blob.hash), (9, *blake3::hash(b"%PDF-1.7\n").as_bytes()));
    fs::write(&path, text.replace("slides.pdf", "missing.pdf")).unwrap();
    let batch = read(Noun::Material, &[path], &Options::default());
    assert_eq!(lines(&batch), [(6, Some(1), "file".to_owned(), Code::InputMalformed)]);
}
