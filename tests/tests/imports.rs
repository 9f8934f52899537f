//! Listings from a file by REST: a program brings it, mends what isn't understood, has it published, and brings it again.
#![expect(clippy::unwrap_used, reason = "tests")]

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use rstest::rstest;
use serde_json::{Value, json};
use volbridge_proto::SubjectId;
use volbridge_tests::{Database, Partner, partner::PATIENCE, portal::Portal};

const HEADER: &str = "编号,标题（中文）,标题（英文）,摘要,介绍,国家,费用,联系方式,招募对象,岗位,招募人数\n";

fn table(rows: usize) -> String {
    let row = |number: usize| {
        let slots = if number == 2 { "=很多" } else { "3" };
        format!("{number},伴读{number},Reading {number},阅读,每周,CN,无,a@b.example,不限,伴读,{slots}\n")
    };
    HEADER.to_owned() + &(1..=rows).map(row).collect::<String>()
}

struct Program {
    http: Client,
    portal: Portal,
    token: String,
}

impl Program {
    async fn of(partner: &Partner) -> Self {
        // The client wants one, also where nothing is encrypted; a second one is refused and does no harm.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self { http: Client::new(), portal: Portal::start(partner).await, token: partner.token() }
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.portal.at(path)).bearer_auth(&self.token)
    }

    async fn json(&self, request: RequestBuilder, status: StatusCode) -> Value {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status);
        answer.json().await.unwrap()
    }

    async fn bring(&self, organisation: &str, text: String) -> Value {
        let path = format!("/api/v1/imports?name=listings.csv&language=zh-CN&organisation={organisation}");
        self.json(self.ask(Method::POST, &path).body(text), StatusCode::ACCEPTED).await
    }

    async fn in_state(&self, id: &str, state: &str) -> Value {
        let path = format!("/api/v1/imports/{id}");
        let seen = async {
            loop {
                let import = self.json(self.ask(Method::GET, &path), StatusCode::OK).await;
                if import["state"] == state {
                    return import;
                }
            }
        };
        tokio::time::timeout(PATIENCE, seen).await.unwrap()
    }
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_brings_a_file_and_publishes_it(#[case] database: Database) {
    let bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await.subject;
    let organisation = SubjectId::try_from(organisation.as_slice()).unwrap().to_string();
    let program = Program::of(&bvf).await;

    let import = program.bring(&organisation, table(5)).await;
    let id = import["id"].as_str().unwrap().to_owned();
    let import = program.in_state(&id, "ready").await;
    assert_eq!((&import["total"], &import["good"]), (&json!(5), &json!(0)), "{import}");
    let header = json!({ "header": "介绍", "column": "", "examples": ["每周"] });
    assert!(import["columns"].as_array().unwrap().contains(&header), "{import}");

    let said =
        json!({ "organisation": organisation, "language": "zh-CN", "columns": { "介绍": "description" } });
    let path = format!("/api/v1/imports/{id}");
    program.json(program.ask(Method::PUT, &path).json(&said), StatusCode::ACCEPTED).await;
    let import = program.in_state(&id, "ready").await;
    assert_eq!((&import["good"], &import["faulty"]), (&json!(4), &json!(1)), "{import}");
    let faults = program.json(program.ask(Method::GET, &format!("{path}/faults")), StatusCode::OK).await;
    let fault = &faults["items"][0];
    assert_eq!(
        (&fault["row"], &fault["column"], &fault["code"]),
        (&json!(3), &json!("招募人数"), &json!("field.invalid"))
    );
    let table_of = program.ask(Method::GET, &format!("{path}/faults.csv")).send().await.unwrap();
    assert_eq!(table_of.headers()["cache-control"], "private, no-cache");
    let text = table_of.text().await.unwrap();
    assert!(text.starts_with("\u{feff}\"Row\"") && text.contains("\"招募人数\",\"'=很多\""), "{text}");

    program.json(program.ask(Method::POST, &format!("{path}/start")), StatusCode::ACCEPTED).await;
    let done = program.in_state(&id, "done").await;
    assert_eq!((&done["published"], &done["done"]), (&json!(4), &json!(5)));
    let listings =
        program.json(program.ask(Method::GET, &format!("{path}/listings?limit=3")), StatusCode::OK).await;
    assert_eq!(listings["items"].as_array().unwrap().len(), 3);
    assert!(listings["next_cursor"].is_string());
    assert_eq!(bvf.listings().await.len(), 4);

    let ended = program.ask(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    let gone = program.json(program.ask(Method::GET, &path), StatusCode::NOT_FOUND).await;
    assert_eq!(gone["code"], "not_found");
    assert_eq!(bvf.listings().await.len(), 4, "what was published stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_says_why_as_a_problem() {
    let bvf = Partner::start("BVF", Database::Sqlite).await;
    let program = Program::of(&bvf).await;
    let nobody = program.http.post(program.portal.at("/api/v1/imports?name=a.csv")).body("x");
    let problem = program.json(nobody, StatusCode::UNAUTHORIZED).await;
    assert_eq!(problem["code"], "unauthenticated");
    for (path, field) in [
        ("/api/v1/imports?name=a.pdf", "setting.format"),
        ("/api/v1/imports?name=a.csv&language=x%20y", "setting.language"),
    ] {
        let answer = program.ask(Method::POST, path).body("x").send().await.unwrap();
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["field"], field, "{problem}");
    }
    let large = vec![b'x'; (64 << 20) + 1];
    let large = program.ask(Method::POST, "/api/v1/imports?name=a.csv").body(large).send().await;
    // The portal may close before all of it was sent.
    assert!(large.is_err() || large.is_ok_and(|answer| answer.status() == StatusCode::PAYLOAD_TOO_LARGE));
}

#[rstest]
#[case::sqlite(Database::Sqlite)]
#[case::postgres(Database::Postgres)]
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_comes_again_after_a_restart_changes_nothing(#[case] database: Database) {
    let mut bvf = Partner::start("BVF", database).await;
    let organisation = bvf.organisation().await.subject;
    let organisation = SubjectId::try_from(organisation.as_slice()).unwrap().to_string();
    let text = table(40).replace("介绍", "详细介绍");
    for (published, unchanged) in [(39, 0), (0, 39)] {
        let program = Program::of(&bvf).await;
        let import = program.bring(&organisation, text.clone()).await;
        let id = import["id"].as_str().unwrap().to_owned();
        program.in_state(&id, "ready").await;
        let start = program.ask(Method::POST, &format!("/api/v1/imports/{id}/start"));
        program.json(start, StatusCode::ACCEPTED).await;
        let done = program.in_state(&id, "done").await;
        assert_eq!((&done["published"], &done["unchanged"]), (&json!(published), &json!(unchanged)));
        bvf.restart().await;
    }
    assert_eq!(bvf.listings().await.len(), 39);
}
