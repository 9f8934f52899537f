//! What the tour's clicks do: publish, seal, withdraw.

use std::time::Duration;

use futures::StreamExt;
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use tonic::Streaming;
use volbridge_proto::{
    error::Code,
    id::{RecordId, SubjectId},
    wire::{node::v1 as node, record::v1 as record},
};

use super::{Cast, trail::Trail, view::own_organisation};
use crate::{config::DemoPartner, problem::Problem, shell::Shell, texts::Lang};

/// The page is shown after this, arrived or not; it looks again by itself.
const PATIENCE: Duration = Duration::from_millis(1500);
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 86_400_000;
/// Days until the listing begins, ends, and no longer takes applications.
const BEGINS: i32 = 60;
const ENDS: i32 = 150;
const APPLY_BY: i32 = 30;
const CONSENT_DAYS: i64 = 30;

/// Publishes a listing in Chinese and its English translation, and waits a little
/// for the two others to have it.
pub async fn publish(
    cast: &Cast<'_>,
    ui: &Shell,
    trail: Trail,
    key: String,
    now: impl Fn() -> i64,
) -> Result<Trail, Problem> {
    let listing = listing(cast.author, ui.now).await;
    // Opened before publishing, so that nothing is missed.
    let (carrier, host) = tokio::join!(watch(cast.carrier), watch(cast.host));
    let published = cast
        .author
        .client
        .publish_listing(node::PublishListingRequest {
            listing: Some(listing),
            idempotency_key: key.clone(),
            ..Default::default()
        })
        .await?;
    let acknowledged = now();
    let (subject, record) = ids(&published)?;
    let (carrier_ms, host_ms) = tokio::join!(
        arrival(carrier, subject, acknowledged, &now),
        arrival(host, subject, acknowledged, &now)
    );
    translate(cast.author, subject, record, key).await;
    Ok(Trail {
        listing: Some(subject),
        record: Some(record),
        carrier_ms: carrier_ms.map(|ms| ms.to_string()),
        host_ms: host_ms.map(|ms| ms.to_string()),
        ..trail
    })
}

/// The example, as Beijing would write it: in Chinese.
async fn listing(author: &DemoPartner, now: i64) -> record::Listing {
    let chinese = Lang::of("zh-CN").unwrap_or_else(Lang::fallback);
    record::Listing {
        language: chinese.tag(),
        organisation: own_organisation(author).await.unwrap_or_default(),
        title: chinese.t("demo-listing-title"),
        summary: chinese.t("demo-listing-summary"),
        description: chinese.t("demo-listing-description"),
        place: Some(record::Place {
            country: "CN".to_owned(),
            region: "CN-BJ".to_owned(),
            city: chinese.code("city", "beijing"),
            coordinates: Some(record::Coordinates { latitude_e6: 39_904_200, longitude_e6: 116_407_400 }),
        }),
        starts_on: day(now, BEGINS),
        ends_on: day(now, ENDS),
        apply_by: day(now, APPLY_BY),
        hours_per_week: 12,
        roles: vec![record::Role {
            number: 1,
            title: chinese.t("demo-listing-role"),
            tasks: chinese.t("demo-listing-tasks"),
            slots: 3,
            languages: vec![record::LanguageSkill { language: "en".to_owned(), level: "B2".to_owned() }],
            offer: Some(record::Offer {
                insurance: true,
                training: true,
                certificate: true,
                ..Default::default()
            }),
            ..Default::default()
        }],
        sdgs: vec![4, 17],
        how_to_apply: chinese.t("demo-listing-how"),
        contact: chinese.t("demo-listing-contact"),
        costs: chinese.t("demo-listing-costs"),
        min_age: 18,
        applicants: "all".to_owned(),
        ..Default::default()
    }
}

fn day(now: i64, after: i32) -> String {
    let Ok(at) = Timestamp::from_millisecond(now) else { return String::new() };
    let day = at.to_zoned_datetime(TimeZone::UTC).date().saturating_add(after.days());
    day.to_string()
}

async fn watch(partner: &DemoPartner) -> Option<Streaming<node::Change>> {
    partner.client.watch_changes(node::WatchChangesRequest::default()).await.ok()
}

/// Milliseconds from the acknowledgement to the change at another node.
async fn arrival(
    changes: Option<Streaming<node::Change>>,
    subject: SubjectId,
    acknowledged: i64,
    now: impl Fn() -> i64,
) -> Option<i64> {
    let mut changes = changes?;
    let seen = async {
        while let Some(Ok(change)) = changes.next().await {
            if change.subject == subject.as_bytes() {
                return Some((now() - acknowledged).max(0));
            }
        }
        None
    };
    tokio::time::timeout(PATIENCE, seen).await.ok().flatten()
}

