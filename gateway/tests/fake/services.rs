//! The services of `volbridge.node.v1` over the canned data.

use std::pin::Pin;

use futures::{Stream, StreamExt, stream};
use prost::Message;
use tokio_stream::wrappers::BroadcastStream;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};
use volbridge_proto::{
    error,
    wire::node::v1::{
        self as node, agreements_server::Agreements, blobs_server::Blobs, conferences_server::Conferences,
        listings_server::Listings, logs_server::Logs, materials_server::Materials, network_server::Network,
        organisations_server::Organisations, partners_server::Partners, profiles_server::Profiles,
        records_server::Records, translations_server::Translations,
    },
};

use super::{Fake, NOW, TOKEN, data};

pub type Answer<T> = Result<Response<T>, Status>;
type Flow<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

pub fn problem(code: error::Code, field: &str) -> Status {
    let detail =
        node::Problem { code: code.as_str().to_owned(), field: field.to_owned(), params: Default::default() };
    Status::with_details(Code::from_i32(code.grpc()), code.text(), detail.encode_to_vec().into())
}

fn found<T>(view: Option<T>) -> Answer<T> {
    view.map(Response::new).ok_or_else(|| problem(error::Code::NotFound, ""))
}

fn signed_in<T>(request: &Request<T>) -> Result<(), Status> {
    let token = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
    if token == Some(&format!("Bearer {TOKEN}")) {
        Ok(())
    } else {
        Err(problem(error::Code::Unauthenticated, ""))
    }
}

impl Fake {
    fn publish(&self, kind: &str) -> (node::PartnerView, node::Provenance) {
        let mut shared = self.shared.lock().unwrap();
        shared.next += 1;
        let partner = shared.partners[self.me].clone();
        let mut from = data::provenance(&partner, shared.next);
        from.hash[1] = kind.len() as u8;
        (partner, from)
    }
}

#[async_trait]
impl Listings for Fake {
    async fn list(&self, request: Request<node::ListListingsRequest>) -> Answer<node::ListListingsResponse> {
        let asked = request.into_inner();
        let fits = |view: &&node::ListingView| {
            let source = view.source.as_ref().unwrap();
            let place = source.place.clone().unwrap_or_default();
            (asked.country.is_empty() || place.country == asked.country)
                && (asked.partner.is_empty() || view.partner.as_ref().unwrap().id == asked.partner)
                && (asked.query.is_empty()
                    || view.texts.iter().any(|text| text.fields["title"].contains(&asked.query)))
        };
        let listings: Vec<_> = self.shared.lock().unwrap().listings.iter().filter(fits).cloned().collect();
        let total = listings.len() as u64;
        Ok(Response::new(node::ListListingsResponse { listings, next_cursor: String::new(), total }))
    }

    async fn get(&self, request: Request<node::GetSubjectRequest>) -> Answer<node::ListingView> {
        let subject = request.into_inner().subject;
        found(self.shared.lock().unwrap().listings.iter().find(|view| view.subject == subject).cloned())
    }

    async fn publish(&self, request: Request<node::PublishListingRequest>) -> Answer<node::Published> {
        signed_in(&request)?;
        let asked = request.into_inner();
        let source = asked.listing.clone().unwrap();
        if source.title.is_empty() {
            return Err(problem(error::Code::FieldRequired, "title"));
        }
        let (partner, from) = Fake::publish(self, "listing");
        let subject = data::subject(from.index as u8);
        let mut shared = self.shared.lock().unwrap();
        let organisation =
            shared.organisations.iter().find(|view| view.subject == source.organisation).cloned();
        shared.published.push(asked);
        shared.listings.insert(
            0,
            node::ListingView {
                subject: subject.clone(),
                partner: partner.name.clone(),
                organisation,
                provenance: Some(from.clone()),
                state: node::RecordState::Live.into(),
                slots: source.roles.iter().map(|role| role.slots).sum(),
                texts: Vec::new(),
                source: Some(source),
                moved: None,
            },
        );
        drop(shared);
        self.announce(0);
        Ok(Response::new(node::Published { provenance: Some(from), subject }))
    }
}

