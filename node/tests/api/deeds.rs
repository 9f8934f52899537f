//! The log of what accounts did: that everything stands in it, that nothing stands in it that nobody should read, and who
//! reads it for how long.

use rstest::rstest;
use volbridge_node::upkeep;
use volbridge_proto::wire::{
    node::v1::{self as wire, desk_client::DeskClient},
    record::v1 as record,
};

use crate::{
    accounts::{HALF_MINUTE, PASSWORD, Person, accounts, code, invite, person, role, typed, with},
    node::{TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

async fn log(node: &TestNode, request: wire::AccountLogRequest) -> wire::AccountLogResponse {
    accounts(node).log(node.staff(request)).await.unwrap().into_inner()
}

/// The oldest first: who, what, about whom.
async fn deeds(node: &TestNode) -> Vec<(String, String, String)> {
    let login = |name: Option<wire::AccountName>| name.map(|name| name.login).unwrap_or_default();
    let mut events = log(node, wire::AccountLogRequest { limit: 100, ..Default::default() }).await.events;
    events.reverse();
    let who = |event: &wire::AccountEvent| match login(event.account.clone()) {
        login if login.is_empty() => event.doer.clone(),
        login if event.doer == "person" => login,
        login => format!("{} of {login}", event.doer),
    };
    events.into_iter().map(|event| (who(&event), event.what, login(event.about))).collect()
}

fn lines(deeds: &[(String, String, String)]) -> Vec<String> {
    let line = |(who, what, about): &(String, String, String)| format!("{who} {what} {about}");
    deeds.iter().map(|deed| line(deed).trim_end().to_owned()).collect()
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn p12_what_accounts_do_is_noted_with_who_and_about_whom(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let chief = person(&node, "chief", vec![role("operator", &[])]).await;
    let link = invite(&node, Some(&chief.session), vec![role("editor", &[])]).await.unwrap();
    drop(link);
    let lin = person(&node, "lin", vec![role("editor", &[])]).await;
    let mut client = accounts(&node);
    let roles = vec![role("editor", &[]), role("auditor", &[])];
    let change = wire::SetRolesRequest { account: lin.id.clone(), roles };
    client.set_roles(with(&chief.session, change)).await.unwrap();
    let token = wire::CreateTokenRequest {
        name: "lin@example.org".to_owned(),
        scopes: vec!["read".to_owned(), "publish".to_owned()],
        days: 30,
    };
    let made = client.create_token(with(&lin.session, token)).await.unwrap().into_inner();
    for _ in 0..2 {
        let ask = with(&made.secret, wire::AccountLogRequest::default());
        client.log(ask).await.unwrap();
    }
    let id = made.account.unwrap().tokens[0].id.clone();
    client.revoke_token(with(&lin.session, wire::RevokeTokenRequest { id })).await.unwrap();
    client.end_sessions(with(&lin.session, wire::EndSessionsRequest {})).await.unwrap();
    client.sign_out(with(&lin.session, wire::SignOutRequest {})).await.unwrap();
    for locked in [true, false] {
        let lock = wire::SetLockedRequest { account: lin.id.clone(), locked };
        client.set_locked(node.staff(lock)).await.unwrap();
    }
    assert_eq!(
        lines(&deeds(&node).await),
        [
            "machine invited",
            "chief joined",
            "chief way_added",
            "chief signed_in",
            "chief invited",
            "machine invited",
            "lin joined",
            "lin way_added",
            "lin signed_in",
            "chief roles_changed lin",
            "lin token_made",
            "program of lin token_used",
            "lin token_revoked",
            "lin sessions_ended",
            "lin signed_out",
            "machine locked lin",
            "machine unlocked lin",
        ]
    );
    let all = log(&node, wire::AccountLogRequest { limit: 100, ..Default::default() }).await.events;
    let changed = all.iter().find(|event| event.what == "roles_changed").unwrap();
    let mut names: Vec<_> = changed.roles.iter().map(|role| role.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["auditor", "editor"]);
    let made = all.iter().find(|event| event.what == "token_made").unwrap();
    assert_eq!(made.token.split_once(' ').unwrap().1, "read publish");
    // What people typed isn't in it.
    assert!(all.iter().all(|event| !format!("{event:?}").contains("example.org")));
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn p12_who_was_refused_stands_in_it_without_what_was_typed(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let lin = person(&node, "lin", vec![role("operator", &[])]).await;
    node.clock.advance(HALF_MINUTE);
    let guess = |login: &str, number: u32| wire::SignInRequest {
        login: login.to_owned(),
        password: format!("guess {number}"),
        code: code(&lin.secret, 1),
        address: "203.0.113.77".to_owned(),
    };
    let mut client = accounts(&node);
    // Somebody types the password where the login belongs.
    assert!(client.sign_in(guess(PASSWORD, 0)).await.is_err());
    for number in 1..5 {
        assert!(client.sign_in(guess("lin", number)).await.is_err());
    }
    assert_eq!(problem(&client.sign_in(guess("lin", 6)).await.unwrap_err()).1, "rate.limited");
    node.clock.advance(2 * HALF_MINUTE);
    let right = wire::SignInRequest {
        address: "2001:db8:1:2::".to_owned(),
        ..typed(&lin, PASSWORD, code(&lin.secret, 3))
    };
    client.sign_in(right).await.unwrap();

    let events = log(&node, wire::AccountLogRequest { limit: 7, ..Default::default() }).await.events;
    let told: Vec<(&str, &str, &str)> = events
        .iter()
        .map(|event| {
            let about = event.about.as_ref().map(|name| name.login.as_str()).unwrap_or_default();
            (event.what.as_str(), about, event.address.as_str())
        })
        .collect();
    let (v4, v6) = ("203.0.113.0/24", "2001:db8:1::/48");
    assert_eq!(
        told,
        [
            ("signed_in", "", v6),
            ("sign_in_slowed", "lin", v4),
            ("sign_in_refused", "lin", v4),
            ("sign_in_refused", "lin", v4),
            ("sign_in_refused", "lin", v4),
            ("sign_in_refused", "", v4),
            ("signed_in", "", ""),
        ]
    );
    assert!(!format!("{events:?}").contains(PASSWORD));
    node.node.stop().await;
}

async fn draft(node: &TestNode, by: &Person, organisation: &[u8]) -> wire::Draft {
    let listing = record::Listing { contact: "desk@bvf.example".to_owned(), ..listing("Wall", organisation) };
    let message = wire::SaveDraftRequest {
        organisation: organisation.to_vec(),
        listing: Some(listing),
        ..Default::default()
    };
    DeskClient::new(node.channel.clone()).save(with(&by.session, message)).await.unwrap().into_inner()
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn p12_a_drafts_way_is_noted_and_a_step_that_is_refused_is_not(#[case] place: Place) {
    let node = TestNode::start_with(place, "BVF", &[("desk.review", "true")]).await;
    let organisation = node.organisation().await;
    let editor = person(&node, "editor", vec![role("editor", &organisation)]).await;
    let reviewer = person(&node, "reviewer", vec![role("reviewer", &organisation)]).await;
    let mut desk = DeskClient::new(node.channel.clone());
    let before = deeds(&node).await.len();
    let step = |draft: &wire::Draft| wire::DraftStep { id: draft.id.clone(), version: draft.version };
    let first = draft(&node, &editor, &organisation).await;
    let submitted = desk.submit(with(&editor.session, step(&first))).await.unwrap().into_inner();
    assert!(desk.submit(with(&editor.session, step(&first))).await.is_err(), "of the version before");
    let decide = wire::DecideDraftRequest {
        id: submitted.id.clone(),
        version: submitted.version,
        approved: true,
        ..Default::default()
    };
    let approved = desk.decide(with(&reviewer.session, decide)).await.unwrap().into_inner();
    desk.publish(with(&reviewer.session, step(&approved))).await.unwrap();
    let second = draft(&node, &editor, &organisation).await;
    desk.discard(with(&editor.session, step(&second))).await.unwrap();
    assert_eq!(
        lines(&deeds(&node).await[before..]),
        [
            "editor draft_submitted editor",
            "reviewer draft_approved editor",
            "reviewer draft_published editor",
            "editor draft_discarded editor",
        ]
    );
    let of = wire::AccountLogRequest { account: reviewer.id.clone(), limit: 2, cursor: String::new() };
    let page = log(&node, of.clone()).await;
    let published = &page.events[0];
    assert_eq!((published.what.as_str(), &published.listing), ("draft_published", &first.subject));
    let next = log(&node, wire::AccountLogRequest { cursor: page.next_cursor, ..of }).await;
    assert_eq!(next.events[0].what, "signed_in");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn p12_operators_and_auditors_read_it_and_it_is_forgotten_in_time(#[case] place: Place) {
    let node = TestNode::start_with(place, "BVF", &[("accounts.log_days", "30")]).await;
    let organisation = node.organisation().await;
    let auditor = person(&node, "auditor", vec![role("auditor", &[])]).await;
    let leader = person(&node, "leader", vec![role("administrator", &[])]).await;
    let editor = person(&node, "editor", vec![role("editor", &organisation)]).await;
    let read = async |session: &str| {
        let answer = accounts(&node).log(with(session, wire::AccountLogRequest::default())).await;
        answer.map(drop).map_err(|status| problem(&status).1)
    };
    assert_eq!(read(&auditor.session).await, Ok(()));
    for refused in [&leader, &editor] {
        assert_eq!(read(&refused.session).await.unwrap_err(), "permission.denied");
    }
    let bad = wire::AccountLogRequest { cursor: "seven".to_owned(), ..Default::default() };
    let status = accounts(&node).log(node.staff(bad)).await.unwrap_err();
    assert_eq!(problem(&status).1, "cursor.invalid");

    node.clock.advance(29 * 24 * 3_600_000);
    upkeep::round(node.node.context(), false).await.unwrap();
    assert!(!deeds(&node).await.is_empty());
    node.clock.advance(2 * 24 * 3_600_000);
    upkeep::round(node.node.context(), false).await.unwrap();
    assert_eq!(deeds(&node).await, []);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t34_a_token_for_reading_sees_drafts_and_does_nothing_with_them(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let editor = person(&node, "editor", vec![role("administrator", &organisation)]).await;
    let draft = draft(&node, &editor, &organisation).await;
    let token =
        wire::CreateTokenRequest { name: "look".to_owned(), scopes: vec!["read".to_owned()], days: 1 };
    let token = accounts(&node).create_token(with(&editor.session, token)).await.unwrap().into_inner().secret;
    let mut desk = DeskClient::new(node.channel.clone());
    let get = wire::GetDraftRequest { id: draft.id.clone() };
    let seen = desk.get(with(&token, get)).await.unwrap().into_inner();
    assert!(!seen.may_edit && !seen.may_review);
    assert_eq!(
        desk.list(with(&token, wire::ListDraftsRequest::default())).await.unwrap().into_inner().drafts.len(),
        1
    );
    let step = wire::DraftStep { id: draft.id, version: draft.version };
    for refused in [
        desk.submit(with(&token, step.clone())).await.map(drop),
        desk.publish(with(&token, step.clone())).await.map(drop),
        desk.discard(with(&token, step)).await.map(drop),
    ] {
        assert_eq!(problem(&refused.unwrap_err()).1, "permission.denied");
    }
    node.node.stop().await;
}
