//! Signing in, the cookie, form tokens, invitations, accounts and people.

#![allow(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod fake;

use std::{collections::BTreeSet, fs, path::Path};

use axum::{Router, body::Body};
use fake::{
    Fake, config,
    people::{CODE, CREDENTIAL, INVITATION, PASSWORD, SESSION},
};
use http::{HeaderMap, Request, StatusCode, header};
use tower::ServiceExt as _;

const ORIGIN: &str = "https://portal.example";
const COOKIE: &str = "__Host-volbridge-session=vbs_session";
const ID: &str = "01930f6e-7c00-7000-8000-000000000002";

async fn portal(fake: &Fake) -> Router {
    volbridge_gateway::router(fake.client().await, config()).await
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let safe = |text: &str| -> String {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect()
    };
    fields.iter().map(|(name, value)| format!("{}={}", safe(name), safe(value))).collect::<Vec<_>>().join("&")
}

fn sent(path: &str, cookie: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post(path)
        .header(header::ORIGIN, ORIGIN)
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    if !cookie.is_empty() {
        request = request.header(header::COOKIE, cookie);
    }
    request.body(Body::from(encoded(fields))).unwrap()
}

fn opened(path: &str, cookie: &str, language: &str) -> Request<Body> {
    let request = Request::get(path).header(header::ACCEPT_LANGUAGE, language).header(header::COOKIE, cookie);
    request.body(Body::empty()).unwrap()
}

async fn ask(router: &Router, request: Request<Body>) -> (StatusCode, HeaderMap, String) {
    let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(bytes.to_vec()).unwrap())
}

/// The form token that a page bears.
fn token_of(page: &str) -> String {
    let start = page.split("name=\"form_token\" value=\"").nth(1).unwrap();
    start.split('"').next().unwrap().to_owned()
}

async fn token(router: &Router) -> String {
    token_of(&ask(router, opened("/account", COOKIE, "en")).await.2)
}

fn set_cookies(headers: &HeaderMap) -> Vec<String> {
    headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_session_is_a_cookie_that_no_script_reads_and_no_other_site_sends() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let right = [("login", "li.na"), ("password", PASSWORD), ("code", "123 456"), ("next", "/listings?q=x")];
    let (status, headers, _) = ask(&router, sent("/sign-in", "", &right)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert_eq!(headers[header::LOCATION], "/listings?q=x");
    let [cookie] = set_cookies(&headers).try_into().unwrap();
    assert!(cookie.starts_with(&format!("__Host-volbridge-session={SESSION};")), "{cookie}");
    for flag in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/"] {
        assert!(cookie.split("; ").any(|part| part == flag), "{flag}: {cookie}");
    }
    assert!(!cookie.contains("Domain"));
    // Without TLS a browser would refuse the prefix.
    let config =
        volbridge_gateway::GatewayConfig { public_url: "http://localhost:8080".to_owned(), ..config() };
    let plain = volbridge_gateway::router(fake.client().await, config).await;
    let mut request = sent("/sign-in", "", &right);
    request.headers_mut().insert(header::ORIGIN, "http://localhost:8080".parse().unwrap());
    let (_, headers, _) = ask(&plain, request).await;
    let [cookie] = set_cookies(&headers).try_into().unwrap();
    assert!(cookie.starts_with("volbridge-session-8080=") && !cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn whatever_is_wrong_is_told_in_the_same_words() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let mut pages = BTreeSet::new();
    for (login, password, code) in
        [("zhao.lei", PASSWORD, CODE), ("li.na", "not-this-one-91", CODE), ("li.na", PASSWORD, "000000")]
    {
        let fields = [("login", login), ("password", password), ("code", code)];
        let (status, headers, page) = ask(&router, sent("/sign-in", "", &fields)).await;
        assert_eq!((status, set_cookies(&headers).len()), (StatusCode::OK, 0));
        assert!(page.contains("That didn’t work.") && !page.contains(password), "{page}");
        pages.insert(page.replace(login, "LOGIN"));
    }
    assert_eq!(pages.len(), 1);
}

#[tokio::test]
async fn signing_in_leads_nowhere_else() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for next in
        ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "javascript:x"]
    {
        let fields = [("login", "li.na"), ("password", PASSWORD), ("code", CODE), ("next", next)];
        let (_, headers, _) = ask(&router, sent("/sign-in", "", &fields)).await;
        assert_eq!(headers[header::LOCATION], "/desk", "{next}");
        let address = format!("/sign-in?{}", encoded(&[("next", next)]));
        let (_, _, page) = ask(&router, opened(&address, "", "en")).await;
        assert!(!page.contains("evil.example") || page.contains("sign-in?next"), "{next}");
        assert!(page.contains("name=\"next\" value=\"\""), "{next}");
    }
    let (status, headers, _) = ask(&router, opened("/desk?q=a", "", "en")).await;
    assert_eq!(
        (status, &headers[header::LOCATION]),
        (StatusCode::SEE_OTHER, &"/sign-in?next=%2Fdesk%3Fq%3Da".parse().unwrap())
    );
}

