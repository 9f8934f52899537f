//! What the three nodes answer at this moment, step by step. A node that is down
//! (somebody may have just killed it to see what happens) spoils only its part.

use volbridge_proto::{
    error::Code,
    id::RecordId,
    wire::{node::v1 as node, record::v1::VolunteerProfile},
};

use super::{
    Cast,
    trail::{Trail, millis},
};
use crate::{
    config::DemoPartner,
    facts::{self, Fact},
    locale,
    names::{self, PartnerLine},
    pages::record::{command, proof_file},
    problem::Problem,
    provenance::ProvenanceLine,
    rest::listings::NewListing,
    routes,
    shell::Shell,
};

/// Bytes of ciphertext shown.
const EXCERPT: usize = 48;

/// A partner of the tour in the reader's language.
pub struct Player {
    pub name: String,
    pub short: String,
    pub city: String,
    pub portal: String,
}

/// A listing at one partner.
pub struct Arrival {
    pub at: Player,
    pub arrived: bool,
    /// "0.14 s after Beijing had acknowledged it"
    pub after: String,
    pub provenance: ProvenanceLine,
    pub href: String,
}

/// The profile as a partner sees it.
pub struct Sight {
    pub at: Player,
    pub opened: bool,
    /// It is there, sealed to this partner: a click opens it.
    pub offered: bool,
    pub profile: Vec<Fact>,
    /// Why it can't be opened.
    pub sentence: String,
    pub ciphertext: String,
    pub pending: bool,
}

/// A partner's receipt.
pub struct Receipt {
    pub partner: PartnerLine,
    pub erased: bool,
    pub at: String,
}

/// The proof file of the listing.
pub struct ProofFile {
    pub name: String,
    pub href: String,
    pub policy: String,
    pub check: String,
    pub command: String,
    pub excerpt: String,
}

/// The same by API.
pub struct Commands {
    pub publish: String,
    pub list: String,
    pub proof: String,
    pub document: String,
}

/// The whole tour as it stands.
pub struct Tour {
    pub author: Player,
    pub carrier: Player,
    pub host: Player,
    pub key: String,
    pub pairs: Vec<(&'static str, String)>,
    /// 1 to 6: whose button stands out.
    pub current: u8,
    pub title: String,
    pub provenance: Option<ProvenanceLine>,
    pub arrivals: Vec<Arrival>,
    pub sights: Vec<Sight>,
    pub withdrawn: bool,
    pub receipts: Vec<Receipt>,
    pub proof: Option<ProofFile>,
    pub commands: Commands,
    /// Something is still under way: look again.
    pub pending: bool,
    pub part: String,
    pub address: String,
}

impl Tour {
    /// Asks all three nodes at once. The host opens the profile if it is `asked` to, and not at each look.
    pub async fn load(cast: &Cast<'_>, ui: &Shell, trail: Trail, key: String, asked: bool) -> Self {
        let (arrivals, sights, receipts, proof, commands) = tokio::join!(
            arrivals(cast, ui, &trail),
            sights(cast, ui, &trail, asked),
            receipts(cast, ui, &trail),
            proof(cast, &trail),
            commands(cast, &trail)
        );
        let own = arrivals.first();
        let pending = arrivals.iter().any(|arrival| !arrival.arrived)
            || sights.iter().any(|sight| sight.pending)
            || (trail.withdrawal.is_some() && receipts.iter().any(|receipt| !receipt.erased));
        let current = match (trail.listing, trail.profile, trail.withdrawal) {
            (None, _, _) => 1,
            (Some(_), None, _) => 3,
            (_, Some(_), None) => 4,
            (_, _, Some(_)) => 5,
        };
        Self {
            author: player(cast.author, ui),
            carrier: player(cast.carrier, ui),
            host: player(cast.host, ui),
            title: ui.t("demo-listing-title"),
            provenance: own.filter(|own| own.arrived).map(|own| own.provenance.clone()),
            withdrawn: trail.withdrawal.is_some(),
            pairs: trail.pairs(),
            part: trail.below(&routes::demo_part()),
            address: trail.address(),
            commands,
            key,
            current,
            arrivals,
            sights,
            receipts,
            proof,
            pending,
        }
    }

