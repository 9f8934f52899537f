//! Accounts through the API: invitations, passwords with codes, roles, tokens; who gets in and who is out at once.

use rstest::rstest;
use tonic::{Request, transport::Channel};
use totp_rs::{Builder, Secret};
use volbridge_proto::wire::node::v1::{
    self as wire, accounts_client::AccountsClient, network_client::NetworkClient,
};

use crate::{
    node::{NOW, TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

/// A step of the codes, ms.
pub const HALF_MINUTE: i64 = 30_000;

pub const PASSWORD: &str = "eleven green bicycles";

pub fn accounts(node: &TestNode) -> AccountsClient<Channel> {
    AccountsClient::new(node.channel.clone())
}

/// A request of whoever holds this session or token.
pub fn with<T>(secret: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {secret}").parse().unwrap());
    request
}

pub fn role(name: &str, organisation: &[u8]) -> wire::Role {
    wire::Role { name: name.to_owned(), organisation: organisation.to_vec(), ..Default::default() }
}

/// What an app shows, `steps` half minutes after the clock of the node's start.
pub fn code(secret: &str, steps: u64) -> String {
    let totp = Builder::new().with_secret(Secret::try_from_base32(secret).unwrap()).build().unwrap();
    totp.generate(u64::try_from(NOW).unwrap() / 1000 + 30 * steps).to_string()
}

/// Somebody who has a password and an app.
pub struct Person {
    login: String,
    pub secret: String,
    pub session: String,
    pub id: Vec<u8>,
}

pub async fn invite(
    node: &TestNode,
    by: Option<&str>,
    roles: Vec<wire::Role>,
) -> Result<String, tonic::Status> {
    let message = wire::InviteRequest { name: "Lin Wei".to_owned(), roles, account: Vec::new() };
    let request = match by {
        Some(secret) => with(secret, message),
        None => node.staff(message),
    };
    Ok(accounts(node).invite(request).await?.into_inner().token)
}

pub fn wanted(invitation: &str, login: &str) -> wire::BeginEnrolmentRequest {
    wire::BeginEnrolmentRequest {
        invitation: invitation.to_owned(),
        login: login.to_owned(),
        name: "林薇".to_owned(),
        password: PASSWORD.to_owned(),
        passkey: String::new(),
    }
}

async fn enrol(node: &TestNode, invitation: &str, login: &str) -> Person {
    let mut client = accounts(node);
    let asked = client.begin_enrolment(wanted(invitation, login)).await.unwrap().into_inner();
    assert!(asked.uri.starts_with("otpauth://totp/"), "{}", asked.uri);
    let finish = wire::FinishEnrolmentRequest {
        ceremony: asked.id,
        code: code(&asked.secret, 0),
        invitation: invitation.to_owned(),
        ..Default::default()
    };
    let signed_in = client.finish_enrolment(finish).await.unwrap().into_inner();
    let id = signed_in.account.unwrap().id;
    Person { login: login.to_owned(), secret: asked.secret, session: signed_in.session, id }
}

pub async fn person(node: &TestNode, login: &str, roles: Vec<wire::Role>) -> Person {
    let invitation = invite(node, None, roles).await.unwrap();
    enrol(node, &invitation, login).await
}

pub fn typed(person: &Person, password: &str, code: String) -> wire::SignInRequest {
    wire::SignInRequest {
        login: person.login.clone(),
        password: password.to_owned(),
        code,
        address: String::new(),
    }
}

async fn own(node: &TestNode, secret: &str) -> Result<wire::Account, String> {
    let answer = accounts(node).self_(with(secret, wire::OwnAccountRequest {})).await;
    answer.map(tonic::Response::into_inner).map_err(|status| problem(&status).1)
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn who_was_invited_chooses_a_password_and_signs_in_with_it_and_a_code(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let lin = person(&node, "Lin.Wei@bvf.example ", vec![role("operator", &[])]).await;
    let account = own(&node, &lin.session).await.unwrap();
    assert_eq!((account.login.as_str(), account.name.as_str()), ("lin.wei@bvf.example", "林薇"));
    assert!(account.has_password);
    assert_eq!(account.sessions, 1);

    node.clock.advance(HALF_MINUTE);
    let mut client = accounts(&node);
    let again = client.sign_in(typed(&lin, PASSWORD, code(&lin.secret, 1))).await.unwrap().into_inner();
    assert_eq!(own(&node, &again.session).await.unwrap().sessions, 2);
    let status = wire::StatusRequest {};
    assert!(NetworkClient::new(node.channel.clone()).status(with(&again.session, status)).await.is_ok());

    client.sign_out(with(&again.session, wire::SignOutRequest {})).await.unwrap();
    assert_eq!(own(&node, &again.session).await.unwrap_err(), "unauthenticated");
    assert!(own(&node, &lin.session).await.is_ok());
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t57_whatever_is_wrong_the_answer_is_the_same(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let lin = person(&node, "lin", vec![role("operator", &[])]).await;
    let locked = person(&node, "locked", vec![role("auditor", &[])]).await;
    let lock = wire::SetLockedRequest { account: locked.id.clone(), locked: true };
    accounts(&node).set_locked(node.staff(lock)).await.unwrap();
    node.clock.advance(HALF_MINUTE);
    let nobody =
        Person { login: "nobody".to_owned(), secret: lin.secret.clone(), session: String::new(), id: vec![] };
    let mut answers = Vec::new();
    for (person, password, code) in [
        (&lin, "wrong password", code(&lin.secret, 1)),
        (&lin, PASSWORD, code(&lin.secret, 9)),
        (&lin, PASSWORD, "no code".to_owned()),
        // It was taken when the account was made.
        (&lin, PASSWORD, code(&lin.secret, 0)),
        (&nobody, PASSWORD, code(&lin.secret, 1)),
        (&locked, PASSWORD, code(&locked.secret, 1)),
    ] {
        let status = accounts(&node).sign_in(typed(person, password, code)).await.unwrap_err();
        answers.push((status.code(), status.message().to_owned(), status.details().to_vec()));
    }
    assert_eq!(
        problem(&tonic::Status::with_details(answers[0].0, "", answers[0].2.clone().into())).1,
        "sign_in.refused"
    );
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t56_guessing_is_slowed_for_the_account_and_for_the_address(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let lin = person(&node, "lin", vec![role("operator", &[])]).await;
    let guess = |login: &str, address: &str| {
        let (login, address) = (login.to_owned(), address.to_owned());
        let message =
            wire::SignInRequest { login, password: "wrong".to_owned(), code: "000000".to_owned(), address };
        let mut client = accounts(&node);
        async move { problem(&client.sign_in(message).await.unwrap_err()).1 }
    };
    for _ in 0..5 {
        assert_eq!(guess("lin", "").await, "sign_in.refused");
    }
    assert_eq!(guess("lin", "").await, "rate.limited");
    assert_eq!(guess("unknown", "").await, "sign_in.refused");
    for number in 0..5 {
        assert_eq!(guess(&format!("unknown{number}"), "192.0.2.7").await, "sign_in.refused");
    }
    assert_eq!(guess("another", "192.0.2.7").await, "rate.limited");
    assert_eq!(guess("another", "192.0.2.8").await, "sign_in.refused");

    // The owner waits as well, and then comes in.
    node.clock.advance(HALF_MINUTE);
    let answer = accounts(&node).sign_in(typed(&lin, PASSWORD, code(&lin.secret, 1))).await;
    assert!(answer.is_ok(), "{answer:?}");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t58_an_invitation_is_good_once_and_not_for_ever(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let mut client = accounts(&node);
    let token = invite(&node, None, vec![role("editor", &[])]).await.unwrap();
    let shown = client.get_invitation(wire::GetInvitationRequest { token: token.clone() }).await.unwrap();
    assert_eq!(shown.into_inner().name, "Lin Wei");

    // Two begin at the same time: the one who is faster has it.
    let one = client.begin_enrolment(wanted(&token, "one")).await.unwrap().into_inner();
    let other = client.begin_enrolment(wanted(&token, "other")).await.unwrap().into_inner();
    let finish = |asked: &wire::Ceremony, invitation: &str| wire::FinishEnrolmentRequest {
        ceremony: asked.id.clone(),
        code: code(&asked.secret, 0),
        invitation: invitation.to_owned(),
        ..Default::default()
    };
    client.finish_enrolment(finish(&one, &token)).await.unwrap();
    let refused = client.finish_enrolment(finish(&other, &token)).await.unwrap_err();
    assert_eq!(problem(&refused).1, "invitation.over");
    let refused = client.finish_enrolment(finish(&one, &token)).await.unwrap_err();
    assert_eq!(problem(&refused).1, "ceremony.over");
    let refused = client.begin_enrolment(wanted(&token, "third")).await.unwrap_err();
    assert_eq!(problem(&refused).1, "invitation.over");

    // A ceremony that one invitation began isn't ended by another.
    let (a, b) = (
        invite(&node, None, vec![role("editor", &[])]).await.unwrap(),
        invite(&node, None, vec![role("operator", &[])]).await.unwrap(),
    );
    let asked = client.begin_enrolment(wanted(&a, "swapped")).await.unwrap().into_inner();
    let signed_in = client.finish_enrolment(finish(&asked, &b)).await;
    assert_eq!(problem(&signed_in.unwrap_err()).1, "invitation.over");

    node.clock.advance(8 * 24 * 3_600_000);
    let refused = client.begin_enrolment(wanted(&b, "late")).await.unwrap_err();
    assert_eq!(problem(&refused).1, "invitation.over");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t55_another_password_another_role_or_a_lock_ends_every_session_and_token(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let chief = person(&node, "chief", vec![role("operator", &[])]).await;
    let lin = person(&node, "lin", vec![role("editor", &[]), role("reviewer", &[])]).await;
    let mut client = accounts(&node);
    let token = async |session: &str| {
        let message = wire::CreateTokenRequest {
            name: "import".to_owned(),
            scopes: vec!["publish".to_owned()],
            days: 30,
        };
        accounts(&node).create_token(with(session, message)).await.unwrap().into_inner().secret
    };
    let works = async |secret: &str| {
        let message = wire::PublishListingRequest::default();
        let status = node.listings().publish(with(secret, message)).await.unwrap_err();
        problem(&status).1 != "unauthenticated"
    };

    let stolen = token(&lin.session).await;
    assert!(works(&stolen).await);
    let change =
        wire::BeginEnrolmentRequest { password: "another long password".to_owned(), ..Default::default() };
    let asked = client.begin_enrolment(with(&lin.session, change)).await.unwrap().into_inner();
    let finish = wire::FinishEnrolmentRequest {
        code: code(&asked.secret, 0),
        ceremony: asked.id,
        ..Default::default()
    };
    let after = client.finish_enrolment(with(&lin.session, finish)).await.unwrap().into_inner();
    assert!(!works(&stolen).await && !works(&lin.session).await);
    assert!(works(&after.session).await);

    let stolen = token(&after.session).await;
    let fewer = wire::SetRolesRequest { account: lin.id.clone(), roles: vec![role("editor", &[])] };
    client.set_roles(with(&chief.session, fewer)).await.unwrap();
    assert!(!works(&stolen).await && !works(&after.session).await);

    node.clock.advance(HALF_MINUTE);
    let again = wire::SignInRequest {
        login: "lin".to_owned(),
        password: "another long password".to_owned(),
        code: code(&asked.secret, 1),
        ..Default::default()
    };
    let again = client.sign_in(again).await.unwrap().into_inner().session;
    assert!(works(&again).await);
    let lock = wire::SetLockedRequest { account: lin.id.clone(), locked: true };
    client.set_locked(with(&chief.session, lock)).await.unwrap();
    assert!(!works(&again).await);

    // The only operator stays one.
    let lock = wire::SetLockedRequest { account: chief.id.clone(), locked: true };
    assert_eq!(problem(&client.set_locked(node.staff(lock)).await.unwrap_err()).1, "operator.last");
    let none = wire::SetRolesRequest { account: chief.id.clone(), roles: vec![role("auditor", &[])] };
    assert_eq!(problem(&client.set_roles(node.staff(none)).await.unwrap_err()).1, "operator.last");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t34_a_role_for_one_organisation_publishes_for_that_one_alone(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let (own_organisation, other) = (node.organisation().await, node.organisation().await);
    let leader = person(&node, "leader", vec![role("administrator", &own_organisation)]).await;
    let publish = async |organisation: &[u8]| {
        let message = wire::PublishListingRequest {
            listing: Some(listing("Teach", organisation)),
            ..Default::default()
        };
        let answer = node.listings().publish(with(&leader.session, message)).await;
        answer.map(|published| published.into_inner().subject).map_err(|status| problem(&status).1)
    };
    let subject = publish(&own_organisation).await.unwrap();
    assert_eq!(publish(&other).await.unwrap_err(), "permission.denied");
    assert_eq!(publish(&[]).await.unwrap_err(), "permission.denied");

    // Nor does a listing come over from another organisation's by a revision.
    let theirs = node.publish(listing("Teach", &other)).await.subject;
    let taken = wire::PublishListingRequest {
        listing: Some(listing("Teach", &own_organisation)),
        subject: theirs,
        ..Default::default()
    };
    let refused = node.listings().publish(with(&leader.session, taken)).await.unwrap_err();
    assert_eq!(problem(&refused).1, "permission.denied");
    let given = wire::PublishListingRequest {
        listing: Some(listing("Teach", &other)),
        subject,
        ..Default::default()
    };
    let refused = node.listings().publish(with(&leader.session, given)).await.unwrap_err();
    assert_eq!(problem(&refused).1, "permission.denied");

    // It invites for its own organisation, and to no more than it is.
    assert!(invite(&node, Some(&leader.session), vec![role("editor", &own_organisation)]).await.is_ok());
    for refused in [role("editor", &other), role("editor", &[]), role("operator", &[]), role("auditor", &[])]
    {
        let status = invite(&node, Some(&leader.session), vec![refused.clone()]).await.unwrap_err();
        assert_eq!(problem(&status).1, "permission.denied", "{refused:?}");
    }
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn what_somebody_types_wrong_is_named_and_can_be_put_right(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let mut client = accounts(&node);
    let token = invite(&node, None, vec![role("editor", &[])]).await.unwrap();
    for (change, code, field) in [
        (
            wire::BeginEnrolmentRequest { login: "志愿者".to_owned(), ..wanted(&token, "x") },
            "field.invalid",
            "login",
        ),
        (
            wire::BeginEnrolmentRequest { login: String::new(), ..wanted(&token, "x") },
            "field.required",
            "login",
        ),
        (
            wire::BeginEnrolmentRequest { name: String::new(), ..wanted(&token, "lin") },
            "field.required",
            "name",
        ),
        (
            wire::BeginEnrolmentRequest { name: "a\u{202e}b".to_owned(), ..wanted(&token, "lin") },
            "text.direction",
            "name",
        ),
        (
            wire::BeginEnrolmentRequest { password: "short".to_owned(), ..wanted(&token, "lin") },
            "password.weak",
            "password",
        ),
    ] {
        let (_, found, at) = problem(&client.begin_enrolment(change).await.unwrap_err());
        assert_eq!((found.as_str(), at.as_str()), (code, field));
    }
    let asked = client.begin_enrolment(wanted(&token, "lin")).await.unwrap().into_inner();
    let finish = |code: String| wire::FinishEnrolmentRequest {
        ceremony: asked.id.clone(),
        code,
        invitation: token.clone(),
        ..Default::default()
    };
    let (_, found, at) = problem(&client.finish_enrolment(finish("123456".to_owned())).await.unwrap_err());
    assert_eq!((found.as_str(), at.as_str()), ("code.wrong", "code"));
    client.finish_enrolment(finish(code(&asked.secret, 0))).await.unwrap();
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t58_a_link_that_opens_an_account_again_ends_when_the_account_becomes_more(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let organisation = node.organisation().await;
    let leader = person(&node, "leader", vec![role("administrator", &organisation)]).await;
    let editor = person(&node, "editor", vec![role("editor", &organisation)]).await;
    let mut client = accounts(&node);
    let reopen = |id: &[u8]| {
        let message = wire::InviteRequest { name: "Lin".to_owned(), roles: Vec::new(), account: id.to_vec() };
        with(&leader.session, message)
    };
    let link = client.invite(reopen(&editor.id)).await.unwrap().into_inner().token;
    let roles = vec![role("operator", &[]), role("editor", &organisation)];
    client.set_roles(node.staff(wire::SetRolesRequest { account: editor.id.clone(), roles })).await.unwrap();
    let refused = client.begin_enrolment(wanted(&link, "")).await.unwrap_err();
    assert_eq!(problem(&refused).1, "invitation.over");
    assert_eq!(problem(&client.invite(reopen(&editor.id)).await.unwrap_err()).1, "permission.denied");

    // Nor does who leads one organisation come in as somebody of none.
    person(&node, "chief", vec![role("operator", &[])]).await;
    let none = wire::SetRolesRequest { account: editor.id.clone(), roles: Vec::new() };
    client.set_roles(node.staff(none)).await.unwrap();
    assert_eq!(problem(&client.invite(reopen(&editor.id)).await.unwrap_err()).1, "permission.denied");
    node.node.stop().await;
}
