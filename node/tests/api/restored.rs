//! An old copy of the database is put back: what had ended stays ended. And who watches by a session doesn't outlast it.

use std::{fs, path::Path, time::Duration};

use rstest::rstest;
use volbridge_proto::wire::node::v1::{self as wire, network_client::NetworkClient};

use crate::{
    accounts::{HALF_MINUTE, PASSWORD, accounts, code, invite, person, role, typed, wanted, with},
    node::{TestNode, problem},
    place::{Place, postgres, sqlite},
};

/// How long a stream may outlast its session.
const PATIENCE: Duration = Duration::from_secs(60);

/// The database's file and those beside it.
fn files_of(database: &Path) -> Vec<std::path::PathBuf> {
    let name = database.file_name().unwrap().to_str().unwrap();
    let all = fs::read_dir(database.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    all.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(name)).collect()
}

fn copy(database: &Path, to: &Path) {
    for path in files_of(database) {
        fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

fn put_back(from: &Path, database: &Path) {
    for path in files_of(database) {
        fs::remove_file(path).unwrap();
    }
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, database.parent().unwrap().join(path.file_name().unwrap())).unwrap();
    }
}

async fn token(node: &TestNode, session: &str) -> wire::CreatedToken {
    let message =
        wire::CreateTokenRequest { name: "sync".to_owned(), scopes: vec!["operate".to_owned()], days: 30 };
    accounts(node).create_token(with(session, message)).await.unwrap().into_inner()
}

/// What a call with this session or token is answered.
async fn asked(node: &TestNode, secret: &str) -> Result<(), String> {
    let answer = accounts(node).list(with(secret, wire::ListAccountsRequest {})).await;
    answer.map(drop).map_err(|status| problem(&status).1)
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn f17_what_had_ended_stays_ended_when_the_database_of_that_day_is_put_back(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let chief = person(&node, "chief", vec![role("operator", &[])]).await;
    let lin = person(&node, "lin", vec![role("operator", &[])]).await;
    let made = token(&node, &chief.session).await;
    let link = invite(&node, None, vec![role("editor", &[])]).await.unwrap();

    let backup = tempfile::tempdir().unwrap();
    let node = node.again(|_, database| copy(database, backup.path())).await;
    assert_eq!(asked(&node, &lin.session).await, Ok(()), "a restart ends nothing");
    assert_eq!(asked(&node, &made.secret).await, Ok(()));

    // The day goes on: another password, a token that is revoked, an invitation that is used.
    let mut client = accounts(&node);
    let change =
        wire::BeginEnrolmentRequest { password: "another long password".to_owned(), ..Default::default() };
    let begun = client.begin_enrolment(with(&lin.session, change)).await.unwrap().into_inner();
    let finish = wire::FinishEnrolmentRequest {
        code: code(&begun.secret, 0),
        ceremony: begun.id,
        ..Default::default()
    };
    client.finish_enrolment(with(&lin.session, finish)).await.unwrap();
    let id = made.account.unwrap().tokens[0].id.clone();
    client.revoke_token(with(&chief.session, wire::RevokeTokenRequest { id })).await.unwrap();
    let begun = client.begin_enrolment(wanted(&link, "wang")).await.unwrap().into_inner();
    let finish = wire::FinishEnrolmentRequest {
        code: code(&begun.secret, 0),
        ceremony: begun.id,
        invitation: link.clone(),
        ..Default::default()
    };
    client.finish_enrolment(finish).await.unwrap();

    let node = node.again(|_, database| put_back(backup.path(), database)).await;
    for dead in [&chief.session, &lin.session, &made.secret] {
        assert_eq!(asked(&node, dead).await.unwrap_err(), "unauthenticated");
    }
    let again = accounts(&node).begin_enrolment(wanted(&link, "thief")).await.unwrap_err();
    assert_eq!(problem(&again).1, "invitation.over");
    node.clock.advance(HALF_MINUTE);
    let old = accounts(&node).sign_in(typed(&lin, PASSWORD, code(&lin.secret, 1))).await.unwrap_err();
    assert_eq!(problem(&old).1, "sign_in.refused", "the password of that day");
    let chief = accounts(&node).sign_in(typed(&chief, PASSWORD, code(&chief.secret, 1))).await;
    let session = chief.expect("nothing of the chief's account had changed").into_inner().session;

    let log = wire::AccountLogRequest { limit: 10, ..Default::default() };
    let events = accounts(&node).log(with(&session, log)).await.unwrap().into_inner().events;
    let told: Vec<(&str, &str)> =
        events.iter().map(|event| (event.doer.as_str(), event.what.as_str())).collect();
    assert_eq!(
        told[..4],
        [("person", "signed_in"), ("nobody", "sign_in_refused"), ("node", "restored"), ("node", "locked"),]
    );
    assert_eq!(events[3].about.as_ref().unwrap().login, "lin");
    // Once: what begins now goes on after the next start.
    let node = node.again(|_, _| {}).await;
    assert_eq!(asked(&node, &session).await, Ok(()));
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn f17_a_database_whose_mark_is_missing_counts_as_put_back(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let chief = person(&node, "chief", vec![role("operator", &[])]).await;
    let node = node.again(|_, _| {}).await;
    assert_eq!(asked(&node, &chief.session).await, Ok(()));
    let node = node.again(|folder, _| fs::remove_file(folder.join("people.mark")).unwrap()).await;
    assert_eq!(asked(&node, &chief.session).await.unwrap_err(), "unauthenticated");
    node.clock.advance(HALF_MINUTE);
    let again = accounts(&node).sign_in(typed(&chief, PASSWORD, code(&chief.secret, 1))).await;
    assert!(again.is_ok(), "{again:?}");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t55_who_watches_the_network_by_a_session_sees_no_more_once_it_has_ended(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let chief = person(&node, "chief", vec![role("operator", &[])]).await;
    let auditor = person(&node, "auditor", vec![role("auditor", &[])]).await;
    let mut network = NetworkClient::new(node.channel.clone());
    let watched = network.watch_status(with(&auditor.session, wire::StatusRequest {})).await.unwrap();
    let other = network.watch_status(with(&chief.session, wire::StatusRequest {})).await.unwrap();
    let (mut watched, mut other) = (watched.into_inner(), other.into_inner());
    assert!(watched.message().await.unwrap().is_some() && other.message().await.unwrap().is_some());
    let fewer = wire::SetRolesRequest { account: auditor.id.clone(), roles: vec![role("editor", &[])] };
    accounts(&node).set_roles(with(&chief.session, fewer)).await.unwrap();
    let ended = async { while watched.message().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("it went on");
    accounts(&node).sign_out(with(&chief.session, wire::SignOutRequest {})).await.unwrap();
    let ended = async { while other.message().await.unwrap().is_some() {} };
    tokio::time::timeout(PATIENCE, ended).await.expect("it went on");
    node.node.stop().await;
}
