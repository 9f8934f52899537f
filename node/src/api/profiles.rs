//! Volunteers' profiles: sealed to one host at a time, under an agreement and a consent (protocol section 6).

use futures::FutureExt as _;
use sha2::{Digest, Sha256};
use tonic::{Request, Response, Status};
use volbridge_proto::{
    Code, PartnerId, RecordId, Ref, SubjectId,
    kinds::{
        self, Payload,
        agreement::{self, AgreementHalf, Moment, in_force},
    },
    record::statement::{Authority, SeenLog},
    wire::{
        node::v1::{self as wire, profiles_server::Profiles},
        record::v1 as record,
    },
};

use super::{Api, answer, permit::Caller, reading::Reading, records, request};
use crate::{
    error::Error,
    publish::{Draft, Idempotency, PublishedRecord},
    store::{
        access::{self, Opened},
        entries, logs, recipients,
    },
    views::{agreements, profiles},
};

/// Characters of the purpose of an opening.
const PURPOSE: usize = 200;

#[tonic::async_trait]
impl Profiles for Api {
    async fn list(
        &self,
        request: Request<wire::ListProfilesRequest>,
    ) -> Result<Response<wire::ListProfilesResponse>, Status> {
        let caller = self.permit("Profiles.List", request.metadata()).await?;
        answer(list(self, caller, &request.into_inner()).await)
    }

    async fn get(
        &self,
        request: Request<wire::GetProfileRequest>,
    ) -> Result<Response<wire::ProfileView>, Status> {
        let caller = self.permit("Profiles.Get", request.metadata()).await?;
        answer(get(self, caller, &request.into_inner()).await)
    }

    async fn publish(
        &self,
        request: Request<wire::PublishProfileRequest>,
    ) -> Result<Response<wire::PublishProfileResponse>, Status> {
        let caller = self.permit("Profiles.Publish", request.metadata()).await?;
        answer(publish(self, caller, request.into_inner()).await)
    }
}

async fn list(
    api: &Api,
    caller: Caller,
    request: &wire::ListProfilesRequest,
) -> Result<wire::ListProfilesResponse, Error> {
    let (after, limit) = request::paging(&request.cursor, request.limit)?;
    let mut reading = api.read(caller).await?;
    let page = profiles::list(&reading.tx, reading.viewer, after.as_ref(), limit).await?;
    let mut summaries = Vec::with_capacity(page.rows.len());
    for row in &page.rows {
        summaries.push(reading.profile_summary(row).await?);
    }
    let next_cursor = page.next.map(|next| next.encode()).unwrap_or_default();
    Ok(wire::ListProfilesResponse { profiles: summaries, next_cursor })
}

async fn get(
    api: &Api,
    caller: Caller,
    request: &wire::GetProfileRequest,
) -> Result<wire::ProfileView, Error> {
    let id = request::record(&request.hash)?;
    let purpose = request.purpose.trim().to_owned();
    if purpose.is_empty() || purpose.chars().any(char::is_control) {
        return Err(Error::new(Code::FieldRequired).at("purpose"));
    }
    if purpose.chars().count() > PURPOSE {
        return Err(Error::new(Code::FieldTooLong).at("purpose").with("limit", PURPOSE));
    }
    let mut reading = api.read(caller).await?;
    let profile = profiles::open(&reading.tx, reading.viewer, &id).await?;
    let profile = profile.ok_or_else(|| Error::new(Code::NotFound).at("hash"))?;
    let summary = profiles::Summary { place: profile.place, statement: profile.statement };
    let view = wire::ProfileView {
        summary: Some(reading.profile_summary(&summary).await?),
        profile: Some(profile.content),
    };
    drop(reading);
    // Before anything leaves: an opening that isn't written down doesn't happen (D07).
    note_opening(api, caller, id, purpose).await?;
    Ok(view)
}

