//! Publishes the demonstration's content through the nodes' API, as anybody with a
//! token could. What stands in the state is not sent again; what was sent and not
//! written down has the same idempotency key and comes back as it was.

use std::{collections::BTreeMap, io::Cursor, time::Duration};

use serde_json::Value;
use volbridge_proto::{
    Code, Date, PartnerId, RecordId, Refusal, SubjectId,
    wire::{node::v1 as node, record::v1 as wire},
};

use super::{
    content::{AgreementEntry, PartnerContent, ProfileEntry, TranslationEntry},
    network::{Member, Network},
    state::{Done, State},
    wait::until,
};
use crate::{
    commands::{publish, upload},
    lang::{Lang, say},
    noun::Noun,
    output::problem::{Outcome, Problem},
};

/// For what comes over another node.
const PATIENCE: Duration = Duration::from_secs(60);

/// Publishes everything that isn't there yet.
pub async fn all(network: &Network, content: &[PartnerContent], state: &mut State, lang: Lang) -> Outcome {
    let mut stage = Stage { network, state, lang };
    for partner in content {
        stage.directory(partner).await?;
        stage.save()?;
    }
    for partner in content {
        for entry in &partner.agreements {
            stage.agreement(partner, entry).await?;
        }
    }
    stage.save()?;
    for partner in content {
        for entry in &partner.translations {
            stage.translation(partner, entry).await?;
        }
        stage.save()?;
    }
    for partner in content {
        for entry in &partner.profiles {
            stage.profile(partner, entry).await?;
        }
    }
    stage.save()
}

struct Stage<'a> {
    network: &'a Network,
    state: &'a mut State,
    lang: Lang,
}

