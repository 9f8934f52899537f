//! The desk: drafts from a form, kept as they were typed, seen in both languages, reviewed and published.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fake;

use axum::{Router, body::Body};
use fake::{Fake, config, people::SESSION};
use http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt as _;
use volbridge_proto::id::SubjectId;

const COOKIE: &str = "__Host-volbridge-session=vbs_session";

struct Desk {
    fake: Fake,
    router: Router,
    token: String,
}

impl Desk {
    async fn new(roles: &[&str]) -> Self {
        let fake = Fake::new();
        fake.sign_in(SESSION, roles);
        let router = volbridge_gateway::router(fake.client().await, config()).await;
        let mut desk = Self { fake, router, token: String::new() };
        let page = desk.page("/account", "en").await;
        let start = page.split("name=\"form_token\" value=\"").nth(1).unwrap();
        start.split('"').next().unwrap().clone_into(&mut desk.token);
        desk
    }

    async fn ask(&self, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
        (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    async fn page(&self, path: &str, language: &str) -> String {
        let request =
            Request::get(path).header(header::COOKIE, COOKIE).header(header::ACCEPT_LANGUAGE, language);
        let (status, _, page) = self.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::OK, "{path}: {page}");
        page
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) -> (StatusCode, String, String) {
        let safe = |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
        let pairs = fields.iter().copied().chain([("form_token", self.token.as_str())]);
        let body: Vec<String> =
            pairs.map(|(name, value)| format!("{}={}", safe(name), safe(value))).collect();
        let request = Request::post(path)
            .header(header::COOKIE, COOKIE)
            .header(header::ORIGIN, "https://portal.example")
            .header(header::ACCEPT_LANGUAGE, "en")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")))
            .unwrap();
        let (status, headers, page) = self.ask(request).await;
        let next = headers.get(header::LOCATION).map(|next| next.to_str().unwrap().to_owned());
        (status, next.unwrap_or_default(), page)
    }

    fn organisation(&self) -> String {
        let shared = self.fake.shared.lock().unwrap();
        SubjectId::try_from(shared.organisations[0].subject.as_slice()).unwrap().to_string()
    }
}

/// Enough to be published.
fn whole(organisation: &str) -> Vec<(&str, &str)> {
    vec![
        ("organisation", organisation),
        ("language", "zh-CN"),
        ("t.language", "en"),
        ("title", "社区图书馆周末志愿者"),
        ("t.title", "Weekend helpers for the library"),
        ("summary", "帮助孩子们阅读。"),
        ("description", "每个周末两小时，\r\n在阅览室。"),
        ("costs", "无。"),
        ("contact", "library@example.org"),
        ("where", "onsite"),
        ("place.country", "CN"),
        ("place.city", "北京"),
        ("starts_on", "2027-03-01"),
        ("applicants", "all"),
        ("sdgs", "4"),
        ("roles.0.number", "1"),
        ("roles.0.title", "伴读"),
        ("roles.0.slots", "3"),
        ("roles.0.skills", "teaching"),
        ("roles.0.offer", "meals"),
    ]
}

#[tokio::test]
async fn new_fill_in_look_at_both_languages_publish() {
    let desk = Desk::new(&["editor"]).await;
    let organisation = desk.organisation();
    let page = desk.page("/desk/listings/new", "en").await;
    assert!(page.contains("Look at both languages") && page.contains("name=\"roles.0.title\""));
    let mut fields = whole(&organisation);
    fields.push(("do", "preview"));
    let (status, next, page) = desk.send("/desk/listings/new", &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    assert!(next.ends_with("/preview"));
    let page = desk.page(&next, "en").await;
    for told in [
        "社区图书馆周末志愿者",
        "Weekend helpers for the library",
        "1 March 2027",
        "2027年3月1日",
        "在阅览室。",
        "Not translated: readers see the original.",
        "Publish",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("stand in the way") && page.contains("would make it better"), "{page}");
    let version = page.split("name=\"version\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let step = next.replace("/preview", "/step");
    let (status, next, _) = desk.send(&step, &[("version", version), ("do", "publish")]).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(next.starts_with("/desk?published="), "{next}");
    assert_eq!(desk.fake.shared.lock().unwrap().drafts[0].state, "published");
}

#[tokio::test]
async fn faults_stand_beside_their_fields_and_nothing_typed_is_lost() {
    let desk = Desk::new(&["editor"]).await;
    let organisation = desk.organisation();
    let mut fields = whole(&organisation);
    fields.retain(|(name, _)| !["costs", "roles.0.slots"].contains(name));
    fields.extend([("roles.0.slots", "0"), ("do", "save")]);
    let (status, next, _) = desk.send("/desk/listings/new", &fields).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let page = desk.page(&next, "en").await;
    assert!(page.contains("2 things stand in the way of publishing"), "{page}");
    for told in [
        "id=\"why-costs\">Something is missing",
        "id=\"why-roles.0.slots\"",
        "href=\"#f-roles.0.slots\"",
        ">Role 1: Slots<",
    ] {
        assert!(page.contains(told), "{told}");
    }
    // What can't even be read isn't stored, and stands as it was typed.
    let mut fields = whole(&organisation);
    fields.extend([("min_age", "young"), ("version", "1"), ("do", "save")]);
    let address = next.split('?').next().unwrap();
    let (status, _, page) = desk.send(address, &fields).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        page.contains("value=\"young\"")
            && page.contains("nothing is saved yet")
            && page.contains("社区图书馆周末志愿者")
    );
    assert_eq!(desk.fake.shared.lock().unwrap().drafts[0].version, 1);
}

#[tokio::test]
async fn who_comes_second_keeps_what_was_typed_and_may_save_it_over_the_first() {
    let desk = Desk::new(&["editor"]).await;
    let organisation = desk.organisation();
    let mut fields = whole(&organisation);
    fields.push(("do", "save"));
    let (_, next, _) = desk.send("/desk/listings/new", &fields).await;
    let address = next.split('?').next().unwrap().to_owned();
    desk.fake.shared.lock().unwrap().drafts[0].version = 7;
    fields.retain(|(name, _)| *name != "title" && *name != "do");
    fields.extend([("title", "我的标题也有十个字以上"), ("version", "1")]);
    let stale: Vec<_> = fields.iter().copied().chain([("do", "save")]).collect();
    let (status, _, page) = desk.send(&address, &stale).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Somebody has changed this draft") && page.contains("我的标题也有十个字以上"));
    let over: Vec<_> = fields.iter().copied().chain([("do", "save_anyway")]).collect();
    let (status, _, _) = desk.send(&address, &over).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let shared = desk.fake.shared.lock().unwrap();
    assert_eq!(shared.drafts[0].listing.as_ref().unwrap().title, "我的标题也有十个字以上");
}

#[tokio::test]
async fn roles_come_and_go_without_a_script() {
    let desk = Desk::new(&["editor"]).await;
    let organisation = desk.organisation();
    let mut fields = whole(&organisation);
    fields.push(("do", "add_role"));
    let (status, _, page) = desk.send("/desk/listings/new", &fields).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("name=\"roles.1.number\" value=\"2\"") && page.contains("value=\"伴读\""));
    fields.pop();
    fields.extend([
        ("roles.1.number", "2"),
        ("roles.1.title", "管理员"),
        ("roles.1.slots", "1"),
        ("do", "remove_role.0"),
    ]);
    let (_, _, page) = desk.send("/desk/listings/new", &fields).await;
    assert!(page.contains("name=\"roles.0.number\" value=\"2\"") && page.contains("value=\"管理员\""));
    assert!(!page.contains("value=\"伴读\"") && !page.contains("roles.1.number"));
    assert!(desk.fake.shared.lock().unwrap().drafts.is_empty(), "nothing is stored by it");
}

#[tokio::test]
async fn a_reviewer_sends_it_back_with_remarks_that_stand_beside_the_fields() {
    let desk = Desk::new(&["administrator"]).await;
    desk.fake.shared.lock().unwrap().review = true;
    let organisation = desk.organisation();
    let mut fields = whole(&organisation);
    fields.push(("do", "preview"));
    let (_, preview, _) = desk.send("/desk/listings/new", &fields).await;
    let step = preview.replace("/preview", "/step");
    let page = desk.page(&preview, "en").await;
    assert!(page.contains("Hand in for review") && !page.contains("value=\"publish\""));
    let (_, next, _) = desk.send(&step, &[("version", "1"), ("do", "submit")]).await;
    let page = desk.page(&next, "en").await;
    assert!(page.contains("The draft was handed in") && page.contains("name=\"remark.summary\""));
    let (status, _, page) = desk.send(&step, &[("version", "2"), ("do", "ask")]).await;
    assert_eq!(status, StatusCode::OK, "without a remark nobody knows what to change");
    assert!(page.contains("Something is missing"));
    let asked = [("version", "2"), ("remark.", "再具体一些"), ("remark.summary", "太短"), ("do", "ask")];
    let (status, _, page) = desk.send(&step, &asked).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{page}");
    let page = desk.page(&preview.replace("/preview", ""), "en").await;
    assert!(page.contains("Remarks of Li Na") && page.contains("再具体一些"));
    assert!(page.contains("<span class=\"remark prose\">太短</span>"));
    assert!(desk.page("/desk", "zh-CN").await.contains("需修改"));
}

#[tokio::test]
async fn a_step_on_a_draft_that_was_changed_is_told_and_changes_nothing() {
    let desk = Desk::new(&["editor"]).await;
    let organisation = desk.organisation();
    let mut fields = whole(&organisation);
    fields.push(("do", "preview"));
    let (_, preview, _) = desk.send("/desk/listings/new", &fields).await;
    let step = preview.replace("/preview", "/step");
    let (status, _, page) = desk.send(&step, &[("version", "9"), ("do", "publish")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("Somebody has changed this draft"));
    assert_eq!(desk.fake.shared.lock().unwrap().drafts[0].state, "draft");
    let (_, next, _) = desk.send(&step, &[("version", "1"), ("do", "discard")]).await;
    assert_eq!(next, "/desk?done=discarded");
    assert!(desk.fake.shared.lock().unwrap().drafts.is_empty());
}

#[tokio::test]
async fn published_listings_are_revised_copied_and_closed() {
    let desk = Desk::new(&["editor"]).await;
    let listing = {
        let shared = desk.fake.shared.lock().unwrap();
        SubjectId::try_from(shared.listings[0].subject.as_slice()).unwrap().to_string()
    };
    for language in ["en", "zh-CN"] {
        let page = desk.page("/desk", language).await;
        assert!(page.contains(&listing) && !page.contains("Unknown localization"));
    }
    let (_, next, _) = desk.send("/desk/begin", &[("revise", &listing)]).await;
    assert!(next.starts_with("/desk/listings/"));
    let page = desk.page(&next, "zh-CN").await;
    assert!(page.contains("绿色社区日活动协助志愿者") && !page.contains("Unknown localization"));
    let (status, next, _) = desk.send("/desk/begin", &[("copy", &listing)]).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{next}");
    let chosen = [("listing", listing.as_str()), ("status", "paused"), ("key", "k"), ("q", "a b")];
    let (_, next, _) = desk.send("/desk/status", &chosen).await;
    assert_eq!(next, "/desk?done=status&q=a%20b#published");
    let (status, _, page) = desk.send("/desk/status", &[("status", "paused")]).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("No listing is ticked"));
    let calls = desk.fake.shared.lock().unwrap().calls.clone();
    assert_eq!(calls, ["begin copy=false of 16", "begin copy=true of 16", "set_status paused 1"]);
}

#[tokio::test]
async fn a_strangers_markup_in_a_draft_stays_text() {
    let desk = Desk::new(&["editor"]).await;
    let organisation = desk.organisation();
    let payload = "\"><script>alert(1)</script>";
    let mut fields = whole(&organisation);
    for (name, value) in &mut fields {
        if ["title", "t.title", "summary", "description", "costs", "contact", "roles.0.title", "place.city"]
            .contains(name)
        {
            *value = payload;
        }
    }
    fields.extend([("roles.0.skills", payload), ("do", "preview")]);
    let (_, preview, _) = desk.send("/desk/listings/new", &fields).await;
    for address in [preview.clone(), preview.replace("/preview", ""), "/desk".to_owned()] {
        assert!(!desk.page(&address, "en").await.contains("<script>"), "{address}");
    }
}

#[tokio::test]
async fn a_full_editor_is_light() {
    let desk = Desk::new(&["editor"]).await;
    let organisation = desk.organisation();
    let mut fields = whole(&organisation);
    let names: Vec<String> = (1..8).map(|at| format!("roles.{at}.number")).collect();
    let numbers: Vec<String> = (2..9).map(|number: u32| number.to_string()).collect();
    fields.extend(names.iter().zip(&numbers).map(|(name, number)| (name.as_str(), number.as_str())));
    fields.push(("do", "add_role"));
    let (_, _, page) = desk.send("/desk/listings/new", &fields).await;
    assert!(page.contains("roles.8.number"));
    assert!(page.len() < 900 << 10, "{}", page.len());
}