#[async_trait]
impl Organisations for Fake {
    async fn list(
        &self,
        request: Request<node::ListOrganisationsRequest>,
    ) -> Answer<node::ListOrganisationsResponse> {
        let asked = request.into_inner();
        let own = |view: &&node::OrganisationView| {
            let below = |view: &node::OrganisationView| {
                asked.parent.is_empty()
                    || view.parent.as_ref().is_some_and(|above| above.subject == asked.parent)
            };
            below(view) && (asked.partner.is_empty() || view.partner.as_ref().unwrap().id == asked.partner)
        };
        let organisations = self.shared.lock().unwrap().organisations.iter().filter(own).cloned().collect();
        Ok(Response::new(node::ListOrganisationsResponse { organisations, next_cursor: String::new() }))
    }

    async fn get(&self, request: Request<node::GetSubjectRequest>) -> Answer<node::OrganisationView> {
        let subject = request.into_inner().subject;
        found(self.shared.lock().unwrap().organisations.iter().find(|view| view.subject == subject).cloned())
    }

    async fn publish(&self, _: Request<node::PublishOrganisationRequest>) -> Answer<node::Published> {
        Err(problem(error::Code::Unimplemented, ""))
    }
}

#[async_trait]
impl Conferences for Fake {
    async fn list(&self, _: Request<node::ListConferencesRequest>) -> Answer<node::ListConferencesResponse> {
        let conferences = self.shared.lock().unwrap().conferences.clone();
        Ok(Response::new(node::ListConferencesResponse { conferences, next_cursor: String::new() }))
    }

    async fn get(&self, request: Request<node::GetSubjectRequest>) -> Answer<node::ConferenceView> {
        let subject = request.into_inner().subject;
        found(self.shared.lock().unwrap().conferences.iter().find(|view| view.subject == subject).cloned())
    }

    async fn publish(&self, _: Request<node::PublishConferenceRequest>) -> Answer<node::Published> {
        Err(problem(error::Code::Unimplemented, ""))
    }
}

#[async_trait]
impl Materials for Fake {
    async fn get(&self, request: Request<node::GetSubjectRequest>) -> Answer<node::MaterialView> {
        let subject = request.into_inner().subject;
        found(self.shared.lock().unwrap().materials.iter().find(|view| view.subject == subject).cloned())
    }

    async fn list(&self, _: Request<node::ListMaterialsRequest>) -> Answer<node::ListMaterialsResponse> {
        let materials = self.shared.lock().unwrap().materials.clone();
        Ok(Response::new(node::ListMaterialsResponse { materials, next_cursor: String::new() }))
    }

    async fn publish(&self, _: Request<node::PublishMaterialRequest>) -> Answer<node::Published> {
        Err(problem(error::Code::Unimplemented, ""))
    }
}

#[async_trait]
impl Blobs for Fake {
    type FetchStream = Flow<node::FetchBlobResponse>;

    async fn store(&self, _: Request<Streaming<node::StoreBlobRequest>>) -> Answer<node::StoreBlobResponse> {
        Err(problem(error::Code::Unimplemented, ""))
    }

    async fn fetch(&self, _: Request<node::FetchBlobRequest>) -> Answer<Self::FetchStream> {
        let chunks = [
            node::FetchBlobResponse {
                size: 18,
                data: b"<script>1".to_vec(),
                media_type: "text/html".to_owned(),
                filename: "../报告\r\n\".html".to_owned(),
            },
            node::FetchBlobResponse { data: b"</script>".to_vec(), ..Default::default() },
        ];
        Ok(Response::new(Box::pin(stream::iter(chunks.map(Ok)))))
    }
}

