//! Sealed records of every kind that may be sealed, with a canary in every text of theirs.

use volbridge_node::publish::{Draft, PublishedRecord};
use volbridge_proto::{
    PartnerId, RecordId, Ref, kinds,
    record::canonical,
    wire::{
        node::v1::{self as wire, profiles_client::ProfilesClient},
        record::v1 as record,
    },
};

use crate::{Partner, Record, desk};

/// Stands in every text about a person.
pub const PERSON: &str = "CANARYPERSON";
/// Stands in every other sealed text.
pub const WORDS: &str = "CANARYWORDS";

impl From<PublishedRecord> for Record {
    fn from(published: PublishedRecord) -> Self {
        let (hash, subject) = (published.id.to_vec(), published.subject.to_vec());
        Self { hash, subject, index: published.index }
    }
}

impl Partner {
    /// One of each kind that may be sealed, to one partner; the profile and its consent come last.
    pub async fn seal_all(&self, to: &Self) -> Vec<Record> {
        let mut sealed = self.seal_all_without_people(to).await;
        let (profile, consent) = self.person(to).await;
        sealed.extend([profile, consent]);
        sealed
    }

    /// The same without the profile and its consent, which want agreements.
    pub async fn seal_all_without_people(&self, to: &Self) -> Vec<Record> {
        let listing = self.seal(kinds::listing::KIND, to.id, &[], &sealed_listing(), "Listing").await;
        let conference = record::Conference {
            language: "en".to_owned(),
            names: vec![record::LocalText { language: "en".to_owned(), text: WORDS.to_owned() }],
            theme: WORDS.to_owned(),
            description: WORDS.to_owned(),
            starts_on: "2027-12-05".to_owned(),
            ends_on: "2027-12-06".to_owned(),
            time_zone: "Asia/Shanghai".to_owned(),
            ..Default::default()
        };
        let conference = self.seal(kinds::conference::KIND, to.id, &[], &conference, "Conference").await;
        let material = self.sealed_material(&conference).await;
        let material = self.seal(kinds::material::KIND, to.id, &[], &material, "Material").await;
        let translation = record::Translation {
            of: Some(record::Subject { partner: Vec::new(), subject: listing.subject.clone() }),
            language: "zh-CN".to_owned(),
            segments: vec![record::Segment {
                field: "title".to_owned(),
                text: format!("{WORDS}译"),
                origin: "human".to_owned(),
                ..Default::default()
            }],
        };
        let source = RecordId::try_from(listing.hash.as_slice()).expect("an id");
        let translation =
            self.seal(kinds::translation::KIND, to.id, &[source], &translation, "Translation").await;
        let request = record::ErasureRequest { ids: vec![listing.hash.clone()], reason: WORDS.to_owned() };
        let request = self.seal(kinds::erasure::REQUEST_KIND, to.id, &[], &request, "ErasureRequest").await;
        vec![listing, conference, material, translation, request]
    }

    /// Seals a record to one partner.
    pub async fn seal(
        &self,
        kind: &'static str,
        to: PartnerId,
        sources: &[RecordId],
        payload: &impl prost::Message,
        name: &'static str,
    ) -> Record {
        let payload = canonical::encode(payload, name).expect("canonical");
        let sources = sources.iter().map(|id| Ref { partner: None, id: *id }).collect();
        let draft = Draft { recipients: vec![to], sources, ..Draft::public(kind, payload) };
        let published = self.node().context().publish(vec![draft], None).await.expect("published");
        published[0].into()
    }

    async fn sealed_material(&self, conference: &Record) -> record::Material {
        let mut blobs = wire::blobs_client::BlobsClient::new(self.channel());
        let piece = wire::StoreBlobRequest { data: WORDS.repeat(99).into_bytes() };
        let stored = blobs.store(self.staff(tokio_stream::iter([piece]))).await.expect("stored").into_inner();
        record::Material {
            language: "en".to_owned(),
            conference: conference.subject.clone(),
            title: WORDS.to_owned(),
            kind: "paper".to_owned(),
            authors: vec![WORDS.to_owned()],
            licence: "CC-BY-4.0".to_owned(),
            r#abstract: WORDS.to_owned(),
            blob: Some(record::Blob {
                hash: stored.hash,
                size: stored.size,
                media_type: "application/pdf".to_owned(),
                filename: format!("{WORDS}.pdf"),
                key: vec![7; 32],
            }),
            ..Default::default()
        }
    }

    /// A profile with the canary in each of its texts, and its consent.
    pub async fn person(&self, host: &Self) -> (Record, Record) {
        let now = self.node().context().env.now().as_millis();
        let text = || PERSON.to_owned();
        let profile = record::VolunteerProfile {
            language: "en".to_owned(),
            name: text(),
            latin_name: text(),
            birth_year: 1999,
            experience: text(),
            contact: text(),
            identity: Some(record::IdentityCheck {
                checked_by: text(),
                checked_on: "2026-01-02".to_owned(),
                method: "passport".to_owned(),
            }),
            ..Default::default()
        };
        let consent = wire::ConsentTerms {
            categories: ["contact", "identity", "profile"].map(str::to_owned).to_vec(),
            notice_language: "en".to_owned(),
            notice: text(),
            given_by: "attested".to_owned(),
            given_at: now,
            expires_at: now + 86_400_000,
            how_to_withdraw: text(),
        };
        let message = wire::PublishProfileRequest {
            profile: Some(profile),
            recipient: host.id.to_vec(),
            consent: Some(consent),
            purpose: "placement".to_owned(),
            ..Default::default()
        };
        let published = ProfilesClient::new(self.channel()).publish(self.staff(message)).await;
        let published = published.expect("published").into_inner();
        (published.profile.unwrap_or_default().into(), published.consent.unwrap_or_default().into())
    }
}

/// A listing with the canary in each of its texts.
pub fn sealed_listing() -> record::Listing {
    let organisation = Record { hash: Vec::new(), subject: vec![1; 16], index: 0 };
    record::Listing {
        summary: WORDS.to_owned(),
        description: WORDS.to_owned(),
        how_to_apply: WORDS.to_owned(),
        contact: WORDS.to_owned(),
        ..desk::listing(WORDS, &organisation)
    }
}