#[tokio::test]
async fn signing_in_from_another_page_is_refused() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let right = [("login", "li.na"), ("password", PASSWORD), ("code", CODE)];
    for path in ["/sign-in", "/sign-in/passkey", "/invitation", "/invitation/finish"] {
        for origin in [None, Some("https://evil.example"), Some("null")] {
            let mut request = sent(path, "", &right);
            request.headers_mut().remove(header::ORIGIN);
            if let Some(origin) = origin {
                request.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
            }
            let (status, headers, _) = ask(&router, request).await;
            assert_eq!(
                (status, set_cookies(&headers).len()),
                (StatusCode::FORBIDDEN, 0),
                "{path} {origin:?}"
            );
        }
    }
}

/// Every address that takes a form, as the routers of the pages have them.
fn addresses_of_forms() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let routes = fs::read_to_string(root.join("src/routes.rs")).unwrap();
    let mut found = BTreeSet::new();
    for file in ["src/pages/mod.rs", "src/pages/desk/mod.rs"] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        for line in text.lines().filter(|line| line.contains(".route(") && line.contains("post(")) {
            let name = line.split("routes::").nth(1).unwrap().split(',').next().unwrap();
            let own = routes.lines().find(|line| line.trim().starts_with(&format!("{name} "))).unwrap();
            let pattern = own.split('"').nth(1).unwrap();
            found.insert(pattern.replace("{id}", &"ab".repeat(16)));
        }
    }
    found
}

#[tokio::test]
async fn every_form_of_a_session_bears_its_token() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["operator"]);
    fake.sign_in("vbs_other", &["operator"]);
    let demo = fake::demo_config(&fake, [ORIGIN; 3]).await;
    let router = volbridge_gateway::router(fake.client().await, demo).await;
    let addresses = addresses_of_forms();
    assert!(addresses.len() > 28, "{addresses:?}");
    let other = ask(&router, opened("/account", "__Host-volbridge-session=vbs_other", "en")).await.2;
    for address in &addresses {
        for wrong in ["", "0000", &token_of(&other)] {
            let (status, _, _) =
                ask(&router, sent(address, COOKIE, &[("form_token", wrong), ("x", "y")])).await;
            assert_eq!(status, StatusCode::FORBIDDEN, "{address} {wrong}");
        }
        let (status, _, _) = ask(&router, sent(address, COOKIE, &[("x", "y")])).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{address}");
        // The right one gets as far as the page.
        let mine = token(&router).await;
        let (status, _, page) = ask(&router, sent(address, COOKIE, &[("form_token", &mine)])).await;
        let reached = status != StatusCode::FORBIDDEN || page.contains("This isn’t allowed");
        assert!(reached, "{address}: {status} {page}");
        if address == "/sign-out" {
            fake.sign_in(SESSION, &["operator"]);
        }
    }
    assert_eq!(fake.shared.lock().unwrap().sessions.len(), 2);
}

#[tokio::test]
async fn what_was_typed_outlives_the_session() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["operator"]);
    let router = portal(&fake).await;
    let before = token(&router).await;
    fake.shared.lock().unwrap().sessions.clear();
    let fields = [("form_token", before.as_str()), ("name", "Wang Fang"), ("role", "editor")];
    let (status, headers, page) = ask(&router, sent("/desk/people/invite", COOKIE, &fields)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(page.contains("name=\"name\" value=\"Wang Fang\"") && page.contains("Send again"), "{page}");
    assert!(!page.contains(&before) && page.contains("href=\"/sign-in\" target=\"_blank\""));
    assert!(set_cookies(&headers)[0].contains("Max-Age=0"), "the cookie goes with the session");
    // Signed in again in another tab: the old page's form is shown again, now with this session's token.
    fake.sign_in("vbs_new", &["operator"]);
    let cookie = "__Host-volbridge-session=vbs_new";
    let (status, _, page) = ask(&router, sent("/desk/people/invite", cookie, &fields)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let fresh = token_of(&page);
    let again = [("form_token", fresh.as_str()), ("name", "Wang Fang"), ("role", "editor")];
    let (status, _, page) = ask(&router, sent("/desk/people/invite", cookie, &again)).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains(&format!("{ORIGIN}/invitation#{INVITATION}")));
    assert_eq!(fake.shared.lock().unwrap().calls, ["invite Wang Fang editor:"]);
}