impl Stage<'_> {
    /// Organisations, listings, conferences, materials of one partner.
    async fn directory(&mut self, partner: &PartnerContent) -> Outcome {
        let key = partner.key;
        for entry in &partner.organisations {
            let mut organisation = entry.organisation.clone();
            if let Some(parent) = &entry.parent {
                organisation.parent = self.subject(&format!("{key}/organisation/{parent}"))?.to_vec();
            }
            let request =
                node::PublishOrganisationRequest { organisation: Some(organisation), ..Default::default() };
            self.put(key, Noun::Organisation, &entry.key, &request).await?;
        }
        for entry in &partner.listings {
            let mut listing = entry.listing.clone();
            listing.organisation =
                self.subject(&format!("{key}/organisation/{}", entry.organisation))?.to_vec();
            let request = node::PublishListingRequest { listing: Some(listing), ..Default::default() };
            self.put(key, Noun::Listing, &entry.key, &request).await?;
        }
        for entry in &partner.conferences {
            let mut conference = entry.conference.clone();
            let ids = self.network.ids();
            conference.organisers = entry
                .organisers
                .iter()
                .filter_map(|key| ids.get(key.as_str()))
                .map(|id| id.to_vec())
                .collect();
            conference.organisers.sort();
            let request =
                node::PublishConferenceRequest { conference: Some(conference), ..Default::default() };
            self.put(key, Noun::Conference, &entry.key, &request).await?;
        }
        for entry in &partner.materials {
            let name = format!("{key}/material/{}", entry.key);
            if self.state.done(&name).is_some() {
                continue;
            }
            let bytes = entry.bytes();
            let hash = *blake3::hash(&bytes).as_bytes();
            let mut material = entry.material.clone();
            material.conference = self.subject(&format!("{key}/conference/{}", entry.conference))?.to_vec();
            material.blob = Some(wire::Blob {
                hash: hash.to_vec(),
                size: bytes.len() as u64,
                media_type: "application/pdf".to_owned(),
                filename: entry.filename.clone(),
                key: Vec::new(),
            });
            let client = &self.member(key)?.client;
            upload::store_bytes(client, Cursor::new(bytes), &hash)
                .await
                .map_err(|refusal| named(&name, &refusal))?;
            let request = node::PublishMaterialRequest { material: Some(material), ..Default::default() };
            self.put(key, Noun::Material, &entry.key, &request).await?;
        }
        Ok(())
    }

    /// Both halves, with the same terms.
    async fn agreement(&mut self, partner: &PartnerContent, entry: &AgreementEntry) -> Outcome {
        let (one, other) = (self.member(partner.key)?.id, self.member(&entry.with)?.id);
        let mut parties = [one, other];
        parties.sort_unstable();
        let mut terms = entry.terms.clone();
        terms.parties = parties.iter().map(|party| party.to_vec()).collect();
        let request = node::PublishAgreementRequest { terms: Some(terms), idempotency_key: String::new() };
        self.put(partner.key, Noun::Agreement, &entry.with, &request).await?;
        let with = self.member(&entry.with)?.site.key;
        self.put(with, Noun::Agreement, partner.key, &request).await?;
        Ok(())
    }

    /// Of another partner's listing, as soon as it is here.
    async fn translation(&mut self, partner: &PartnerContent, entry: &TranslationEntry) -> Outcome {
        let name = format!("{} {}", entry.of, entry.language);
        if self.state.done(&format!("{}/translation/{name}", partner.key)).is_some() {
            return Ok(());
        }
        let (owner, key) = entry.listing();
        let of = self.done(&format!("{owner}/listing/{key}"))?;
        let (owner, translator) = (self.member(owner)?.id, self.member(partner.key)?);
        self.arrived(translator, of.hash).await?;
        let translation = wire::Translation {
            of: Some(wire::Subject { partner: owner.to_vec(), subject: of.subject.to_vec() }),
            language: entry.language.clone(),
            segments: entry.wire_segments(),
        };
        let request = node::PublishTranslationRequest {
            translation: Some(translation),
            source: of.hash.to_vec(),
            ..Default::default()
        };
        self.put(partner.key, Noun::Translation, &name, &request).await
    }

    /// To each of its recipients, as soon as both halves of the agreement are here.
    async fn profile(&mut self, partner: &PartnerContent, entry: &ProfileEntry) -> Outcome {
        for recipient in &entry.recipients {
            let name = format!("{} {recipient}", entry.key);
            if self.state.done(&format!("{}/profile/{name}", partner.key)).is_some() {
                continue;
            }
            let host = self.member(recipient)?.id;
            self.in_force(self.member(partner.key)?, host).await?;
            let request = self.profile_request(entry, host)?;
            self.put(partner.key, Noun::Profile, &name, &request).await?;
        }
        Ok(())
    }

    fn profile_request(&self, entry: &ProfileEntry, host: PartnerId) -> Outcome<node::PublishProfileRequest> {
        let last: Date = entry.expires_on.parse()?;
        let consent = &entry.consent;
        Ok(node::PublishProfileRequest {
            profile: Some(entry.profile.clone()),
            recipient: host.to_vec(),
            consent: Some(node::ConsentTerms {
                categories: consent.categories.clone(),
                notice_language: consent.notice_language.clone(),
                notice: entry.notice.clone(),
                given_by: consent.given_by.clone(),
                given_at: self.state.begun_at(),
                expires_at: last.end_of_day_utc().as_millis(),
                how_to_withdraw: consent.how_to_withdraw.clone(),
            }),
            purpose: consent.purposes.first().cloned().unwrap_or_default(),
            ..Default::default()
        })
    }

    /// Publishes under a name, once.
    async fn put(&mut self, key: &str, noun: Noun, name: &str, request: &impl prost::Message) -> Outcome {
        let name = format!("{key}/{}/{name}", noun.word());
        if self.state.done(&name).is_none() {
            let once = format!("demo/{}", name.replace(' ', "/"));
            let done = put(self.member(key)?, noun, &request.encode_to_vec(), &once).await;
            self.state.set_done(&name, done.map_err(|refusal| named(&name, &refusal))?);
        }
        Ok(())
    }

    /// Until a record of another partner is held.
    async fn arrived(&self, member: &Member, hash: RecordId) -> Outcome {
        let (lang, who) = (self.lang, &member.site.short());
        until(PATIENCE, || async move {
            let request = node::GetRecordRequest { hash: hash.to_vec() };
            let held = member
                .client
                .records()
                .get(request)
                .await
                .is_ok_and(|answer| !answer.get_ref().body.is_empty());
            (!held).then(|| say!(lang, "record {hash} doesn't arrive at {who}", "记录 {hash} 未到达 {who}"))
        })
        .await
    }

    async fn in_force(&self, member: &Member, host: PartnerId) -> Outcome {
        let (lang, who) = (self.lang, &member.site.short());
        until(PATIENCE, || async move {
            let answer = member.client.agreements().list(node::ListAgreementsRequest {}).await;
            let is = |name: &Option<node::PartnerName>, id: PartnerId| {
                name.as_ref().is_some_and(|name| name.id == id.to_vec())
            };
            let agreed = answer.is_ok_and(|answer| {
                answer
                    .get_ref()
                    .agreements
                    .iter()
                    .any(|view| view.in_force && is(&view.partner, member.id) && is(&view.other, host))
            });
            (!agreed).then(|| {
                let host = host.fingerprint();
                say!(lang, "{who} sees no agreement in force with {host}", "{who} 没有与 {host} 生效的协议")
            })
        })
        .await
    }

    fn member(&self, key: &str) -> Outcome<&Member> {
        self.network.member(key).ok_or_else(|| Problem::saying(Code::Internal, format!("no partner {key}")))
    }

    fn done(&self, name: &str) -> Outcome<Done> {
        self.state
            .done(name)
            .ok_or_else(|| Problem::saying(Code::Internal, format!("{name} was not published")))
    }

    fn subject(&self, name: &str) -> Outcome<SubjectId> {
        Ok(self.done(name)?.subject)
    }

    fn save(&self) -> Outcome {
        self.state.save().map_err(|error| Problem::saying(Code::Internal, error.to_string()))
    }
}

/// Publishes; tries again while the node can't.
pub async fn put(member: &Member, noun: Noun, request: &[u8], key: &str) -> Result<Done, Refusal> {
    let value = publish::call_patiently(&member.client, noun, request, key).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Done { subject: text(&value["id"]).parse()?, hash: text(&value["record"]["hash"]).parse()? })
}

fn named(name: &str, refusal: &Refusal) -> Problem {
    Problem::saying(refusal.code, format!("{name}: {refusal}"))
}

/// Counts of what is published, for the words at the start.
pub fn counts(content: &[PartnerContent]) -> BTreeMap<&'static str, usize> {
    let sum = |of: fn(&PartnerContent) -> usize| content.iter().map(of).sum();
    BTreeMap::from([
        ("organisations", sum(|partner| partner.organisations.len())),
        ("listings", sum(|partner| partner.listings.len())),
        ("conferences", sum(|partner| partner.conferences.len())),
        ("materials", sum(|partner| partner.materials.len())),
        ("profiles", sum(|partner| partner.profiles.len())),
        ("translations", sum(|partner| partner.translations.len())),
    ])
}