#[async_trait]
impl Translations for Fake {
    async fn publish(&self, request: Request<node::PublishTranslationRequest>) -> Answer<node::Published> {
        signed_in(&request)?;
        let asked = request.into_inner().translation.unwrap();
        let (partner, from) = Fake::publish(self, "translation");
        let of = asked.of.unwrap().subject;
        let mut shared = self.shared.lock().unwrap();
        let view = shared.listings.iter_mut().find(|view| view.subject == of).unwrap();
        view.texts.push(node::ListingText {
            language: asked.language,
            origin: "human".to_owned(),
            translator: partner.name,
            provenance: Some(from.clone()),
            fields: asked.segments.into_iter().map(|segment| (segment.field, segment.text)).collect(),
            ..Default::default()
        });
        Ok(Response::new(node::Published { provenance: Some(from), subject: of }))
    }
}

#[async_trait]
impl Agreements for Fake {
    async fn list(&self, _: Request<node::ListAgreementsRequest>) -> Answer<node::ListAgreementsResponse> {
        let agreements = self.shared.lock().unwrap().agreements.clone();
        Ok(Response::new(node::ListAgreementsResponse { agreements }))
    }

    async fn publish(&self, _: Request<node::PublishAgreementRequest>) -> Answer<node::Published> {
        Err(problem(error::Code::Unimplemented, ""))
    }

    async fn end(&self, _: Request<node::EndAgreementRequest>) -> Answer<node::Published> {
        Err(problem(error::Code::Unimplemented, ""))
    }
}

#[async_trait]
impl Partners for Fake {
    async fn list(&self, _: Request<node::ListPartnersRequest>) -> Answer<node::ListPartnersResponse> {
        let mut partners = self.shared.lock().unwrap().partners.clone();
        partners[self.me].own = true;
        Ok(Response::new(node::ListPartnersResponse { partners }))
    }

    async fn get(&self, request: Request<node::GetPartnerRequest>) -> Answer<node::PartnerView> {
        let id = request.into_inner().partner;
        let shared = self.shared.lock().unwrap();
        found(shared.partners.iter().find(|view| view.name.as_ref().unwrap().id == id).cloned())
    }

    async fn self_(&self, _: Request<node::SelfRequest>) -> Answer<node::PartnerView> {
        found(self.shared.lock().unwrap().partners.get(self.me).cloned())
    }

    async fn add(&self, _: Request<node::AddPartnerRequest>) -> Answer<node::PartnerView> {
        Err(problem(error::Code::Unimplemented, ""))
    }
}

impl Fake {
    fn status(&self) -> node::StatusResponse {
        let shared = self.shared.lock().unwrap();
        let peer = |at: usize, state: &str, error: &str| node::PeerStatus {
            partner: shared.partners[at].name.clone(),
            endpoint: "127.0.0.1:7443".to_owned(),
            state: state.to_owned(),
            since: NOW - 60_000,
            error: error.to_owned(),
            detail: if error.is_empty() { String::new() } else { shared.partners[at].domain.clone() },
            entries: 182,
            bytes: 91_000,
            ..Default::default()
        };
        let logs = shared.partners.iter().enumerate().map(|(at, view)| node::LogStatus {
            partner: view.name.clone(),
            log: view.log.clone(),
            known_size: 60 + at as u64,
            changed_at: NOW - 4_000,
            held: 57,
            not_for_us: 2,
            erased: 1,
            ..Default::default()
        });
        node::StatusResponse {
            peers: vec![peer(1, "connected", ""), peer(2, "unreachable", "peer.unreachable")],
            logs: logs.collect(),
            refusals: vec![node::Refusal {
                at: NOW - 600_000,
                partner: shared.partners[2].name.clone(),
                index: 12,
                code: "field.required".to_owned(),
                field: "roles[0].title".to_owned(),
            }],
            now: NOW,
        }
    }
}

#[async_trait]
impl Network for Fake {
    type WatchStatusStream = Flow<node::StatusResponse>;
    type WatchChangesStream = Flow<node::Change>;

    async fn status(&self, _: Request<node::StatusRequest>) -> Answer<node::StatusResponse> {
        Ok(Response::new(Fake::status(self)))
    }

    async fn watch_status(&self, _: Request<node::StatusRequest>) -> Answer<Self::WatchStatusStream> {
        let first = Ok(Fake::status(self));
        Ok(Response::new(Box::pin(stream::once(async { first }).chain(stream::pending()))))
    }

