//! Everything that a node answers, to be compared with what another one answers (threats.md P8).

use volbridge_proto::wire::node::v1::{
    self as wire, conferences_client::ConferencesClient, organisations_client::OrganisationsClient,
    records_client::RecordsClient,
};

use crate::{Partner, Record, portal::Portal};

/// Until nobody has anything new to say: withdrawals that are owed and receipts follow on their own.
pub async fn all_follow(nodes: &[&Partner], authors: &[&Partner]) {
    let mut before = Vec::new();
    loop {
        for node in nodes {
            for author in authors.iter().filter(|author| author.id != node.id) {
                node.follows(author).await;
            }
        }
        let mut sizes = Vec::new();
        for author in authors {
            sizes.push(author.size().await);
        }
        if sizes == before {
            return;
        }
        before = sizes;
    }
}

/// Which checkpoint proves a record, and who cosigned it, is each node's own matter.
fn without_proof(provenance: &mut Option<wire::Provenance>) {
    if let Some(provenance) = provenance {
        (provenance.logged_at, provenance.checkpoint_size) = (0, 0);
        provenance.cosigners.clear();
    }
}

/// Everything that a node answers, as text.
pub async fn answers(node: &Partner, archive: &[Record]) -> Vec<String> {
    let mut answers = Vec::new();
    for mut view in node.listings().await {
        without_proof(&mut view.provenance);
        for text in &mut view.texts {
            without_proof(&mut text.provenance);
        }
        if let Some(organisation) = &mut view.organisation {
            without_proof(&mut organisation.provenance);
        }
        let texts = std::mem::take(&mut view.texts);
        answers.push(format!("{view:?}"));
        // The fields stand in a map of no order.
        for mut text in texts {
            let fields =
                std::mem::take(&mut text.fields).into_iter().collect::<std::collections::BTreeMap<_, _>>();
            answers.push(format!("{text:?} {fields:?}"));
        }
    }
    let request = wire::ListOrganisationsRequest { limit: 100, ..Default::default() };
    let organisations =
        OrganisationsClient::new(node.channel()).list(request).await.expect("a list").into_inner();
    for mut view in organisations.organisations {
        without_proof(&mut view.provenance);
        answers.push(format!("{view:?}"));
    }
    let request = wire::ListConferencesRequest { limit: 100, ..Default::default() };
    let conferences =
        ConferencesClient::new(node.channel()).list(request).await.expect("a list").into_inner();
    answers.extend(conferences.conferences.into_iter().map(|mut view| {
        without_proof(&mut view.provenance);
        format!("{view:?}")
    }));
    for record in archive {
        // As everybody sees it.
        let request = wire::GetRecordRequest { hash: record.hash.clone() };
        let mut found = RecordsClient::new(node.channel()).get(request).await.expect("a record").into_inner();
        without_proof(&mut found.provenance);
        answers.push(format!("{found:?}"));
    }
    answers
}

/// The first page of the REST API, with what each node proves in its own way left out.
pub async fn rest(node: &Partner) -> serde_json::Value {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let portal = Portal::start(node).await;
    let answer =
        reqwest::get(format!("{}/api/v1/listings?limit=100", portal.address)).await.expect("an answer");
    let mut json: serde_json::Value =
        serde_json::from_str(&answer.text().await.expect("its text").replace(&portal.address, ""))
            .expect("JSON");
    drop_keys(&mut json, &["checkpoint_size", "cosigners", "logged_at", "proof"]);
    json
}

fn drop_keys(json: &mut serde_json::Value, keys: &[&str]) {
    match json {
        serde_json::Value::Object(map) => {
            map.retain(|key, _| !keys.contains(&key.as_str()));
            map.values_mut().for_each(|value| drop_keys(value, keys));
        }
        serde_json::Value::Array(list) => list.iter_mut().for_each(|value| drop_keys(value, keys)),
        _ => {}
    }
}

/// The first difference instead of two walls of text.
pub fn same(found: &[String], expected: &[String], whose: &str) {
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    if let Some(place) = differs {
        assert_eq!(found[place], expected[place], "{whose}: answer {place}");
    }
    assert_eq!(found.len(), expected.len(), "{whose}");
}
