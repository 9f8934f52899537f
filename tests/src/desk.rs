//! What staff publish: the four shapes of record, with their rules held to.

use std::pin::pin;

use futures::StreamExt as _;
use volbridge_proto::wire::{
    node::v1::{self as wire, blobs_client::BlobsClient, records_client::RecordsClient},
    record::v1 as record,
};

use crate::partner::Partner;

/// Where something was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub hash: Vec<u8>,
    /// What it is about.
    pub subject: Vec<u8>,
    /// Its entry.
    pub index: u64,
}

impl From<wire::Published> for Record {
    fn from(published: wire::Published) -> Self {
        let provenance = published.provenance.unwrap_or_default();
        Self { hash: provenance.hash, subject: published.subject, index: provenance.index }
    }
}

impl Partner {
    /// An organisation.
    pub async fn organisation(&self) -> Record {
        let organisation = record::Organisation {
            language: "en".to_owned(),
            names: vec![record::LocalText {
                language: "en".to_owned(),
                text: "Harbour Volunteers".to_owned(),
            }],
            level: "city".to_owned(),
            ..Default::default()
        };
        let message =
            wire::PublishOrganisationRequest { organisation: Some(organisation), ..Default::default() };
        let mut client = wire::organisations_client::OrganisationsClient::new(self.channel());
        client.publish(self.staff(message)).await.expect("published").into_inner().into()
    }

    /// A listing of an organisation.
    pub async fn listing(&self, title: &str, organisation: &Record) -> Record {
        self.try_listing(listing(title, organisation)).await.expect("published").into()
    }

    /// A listing as it is.
    pub async fn try_listing(&self, listing: record::Listing) -> Result<wire::Published, tonic::Status> {
        let message = wire::PublishListingRequest { listing: Some(listing), ..Default::default() };
        let mut client = wire::listings_client::ListingsClient::new(self.channel());
        client.publish(self.staff(message)).await.map(tonic::Response::into_inner)
    }

    /// Publishes so many listings at the same time.
    pub async fn many_listings(&self, count: usize, organisation: &Record) {
        let publish = |number| async move { self.listing(&format!("Listing {number}"), organisation).await };
        let published = futures::stream::iter(0..count).map(publish).buffer_unordered(64);
        published.for_each(|_| async {}).await;
    }

    /// The title of a listing, whoever's, in another language.
    pub async fn translation(&self, source: &Record, language: &str, title: &str) -> Record {
        self.try_translation(source, language, title).await.expect("published")
    }

    /// The same, if the source is known here.
    pub async fn try_translation(&self, source: &Record, language: &str, title: &str) -> Option<Record> {
        let segment = record::Segment {
            field: "title".to_owned(),
            text: title.to_owned(),
            origin: "human".to_owned(),
            ..Default::default()
        };
        let translation =
            record::Translation { of: None, language: language.to_owned(), segments: vec![segment] };
        let message = wire::PublishTranslationRequest {
            translation: Some(translation),
            source: source.hash.clone(),
            ..Default::default()
        };
        let mut client = wire::translations_client::TranslationsClient::new(self.channel());
        client.publish(self.staff(message)).await.ok().map(|published| published.into_inner().into())
    }

    /// A conference.
    pub async fn conference(&self) -> Record {
        let conference = record::Conference {
            language: "en".to_owned(),
            names: vec![record::LocalText { language: "en".to_owned(), text: "Exchange".to_owned() }],
            starts_on: "2027-12-05".to_owned(),
            ends_on: "2027-12-06".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            ..Default::default()
        };
        let message = wire::PublishConferenceRequest { conference: Some(conference), ..Default::default() };
        let mut client = wire::conferences_client::ConferencesClient::new(self.channel());
        client.publish(self.staff(message)).await.expect("published").into_inner().into()
    }

    /// A material with these bytes; also gives their hash.
    pub async fn material(&self, conference: &Record, bytes: &[u8]) -> (Record, Vec<u8>) {
        let stored = self.try_store(bytes).await.expect("stored");
        let material = Some(paper(conference, &stored));
        let message = wire::PublishMaterialRequest { material, ..Default::default() };
        let mut client = wire::materials_client::MaterialsClient::new(self.channel());
        let record = client.publish(self.staff(message)).await.expect("published").into_inner().into();
        (record, stored.hash)
    }

    /// Stores bytes that no record names yet.
    pub async fn try_store(&self, bytes: &[u8]) -> Result<wire::StoreBlobResponse, tonic::Status> {
        let pieces: Vec<_> =
            bytes.chunks(256 << 10).map(|data| wire::StoreBlobRequest { data: data.to_vec() }).collect();
        let stored = BlobsClient::new(self.channel()).store(self.staff(tokio_stream::iter(pieces))).await?;
        Ok(stored.into_inner())
    }

    /// The bytes of a blob, if this node has them for everybody.
    pub async fn blob(&self, hash: &[u8]) -> Option<Vec<u8>> {
        let request = wire::FetchBlobRequest { hash: hash.to_vec(), offset: 0, length: 0 };
        let answer = BlobsClient::new(self.channel()).fetch(request).await.ok()?.into_inner();
        let mut answer = pin!(answer);
        let mut bytes = Vec::new();
        while let Some(piece) = answer.message().await.ok()? {
            bytes.extend(piece.data);
        }
        Some(bytes)
    }

