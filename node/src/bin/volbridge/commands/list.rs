//! `listing list` and its like: what this node has verified, own and partners'.

use serde_json::Value;
use volbridge_proto::{SubjectId, wire::node::v1 as node};

use super::pick;
use crate::{
    client::Client,
    lang::{Lang, say},
    noun::Noun,
    output::{json, problem::Outcome},
    session::Session,
};

/// `list`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this partner's: id, fingerprint, domain or name
    #[arg(long)]
    pub partner: Option<String>,
    /// Words in title, summary or place (listings), or in a name (organisations)
    #[arg(long, value_name = "WORDS")]
    pub query: Option<String>,
    /// Only what can be read in this language (listings); ordered by names in it (organisations)
    #[arg(long, value_name = "TAG")]
    pub language: Option<String>,
    /// Only in this country, such as CN (listings, organisations)
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// Only of this conference (materials)
    #[arg(long, value_name = "ID", value_parser = pick::subject)]
    pub conference: Option<SubjectId>,
    /// At most so many; 0: all
    #[arg(long, default_value_t = 100)]
    pub limit: usize,
}

/// One page of answers.
struct Page {
    values: Vec<Value>,
    next: String,
}

pub async fn run(session: &Session, noun: Noun, args: Args) -> Outcome {
    let client = session.connect().await?;
    let lang = session.lang();
    let partner = pick::maybe_partner(&client, args.partner.as_deref(), lang).await?;
    let mut values: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    let more = loop {
        let left = if args.limit == 0 { usize::MAX } else { args.limit - values.len() };
        let page = page(&client, noun, &args, &partner, cursor, left.min(100)).await?;
        values.extend(page.values.into_iter().take(left));
        let full = args.limit != 0 && values.len() >= args.limit;
        if page.next.is_empty() || full {
            break !page.next.is_empty();
        }
        cursor = page.next;
    };
    let rows: Vec<Vec<String>> = values.iter().map(|value| row(noun, value, lang)).collect();
    let empty = say!(lang, "none here yet", "这里还没有");
    session.output.rows(&values, &headings(noun, lang), &rows, &empty);
    if more {
        let limit = args.limit;
        session.output.hint(&say!(
            lang,
            "… the first {limit}; all of them: --limit 0",
            "……仅列出前 {limit} 项；全部列出：--limit 0"
        ));
    }
    Ok(())
}

async fn page(
    client: &Client,
    noun: Noun,
    args: &Args,
    partner: &[u8],
    cursor: String,
    limit: usize,
) -> Outcome<Page> {
    let limit = u32::try_from(limit).unwrap_or(100);
    let partner = partner.to_vec();
    macro_rules! page_of {
        ($answer:expr, $items:ident, $view:literal) => {{
            let answer = $answer.await?.into_inner();
            let values = answer.$items.iter().map(|view| json::node($view, view)).collect();
            Page { values, next: answer.next_cursor }
        }};
    }
    Ok(match noun {
        Noun::Listing => {
            let request = node::ListListingsRequest {
                query: args.query.clone().unwrap_or_default(),
                language: args.language.clone().unwrap_or_default(),
                country: args.country.clone().unwrap_or_default(),
                partner,
                limit,
                cursor,
            };
            page_of!(client.listings().list(request), listings, "ListingView")
        }
        Noun::Organisation => {
            let request = node::ListOrganisationsRequest {
                query: args.query.clone().unwrap_or_default(),
                country: args.country.clone().unwrap_or_default(),
                language: args.language.clone().unwrap_or_default(),
                partner,
                limit,
                cursor,
                ..Default::default()
            };
            page_of!(client.organisations().list(request), organisations, "OrganisationView")
        }
        Noun::Conference => {
            let request = node::ListConferencesRequest { partner, limit, cursor };
            page_of!(client.conferences().list(request), conferences, "ConferenceView")
        }
        Noun::Material => {
            let conference = args.conference.map(SubjectId::to_vec).unwrap_or_default();
            let request = node::ListMaterialsRequest { conference, partner, limit, cursor };
            page_of!(client.materials().list(request), materials, "MaterialView")
        }
        Noun::Profile => {
            page_of!(
                client.profiles().list(node::ListProfilesRequest { limit, cursor }),
                profiles,
                "ProfileSummary"
            )
        }
        Noun::Agreement => {
            let answer = client.agreements().list(node::ListAgreementsRequest {}).await?.into_inner();
            let values = answer.agreements.iter().map(|view| json::node("AgreementView", view)).collect();
            Page { values, next: String::new() }
        }
        Noun::Translation => entries(client, noun, partner, &cursor, limit).await?,
    })
}