    /// `done`, `now` or `later`, as a class.
    pub fn class(&self, step: u8) -> &'static str {
        match step {
            // Watching needs no click of its own.
            2 if self.current == 3 => "now",
            _ if step < self.current => "done",
            _ if step == self.current || self.current == 5 => "now",
            _ => "later",
        }
    }
}

fn player(partner: &DemoPartner, ui: &Shell) -> Player {
    let tag = ui.lang.tag();
    let pick = |texts: &[(String, String)]| {
        let found = texts.iter().find(|(language, _)| *language == tag).or_else(|| texts.first());
        found.map(|(_, text)| text.clone()).unwrap_or_default()
    };
    Player {
        name: pick(&partner.names),
        short: partner.short.clone(),
        city: pick(&partner.cities),
        portal: partner.portal.trim_end_matches('/').to_owned(),
    }
}

async fn arrivals(cast: &Cast<'_>, ui: &Shell, trail: &Trail) -> Vec<Arrival> {
    let Some(listing) = trail.listing else { return Vec::new() };
    let look = async |partner: &DemoPartner, ms: Option<&String>| {
        let request = node::GetSubjectRequest { subject: listing.to_vec(), partner: Vec::new() };
        let view = partner.client.listing(request).await.ok();
        let at = player(partner, ui);
        let after = ms.and_then(|ms| millis(ms)).map(seconds);
        Arrival {
            arrived: view.is_some(),
            after: after.map(|seconds| ui.with("demo-after", "seconds", seconds)).unwrap_or_default(),
            provenance: view
                .map(|view| ProvenanceLine::of(view.provenance.as_ref(), view.partner.as_ref(), ui))
                .unwrap_or_default(),
            href: format!("{}{}", at.portal, routes::listing(listing)),
            at,
        }
    };
    let (own, carrier, host) = tokio::join!(
        look(cast.author, None),
        look(cast.carrier, trail.carrier_ms.as_ref()),
        look(cast.host, trail.host_ms.as_ref())
    );
    vec![own, carrier, host]
}

/// "0.14": hundredths, and never nothing at all.
fn seconds(ms: u32) -> String {
    let ms = ms.max(10);
    format!("{}.{:02}", ms / 1000, ms % 1000 / 10)
}

async fn sights(cast: &Cast<'_>, ui: &Shell, trail: &Trail, asked: bool) -> Vec<Sight> {
    let Some(profile) = trail.profile else { return Vec::new() };
    let (host, carrier) =
        tokio::join!(sight(cast.host, profile, ui, asked), sight(cast.carrier, profile, ui, false));
    // The host is waited for: it has the profile, or has it no longer.
    let waiting = (host.offered || host.opened) == trail.withdrawal.is_some();
    vec![Sight { pending: waiting, ..host }, carrier]
}

/// What a partner has of the profile. Opening it goes to the partner's access log, so only a click does.
async fn sight(partner: &DemoPartner, profile: RecordId, ui: &Shell, open: bool) -> Sight {
    let record = partner.client.record(node::GetRecordRequest { hash: profile.to_vec() }).await;
    let request = node::GetProfileRequest { hash: profile.to_vec(), purpose: "placement".to_owned() };
    let opened = if open { partner.client.profile(request).await.ok() } else { None };
    let facts = opened.and_then(|view| view.profile).map(|profile| facts_of(&profile, ui));
    let body = record.as_ref().map(|record| record.body.as_slice()).unwrap_or_default();
    let excerpt = hex::encode(body.iter().rev().take(EXCERPT).copied().collect::<Vec<u8>>());
    let live = record.as_ref().is_ok_and(|record| record.state() == node::RecordState::Live);
    Sight {
        at: player(partner, ui),
        opened: facts.is_some(),
        offered: live && facts.is_none(),
        profile: facts.unwrap_or_default(),
        sentence: closed(&record, ui),
        ciphertext: excerpt,
        pending: false,
    }
}