#[tokio::test]
async fn a_password_is_never_written_into_a_page() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["editor"]);
    let router = portal(&fake).await;
    let fields = [("form_token", "old"), ("password", PASSWORD)];
    let (status, _, page) = ask(&router, sent("/account/password", COOKIE, &fields)).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert!(!page.contains(PASSWORD) && page.contains("Nothing was changed"), "{page}");
}

#[tokio::test]
async fn a_multipart_form_bears_the_token_too() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["editor"]);
    let router = portal(&fake).await;
    let mine = token(&router).await;
    for (token, expected) in [("", StatusCode::FORBIDDEN), (mine.as_str(), StatusCode::BAD_REQUEST)] {
        let part = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = format!("{}{}--b--\r\n", part("form_token", token), part("proof", ""));
        let request = Request::post("/verify")
            .header(header::ORIGIN, ORIGIN)
            .header(header::COOKIE, COOKIE)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .body(Body::from(body))
            .unwrap();
        assert_eq!(ask(&router, request).await.0, expected, "{token}");
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_takes_the_cookie() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["editor"]);
    let router = portal(&fake).await;
    let mine = token(&router).await;
    let (status, headers, _) = ask(&router, sent("/sign-out", COOKIE, &[("form_token", &mine)])).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    assert!(set_cookies(&headers)[0].contains("Max-Age=0"));
    assert!(fake.shared.lock().unwrap().sessions.is_empty());
}

#[tokio::test]
async fn the_header_says_who_is_signed_in() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for (roles, language, there, absent) in [
        (&["editor"][..], "en", &["Li Na", ">Desk<", "Sign out"][..], &["/desk/people"][..]),
        (&["operator"], "zh-CN", &["Li Na", "工作台", "人员", "退出登录"], &[]),
        (&["auditor"], "en", &["Li Na", "/account", "/network"], &[">Desk<"]),
    ] {
        fake.sign_in(SESSION, roles);
        let (_, headers, page) = ask(&router, opened("/listings", COOKIE, language)).await;
        for told in there {
            assert!(page.contains(told), "{told}");
        }
        for told in absent {
            assert!(!page.contains(told), "{told}");
        }
        assert_eq!(headers[header::CACHE_CONTROL], "private, no-cache");
    }
    let (_, _, page) = ask(&router, opened("/listings?q=a", "", "en")).await;
    assert!(
        page.contains("href=\"/sign-in?next=%2Flistings%3Fq%3Da\"")
            && page.contains("href=\"/organisations\"")
    );
    let (status, _, page) = ask(&router, opened("/nowhere", COOKIE, "en")).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(page.contains("Li Na"), "an error's page knows it as well");
}