async fn note_opening(api: &Api, caller: Caller, record: RecordId, purpose: String) -> Result<(), Error> {
    let opened = Opened {
        at: api.context.env.now(),
        record,
        partner: api.context.own.id.partner,
        actor: caller.actor(),
        purpose,
    };
    api.context.db.write(move |tx| async move { access::add(tx, &opened).await }.boxed()).await?;
    Ok(())
}

impl Reading<'_> {
    async fn profile_summary(&mut self, row: &profiles::Summary) -> Result<wire::ProfileSummary, Error> {
        let me = self.api.context.own.id.partner;
        let mut readers = vec![me];
        if row.place.log_id.partner == me {
            let addressed = recipients::of_entry(&self.tx, row.place.log, row.place.index).await?;
            readers =
                addressed.into_iter().map(|recipient| recipient.partner).filter(|id| *id != me).collect();
        }
        let mut shown = Vec::with_capacity(readers.len());
        for reader in readers {
            shown.push(self.name(reader).await?);
        }
        Ok(wire::ProfileSummary {
            subject: row.statement.subject.to_vec(),
            home: Some(self.name(row.place.log_id.partner).await?),
            recipients: shown,
            provenance: Some(self.provenance(&row.place, Some(&row.statement)).await?),
            state: records::live_or_expired(&row.statement, self.now).into(),
            expires_at: row.statement.expires_at.map_or(0, |at| at.as_millis()),
        })
    }
}

/// The consent first, then the profile, which names it. If the request comes again, both are found again.
async fn publish(
    api: &Api,
    caller: Caller,
    mut request: wire::PublishProfileRequest,
) -> Result<wire::PublishProfileResponse, Error> {
    let key = request::idempotency("Profiles.Publish", &mut request, |request| &mut request.idempotency_key)?;
    let recipient: PartnerId = request::required(&request.recipient, "recipient")?;
    let profile = request::message(request.profile, "profile")?;
    let terms = request::message(request.consent, "consent")?;
    let given = request::new_or_known(&request.subject)?;
    let subject = given.unwrap_or_else(|| api.context.env.new_named_subject());
    let consent = consent(&terms, subject, recipient, &request.purpose);
    let categories = kinds::volunteer_profile::categories(&profile);
    kinds::consent::check_covers(&consent, recipient, &request.purpose, &categories, api.context.now())
        .map_err(|refusal| refusal.at("consent"))?;
    let authority = authority(api, recipient, &request.purpose, &terms.categories).await?;
    let expires_at = request::moment(terms.expires_at);
    let draft = |kind, payload, authority| Draft {
        recipients: vec![recipient],
        authority: Some(authority),
        expires_at,
        ..Draft::public(kind, payload)
    };
    // Both are judged before the first is published.
    let payload = Payload::VolunteerProfile(profile).encode()?;
    check(kinds::volunteer_profile::KIND, &payload).map_err(|error| within("profile", error))?;
    let consent_payload = Payload::Consent(consent).encode()?;
    check(kinds::consent::KIND, &consent_payload).map_err(|error| within("consent", error))?;

    let consent_draft = draft(kinds::consent::KIND, consent_payload, authority.clone());
    let consent = api.enter(consent_draft, part(key.as_ref(), "consent")).await?;
    let subject = consented_subject(api, &consent).await?;
    let profile_draft = Draft {
        subject: Some(subject),
        begins: given.is_none(),
        ..draft(
            kinds::volunteer_profile::KIND,
            payload,
            Authority { consent: Some(Ref { partner: None, id: consent.id }), ..authority },
        )
    };
    let profile = api.enter(profile_draft, part(key.as_ref(), "profile")).await?;
    Ok(wire::PublishProfileResponse {
        profile: Some(api.published(caller, &profile).await?),
        consent: Some(api.published(caller, &consent).await?),
    })
}

fn within(outer: &str, mut error: Error) -> Error {
    error.field = if error.field.is_empty() { outer.to_owned() } else { format!("{outer}.{}", error.field) };
    error
}