fn facts_of(profile: &VolunteerProfile, ui: &Shell) -> Vec<Fact> {
    let said = |label: &str, value: String| Fact { label: ui.t(label), value };
    let languages: Vec<String> =
        profile.languages.iter().map(|skill| facts::language_skill(skill, ui.lang)).collect();
    vec![
        said("profile-name", format!("{} · {}", profile.name, profile.latin_name)),
        said("profile-languages", languages.join(&ui.t("list-separator"))),
        said("profile-experience", profile.experience.clone()),
        said("profile-available", locale::dates(ui.lang, &profile.available_from, &profile.available_until)),
    ]
}

/// What a partner that can't open it says.
fn closed(record: &Result<node::Record, Problem>, ui: &Shell) -> String {
    match record {
        Ok(record) if record.state() == node::RecordState::NotForUs => {
            Problem::new(Code::RecordSealed).sentence(ui.lang)
        }
        Ok(record) => ui.lang.code("state-text", names::state(record.state())),
        Err(problem) => problem.sentence(ui.lang),
    }
}

async fn receipts(cast: &Cast<'_>, ui: &Shell, trail: &Trail) -> Vec<Receipt> {
    let Some(withdrawal) = trail.withdrawal else { return Vec::new() };
    let request = node::ErasuresRequest { hash: withdrawal.to_vec() };
    let erasures = cast.author.client.erasures(request).await.map(|answer| answer.erasures);
    let receipt = |erasure: &node::Erasure| Receipt {
        partner: PartnerLine::of(erasure.partner.as_ref(), ui.lang),
        erased: erasure.erased,
        at: if erasure.erased { locale::moment(ui.lang, erasure.erased_at) } else { String::new() },
    };
    erasures.unwrap_or_default().iter().map(receipt).collect()
}

async fn proof(cast: &Cast<'_>, trail: &Trail) -> Option<ProofFile> {
    let record = trail.record?;
    let answer = cast.author.client.proof(node::GetRecordRequest { hash: record.to_vec() }).await.ok()?;
    let partner = cast.author.client.own_partner(node::SelfRequest {}).await.ok()?.name?.id;
    let portal = cast.author.portal.trim_end_matches('/');
    Some(ProofFile {
        href: format!("{portal}{}", routes::api_proof(record)),
        policy: format!("{portal}{}", routes::policy(hex::encode(&partner))),
        check: format!("{portal}{}?record={record}", routes::verify()),
        command: command(record, &partner),
        excerpt: answer.proof.lines().map(shortened).collect::<Vec<_>>().join("\n"),
        name: proof_file(record),
    })
}

/// A line as it fits on a page.
fn shortened(line: &str) -> String {
    const WIDTH: usize = 76;
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    format!("{}…", line.chars().take(WIDTH - 1).collect::<String>())
}

/// Commands that work as they stand: the example names an organisation that there is.
async fn commands(cast: &Cast<'_>, trail: &Trail) -> Commands {
    let (author, carrier) =
        (cast.author.portal.trim_end_matches('/'), cast.carrier.portal.trim_end_matches('/'));
    let record = trail.record.map_or_else(|| "HASH".to_owned(), |id| id.to_string());
    let organisation = own_organisation(cast.author).await.unwrap_or_default();
    let example = NewListing::small(names::subject(&organisation));
    let body = serde_json::to_string_pretty(&example.brief()).unwrap_or_default();
    Commands {
        list: format!("curl '{carrier}{}?limit=1'", routes::api_listings()),
        proof: format!("curl -OJ {author}{}", routes::api_proof(record)),
        publish: format!(
            "curl {author}{} \\\n  -H 'Authorization: Bearer {}' \\\n  \
             -H 'Content-Type: application/json' \\\n  -H 'Idempotency-Key: my-first-listing' \\\n  \
             -d '{body}'",
            routes::api_listings(),
            cast.author.api_token,
        ),
        document: format!("{author}{}", routes::api_document()),
    }
}

/// The first organisation of a partner.
pub async fn own_organisation(partner: &DemoPartner) -> Option<Vec<u8>> {
    let own = partner.client.own_partner(node::SelfRequest {}).await.ok()?;
    let request = node::ListOrganisationsRequest { partner: own.name?.id, limit: 1, ..Default::default() };
    let answer = partner.client.organisations(request).await.ok()?;
    answer.organisations.into_iter().next().map(|view| view.subject)
}