#[tokio::test]
async fn operators_and_auditors_see_the_network_from_anywhere() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    for (roles, expected) in [
        (&["editor"][..], StatusCode::NOT_FOUND),
        (&["administrator"], StatusCode::NOT_FOUND),
        (&["auditor"], StatusCode::OK),
        (&["operator"], StatusCode::OK),
    ] {
        fake.sign_in(SESSION, roles);
        assert_eq!(ask(&router, opened("/network", COOKIE, "en")).await.0, expected, "{roles:?}");
    }
    fake.sign_in(SESSION, &["operator"]);
    fake.shared.lock().unwrap().sessions.get_mut(SESSION).unwrap().roles[0].organisation = vec![1; 16];
    assert_eq!(ask(&router, opened("/network", COOKIE, "en")).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_invitation_is_taken_up_without_a_script() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let (status, headers, page) = ask(&router, opened("/invitation", "", "en")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("data-handed"));
    assert_eq!(
        (&headers[header::CACHE_CONTROL], &headers[header::REFERRER_POLICY]),
        (&"no-store".parse().unwrap(), &"no-referrer".parse().unwrap())
    );
    let address = format!("/invitation?token={INVITATION}");
    let (_, headers, page) = ask(&router, opened(&address, "", "en")).await;
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert!(
        page.contains("Welcome, Wang Fang")
            && page.contains("Li Na invites you")
            && page.contains(">Editor<")
    );
    let (_, _, page) = ask(&router, opened("/invitation?token=used", "", "zh-CN")).await;
    assert!(page.contains("这份邀请无法使用"));

    let chosen = |login, password| {
        [("token", INVITATION), ("login", login), ("name", "Wang Fang"), ("password", password)]
    };
    let (_, _, page) = ask(&router, sent("/invitation/password", "", &chosen("li.na", PASSWORD))).await;
    assert!(page.contains("Login: Somebody has this login") && page.contains("value=\"li.na\""), "{page}");
    let (_, _, page) = ask(&router, sent("/invitation/password", "", &chosen("wang", "short"))).await;
    assert!(page.contains("Password: The password needs"));
    let (_, headers, page) = ask(&router, sent("/invitation/password", "", &chosen("wang", PASSWORD))).await;
    assert!(page.contains("<svg") && page.contains("JBSW Y3DP EHPK 3PXP") && !page.contains(PASSWORD));
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    let ceremony = "07".repeat(16);
    let finish = |code| {
        [
            ("token", INVITATION),
            ("ceremony", ceremony.as_str()),
            ("secret", "JBSWY3DPEHPK3PXP"),
            ("uri", "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"),
            ("code", code),
        ]
    };
    let (_, _, page) = ask(&router, sent("/invitation/finish", "", &finish("000000"))).await;
    assert!(page.contains("That is not the code") && page.contains("<svg") && page.contains("Start again"));
    let (status, headers, _) = ask(&router, sent("/invitation/finish", "", &finish(CODE))).await;
    assert_eq!((status, &headers[header::LOCATION]), (StatusCode::SEE_OTHER, &"/desk".parse().unwrap()));
    assert!(set_cookies(&headers)[0].starts_with("__Host-volbridge-session="));
}

#[tokio::test]
async fn a_script_gets_the_options_of_a_passkey_and_sends_what_was_made() {
    let fake = Fake::new();
    let router = portal(&fake).await;
    let fields = [("token", INVITATION), ("login", "wang"), ("name", "Wang Fang"), ("passkey", "Phone")];
    let (_, headers, told) = ask(&router, sent("/invitation/options", "", &fields)).await;
    assert_eq!(headers[header::CACHE_CONTROL], "no-store");
    assert!(told.contains("challenge") && told.contains(&"07".repeat(16)), "{told}");
    let taken = [("token", INVITATION), ("login", "li.na"), ("name", "Wang Fang")];
    let (_, _, told) = ask(&router, sent("/invitation/options", "", &taken)).await;
    assert!(told.contains("\"problem\":\"Login: Somebody has"), "{told}");
    let ceremony = "07".repeat(16);
    let made = [("token", INVITATION), ("ceremony", ceremony.as_str()), ("credential", CREDENTIAL)];
    let (status, _, _) = ask(&router, sent("/invitation/finish", "", &made)).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    let used = [("ceremony", ceremony.as_str()), ("credential", CREDENTIAL), ("next", "/account")];
    let (_, headers, _) = ask(&router, sent("/sign-in/passkey", "", &used)).await;
    assert_eq!(headers[header::LOCATION], "/account");
}

#[tokio::test]
async fn the_own_account_and_people_stand_in_both_languages() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["operator", "editor"]);
    fake.sign_in("vbs_narrow", &["administrator"]);
    let organisation = volbridge_proto::id::SubjectId::v4([9; 16]).to_vec();
    fake.shared.lock().unwrap().sessions.get_mut("vbs_narrow").unwrap().roles[0].organisation = organisation;
    let router = portal(&fake).await;
    for address in
        ["/account", "/account?done=password", "/desk/people", "/desk/people?done=roles", "/sign-in"]
    {
        for (language, cookie) in
            [("en", COOKIE), ("zh-CN", COOKIE), ("en", "__Host-volbridge-session=vbs_narrow")]
        {
            let (status, _, page) = ask(&router, opened(address, cookie, language)).await;
            if address == "/sign-in" {
                assert_eq!(status, StatusCode::SEE_OTHER, "who is signed in needs no door");
                continue;
            }
            assert_eq!(status, StatusCode::OK, "{address}");
            assert!(
                page.contains(&format!("<html lang=\"{language}\">"))
                    && !page.contains("Unknown localization")
            );
            assert!(!page.contains("style=") && !page.contains("<script>") && !page.contains(" onclick"));
        }
    }
}