    async fn directory_version(
        &self,
        _: Request<node::DirectoryVersionRequest>,
    ) -> Answer<node::DirectoryVersionResponse> {
        match self.shared.lock().unwrap().version.clone() {
            Some(version) => Ok(Response::new(node::DirectoryVersionResponse { version })),
            None => Err(Status::unimplemented("an older node")),
        }
    }

    async fn watch_changes(
        &self,
        request: Request<node::WatchChangesRequest>,
    ) -> Answer<Self::WatchChangesStream> {
        let cursor = request.into_inner().cursor;
        let mut shared = self.shared.lock().unwrap();
        let known = cursor.parse::<usize>().map(|after| shared.changed.iter().skip(after).cloned().collect());
        let known: Vec<node::Change> = known.unwrap_or_default();
        shared.watched.push(cursor);
        let changes = BroadcastStream::new(self.changes.subscribe());
        let coming = changes.filter_map(|change| async { change.ok().map(Ok) });
        Ok(Response::new(Box::pin(stream::iter(known.into_iter().map(Ok)).chain(coming))))
    }
}

#[async_trait]
impl Logs for Fake {
    async fn checkpoint(&self, request: Request<node::LogRequest>) -> Answer<node::CheckpointResponse> {
        let id = request.into_inner().partner;
        let shared = self.shared.lock().unwrap();
        let view = shared.partners.iter().find(|view| view.name.as_ref().unwrap().id == id);
        found(
            view.and_then(|view| view.log.clone())
                .map(|log| node::CheckpointResponse { note: log.checkpoint }),
        )
    }

    async fn tile(&self, request: Request<node::TileRequest>) -> Answer<node::TileResponse> {
        let width = request.into_inner().width as usize;
        Ok(Response::new(node::TileResponse { data: vec![7; 32 * width] }))
    }

    async fn entry_bundle(&self, request: Request<node::EntryBundleRequest>) -> Answer<node::TileResponse> {
        let width = request.into_inner().width as usize;
        Ok(Response::new(node::TileResponse { data: [0, 34].repeat(width) }))
    }

    async fn policy(&self, _: Request<node::LogRequest>) -> Answer<node::PolicyResponse> {
        Ok(Response::new(node::PolicyResponse { policy: "log …\nquorum none\n".to_owned() }))
    }

    async fn verify(&self, _: Request<node::LogRequest>) -> Answer<node::VerifyLogResponse> {
        Err(problem(error::Code::Unimplemented, ""))
    }

    async fn entries(&self, _: Request<node::EntriesRequest>) -> Answer<node::EntriesResponse> {
        Err(problem(error::Code::Unimplemented, ""))
    }

    async fn evidence(&self, _: Request<node::LogRequest>) -> Answer<node::EvidenceResponse> {
        Err(problem(error::Code::Unimplemented, ""))
    }
}

/// A record that was made from the first listing, and went with it.
pub const WENT_WITH_SOURCE: [u8; 32] = [0xee; 32];

impl Fake {
    fn record(&self, hash: &[u8]) -> Option<node::Record> {
        let shared = self.shared.lock().unwrap();
        let erased = shared.withdrawn.iter().any(|gone| gone == hash);
        if let Some((_, recipient, _)) = shared.profiles.iter().find(|(id, _, _)| id == hash) {
            let mine = *recipient == shared.partners[self.me].name.as_ref().unwrap().id || self.me == 0;
            let state = match (erased, mine) {
                (true, _) => node::RecordState::Erased,
                (false, true) => node::RecordState::Live,
                (false, false) => node::RecordState::NotForUs,
            };
            return Some(node::Record {
                provenance: Some(data::provenance(&shared.partners[0], 59)),
                state: state.into(),
                class: 2,
                body: (0..96u32).map(|byte| (byte * 151 % 256) as u8).collect(),
                ..Default::default()
            });
        }
        if hash == WENT_WITH_SOURCE {
            let source = shared.listings[0].provenance.clone().unwrap().hash;
            let partner = shared.partners[0].name.clone();
            return Some(node::Record {
                provenance: Some(data::provenance(&shared.partners[0], 61)),
                state: node::RecordState::ErasedWithSource.into(),
                source_gone: Some(node::SourceGone { source, partner, claimed: true, owed_by: 1 }),
                ..Default::default()
            });
        }
        let mut all = shared.listings.iter().filter_map(|view| view.provenance.clone());
        let from = all.find(|from| from.hash == hash)?;
        Some(node::Record {
            provenance: Some(from),
            state: node::RecordState::Live.into(),
            kind: "volbridge.listing.v1".to_owned(),
            body: b"body".to_vec(),
            json: "{\"title\":\"</script><b>\"}".to_owned(),
            ..Default::default()
        })
    }
}