fn check(kind: &str, payload: &[u8]) -> Result<(), Error> {
    match kinds::validate(kind, payload) {
        volbridge_proto::record::ContentVerdict::Invalid(refusals) => match refusals.into_iter().next() {
            Some(refusal) => Err(refusal.into()),
            None => Err(Error::new(Code::FieldInvalid)),
        },
        _ => Ok(()),
    }
}

/// One of the two records that one request makes.
fn part(key: Option<&Idempotency>, part: &str) -> Option<Idempotency> {
    key.map(|key| Idempotency { key: format!("{}/{part}", key.key), request: key.request })
}

/// The profile's subject as the consent names it: when the request comes again, that of the first time.
async fn consented_subject(api: &Api, consent: &PublishedRecord) -> Result<SubjectId, Error> {
    let entry = entries::at(&api.context.db, api.context.own.number, consent.index).await?;
    let statement = match &entry {
        Some(entry) => api.context.own_statement(entry)?,
        None => None,
    };
    let statement = statement.ok_or_else(|| Error::new(Code::RecordErased))?;
    let content = <record::Consent as prost::Message>::decode(statement.payload.as_slice())
        .map_err(|error| Error::new(Code::Internal).because(error))?;
    Ok(SubjectId::try_from(content.profile.as_slice())?)
}

fn consent(
    terms: &wire::ConsentTerms,
    profile: SubjectId,
    recipient: PartnerId,
    purpose: &str,
) -> record::Consent {
    let mut categories = terms.categories.clone();
    categories.sort();
    record::Consent {
        profile: profile.to_vec(),
        purposes: vec![purpose.to_owned()],
        recipients: vec![recipient.to_vec()],
        categories,
        notice_language: terms.notice_language.clone(),
        notice_hash: Sha256::digest(terms.notice.as_bytes()).to_vec(),
        given_by: terms.given_by.clone(),
        given_at: terms.given_at,
        expires_at: terms.expires_at,
        how_to_withdraw: terms.how_to_withdraw.clone(),
    }
}

/// Both halves of an agreement in force that covers this, by what is known of the other's log.
async fn authority(
    api: &Api,
    recipient: PartnerId,
    purpose: &str,
    categories: &[String],
) -> Result<Authority, Error> {
    let on = api.context.db.snapshot().await?;
    let me = api.context.own.id.partner;
    let now = api.context.now();
    let other_log = logs::of_partner(&on, recipient).await?.pop();
    let other_log = other_log.ok_or_else(|| Error::new(Code::PeerUnknown).at("recipient"))?;
    if !api.context.freshness(other_log.signed_at).may_seal() {
        return Err(Error::new(Code::CheckpointStale).at("recipient"));
    }
    let own_log = logs::load(&on, api.context.own.number).await?;
    let at = Moment { own_size: own_log.size, other_size: other_log.size, now };
    let halves = agreements::halves(&on, &me, &recipient).await?;
    let categories: Vec<&str> = categories.iter().map(String::as_str).collect();
    let (own, other) = covering(&halves, me, purpose, &categories, &at)?;
    Ok(Authority {
        purpose: purpose.to_owned(),
        own_agreement: own.id,
        other_agreement: Ref { partner: Some(recipient), id: other.id },
        consent: None,
        seen: SeenLog { log: other_log.id, size: other_log.size },
    })
}

/// The first pair that covers it; otherwise why the last one doesn't.
fn covering<'a>(
    halves: &'a [AgreementHalf],
    me: PartnerId,
    purpose: &str,
    categories: &[&str],
    at: &Moment,
) -> Result<(&'a AgreementHalf, &'a AgreementHalf), Error> {
    let mut why = Error::new(Code::AgreementNone);
    for own in halves.iter().filter(|half| half.partner == me) {
        for other in halves.iter().filter(|half| half.partner != me) {
            match in_force(own, other, at) {
                Ok(()) if agreement::covers(&own.terms, purpose, categories) => return Ok((own, other)),
                Ok(()) => why = Error::new(Code::AgreementNone).at("purpose"),
                Err(refusal) => why = refusal.into(),
            }
        }
    }
    Err(why)
}