/// A form's path, its fields, and where it leads.
type Act<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

#[tokio::test]
async fn what_accounts_did_is_read_by_operators_and_auditors_page_by_page() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["auditor"]);
    fake.sign_in("vbs_editor", &["editor"]);
    let router = portal(&fake).await;
    let (status, _, page) = ask(&router, opened("/desk/people/log", COOKIE, "en")).await;
    assert_eq!(status, StatusCode::OK);
    for text in [
        "approved a draft",
        "changed the roles",
        ">Zhao Lei</a>",
        "Reviewer",
        "3fa2c1d0 (Read, Publish)",
        "was refused at sign-in",
        "203.0.113.0/24",
        "nobody who is known",
        "href=\"/desk/people/log?cursor=7\"",
        "href=\"/desk/people/log\">Log of accounts</a>",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    let (_, _, page) = ask(&router, opened("/desk/people/log?cursor=7", COOKIE, "zh-CN")).await;
    assert!(
        page.contains("退出登录") && page.contains("账号操作日志") && !page.contains("rel=\"next\""),
        "{page}"
    );
    let (status, _, _) =
        ask(&router, opened("/desk/people/log", "__Host-volbridge-session=vbs_editor", "en")).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _, _) = ask(&router, opened("/desk/people/log", "", "en")).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_account_elsewhere_opens_the_door_for_the_browser_that_left() {
    let fake = Fake::new();
    let without = portal(&fake).await;
    let (_, _, page) = ask(&without, opened("/sign-in", "", "en")).await;
    assert!(!page.contains("/sign-in/oidc"), "no button without it");

    let config = volbridge_gateway::GatewayConfig { oidc: Some("BVF <staff>".to_owned()), ..config() };
    let router = volbridge_gateway::router(fake.client().await, config).await;
    let (_, _, page) = ask(&router, opened("/sign-in?next=/listings", "", "en")).await;
    assert!(
        page.contains("Sign in with BVF &#60;staff&#62;") && page.contains("action=\"/sign-in/oidc\""),
        "{page}"
    );
    let (_, headers, page) = ask(&router, sent("/sign-in/oidc", "", &[("next", "/listings?q=志")])).await;
    assert!(page.contains("url=https://id.example/authorize?state=07&#38;scope=openid"), "{page}");
    assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
    let [cookie] = set_cookies(&headers).try_into().unwrap();
    for flag in ["__Host-volbridge-away=browser.", "HttpOnly", "SameSite=Lax", "Secure", "Max-Age=600"] {
        assert!(cookie.contains(flag), "{flag}: {cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();

    let back = "/sign-in/oidc/return?state=07&code=right&iss=https%3A%2F%2Fid.example&session_state=x";
    let (status, headers, _) = ask(&router, opened(back, cookie, "en")).await;
    assert_eq!(status, StatusCode::SEE_OTHER);
    // An address that isn't ASCII is none to go on to.
    assert_eq!(headers[header::LOCATION], "/desk");
    let cookies = set_cookies(&headers);
    assert!(cookies[0].starts_with("__Host-volbridge-session=vbs_session;"), "{cookies:?}");
    assert!(cookies[1].starts_with("__Host-volbridge-away=;"), "{cookies:?}");

    // Another browser, which didn't leave.
    let (status, headers, page) = ask(&router, opened(back, "", "en")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("It took too long") && headers[header::CACHE_CONTROL] == "no-store", "{page}");
    assert!(!set_cookies(&headers).iter().any(|cookie| cookie.contains("session=vbs")));
    let unlinked = "/sign-in/oidc/return?state=07&code=unlinked";
    let (_, _, page) = ask(&router, opened(unlinked, cookie, "zh-CN")).await;
    assert!(page.contains("这里还没有账号与它关联"), "{page}");
    let (_, _, page) = ask(&router, opened("/sign-in/oidc/return?error=access_denied", cookie, "en")).await;
    assert!(page.contains("It took too long"), "{page}");
}

#[tokio::test]
async fn an_account_elsewhere_is_linked_by_a_form_of_the_session_alone() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["editor"]);
    let config = volbridge_gateway::GatewayConfig { oidc: Some("BVF".to_owned()), ..config() };
    let router = volbridge_gateway::router(fake.client().await, config).await;
    let (status, _, _) = ask(&router, sent("/account/oidc", COOKIE, &[])).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a form of another page");
    let token = token(&router).await;
    let (_, headers, page) = ask(&router, sent("/account/oidc", COOKIE, &[("form_token", &token)])).await;
    assert!(page.contains("https://id.example/authorize"), "{page}");
    let away = set_cookies(&headers)[0].split(';').next().unwrap().to_owned();
    let both = format!("{COOKIE}; {away}");
    let (_, headers, _) = ask(&router, opened("/sign-in/oidc/return?state=07&code=right", &both, "en")).await;
    assert_eq!(headers[header::LOCATION], "/account?done=oidc");

    fake.sign_in(SESSION, &["editor"]);
    let (_, _, page) = ask(&router, opened("/account", COOKIE, "en")).await;
    assert!(page.contains("li.na@bvf") && page.contains("Remove “li.na@bvf”"), "{page}");
    let remove = [("form_token", token.as_str()), ("id", "04040404040404040404040404040404")];
    let (_, headers, _) = ask(&router, sent("/account/oidc/remove", COOKIE, &remove)).await;
    assert_eq!(headers[header::LOCATION], "/account?done=removed");

    let chosen = [("token", INVITATION), ("login", " wang.fang "), ("name", "Wang Fang")];
    let (_, _, page) = ask(&router, sent("/invitation/oidc", "", &chosen)).await;
    assert!(page.contains("https://id.example/authorize"), "{page}");
    let calls = fake.shared.lock().unwrap().calls.clone();
    assert!(calls.contains(&"begin_oidc true wang.fang".to_owned()), "{calls:?}");
}

