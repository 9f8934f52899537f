//! Signing in with an account elsewhere: what is linked by whom, and everything that doesn't open the door.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rstest::rstest;
use serde_json::{Value, json};
use volbridge_proto::wire::node::v1 as wire;

use crate::{
    accounts::{Person, accounts, invite, person, role, with},
    issuer::{CLIENT, Issuer, SECRET, signed, with_header},
    node::{NOW, TestNode, problem},
    place::{Place, postgres, sqlite},
};

/// Makes a token of claims that isn't the issuer's.
type Forge = fn(&Value) -> String;

/// A node that believes this issuer.
async fn node(place: Place, issuer: &Issuer, settings: &[(&str, &str)]) -> (TestNode, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, format!("{SECRET}\n")).unwrap();
    let secret = format!("{{ file = \"{}\" }}", file.display());
    let mut all = vec![
        ("oidc.issuer", issuer.address.as_str()),
        ("oidc.client_id", CLIENT),
        ("oidc.client_secret", secret.as_str()),
        ("oidc.name", "BVF"),
    ];
    all.extend(settings);
    (TestNode::start_with(place, "BVF", &all).await, folder)
}

async fn leave(
    node: &TestNode,
    session: Option<&str>,
    request: wire::BeginOidcRequest,
) -> wire::OidcDeparture {
    let request = match session {
        Some(session) => with(session, request),
        None => tonic::Request::new(request),
    };
    accounts(node).begin_oidc(request).await.unwrap().into_inner()
}

async fn come_back(
    node: &TestNode,
    session: Option<&str>,
    answer: wire::FinishOidcRequest,
) -> Result<wire::SignedIn, String> {
    let request = match session {
        Some(session) => with(session, answer),
        None => tonic::Request::new(answer),
    };
    let answer = accounts(node).finish_oidc(request).await;
    answer.map(tonic::Response::into_inner).map_err(|status| problem(&status).1)
}

/// There and back, with these claims.
async fn travel(
    node: &TestNode,
    issuer: &Issuer,
    session: Option<&str>,
    wish: wire::BeginOidcRequest,
    claims: Value,
) -> Result<wire::SignedIn, String> {
    let left = leave(node, session, wish).await;
    let code = left.secret.clone();
    let asked = issuer.grant(&left.address, &code, &claims);
    let answer =
        wire::FinishOidcRequest { state: asked.state, code, secret: left.secret, ..Default::default() };
    come_back(node, session, answer).await
}

fn link() -> wire::BeginOidcRequest {
    wire::BeginOidcRequest { link: true, ..Default::default() }
}

fn sign_in() -> wire::BeginOidcRequest {
    wire::BeginOidcRequest::default()
}

