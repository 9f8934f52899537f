//! A real Chromium, driven over WebDriver. One driver a test, on a port of its own.

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, wd::WebDriverCompatibleCommand};
use reqwest::{Method, Url};
use serde_json::{Map, json};
use tempfile::TempDir;

use crate::partner::PATIENCE;

/// Rules of accessibility, as a program: <https://github.com/dequelabs/axe-core>.
const AXE: &str = include_str!("../vendor/axe-core/axe.min.js");
/// Windows of a browser without a screen don't become narrower; below that the device is emulated.
const NARROWEST: u32 = 500;

/// How a window looks at pages.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Width in CSS pixels.
    pub width: u32,
    /// Preferred language.
    pub language: &'static str,
    /// Prefers dark pages.
    pub dark: bool,
    /// Runs scripts.
    pub scripts: bool,
}

/// Gives the window a device that keeps passkeys and finds its owner's finger each time:
/// <https://www.w3.org/TR/webauthn-3/#sctn-automation-add-virtual-authenticator>.
#[derive(Debug)]
struct AddAuthenticator;

impl WebDriverCompatibleCommand for AddAuthenticator {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/webauthn/authenticator", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let device = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserConsenting": true,
            "isUserVerified": true,
        });
        (Method::POST, Some(device.to_string()))
    }
}

/// A browser window; gone with its value.
pub struct Browser {
    /// Commands for the page.
    pub page: Client,
    driver: Child,
    _profile: TempDir,
}

impl Browser {
    /// A window of this width that prefers this language.
    pub async fn start(width: u32, language: &'static str) -> Self {
        Self::looking(Look { width, language, dark: false, scripts: true }).await
    }

    /// A window that looks in this way.
    pub async fn looking(look: Look) -> Self {
        let Look { width, language, dark, scripts } = look;
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: `make test` installs it");
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut arguments = vec![
            "--headless".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-quic".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--no-first-run".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
            format!("--window-size={width},1400"),
            format!("--accept-lang={language}"),
        ];
        // 0: dark, 1: light.
        let scheme = u8::from(!dark);
        arguments.push(format!("--blink-settings=preferredColorScheme={scheme},scriptEnabled={scripts}"));
        let mut options = json!({ "args": arguments, "prefs": { "intl.accept_languages": language } });
        if width < NARROWEST {
            let metrics =
                json!({ "width": width, "height": 800, "pixelRatio": 1, "touch": false, "mobile": false });
            options["mobileEmulation"] = json!({ "deviceMetrics": metrics });
        }
        let mut capabilities = Map::new();
        capabilities.insert("goog:chromeOptions".to_owned(), options);
        let address = format!("http://127.0.0.1:{port}");
        let mut attempts = 0;
        let page = loop {
            let connected = ClientBuilder::rustls()
                .expect("TLS for the driver")
                .capabilities(capabilities.clone())
                .connect(&address)
                .await;
            match connected {
                Ok(page) => break page,
                // The driver needs a moment to listen.
                Err(_) if attempts < 400 => {
                    attempts += 1;
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(error) => panic!("no browser: {error}"),
            }
        };
        Self { page, driver, _profile: profile }
    }

    /// From now on the window has a device for passkeys.
    pub async fn keeps_passkeys(&self) {
        self.page.issue_cmd(AddAuthenticator).await.expect("a virtual authenticator");
    }

    /// Waits until the page has such an element.
    pub async fn wait_for(&self, css: &str) {
        let wait = self.page.wait().at_most(PATIENCE);
        if let Err(error) = wait.for_element(Locator::Css(css)).await {
            let at = self.page.current_url().await.expect("an address");
            panic!("{css} never came at {at}: {error}\n{}", self.text().await);
        }
    }

    /// Types into a field, in place of what stands there.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.element(css).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// Presses a button, or follows a link.
    pub async fn click(&self, css: &str) {
        self.element(css).await.click().await.expect("it can be pressed");
    }

    async fn element(&self, css: &str) -> Element {
        self.page.find(Locator::Css(css)).await.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    /// The text of the page.
    pub async fn text(&self) -> String {
        // One call: a script of the page may replace elements between two.
        let text = self.page.execute("return document.body.innerText", Vec::new()).await.expect("a page");
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What on this page keeps people out, by the rules of WCAG 2.2 A and AA and good practice.
    pub async fn barriers(&self) -> Vec<String> {
        const RUN: &str = "const done = arguments[arguments.length - 1];
            const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
            axe.run(document, { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'] }).then(
              (found) => done(found.violations.map((rule) => `${rule.id}: ` + rule.nodes.slice(0, 3).map(
                (node) => `${node.target.join(' ')} (${node.failureSummary})`).join('; '))),
              (error) => done([String(error)]));";
        self.page.execute(AXE, Vec::new()).await.expect("axe");
        let found = self.page.execute_async(RUN, Vec::new()).await.expect("an answer of axe");
        let found = found.as_array().expect("a list");
        found.iter().map(|rule| rule.as_str().unwrap_or_default().to_owned()).collect()
    }

    /// Ends the session.
    pub async fn close(mut self) {
        let _ = self.page.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address").port()
}