#[tokio::test]
async fn acts_of_the_account_reach_the_node() {
    let fake = Fake::new();
    fake.sign_in(SESSION, &["operator"]);
    let router = portal(&fake).await;
    let mine = token(&router).await;
    let one = "01".repeat(16);
    let organisation = format!("绿色北京 · {ID}");
    let acts: [Act; 9] = [
        ("/account/passkey/remove", &[("id", &one)], "/account?done=removed"),
        ("/account/sessions/end", &[], "/account?done=sessions"),
        ("/account/token/revoke", &[("id", &one)], "/account?done=revoked"),
        ("/account/token/create", &[("name", "x"), ("scope", "read"), ("days", "30")], ""),
        ("/desk/people/revoke", &[("id", &one)], "/desk/people?done=revoked"),
        (
            "/desk/people/roles",
            &[("id", &one), ("role", "editor"), ("narrow", "reviewer"), ("organisation", &organisation)],
            "/desk/people?done=roles",
        ),
        ("/desk/people/roles", &[("id", &one)], ""),
        ("/desk/people/lock", &[("id", &one), ("locked", "true")], "/desk/people?done=locked"),
        ("/desk/people/invite", &[("name", "Wang"), ("narrow", "editor"), ("organisation", ID)], ""),
    ];
    for (address, fields, next) in acts {
        let fields: Vec<(&str, &str)> =
            fields.iter().copied().chain([("form_token", mine.as_str())]).collect();
        let (status, headers, page) = ask(&router, sent(address, COOKIE, &fields)).await;
        if next.is_empty() {
            assert_eq!(status, StatusCode::OK, "{address}");
            let told = ["vbt_once", INVITATION, "only operator"];
            assert!(told.iter().any(|told| page.contains(told)), "{address}: {page}");
        } else {
            assert_eq!((status, headers[header::LOCATION].to_str().unwrap()), (StatusCode::SEE_OTHER, next));
        }
    }
    let calls = fake.shared.lock().unwrap().calls.clone();
    assert_eq!(
        calls,
        [
            "remove_passkey",
            "end_sessions",
            "revoke_token",
            "create_token [\"read\"]",
            "revoke_invitation",
            "set_roles 2",
            "set_locked true",
            &format!("invite Wang editor:{}", ID.replace('-', "")),
        ]
    );
}