async fn linked(node: &TestNode, issuer: &Issuer) -> Person {
    let lin = person(node, "lin", vec![role("operator", &[])]).await;
    travel(node, issuer, Some(&lin.session), link(), json!({})).await.unwrap();
    lin
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn an_account_elsewhere_opens_the_one_that_its_owner_linked(#[case] place: Place) {
    let issuer = Issuer::start().await;
    let (node, _folder) = node(place, &issuer, &[]).await;
    let lin = person(&node, "lin", vec![role("operator", &[])]).await;
    assert_eq!(travel(&node, &issuer, None, sign_in(), json!({})).await.unwrap_err(), "oidc.unlinked");
    let after = travel(&node, &issuer, Some(&lin.session), link(), json!({})).await.unwrap();
    let shown = &after.account.unwrap().identities[0];
    assert_eq!(
        (shown.name.as_str(), shown.issuer.as_str(), shown.used_at),
        ("lin.wei", issuer.address.as_str(), 0)
    );

    // By its subject alone, whatever it is called by now.
    let renamed =
        json!({ "preferred_username": "wang", "email": "wang@bvf.example", "email_verified": false });
    let opened = travel(&node, &issuer, None, sign_in(), renamed).await.unwrap();
    assert_eq!(opened.account.unwrap().login, "lin");
    let other = json!({ "sub": "another" });
    assert_eq!(travel(&node, &issuer, None, sign_in(), other).await.unwrap_err(), "oidc.unlinked");

    // A locked account stays locked, and one that was unlinked is unlinked.
    person(&node, "chief", vec![role("operator", &[])]).await;
    let lock = |locked| wire::SetLockedRequest { account: lin.id.clone(), locked };
    accounts(&node).set_locked(node.staff(lock(true))).await.unwrap();
    assert_eq!(travel(&node, &issuer, None, sign_in(), json!({})).await.unwrap_err(), "sign_in.refused");
    accounts(&node).set_locked(node.staff(lock(false))).await.unwrap();
    let opened = travel(&node, &issuer, None, sign_in(), json!({})).await.unwrap();
    let id = opened.account.unwrap().identities[0].id.clone();
    let remove = with(&opened.session, wire::RemoveIdentityRequest { id });
    assert!(accounts(&node).remove_identity(remove).await.unwrap().into_inner().identities.is_empty());
    assert_eq!(travel(&node, &issuer, None, sign_in(), json!({})).await.unwrap_err(), "oidc.unlinked");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn t58_an_invitation_is_taken_up_with_an_account_elsewhere_once(#[case] place: Place) {
    let issuer = Issuer::start().await;
    let (node, _folder) = node(place, &issuer, &[]).await;
    let token = invite(&node, None, vec![role("editor", &[])]).await.unwrap();
    let wish = wire::BeginOidcRequest {
        link: true,
        invitation: token.clone(),
        login: "lin".to_owned(),
        name: "林薇".to_owned(),
    };
    // Two leave with the same link: the one who is back first has it.
    let slow = leave(&node, None, wish.clone()).await;
    let opened = travel(&node, &issuer, None, wish.clone(), json!({})).await.unwrap();
    let account = opened.account.unwrap();
    assert_eq!((account.login.as_str(), account.has_password, account.identities.len()), ("lin", false, 1));
    assert_eq!(account.roles[0].name, "editor");
    let asked = issuer.grant(&slow.address, "slow", &json!({ "sub": "other" }));
    let answer = wire::FinishOidcRequest {
        state: asked.state,
        code: "slow".to_owned(),
        secret: slow.secret,
        ..Default::default()
    };
    assert_eq!(come_back(&node, None, answer).await.unwrap_err(), "invitation.over");
    let refused = accounts(&node).begin_oidc(wish).await.unwrap_err();
    assert_eq!(problem(&refused).1, "invitation.over");

    // It is the account's only way: it stays. And nobody else links it.
    let id = account.identities[0].id.clone();
    let remove = with(&opened.session, wire::RemoveIdentityRequest { id });
    assert_eq!(problem(&accounts(&node).remove_identity(remove).await.unwrap_err()).1, "way.last");
    let wang = person(&node, "wang", vec![role("editor", &[])]).await;
    let taken = travel(&node, &issuer, Some(&wang.session), link(), json!({})).await;
    assert_eq!(taken.unwrap_err(), "oidc.taken");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t58_a_token_that_was_not_made_for_this_question_opens_nothing(#[case] place: Place) {
    let issuer = Issuer::start().await;
    let (node, _folder) = node(place, &issuer, &[]).await;
    let lin = linked(&node, &issuer).await;
    for (what, claims) in [
        ("another question's nonce", json!({ "nonce": "another" })),
        ("no nonce", json!({ "nonce": null })),
        ("of another client", json!({ "aud": "another" })),
        ("of another client too", json!({ "aud": [CLIENT, "another"] })),
        ("of no client", json!({ "aud": [] })),
        ("asked for by another client", json!({ "azp": "another" })),
        ("of another issuer", json!({ "iss": "https://evil.example" })),
        ("run out", json!({ "exp": NOW / 1000 - 61 })),
        ("without an end", json!({ "exp": null })),
        ("of tomorrow", json!({ "iat": NOW / 1000 + 86_400 })),
        ("not yet", json!({ "nbf": NOW / 1000 + 86_400 })),
        ("of nobody", json!({ "sub": "" })),
        ("of a number", json!({ "sub": 248 })),
    ] {
        let answer = travel(&node, &issuer, None, sign_in(), claims).await;
        assert_eq!(answer.unwrap_err(), "oidc.refused", "{what}");
    }
    assert!(travel(&node, &issuer, None, sign_in(), json!({ "aud": [CLIENT], "azp": CLIENT })).await.is_ok());

    // Signed by somebody else, by nobody, or with what the client knows too.
    let forged: [(&str, Forge); 5] = [
        ("another key", |claims| signed(claims, 2)),
        ("no signature", |claims| {
            let whole = with_header(&json!({ "alg": "none" }), claims, 1);
            format!("{}.", whole.rsplit_once('.').unwrap().0)
        }),
        ("a shared key", |claims| with_header(&json!({ "alg": "HS256", "kid": "1" }), claims, 1)),
        ("an extension", |claims| {
            with_header(&json!({ "alg": "EdDSA", "kid": "1", "crit": ["b64"], "b64": false }), claims, 1)
        }),
        ("other claims under a good signature", |claims| {
            let whole = signed(claims, 1);
            let mut parts: Vec<String> = whole.split('.').map(str::to_owned).collect();
            let mut other = claims.clone();
            other["sub"] = json!("another");
            parts[1] = URL_SAFE_NO_PAD.encode(other.to_string());
            parts.join(".")
        }),
    ];
    for (what, forge) in forged {
        let left = leave(&node, None, sign_in()).await;
        let asked = issuer.grant(&left.address, what, &json!({}));
        {
            let mut state = issuer.state.lock().unwrap();
            let grant = state.grants.get_mut(what).unwrap();
            grant.token = Some(forge(&grant.claims));
        }
        // A code is a word on its way through a form.
        let grant = issuer.state.lock().unwrap().grants.remove(what).unwrap();
        issuer.state.lock().unwrap().grants.insert(left.secret.clone(), grant);
        let answer = wire::FinishOidcRequest {
            state: asked.state,
            code: left.secret.clone(),
            secret: left.secret,
            ..Default::default()
        };
        assert_eq!(come_back(&node, None, answer).await.unwrap_err(), "oidc.refused", "{what}");
    }
    drop(lin);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t58_an_answer_counts_once_and_in_the_browser_that_left(#[case] place: Place) {
    let issuer = Issuer::start().await;
    let (node, _folder) = node(place, &issuer, &[]).await;
    let lin = linked(&node, &issuer).await;
    let wang = person(&node, "wang", vec![role("editor", &[])]).await;
    let ready = async |code: &str, session: Option<&str>, wish| {
        let left = leave(&node, session, wish).await;
        let asked = issuer.grant(&left.address, code, &json!({}));
        wire::FinishOidcRequest {
            state: asked.state,
            code: code.to_owned(),
            secret: left.secret,
            ..Default::default()
        }
    };
    // Nobody asked for it.
    let made_up = wire::FinishOidcRequest { state: "07".repeat(16), ..ready("a", None, sign_in()).await };
    assert_eq!(come_back(&node, None, made_up).await.unwrap_err(), "ceremony.over");
    // Another browser is sent back with it; then it is over for the right one too.
    let right = ready("b", None, sign_in()).await;
    for secret in [String::new(), ready("c", None, sign_in()).await.secret] {
        let stolen = wire::FinishOidcRequest { secret, ..right.clone() };
        assert_eq!(come_back(&node, None, stolen).await.unwrap_err(), "ceremony.over");
    }
    assert_eq!(come_back(&node, None, right).await.unwrap_err(), "ceremony.over");
    // Played again.
    let right = ready("d", None, sign_in()).await;
    assert!(come_back(&node, None, right.clone()).await.is_ok());
    assert_eq!(come_back(&node, None, right).await.unwrap_err(), "ceremony.over");
    // The code of another question: its proof (PKCE) isn't there.
    let (one, other) = (ready("e", None, sign_in()).await, ready("f", None, sign_in()).await);
    let swapped = wire::FinishOidcRequest { code: one.code.clone(), ..other };
    assert_eq!(come_back(&node, None, swapped).await.unwrap_err(), "oidc.refused");
    // Another issuer says that it answers, or none of them gave a code.
    let mixed = wire::FinishOidcRequest {
        issuer: "https://evil.example".to_owned(),
        ..ready("g", None, sign_in()).await
    };
    assert_eq!(come_back(&node, None, mixed).await.unwrap_err(), "oidc.refused");
    let refused = wire::FinishOidcRequest { code: String::new(), ..ready("h", None, sign_in()).await };
    assert_eq!(come_back(&node, None, refused).await.unwrap_err(), "oidc.refused");
    // Somebody else's session doesn't end what one began, nor does nobody's.
    for other in [Some(wang.session.as_str()), None] {
        let begun = ready("i", Some(&lin.session), link()).await;
        let code = begun.secret.clone();
        let grant = issuer.state.lock().unwrap().grants.remove("i").unwrap();
        issuer.state.lock().unwrap().grants.insert(code.clone(), grant);
        let answer = wire::FinishOidcRequest { code, ..begun };
        assert_eq!(come_back(&node, other, answer).await.unwrap_err(), "unauthenticated");
    }
    // It took too long.
    let late = ready("j", None, sign_in()).await;
    node.clock.advance(10 * 60_000);
    assert_eq!(come_back(&node, None, late).await.unwrap_err(), "ceremony.over");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t58_only_a_verified_address_of_an_allowed_domain_is_let_in_and_none_is_ever_linked_by_it(
    #[case] place: Place,
) {
    let issuer = Issuer::start().await;
    let settings = [("oidc.domains", "[\"bvf.example\"]"), ("oidc.groups", "[\"staff\"]")];
    let (node, _folder) = node(place, &issuer, &settings).await;
    let lin = person(&node, "lin@bvf.example", vec![role("operator", &[])]).await;
    let staff = json!({ "groups": ["guests", "staff"] });
    let unverified = json!({ "groups": ["staff"], "email_verified": false });
    let answer = travel(&node, &issuer, Some(&lin.session), link(), unverified.clone()).await;
    assert_eq!(answer.unwrap_err(), "oidc.refused");
    // The login is the address: it opens nothing.
    assert_eq!(travel(&node, &issuer, None, sign_in(), staff.clone()).await.unwrap_err(), "oidc.unlinked");
    travel(&node, &issuer, Some(&lin.session), link(), staff.clone()).await.unwrap();
    assert!(travel(&node, &issuer, None, sign_in(), staff).await.is_ok());
    for refused in [unverified, json!({ "groups": ["staff"], "email": "lin@evil.example" }), json!({})] {
        let answer = travel(&node, &issuer, None, sign_in(), refused.clone()).await;
        assert_eq!(answer.unwrap_err(), "oidc.refused", "{refused}");
    }
    // Groups may be told elsewhere, but of the same person.
    issuer.state.lock().unwrap().more = json!({ "sub": "248289761001", "groups": ["staff"] });
    assert!(travel(&node, &issuer, None, sign_in(), json!({})).await.is_ok());
    issuer.state.lock().unwrap().more = json!({ "sub": "another", "groups": ["staff"] });
    assert_eq!(travel(&node, &issuer, None, sign_in(), json!({})).await.unwrap_err(), "oidc.refused");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn without_an_issuer_there_is_no_such_way(#[case] place: Place) {
    let node = TestNode::start(place, "BVF").await;
    let refused = accounts(&node).begin_oidc(wire::BeginOidcRequest::default()).await.unwrap_err();
    assert_eq!(problem(&refused).1, "oidc.unavailable");
    node.node.stop().await;
}
