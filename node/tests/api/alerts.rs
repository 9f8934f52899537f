//! Saved searches: confirmed by mail, told by mail, erased by the link. The mail server is a real one (aiosmtpd) on a free port.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use rstest::rstest;
use tonic::transport::Channel;
use volbridge_node::api::Api;
use volbridge_proto::wire::node::v1::{self as wire, alerts_client::AlertsClient};

use crate::{
    node::{TestNode, listing, problem},
    place::{Place, postgres, sqlite},
};

const DAY: i64 = 24 * 60 * 60 * 1000;

/// How long a message may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A mail server that puts every message in a folder.
struct MailServer {
    process: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl MailServer {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("aiosmtpd")
            .args(["-n", "-l", &format!("127.0.0.1:{port}"), "-c", "aiosmtpd.handlers.Mailbox"])
            .arg(folder.path().join("mail"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("aiosmtpd is installed by scripts/setup");
        let server = Self { process, folder, port };
        tokio::time::timeout(PATIENCE, async {
            while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
        .unwrap();
        server
    }

    fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// The messages so far, decoded, in the order in which they came.
    fn messages(&self) -> Vec<String> {
        let new = self.folder.path().join("mail/new");
        let mut files: Vec<PathBuf> = std::fs::read_dir(new)
            .map(|files| files.map(|file| file.unwrap().path()).collect())
            .unwrap_or_default();
        files.sort_by_key(|file| file.metadata().and_then(|about| about.modified()).unwrap());
        files.iter().map(|file| decoded(&std::fs::read_to_string(file).unwrap())).collect()
    }

    /// Waits for so many messages; the last of them.
    async fn nth(&self, count: usize) -> String {
        let arrived = async {
            while self.messages().len() < count {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("a message");
        self.messages().swap_remove(count - 1)
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Headers, and the body as its reader sees it.
fn decoded(message: &str) -> String {
    let message = message.replace("\r\n", "\n");
    let (head, body) = message.split_once("\n\n").unwrap();
    let folded = body.replace('\n', "");
    let body = if head.to_lowercase().contains("content-transfer-encoding: base64") {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        String::from_utf8(STANDARD.decode(folded).unwrap()).unwrap()
    } else {
        unquoted(body)
    };
    format!("{head}\n\n{body}")
}

/// Quoted-printable (RFC 2045).
fn unquoted(body: &str) -> String {
    let joined = body.replace("=\n", "");
    let (mut bytes, mut rest) = (Vec::new(), joined.as_str());
    while let Some((before, after)) = rest.split_once('=') {
        bytes.extend_from_slice(before.as_bytes());
        match after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(b'=');
                rest = after;
            }
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    String::from_utf8(bytes).unwrap()
}

/// A node that sends its mail there.
async fn start(place: Place, server: &MailServer) -> TestNode {
    let url = server.url();
    TestNode::start_with(place, "BVF", &[("mail.server", &url), ("mail.from", "BVF <mail@bvf.example>")])
        .await
}

fn client(node: &TestNode) -> AlertsClient<Channel> {
    AlertsClient::new(node.channel.clone())
}

fn search(mail: &str, words: &str, language: &str) -> wire::SaveSearchRequest {
    wire::SaveSearchRequest {
        query: Some(wire::ListingQuery { text: words.to_owned(), ..Default::default() }),
        mail: mail.to_owned(),
        language: language.to_owned(),
        every: "day".to_owned(),
        label: format!("“{words}”"),
        address: String::new(),
    }
}

/// The secret part of the link that a mail holds.
fn token(message: &str) -> wire::SavedSearchRequest {
    let after = message.split("/alerts/").last().unwrap();
    let token =
        after.chars().take_while(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter)).collect();
    wire::SavedSearchRequest { token }
}

/// Looks at what is due once the index has what the log has.
async fn tell(node: &TestNode) {
    let newest = *node.node.context().changes.borrow();
    tokio::time::timeout(PATIENCE, node.node.context().search.reaches(newest)).await.unwrap();
    let api = Api::new(std::sync::Arc::clone(node.node.context())).unwrap();
    api.send_due_digests().await.unwrap();
}

#[rstest]
#[case::sqlite(sqlite())]
#[case::postgres(postgres())]
#[tokio::test]
async fn who_confirmed_a_search_is_told_of_each_new_listing_once(#[case] place: Place) {
    let server = MailServer::start().await;
    let node = start(place, &server).await;
    let organisation = node.organisation().await;
    node.publish(listing("Teach at the Great Wall", &organisation)).await;
    client(&node).save(search("lin@example.org", "wall", "en")).await.unwrap();
    let asked = server.nth(1).await;
    assert!(asked.contains("To: lin@example.org") && asked.contains("“wall”"), "{asked}");
    let newest = *node.node.context().changes.borrow();
    node.node.context().search.reaches(newest).await;

    // Until then nothing is sent, whatever is published.
    node.clock.advance(2 * DAY);
    tell(&node).await;
    let confirmed = client(&node).confirm(token(&asked)).await.unwrap().into_inner();
    assert!(confirmed.confirmed);
    assert_eq!(confirmed.query.unwrap().text, "wall");

    // What was there has been seen; what is new is told, in the reader's language, and once.
    let painted = node.publish(listing("Paint a wall in Xicheng", &organisation)).await;
    node.publish(listing("Clean the beach", &organisation)).await;
    node.clock.advance(DAY);
    tell(&node).await;
    let told = server.nth(2).await;
    assert!(told.contains("Paint a wall in Xicheng") && told.contains("List-Unsubscribe-Post"), "{told}");
    assert!(!told.contains("Great Wall") && !told.contains("beach"), "{told}");
    let subject: volbridge_proto::SubjectId = painted.subject.as_slice().try_into().unwrap();
    assert!(told.contains(&format!("http://localhost:8080/listings/{subject}")), "{told}");
    node.clock.advance(DAY);
    tell(&node).await;
    assert_eq!(server.messages().len(), 2);

    // The link of any mail ends it, and nothing is left.
    client(&node).remove(token(&told)).await.unwrap();
    assert_eq!(problem(&client(&node).get(token(&asked)).await.unwrap_err()).1, "not_found");
    node.publish(listing("Another wall", &organisation)).await;
    node.clock.advance(2 * DAY);
    tell(&node).await;
    assert_eq!(server.messages().len(), 2);
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn t58_nobodys_mailbox_is_filled_by_others_and_the_answer_tells_nothing(#[case] place: Place) {
    let server = MailServer::start().await;
    let node = start(place, &server).await;
    for _ in 0..5 {
        client(&node).save(search("lin@example.org", "wall", "zh-CN")).await.unwrap();
    }
    client(&node).save(search("mei@example.org", "wall", "zh-CN")).await.unwrap();
    let last = server.nth(4).await;
    assert!(last.contains("wall") && last.contains("请打开以下链接并确认"), "{last}");
    let to_lin = server.messages().iter().filter(|message| message.contains("To: lin@")).count();
    assert_eq!(to_lin, 3);

    // Nobody confirms: after a week the addresses are gone, and so are the links.
    node.clock.advance(8 * DAY);
    volbridge_node::upkeep::round(node.node.context(), false).await.unwrap();
    assert_eq!(problem(&client(&node).get(token(&last)).await.unwrap_err()).1, "not_found");
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn f23_while_the_mail_server_is_down_nothing_is_lost_and_it_is_told_later(#[case] place: Place) {
    let server = MailServer::start().await;
    let node = start(place, &server).await;
    let organisation = node.organisation().await;
    client(&node).save(search("lin@example.org", "wall", "en")).await.unwrap();
    let asked = server.nth(1).await;
    client(&node).confirm(token(&asked)).await.unwrap();
    node.publish(listing("Paint a wall", &organisation)).await;
    let port = server.port;
    drop(server);
    node.clock.advance(DAY);
    tell(&node).await;
    let listings = node.listings().list(wire::ListListingsRequest::default()).await.unwrap();
    assert_eq!(listings.into_inner().listings.len(), 1);

    let folder = tempfile::tempdir().unwrap();
    let process = Command::new("aiosmtpd")
        .args(["-n", "-l", &format!("127.0.0.1:{port}"), "-c", "aiosmtpd.handlers.Mailbox"])
        .arg(folder.path().join("mail"))
        .spawn()
        .unwrap();
    let server = MailServer { process, folder, port };
    tokio::time::timeout(PATIENCE, async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    node.clock.advance(DAY);
    tell(&node).await;
    assert!(server.nth(1).await.contains("Paint a wall"));
    node.node.stop().await;
}

#[rstest]
#[case::sqlite(sqlite())]
#[tokio::test]
async fn what_cant_be_saved_is_named(#[case] place: Place) {
    let server = MailServer::start().await;
    let node = start(place, &server).await;
    for (request, code, field) in [
        (search("", "wall", "en"), "field.required", "mail"),
        (search("lin", "wall", "en"), "field.invalid", "mail"),
        (search("lin@example.org\r\nBcc: all@example.org", "wall", "en"), "field.invalid", "mail"),
        (
            wire::SaveSearchRequest { every: "hour".to_owned(), ..search("a@b.example", "wall", "en") },
            "field.invalid",
            "every",
        ),
        (search("a@b.example", &"x".repeat(201), "en"), "field.too_long", "query.text"),
    ] {
        let (_, found, at) = problem(&client(&node).save(request).await.unwrap_err());
        assert_eq!((found.as_str(), at.as_str()), (code, field));
    }
    node.node.stop().await;

    let node = TestNode::start(sqlite(), "UNV").await;
    let status = client(&node).save(search("a@b.example", "wall", "en")).await.unwrap_err();
    assert_eq!(problem(&status).1, "mail.none");
    node.node.stop().await;
}