#[async_trait]
impl Records for Fake {
    async fn get(&self, request: Request<node::GetRecordRequest>) -> Answer<node::Record> {
        found(self.record(&request.into_inner().hash))
    }

    async fn proof(&self, request: Request<node::GetRecordRequest>) -> Answer<node::ProofFile> {
        let record = self.record(&request.into_inner().hash);
        found(record.map(|record| {
            let from = record.provenance.unwrap();
            node::ProofFile {
                proof: format!(
                    "c2sp.org/tlog-proof@v1\nextra CiBh\nindex {}\n\n{}\n60\nroot=\n\n— {} sig=\n",
                    from.index, from.origin, from.origin
                ),
                policy: "log …\nquorum none\n".to_owned(),
                filename: "x.tlog-proof".to_owned(),
            }
        }))
    }

    async fn withdraw(&self, request: Request<node::WithdrawRequest>) -> Answer<node::Published> {
        signed_in(&request)?;
        let (_, from) = Fake::publish(self, "withdrawal");
        self.shared.lock().unwrap().withdrawn.extend(request.into_inner().hashes);
        Ok(Response::new(node::Published { provenance: Some(from), subject: data::subject(250) }))
    }

    async fn erasures(&self, _: Request<node::ErasuresRequest>) -> Answer<node::ErasuresResponse> {
        let shared = self.shared.lock().unwrap();
        let erasures = shared.partners.iter().skip(1).map(|view| node::Erasure {
            partner: view.name.clone(),
            erased: true,
            erased_at: NOW,
            ..Default::default()
        });
        Ok(Response::new(node::ErasuresResponse { erasures: erasures.collect() }))
    }
}

#[async_trait]
impl Profiles for Fake {
    async fn list(&self, _: Request<node::ListProfilesRequest>) -> Answer<node::ListProfilesResponse> {
        Err(problem(error::Code::Unimplemented, ""))
    }

    async fn get(&self, request: Request<node::GetProfileRequest>) -> Answer<node::ProfileView> {
        signed_in(&request)?;
        let hash = request.into_inner().hash;
        let mut shared = self.shared.lock().unwrap();
        shared.openings += 1;
        let me = &shared.partners[self.me].name.as_ref().unwrap().id;
        let (_, recipient, profile) = shared
            .profiles
            .iter()
            .find(|(id, _, _)| *id == hash)
            .ok_or_else(|| problem(error::Code::RecordUnknown, ""))?;
        if shared.withdrawn.contains(&hash) {
            return Err(problem(error::Code::RecordErased, ""));
        }
        if recipient != me {
            return Err(problem(error::Code::RecordSealed, ""));
        }
        Ok(Response::new(node::ProfileView { summary: None, profile: Some(profile.clone()) }))
    }

    async fn publish(
        &self,
        request: Request<node::PublishProfileRequest>,
    ) -> Answer<node::PublishProfileResponse> {
        signed_in(&request)?;
        let asked = request.into_inner();
        let (_, consent) = Fake::publish(self, "consent");
        let (_, from) = Fake::publish(self, "profile");
        let mut shared = self.shared.lock().unwrap();
        shared.profiles.push((from.hash.clone(), asked.recipient, asked.profile.unwrap()));
        let published = |from| Some(node::Published { provenance: Some(from), subject: data::subject(251) });
        Ok(Response::new(node::PublishProfileResponse {
            profile: published(from),
            consent: published(consent),
        }))
    }
}
