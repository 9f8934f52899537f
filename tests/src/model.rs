//! What staff asked of a node, and what it acknowledged. Whatever happened in between, the node agrees: nothing that was
//! acknowledged is lost, nothing is there twice or half, and what was never answered is settled by asking again with the
//! same idempotency key.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use prost::Message as _;
use tonic::Status;
use volbridge_proto::{
    Code,
    wire::node::v1::{self as wire, RecordState, listings_client::ListingsClient},
};

use crate::{Partner, Record, desk};

/// Requests under way at the same time.
const AT_ONCE: usize = 16;

/// One author's requests.
pub struct Model {
    /// Begins the titles of its listings, and its keys.
    name: String,
    organisation: Record,
    conference: Record,
    asked: u64,
    at_once: usize,
    /// Not answered, or refused: it may have happened.
    open: Vec<Asked>,
    listings: BTreeMap<String, Vec<u8>>,
    withdrawn: BTreeMap<String, Vec<u8>>,
    materials: BTreeMap<String, (Vec<u8>, Vec<u8>)>,
}

#[derive(Clone, Debug)]
struct Asked {
    key: String,
    what: What,
}

#[derive(Clone, Debug)]
enum What {
    Listing(String),
    /// Its name and its bytes.
    Material(String, Vec<u8>),
    /// Title and hash of a listing.
    Withdrawal(String, Vec<u8>),
}

/// A request that wasn't done, or of which nobody knows.
#[derive(Debug)]
pub struct Refused {
    /// The node's reason, if it gave one.
    pub code: Option<Code>,
    /// What it said.
    pub status: Status,
}

impl Model {
    /// An author with an organisation and a conference.
    pub async fn new(author: &Partner) -> Self {
        Self::named("Listing", author).await
    }

    /// The same, one of several.
    pub async fn named(name: &str, author: &Partner) -> Self {
        let name = name.to_owned();
        let (organisation, conference) = (author.organisation().await, author.conference().await);
        let (open, listings, withdrawn, materials) = Default::default();
        Self {
            name,
            organisation,
            conference,
            asked: 0,
            at_once: AT_ONCE,
            open,
            listings,
            withdrawn,
            materials,
        }
    }

    /// With so many requests under way at the same time.
    pub fn at_once(&mut self, requests: usize) -> &mut Self {
        self.at_once = requests;
        self
    }

    /// How many listings are there for sure.
    pub fn listings(&self) -> usize {
        self.listings.len()
    }

