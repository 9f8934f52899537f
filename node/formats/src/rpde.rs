//! OpenActive's Realtime Paged Data Exchange 1.0 (<https://openactive.io/realtime-paged-data-exchange/>): who follows a feed
//! asks for one page after the other and gets each listing again when it changes, and its id alone when it is gone.
//!
//! `{"items":[{"state":"updated","kind":"VolunteeringActivity","id":"…","modified":1790000000000,"data":{…}}],"next":"…","license":"…"}`
//!
//! `data` is an activity of the British standard (`activity`); whoever wants nothing lost follows `/listings.jsonl`.

use serde_json::{Value, json};
use volbridge_proto::Code;

use crate::{Entry, Fault, activity, ld, schema_org};

/// The media type.
pub const MEDIA_TYPE: &str = "application/vnd.openactive.rpde+json; version=1";
/// What the items are.
pub const KIND: &str = "VolunteeringActivity";
/// Items of a page that are read.
const ITEMS: usize = 10_000;

/// One item: what changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// There is a listing, or another revision of it.
    Updated {
        /// Within the feed.
        id: String,
        /// Grows with each change; Unix milliseconds in ours.
        modified: i64,
        /// What it is now.
        entry: Box<Entry>,
    },
    /// It is gone.
    Deleted {
        /// Within the feed.
        id: String,
        /// When it went.
        modified: i64,
    },
}

/// A page that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// In the order in which they changed.
    pub items: Vec<Item>,
    /// Where the next page is; on the last, where later changes will be.
    pub next: String,
    /// Under what the data may be used.
    pub license: String,
    /// Items that couldn't be read, by their number from 1.
    pub faults: Vec<Fault>,
}

impl Page {
    /// Whether nothing has changed since: an empty page is the last one (section 4).
    pub fn is_last(&self) -> bool {
        self.items.is_empty() && self.faults.is_empty()
    }
}

impl Item {
    /// A listing as it is now.
    pub fn updated(entry: Entry) -> Self {
        let modified = entry.updated_at.or(entry.published_at).unwrap_or_default().as_millis();
        let id = entry.subject.as_ref().map_or_else(|| entry.key(), ToString::to_string);
        Self::Updated { id, modified, entry: Box::new(entry) }
    }

    fn encode(&self, language: &str) -> Value {
        match self {
            Self::Updated { id, modified, entry } => json!({
                "state": "updated", "kind": KIND, "id": id, "modified": modified,
                "data": activity::encode(entry, language),
            }),
            Self::Deleted { id, modified } => {
                json!({ "state": "deleted", "kind": KIND, "id": id, "modified": modified })
            }
        }
    }
}

/// A page, with the texts in a language where they are translated. `license`: empty, if nobody has said one.
pub fn encode(items: &[Item], next: &str, license: &str, language: &str) -> Value {
    let items: Vec<Value> = items.iter().map(|item| item.encode(language)).collect();
    let mut page = json!({ "items": items, "next": next });
    if !license.is_empty() {
        page["license"] = license.into();
    }
    page
}

/// Reads a page, of activities or of postings. `language`: that of its texts, where they don't say.
pub fn read(bytes: &[u8], language: &str) -> Result<Page, Fault> {
    let page: Value = serde_json::from_slice(bytes)
        .map_err(|error| Fault::new(1, "", Code::FieldInvalid, &error.to_string()))?;
    let Some(items) = page["items"].as_array() else {
        return Err(Fault::new(1, "items", Code::FieldRequired, ""));
    };
    let Some(next) = page["next"].as_str().filter(|next| !next.is_empty()) else {
        return Err(Fault::new(1, "next", Code::FieldRequired, ""));
    };
    if items.len() > ITEMS {
        return Err(Fault::new(1, "items", Code::FieldTooMany, ""));
    }
    let mut read = Page { next: next.to_owned(), license: ld::text(&page["license"]), ..Page::default() };
    for (number, item) in (1..).zip(items) {
        match parse(number, item, language) {
            Ok(item) => read.items.push(item),
            Err(fault) => read.faults.push(fault),
        }
    }
    Ok(read)
}

fn parse(number: u64, item: &Value, language: &str) -> Result<Item, Fault> {
    let required = |field: &str| Fault::new(number, field, Code::FieldRequired, "");
    let id = Some(ld::text(&item["id"])).filter(|id| !id.is_empty()).ok_or_else(|| required("id"))?;
    // Some write it as a text.
    let modified = item["modified"].as_i64().or_else(|| item["modified"].as_str()?.parse().ok());
    let modified = modified.ok_or_else(|| required("modified"))?;
    match item["state"].as_str() {
        Some("deleted") => Ok(Item::Deleted { id, modified }),
        Some("updated") => {
            let data = &item["data"];
            let found = activity::read(data, language).into_iter().chain(schema_org::read(data)).next();
            let entry = found.ok_or_else(|| Fault::new(number, "data", Code::FieldInvalid, ""))?;
            let reference = if entry.reference.is_empty() { id.clone() } else { entry.reference.clone() };
            Ok(Item::Updated { id, modified, entry: Box::new(Entry { reference, ..entry }) })
        }
        other => Err(Fault::new(number, "state", Code::FieldInvalid, other.unwrap_or_default())),
    }
}