/// The English text as a record of its own; the tour goes on without it.
async fn translate(author: &DemoPartner, subject: SubjectId, source: RecordId, key: String) {
    let english = Lang::fallback();
    let fields = [
        ("title", "demo-listing-title"),
        ("summary", "demo-listing-summary"),
        ("description", "demo-listing-description"),
        ("how_to_apply", "demo-listing-how"),
        ("contact", "demo-listing-contact"),
        ("costs", "demo-listing-costs"),
        ("roles.1.title", "demo-listing-role"),
        ("roles.1.tasks", "demo-listing-tasks"),
    ];
    let mut segments: Vec<record::Segment> = fields
        .iter()
        .map(|(field, text)| record::Segment {
            field: (*field).to_owned(),
            text: english.t(text),
            origin: "human".to_owned(),
            ..Default::default()
        })
        .collect();
    segments.sort_by(|one, other| one.field.cmp(&other.field));
    let translation = record::Translation {
        of: Some(record::Subject { partner: Vec::new(), subject: subject.to_vec() }),
        language: english.tag(),
        segments,
    };
    let request = node::PublishTranslationRequest {
        translation: Some(translation),
        source: source.to_vec(),
        subject: Vec::new(),
        idempotency_key: format!("{key}-en"),
    };
    if let Err(problem) = author.client.publish_translation(request).await {
        tracing::warn!(code = problem.code, field = problem.field, "the tour's translation was refused");
    }
}

/// Seals an invented volunteer's profile to the host.
pub async fn seal(cast: &Cast<'_>, ui: &Shell, trail: Trail, key: String) -> Result<Trail, Problem> {
    let host = cast.host.client.own_partner(node::SelfRequest {}).await?.name.unwrap_or_default();
    let chinese = Lang::of("zh-CN").unwrap_or_else(Lang::fallback);
    // To the hour: a second click sends the same request, which the key demands.
    let given_at = ui.now - ui.now % HOUR_MS;
    let request = node::PublishProfileRequest {
        profile: Some(record::VolunteerProfile {
            language: chinese.tag(),
            name: chinese.t("demo-profile-name"),
            latin_name: Lang::fallback().t("demo-profile-name"),
            birth_year: 1996,
            nationality: "CN".to_owned(),
            languages: vec![
                record::LanguageSkill { language: "zh-CN".to_owned(), level: "C2".to_owned() },
                record::LanguageSkill { language: "en".to_owned(), level: "B2".to_owned() },
            ],
            experience: chinese.t("demo-profile-experience"),
            available_from: day(ui.now, BEGINS),
            available_until: day(ui.now, ENDS),
            ..Default::default()
        }),
        recipient: host.id,
        consent: Some(node::ConsentTerms {
            categories: vec!["profile".to_owned()],
            notice_language: chinese.tag(),
            notice: chinese.t("demo-consent-notice"),
            given_by: "attested".to_owned(),
            given_at,
            expires_at: given_at + CONSENT_DAYS * DAY_MS,
            how_to_withdraw: chinese.t("demo-consent-how"),
        }),
        purpose: "placement".to_owned(),
        idempotency_key: key,
        ..Default::default()
    };
    let answer = cast.author.client.publish_profile(request).await?;
    let hash = |published: Option<node::Published>| -> Result<RecordId, Problem> {
        published.as_ref().map(ids).transpose()?.map(|(_, id)| id).ok_or_else(|| Problem::new(Code::Internal))
    };
    Ok(Trail {
        profile: Some(hash(answer.profile)?),
        consent: Some(hash(answer.consent)?),
        withdrawal: None,
        ..trail
    })
}

/// Takes the profile and its consent back.
pub async fn withdraw(cast: &Cast<'_>, trail: Trail, key: String) -> Result<Trail, Problem> {
    let hashes: Vec<Vec<u8>> =
        [trail.profile, trail.consent].into_iter().flatten().map(RecordId::to_vec).collect();
    let request =
        node::WithdrawRequest { hashes, subject: Vec::new(), reason: String::new(), idempotency_key: key };
    let published = cast.author.client.withdraw(request).await?;
    let (_, id) = ids(&published)?;
    Ok(Trail { withdrawal: Some(id), ..trail })
}

fn ids(published: &node::Published) -> Result<(SubjectId, RecordId), Problem> {
    let hash = published.provenance.as_ref().map(|from| from.hash.as_slice()).unwrap_or_default();
    let internal = |_| Problem::new(Code::Internal);
    Ok((
        SubjectId::try_from(published.subject.as_slice()).map_err(internal)?,
        RecordId::try_from(hash).map_err(internal)?,
    ))
}