    /// How many requests may have happened or not.
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Asks for new listings.
    pub fn listing(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            let title = format!("{} {:05}", self.name, self.asked);
            self.ask(What::Listing(title));
        }
        self
    }

    /// Asks for a material with a file of so many bytes.
    pub fn material(&mut self, bytes: usize) -> &mut Self {
        let name = format!("Paper {:05}", self.asked);
        let bytes = name.bytes().cycle().take(bytes).collect();
        self.ask(What::Material(name, bytes));
        self
    }

    /// Asks to withdraw the listing that has been there for longest, if there is one.
    pub fn withdrawal(&mut self) -> &mut Self {
        let is_asked = |title: &String| {
            self.open.iter().any(|asked| matches!(&asked.what, What::Withdrawal(open, _) if open == title))
        };
        let first = self.listings.iter().find(|(title, _)| !is_asked(title));
        if let Some((title, hash)) = first.map(|(title, hash)| (title.clone(), hash.clone())) {
            self.ask(What::Withdrawal(title, hash));
        }
        self
    }

    fn ask(&mut self, what: What) {
        self.asked += 1;
        self.open.push(Asked { key: format!("{}-{}", self.name, self.asked), what });
    }

    /// Sends everything that is open, for the first time or again; returns what wasn't acknowledged this time.
    pub async fn send(&mut self, author: &Partner) -> Vec<Refused> {
        self.send_until(author, |_| {}).await
    }

    /// The same; after each answer `answered` is told how many there were.
    pub async fn send_until(&mut self, author: &Partner, mut answered: impl FnMut(usize)) -> Vec<Refused> {
        let (organisation, conference) = (&self.organisation, &self.conference);
        let calls = std::mem::take(&mut self.open).into_iter().map(|asked| async move {
            let answer = carry_out(author, &asked, organisation, conference).await;
            (asked, answer)
        });
        let mut answers = futures::stream::iter(calls).buffer_unordered(self.at_once);
        let (mut refused, mut acknowledged, mut open, mut count) = (Vec::new(), Vec::new(), Vec::new(), 0);
        while let Some((asked, answer)) = answers.next().await {
            match answer {
                Ok(hash) => acknowledged.push((asked, hash)),
                Err(status) => {
                    open.push(asked);
                    refused.push(Refused { code: code(&status), status });
                }
            }
            count += 1;
            answered(count);
        }
        drop(answers);
        self.open = open;
        for (asked, hash) in acknowledged {
            self.acknowledge(asked.what, hash);
        }
        refused
    }

    fn acknowledge(&mut self, what: What, hash: Vec<u8>) {
        match what {
            What::Listing(title) => {
                self.listings.insert(title, hash);
            }
            What::Material(title, bytes) => {
                self.materials.insert(title, (hash, bytes));
            }
            What::Withdrawal(title, withdrawn) => {
                self.listings.remove(&title);
                self.withdrawn.insert(title, withdrawn);
            }
        }
    }

    /// Asks again for what is open, until it is there: the node is well.
    pub async fn settle(&mut self, author: &Partner) {
        let refused = self.send(author).await;
        assert!(refused.is_empty(), "{}: {refused:#?}", author.name);
    }

    /// The node shows what was acknowledged, each once, and of what is open nothing half.
    pub async fn agrees(&self, node: &Partner, when: &str) {
        let mut shown: BTreeMap<String, usize> = BTreeMap::new();
        for view in node.listings().await {
            let title = view.source.unwrap_or_default().title;
            if title.starts_with(&self.name) {
                *shown.entry(title).or_default() += 1;
            }
        }
        for title in self.listings.keys() {
            let count = shown.remove(title).unwrap_or(0);
            let may_be_gone = self.is_open(|what| matches!(what, What::Withdrawal(open, _) if open == title));
            assert!(count == 1 || count == 0 && may_be_gone, "{title} is there {count} times {when}");
        }
        for (title, count) in shown {
            let may_be_there = self.is_open(|what| matches!(what, What::Listing(open) if *open == title));
            assert!(count == 1 && may_be_there, "{title} is there {count} times {when}");
        }
        for (title, hash) in &self.withdrawn {
            assert_eq!(node.record(hash).await.state(), RecordState::Erased, "{title} {when}");
        }
        for (title, (record, bytes)) in &self.materials {
            assert_eq!(node.record(record).await.state(), RecordState::Live, "{title} {when}");
            let hash = *blake3::hash(bytes).as_bytes();
            assert!(node.blob(&hash).await.as_ref() == Some(bytes), "the file of {title} {when}");
        }
    }

    fn is_open(&self, is: impl Fn(&What) -> bool) -> bool {
        self.open.iter().any(|asked| is(&asked.what))
    }

    /// What is stored is whole, and what is shown follows from it.
    pub async fn is_whole(&self, node: &Partner, when: &str) {
        assert_eq!(node.faults().await, Vec::<String>::new(), "{} {when}", node.name);
        node.rebuild().await;
        self.agrees(node, when).await;
    }
}

/// The hash of the record that was made, or of what was withdrawn.
async fn carry_out(
    author: &Partner,
    asked: &Asked,
    organisation: &Record,
    conference: &Record,
) -> Result<Vec<u8>, Status> {
    let idempotency_key = asked.key.clone();
    let published = match &asked.what {
        What::Listing(title) => {
            let listing = Some(desk::listing(title, organisation));
            let request = wire::PublishListingRequest { listing, idempotency_key, ..Default::default() };
            ListingsClient::new(author.channel()).publish(author.staff(request)).await?
        }
        What::Material(_, bytes) => {
            let stored = author.try_store(bytes).await?;
            let material = Some(desk::paper(conference, &stored));
            let request = wire::PublishMaterialRequest { material, idempotency_key, ..Default::default() };
            let mut client = wire::materials_client::MaterialsClient::new(author.channel());
            client.publish(author.staff(request)).await?
        }
        What::Withdrawal(_, hash) => {
            let hashes = vec![hash.clone()];
            let request = wire::WithdrawRequest { hashes, idempotency_key, ..Default::default() };
            wire::records_client::RecordsClient::new(author.channel()).withdraw(author.staff(request)).await?
        }
    };
    Ok(Record::from(published.into_inner()).hash)
}

/// The stable code of an answer, if the node gave one.
fn code(status: &Status) -> Option<Code> {
    wire::Problem::decode(status.details()).ok()?.code.parse().ok()
}