    /// This partner's half of an agreement with another.
    pub async fn agree(&self, other: &Partner) -> Record {
        let mut parties = vec![self.id.to_vec(), other.id.to_vec()];
        parties.sort();
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let terms = record::AgreementTerms {
            parties,
            purposes: words(&["placement"]),
            categories: words(&["contact", "identity", "profile"]),
            legal_basis: "consent".to_owned(),
            retention_days: 365,
            starts_on: "2026-01-01".to_owned(),
            ends_on: "2036-12-31".to_owned(),
            language: "en".to_owned(),
            text: "We exchange profiles for placements.".to_owned(),
            ..Default::default()
        };
        let message = wire::PublishAgreementRequest { terms: Some(terms), ..Default::default() };
        let mut client = wire::agreements_client::AgreementsClient::new(self.channel());
        client.publish(self.staff(message)).await.expect("published").into_inner().into()
    }

    /// A profile with this name, sealed to a host; and its consent.
    pub async fn profile(&self, host: &Partner, name: &str) -> (Record, Record) {
        let now = self.now().as_millis();
        let message = wire::PublishProfileRequest {
            profile: Some(record::VolunteerProfile {
                language: "en".to_owned(),
                name: name.to_owned(),
                contact: format!("{}@people.example", name.to_lowercase()),
                ..Default::default()
            }),
            recipient: host.id.to_vec(),
            consent: Some(wire::ConsentTerms {
                categories: vec!["contact".to_owned(), "profile".to_owned()],
                notice_language: "en".to_owned(),
                notice: "Your profile goes to the host.".to_owned(),
                given_by: "attested".to_owned(),
                given_at: now,
                expires_at: now + 86_400_000,
                how_to_withdraw: "Tell us.".to_owned(),
            }),
            purpose: "placement".to_owned(),
            ..Default::default()
        };
        let mut client = wire::profiles_client::ProfilesClient::new(self.channel());
        let published = client.publish(self.staff(message)).await.expect("published").into_inner();
        (published.profile.unwrap_or_default().into(), published.consent.unwrap_or_default().into())
    }

    /// Opens a profile.
    pub async fn open(&self, profile: &Record) -> Result<record::VolunteerProfile, tonic::Status> {
        let request = wire::GetProfileRequest { hash: profile.hash.clone(), purpose: "placement".to_owned() };
        let mut client = wire::profiles_client::ProfilesClient::new(self.channel());
        Ok(client.get(self.staff(request)).await?.into_inner().profile.unwrap_or_default())
    }

    /// Takes records back.
    pub async fn withdraw(&self, records: &[&Record]) -> Record {
        self.try_withdraw(records).await.expect("withdrawn").into()
    }

    /// The same, which may be refused or cut off.
    pub async fn try_withdraw(&self, records: &[&Record]) -> Result<wire::Published, tonic::Status> {
        let hashes = records.iter().map(|record| record.hash.clone()).collect();
        let message = wire::WithdrawRequest { hashes, reason: "withdrawn".to_owned(), ..Default::default() };
        RecordsClient::new(self.channel())
            .withdraw(self.staff(message))
            .await
            .map(tonic::Response::into_inner)
    }

    /// A record as this node's staff sees it.
    pub async fn record(&self, hash: &[u8]) -> wire::Record {
        let request = wire::GetRecordRequest { hash: hash.to_vec() };
        RecordsClient::new(self.channel()).get(self.staff(request)).await.expect("a record").into_inner()
    }

    /// All listings, as everybody sees them.
    pub async fn listings(&self) -> Vec<wire::ListingView> {
        let mut client = wire::listings_client::ListingsClient::new(self.channel());
        let mut request = wire::ListListingsRequest { limit: 100, ..Default::default() };
        let mut listings = Vec::new();
        loop {
            let page = client.list(request.clone()).await.expect("a page").into_inner();
            listings.extend(page.listings);
            if page.next_cursor.is_empty() {
                return listings;
            }
            request.cursor = page.next_cursor;
        }
    }

    /// Whether a log's root follows from what is stored of it.
    pub async fn verifies(&self, log: &Partner) -> bool {
        let request = wire::LogRequest { partner: log.id.to_vec(), epoch: 0 };
        let mut client = wire::logs_client::LogsClient::new(self.channel());
        let verified = client.verify(self.staff(request)).await.expect("verified").into_inner();
        verified.matches && verified.faults.is_empty()
    }

    /// Who has erased a record, and who owes it.
    pub async fn erasures(&self, hash: &[u8]) -> Vec<wire::Erasure> {
        let request = wire::ErasuresRequest { hash: hash.to_vec() };
        RecordsClient::new(self.channel())
            .erasures(self.staff(request))
            .await
            .expect("erasures")
            .into_inner()
            .erasures
    }
}

/// A material with a file that is stored.
pub fn paper(conference: &Record, stored: &wire::StoreBlobResponse) -> record::Material {
    let blob = record::Blob {
        hash: stored.hash.clone(),
        size: stored.size,
        media_type: "application/pdf".to_owned(),
        filename: "paper.pdf".to_owned(),
        ..Default::default()
    };
    record::Material {
        language: "en".to_owned(),
        conference: conference.subject.clone(),
        title: "A paper".to_owned(),
        kind: "paper".to_owned(),
        licence: "CC-BY-4.0".to_owned(),
        blob: Some(blob),
        ..Default::default()
    }
}

/// A listing that holds to its rules.
pub fn listing(title: &str, organisation: &Record) -> record::Listing {
    record::Listing {
        language: "en".to_owned(),
        organisation: organisation.subject.clone(),
        title: title.to_owned(),
        summary: "Two hours a week".to_owned(),
        description: "Show visitors the way.".to_owned(),
        place: Some(record::Place {
            country: "CN".to_owned(),
            city: "Beijing".to_owned(),
            ..Default::default()
        }),
        roles: vec![record::Role {
            number: 1,
            title: "Guide".to_owned(),
            tasks: "Guide visitors".to_owned(),
            slots: 3,
            ..Default::default()
        }],
        how_to_apply: "Write to us".to_owned(),
        costs: "none".to_owned(),
        applicants: "all".to_owned(),
        ..Default::default()
    }
}
