//! Signing in with an account elsewhere, in a real browser and with a certified provider: linked, left, come back.

use fantoccini::Locator;
use rstest::rstest;
use volbridge_proto::wire::node::v1::{self as wire, accounts_client::AccountsClient};
use volbridge_tests::{
    Database, Partner,
    browser::{Browser, Look, free_port},
    issuer::{CLIENT, Issuer, SECRET},
    portal::Portal,
};

/// At the provider's own pages.
async fn sign_in_elsewhere(browser: &Browser, login: &str) {
    browser.wait_for("input[name='login']").await;
    browser.fill("input[name='login']", login).await;
    browser.fill("input[name='password']", "any").await;
    browser.click("button[type='submit']").await;
    // What the portal may know is agreed to.
    browser.wait_for("form[action$='/confirm'] button, input[name='prompt'][value='consent'] ~ button").await;
    browser.click("button[type='submit']").await;
}

async fn sign_out(browser: &Browser) {
    browser.click("details.who summary").await;
    browser.click("details.who form button").await;
    browser.wait_for("a.enter").await;
}

#[rstest]
#[case::english("en", true)]
#[case::chinese("zh-CN", true)]
#[case::without_scripts("en", false)]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_elsewhere_takes_up_an_invitation_and_opens_the_door_from_then_on(
    #[case] language: &'static str,
    #[case] scripts: bool,
) {
    let port = free_port();
    let address = format!("http://localhost:{port}");
    let issuer = Issuer::start(&address).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let secret = format!("{{ file = \"{}\" }}", file.display());
    let settings = [
        ("gateway.public_url", address.as_str()),
        ("oidc.issuer", issuer.address.as_str()),
        ("oidc.client_id", CLIENT),
        ("oidc.client_secret", secret.as_str()),
        ("oidc.name", "BVF ID"),
        ("oidc.domains", "[\"bvf.example\"]"),
    ];
    let bvf = Partner::start_with("BVF", Database::Sqlite, &settings).await;
    let portal = Portal::at_port(&bvf, port).await;
    let message = wire::InviteRequest {
        name: "Lin Wei".to_owned(),
        roles: vec![wire::Role { name: "operator".to_owned(), ..Default::default() }],
        account: Vec::new(),
    };
    let mut accounts = AccountsClient::new(bvf.channel());
    let token = accounts.invite(bvf.staff(message)).await.unwrap().into_inner().token;

    let browser = Browser::looking(Look { width: 1280, language, dark: false, scripts }).await;
    browser.page.goto(&portal.at(&format!("/invitation?token={token}"))).await.unwrap();
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
    }
    browser.fill("#oidc-login", "lin.wei").await;
    browser.click("form[action='/invitation/oidc'] button").await;
    sign_in_elsewhere(&browser, "lin").await;
    browser.wait_for("details.who").await;
    browser.page.goto(&portal.at("/account")).await.unwrap();
    let text = browser.text().await;
    assert!(text.contains("lin.wei") && text.contains(&issuer.address), "{text}");
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
    }

    // Out and in again: the provider remembers who it is.
    sign_out(&browser).await;
    browser.page.goto(&portal.at("/sign-in?next=/account")).await.unwrap();
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
    }
    browser.click("form[action='/sign-in/oidc'] button").await;
    browser.wait_for("details.who").await;
    assert_eq!(browser.page.current_url().await.unwrap().path(), "/account");

    // What was done stands in the log.
    browser.page.goto(&portal.at("/desk/people/log")).await.unwrap();
    let rows = browser.page.find_all(Locator::Css("tbody tr")).await.unwrap().len();
    assert_eq!(rows, 6, "{}", browser.text().await);
    if scripts {
        assert_eq!(browser.barriers().await, Vec::<String>::new());
    }

    // Somebody else's account there opens nothing here.
    sign_out(&browser).await;
    browser.page.delete_all_cookies().await.unwrap();
    browser.page.goto(&portal.at("/sign-in")).await.unwrap();
    browser.click("form[action='/sign-in/oidc'] button").await;
    sign_in_elsewhere(&browser, "wang").await;
    browser.wait_for("p.warning[role='alert']").await;
    assert!(browser.page.find(Locator::Css("details.who")).await.is_err());
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_elsewhere_is_linked_to_ones_own_and_unlinked_again() {
    let port = free_port();
    let address = format!("http://localhost:{port}");
    let issuer = Issuer::start(&address).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    std::fs::write(&file, SECRET).unwrap();
    let secret = format!("{{ file = \"{}\" }}", file.display());
    let settings = [
        ("gateway.public_url", address.as_str()),
        ("oidc.issuer", issuer.address.as_str()),
        ("oidc.client_id", CLIENT),
        ("oidc.client_secret", secret.as_str()),
        ("oidc.name", "BVF ID"),
    ];
    let bvf = Partner::start_with("BVF", Database::Sqlite, &settings).await;
    let portal = Portal::at_port(&bvf, port).await;
    let message = wire::InviteRequest {
        name: "Lin Wei".to_owned(),
        roles: vec![wire::Role { name: "editor".to_owned(), ..Default::default() }],
        account: Vec::new(),
    };
    let mut accounts = AccountsClient::new(bvf.channel());
    let token = accounts.invite(bvf.staff(message)).await.unwrap().into_inner().token;
    let browser = Browser::start(1280, "en").await;
    browser.keeps_passkeys().await;
    browser.page.goto(&portal.at(&format!("/invitation#{token}"))).await.unwrap();
    browser.wait_for("form[data-passkey='create']").await;
    browser.fill("#passkey-login", "lin.wei").await;
    browser.click("form[data-passkey='create'] button").await;
    browser.wait_for("details.who").await;

    browser.page.goto(&portal.at("/account")).await.unwrap();
    browser.click("form[action='/account/oidc'] button").await;
    sign_in_elsewhere(&browser, "lin").await;
    browser.wait_for("form[action='/account/oidc/remove']").await;
    assert_eq!(browser.page.current_url().await.unwrap().query(), Some("done=oidc"));
    sign_out(&browser).await;
    browser.page.goto(&portal.at("/sign-in")).await.unwrap();
    browser.click("form[action='/sign-in/oidc'] button").await;
    browser.wait_for("details.who").await;
    browser.page.goto(&portal.at("/account")).await.unwrap();
    browser.click("form[action='/account/oidc/remove'] button").await;
    browser.wait_for("p.said").await;
    assert!(browser.page.find(Locator::Css("form[action='/account/oidc/remove']")).await.is_err());
    sign_out(&browser).await;
    browser.page.goto(&portal.at("/sign-in")).await.unwrap();
    browser.click("form[action='/sign-in/oidc'] button").await;
    browser.wait_for("p.warning[role='alert']").await;
    browser.close().await;
}