/// Kinds without a list of their own are found in the logs: one partner's, or everybody's one after the other.
/// The cursor says which log, and where in it.
async fn entries(client: &Client, noun: Noun, partner: Vec<u8>, cursor: &str, limit: u32) -> Outcome<Page> {
    let logs = if partner.is_empty() { all_partners(client).await? } else { vec![partner] };
    let (nth, start) = cursor.split_once(':').unwrap_or_default();
    let (nth, start): (usize, u64) = (nth.parse().unwrap_or_default(), start.parse().unwrap_or_default());
    let Some(partner) = logs.get(nth) else { return Ok(Page { values: Vec::new(), next: String::new() }) };
    let log = Some(node::LogRequest { partner: partner.clone(), epoch: 0 });
    let answer = client.logs().entries(node::EntriesRequest { log, start, limit }).await?.into_inner();
    let end = start + answer.entries.len() as u64;
    let next = if !answer.entries.is_empty() && end < answer.size {
        format!("{nth}:{end}")
    } else if nth + 1 < logs.len() {
        format!("{}:0", nth + 1)
    } else {
        String::new()
    };
    let values = answer.entries.iter().filter(|entry| entry.kind == noun.kind()).map(record_value).collect();
    Ok(Page { values, next })
}

/// Those whose logs this node has, itself included.
async fn all_partners(client: &Client) -> Outcome<Vec<Vec<u8>>> {
    let answer = client.partners().list(node::ListPartnersRequest {}).await?.into_inner();
    let with_log = answer.partners.into_iter().filter(|view| view.log.is_some());
    Ok(with_log.filter_map(|view| view.name).map(|name| name.id).collect())
}

/// A record with its content in place of the JSON text.
pub fn record_value(record: &node::Record) -> Value {
    let mut value = json::node("Record", record);
    value["content"] = serde_json::from_str(&record.json).unwrap_or_default();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("json");
    }
    value
}

fn headings(noun: Noun, lang: Lang) -> Vec<&'static str> {
    let (en, zh): (&[&str], &[&str]) = match noun {
        Noun::Listing => (&["id", "partner", "slots", "title"], &["编号", "伙伴", "名额", "标题"]),
        Noun::Organisation => (&["id", "partner", "name"], &["编号", "伙伴", "名称"]),
        Noun::Conference => {
            (&["id", "partner", "from", "to", "name"], &["编号", "伙伴", "开始", "结束", "名称"])
        }
        Noun::Material => {
            (&["id", "partner", "kind", "held", "title"], &["编号", "伙伴", "类别", "已存", "标题"])
        }
        Noun::Profile => {
            (&["id", "home", "state", "expires", "hash"], &["编号", "派出方", "状态", "到期", "哈希"])
        }
        Noun::Agreement => {
            (&["id", "partner", "other", "in force", "until"], &["编号", "伙伴", "对方", "生效", "至"])
        }
        Noun::Translation => (&["hash", "language", "state", "of"], &["哈希", "语言", "状态", "所译"]),
    };
    match lang {
        Lang::En => en.to_vec(),
        Lang::Zh => zh.to_vec(),
    }
}

fn row(noun: Noun, value: &Value, lang: Lang) -> Vec<String> {
    let at = |path: &str| text(value.pointer(path));
    let partner = |path: &str| partner_name(value.pointer(path), lang);
    match noun {
        Noun::Listing => {
            let texts = value["texts"].as_array();
            let mine = texts
                .into_iter()
                .flatten()
                .find(|text| text["language"].as_str().and_then(Lang::of) == Some(lang));
            let title = mine.map_or_else(|| at("/source/title"), |mine| text(mine.pointer("/fields/title")));
            vec![at("/id"), partner("/partner"), at("/slots"), title]
        }
        Noun::Organisation => vec![at("/id"), partner("/partner"), local(&value["source"]["names"], lang)],
        Noun::Conference => vec![
            at("/id"),
            partner("/partner"),
            at("/source/starts_on"),
            at("/source/ends_on"),
            local(&value["source"]["names"], lang),
        ],
        Noun::Material => {
            vec![
                at("/id"),
                partner("/partner"),
                at("/source/kind"),
                yes(&value["held"], lang),
                at("/source/title"),
            ]
        }
        Noun::Profile => {
            vec![at("/id"), partner("/home"), at("/state"), day(&at("/expires_at")), at("/record/hash")]
        }
        Noun::Agreement => vec![
            at("/id"),
            partner("/partner"),
            partner("/other"),
            yes(&value["in_force"], lang),
            at("/terms/ends_on"),
        ],
        Noun::Translation => {
            vec![at("/record/hash"), at("/content/language"), at("/state"), at("/content/of/subject")]
        }
    }
}

/// A value in a cell.
pub fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A partner in a cell: its name and the first group of its fingerprint, never the name alone.
pub fn partner_name(partner: Option<&Value>, lang: Lang) -> String {
    let Some(partner) = partner else { return String::new() };
    let fingerprint = text(partner.get("fingerprint"));
    let group = fingerprint.split(' ').next().unwrap_or_default();
    format!("{} {} {group}", local(&partner["names"], lang), text(partner.get("country"))).trim().to_owned()
}

/// The text in the reader's language, else the first.
fn local(texts: &Value, lang: Lang) -> String {
    let texts = texts.as_array().map(Vec::as_slice).unwrap_or_default();
    let mine = texts.iter().find(|text| text["language"].as_str().and_then(Lang::of) == Some(lang));
    text(mine.or(texts.first()).and_then(|found| found.get("text")))
}

/// Yes or no in a cell.
pub fn yes(value: &Value, lang: Lang) -> String {
    if value.as_bool() == Some(true) { say!(lang, "yes", "是") } else { say!(lang, "no", "否") }
}

fn day(moment: &str) -> String {
    moment.split('T').next().unwrap_or_default().to_owned()
}
