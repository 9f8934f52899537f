//! The portal in a real browser: what comes in without a reload, the tour, both
//! languages, narrow and dark windows, a window without scripts, the keyboard alone.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use fantoccini::{
    Locator,
    actions::{InputSource as _, KeyAction, KeyActions},
};
use rstest::rstest;
use serde_json::Value;
use volbridge_tests::{
    Database, Partner, Record,
    browser::{Browser, Look},
    partner::PATIENCE,
    portal::Portal,
};

async fn wait_for(browser: &Browser, css: &str) {
    let wait = browser.page.wait().at_most(PATIENCE);
    if let Err(error) = wait.for_element(Locator::Css(css)).await {
        panic!("{css} never came: {error}\n{}", browser.text().await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_from_beijing_comes_in_at_bonn_without_a_reload() {
    let (bvf, unv) =
        (Partner::start("BVF", Database::Sqlite).await, Partner::start("UNV", Database::Sqlite).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    bvf.listing("Here before", &organisation).await;
    unv.follows(&bvf).await;
    let portal = Portal::start(&unv).await;
    let browser = Browser::start(1280, "en").await;
    browser.page.goto(&portal.at("/listings")).await.unwrap();
    wait_for(&browser, ".card").await;
    browser.page.execute("window.notReloaded = true", Vec::new()).await.unwrap();

    let new = bvf.listing("Arrives while you watch", &organisation).await;
    let id = uuid(&new);
    wait_for(&browser, &format!("[data-subject='{id}']")).await;
    let text = browser.text().await;
    assert!(text.contains("Arrives while you watch") && text.contains("Here before"), "{text}");
    assert_eq!(
        browser.page.execute("return window.notReloaded", Vec::new()).await.unwrap(),
        Value::Bool(true)
    );
    bvf.withdraw(&[&new]).await;
    let gone = "return document.querySelector(`[data-subject='${arguments[0]}']`) === null";
    let wait = tokio::time::timeout(PATIENCE, async {
        while browser.page.execute(gone, vec![Value::from(id.clone())]).await.unwrap() != Value::Bool(true) {}
    });
    assert!(wait.await.is_ok(), "a withdrawn listing stays on the page");
    browser.close().await;
}

fn uuid(record: &Record) -> String {
    volbridge_proto::SubjectId::try_from(record.subject.as_slice()).unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_is_walked_with_clicks_alone() {
    let unv = Partner::start("UNV", Database::Sqlite).await;
    let carriers = format!("[\"{}\"]", unv.id);
    let bvf = Partner::start_with("BVF", Database::Sqlite, &[("exchange.carriers", &carriers)]).await;
    let avi = Partner::start_with("AVI", Database::Sqlite, &[("exchange.carriers", &carriers)]).await;
    for (one, other) in [(&bvf, &unv), (&unv, &bvf), (&unv, &avi), (&avi, &unv)] {
        one.admit(other, None).await;
    }
    for (one, other) in [(&bvf, &avi), (&avi, &bvf)] {
        one.admit(other, Some("")).await;
        one.follows(other).await;
    }
    bvf.organisation().await;
    bvf.agree(&avi).await;
    avi.agree(&bvf).await;
    bvf.follows(&avi).await;
    avi.follows(&bvf).await;
    let portals = Portal::tour([&bvf, &unv, &avi]).await;
    let browser = Browser::start(1280, "en").await;
    browser.page.goto(&portals[0].at("/demo")).await.unwrap();
    for (step, shown) in [("publish", "AVI"), ("seal", "opens"), ("open", "Lin Xiao"), ("withdraw", "Erased")]
    {
        let button = format!("form[action^='/demo/{step}'] button");
        wait_for(&browser, &button).await;
        browser.page.find(Locator::Css(&button)).await.unwrap().click().await.unwrap();
        let wait = tokio::time::timeout(PATIENCE, async {
            while !browser.text().await.to_lowercase().contains(&shown.to_lowercase()) {}
        });
        assert!(wait.await.is_ok(), "{step}: {}", browser.text().await);
        let barriers = browser.barriers().await;
        assert!(barriers.is_empty(), "after {step}: {barriers:#?}");
    }
    let text = browser.text().await;
    assert!(text.contains("tlog-proof") && text.contains("volbridge record verify"), "{text}");
    browser.close().await;
}

struct Shown {
    _partners: [Partner; 2],
    portal: Portal,
    listing: String,
    /// An address of each kind of page.
    pages: Vec<String>,
}

/// A listing in English with a Chinese translation by another partner, and one of
/// everything else that has a page; shared by the tests below.
async fn shown() -> Shown {
    let (bvf, unv) =
        (Partner::start("BVF", Database::Sqlite).await, Partner::start("UNV", Database::Sqlite).await);
    bvf.admit(&unv, None).await;
    unv.admit(&bvf, None).await;
    let organisation = bvf.organisation().await;
    let listing = bvf.listing("Show the way at the Great Wall", &organisation).await;
    let conference = bvf.conference().await;
    bvf.material(&conference, b"slides").await;
    bvf.agree(&unv).await;
    unv.follows(&bvf).await;
    unv.translation(&listing, "zh-CN", "长城志愿向导").await;
    bvf.follows(&unv).await;
    let portal = Portal::start(&bvf).await;
    let (id, hash) = (uuid(&listing), hex(&listing.hash));
    let mut pages = PAGES.map(str::to_owned).to_vec();
    pages.extend([
        format!("/listings/{id}"),
        format!("/partners/{}", bvf.id),
        format!("/organisations/{}", uuid(&organisation)),
        format!("/conferences/{}", uuid(&conference)),
        format!("/records/{hash}"),
        format!("/verify?record={hash}"),
    ]);
    Shown { _partners: [bvf, unv], portal, listing: id, pages }
}

const PAGES: [&str; 14] = [
    "/",
    "/listings",
    "/listings?q=nobody&countries=CN",
    "/listings?countries=CN&sdgs=4&near=39.9,116.4&km=2000&sort=distance",
    "/match",
    "/match?skills=teaching&countries=CN&languages=en:B2&from=2027-01-01",
    "/partners",
    "/conferences",
    "/statistics",
    "/alerts?q=wall&countries=CN",
    "/sign-in",
    "/verify",
    "/network",
    "/nothing",
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The page in a language, whatever its query.
fn address(shown: &Shown, path: &str, language: &str) -> String {
    let and = if path.contains('?') { '&' } else { '?' };
    shown.portal.at(&format!("{path}{and}lang={language}"))
}

#[rstest]
#[case::chinese("zh-CN")]
#[case::english("en")]
#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_a_narrow_window(#[case] language: &'static str) {
    let shown = shown().await;
    // 320 is what remains of 1280 at four times the size (WCAG 1.4.10).
    for width in [375, 320] {
        let browser = Browser::start(width, language).await;
        for path in &shown.pages {
            browser.page.goto(&address(&shown, path, language)).await.unwrap();
            let facts = "return [document.documentElement.lang, document.documentElement.scrollWidth, \
                         document.querySelectorAll('h1').length, document.querySelectorAll('img:not([alt])').length]";
            let facts = browser.page.execute(facts, Vec::new()).await.unwrap();
            assert_eq!(facts[0], language, "{path}");
            assert!(facts[1].as_u64().unwrap() <= width.into(), "{path} is wider than {width}: {facts}");
            assert_eq!((&facts[2], &facts[3]), (&Value::from(1), &Value::from(0)), "{path}");
        }
        browser.close().await;
    }
}

#[rstest]
#[case::chinese("zh-CN", 1280)]
#[case::chinese_narrow("zh-CN", 375)]
#[case::english("en", 1280)]
#[case::english_narrow("en", 375)]
#[tokio::test(flavor = "multi_thread")]
async fn no_page_keeps_anybody_out(#[case] language: &'static str, #[case] width: u32) {
    let shown = shown().await;
    for dark in [false, true] {
        let browser = Browser::looking(Look { width, language, dark, scripts: true }).await;
        for path in &shown.pages {
            browser.page.goto(&address(&shown, path, language)).await.unwrap();
            // What is folded is there for those who unfold it.
            let unfold = "document.querySelectorAll('details').forEach((part) => { part.open = true; })";
            browser.page.execute(unfold, Vec::new()).await.unwrap();
            let barriers = browser.barriers().await;
            assert!(barriers.is_empty(), "{path}, dark: {dark}: {barriers:#?}");
        }
        browser.close().await;
    }
}

/// Where the keyboard is: a name, whether it comes after the one before, and whether one sees it.
const STOP: &str = "const now = document.activeElement, before = window.before; window.before = now;
    if (now === document.body) return null;
    const box = now.getBoundingClientRect(), style = getComputedStyle(now);
    return [now.textContent.trim() || now.id || now.tagName,
      // A date has a stop for each of its parts.
      !before || before === now || !!(before.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING),
      box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth
        // Which part of a date has the focus is shown by the browser.
        && (now.type === 'date' || style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2)]";
const TAB: &str = "\u{E004}";

#[rstest]
#[case::wide(1280)]
#[case::narrow(375)]
#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything_in_order_and_one_sees_where_it_is(#[case] width: u32) {
    let shown = shown().await;
    let browser = Browser::start(width, "en").await;
    let press = async |keys: &str| {
        // Keys pressed, not sent to an element: a field for files takes what is sent for names of files.
        let keys = keys.chars().fold(KeyActions::new("keyboard".to_owned()), |actions, value| {
            actions.then(KeyAction::Down { value }).then(KeyAction::Up { value })
        });
        browser.page.perform_actions(keys).await.unwrap();
        browser.page.execute(STOP, Vec::new()).await.unwrap()
    };
    for path in
        ["/", "/listings", "/match", &format!("/listings/{}", shown.listing), "/verify"].map(str::to_owned)
    {
        browser.page.goto(&address(&shown, &path, "en")).await.unwrap();
        let first = press(TAB).await;
        assert_eq!(
            (&first[0], &first[2]),
            (&Value::from("Skip to the content"), &Value::Bool(true)),
            "{path}"
        );
        let mut stops = Vec::new();
        loop {
            let stop = press(TAB).await;
            if stop.is_null() || stops.len() > 200 {
                break;
            }
            assert_eq!(
                (&stop[1], &stop[2]),
                (&Value::Bool(true), &Value::Bool(true)),
                "{path}: {stop} after {stops:?}"
            );
            stops.push(stop[0].as_str().unwrap().to_owned());
        }
        let all = "return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')].filter( \
                   (one) => one.checkVisibility() && !one.classList.contains('skip')).length";
        let all = browser.page.execute(all, Vec::new()).await.unwrap().as_u64().unwrap();
        assert!(stops.len() as u64 >= all, "{path}: {all} can be used, and the keyboard reaches {stops:?}");
        // The skip link goes past the navigation.
        browser.page.goto(&address(&shown, &path, "en")).await.unwrap();
        press(TAB).await;
        press("\u{E007}").await;
        press(TAB).await;
        let inside = "return document.querySelector('main').contains(document.activeElement)";
        assert_eq!(browser.page.execute(inside, Vec::new()).await.unwrap(), Value::Bool(true), "{path}");
    }
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_scripts_and_with_the_keyboard_alone_a_listing_is_found_and_read() {
    let shown = shown().await;
    let browser = Browser::looking(Look { width: 1280, language: "en", dark: false, scripts: false }).await;
    browser.page.goto(&shown.portal.at("/?lang=en")).await.unwrap();
    let search = browser.page.find(Locator::Css("input[name=q]")).await.unwrap();
    search.send_keys("great wall\u{E007}").await.unwrap();
    wait_for(&browser, ".card a").await;
    let link =
        browser.page.find(Locator::Css(&format!("[data-subject='{}'] a", shown.listing))).await.unwrap();
    link.send_keys("\u{E007}").await.unwrap();
    let wait = browser.page.wait().at_most(PATIENCE);
    wait.for_url(&shown.portal.at(&format!("/listings/{}", shown.listing)).parse().unwrap()).await.unwrap();
    let text = browser.text().await;
    for needle in ["Show visitors the way.", "长城志愿向导", "BVF", "UNV", "entry"] {
        assert!(text.contains(needle), "{needle}: {text}");
    }
    browser.close().await;
}
