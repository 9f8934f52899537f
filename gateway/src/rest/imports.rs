//! `/api/v1/imports`: listings from a file. A program brings it, looks at what was found, and has it published.
#![expect(unused_qualifications, reason = "utoipa writes out the types of queries")]

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Body,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use volbridge_proto::{
    error::Code,
    id::SubjectId,
    wire::{node::v1 as node, record::v1 as record},
};

use super::{bearer::Bearer, cursor, paging::Here};
use crate::{
    app::App,
    extract::{Path, Query},
    faults as tables, locale, names,
    problem::{Problem, ProblemBody},
    routes,
    texts::Lang,
    upload,
};

const MOST: u32 = 100;

/// A file of listings on its way.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Import {
    /// 32 hex digits.
    id: String,
    /// `checking`, `ready`, `running`, `done`, `cancelled`, `failed`.
    state: String,
    /// Name of the file.
    name: String,
    /// Bytes of the file.
    size: u64,
    setting: ImportSetting,
    /// Headers of a table with what each means; empty for formats that have their own names.
    columns: Vec<ImportColumn>,
    /// The first listings.
    first: Vec<ImportRow>,
    /// Listings that were read.
    total: u64,
    /// Of these, without a fault.
    good: u64,
    /// With at least one.
    faulty: u64,
    faults: u64,
    /// Dealt with since it was started.
    done: u64,
    /// New ones.
    published: u64,
    /// With a new revision or translation.
    revised: u64,
    /// That were there already as they are.
    unchanged: u64,
    /// Why it failed: a code.
    reason: String,
    created_at: String,
    changed_at: String,
}

/// What the file doesn't say itself.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ImportSetting {
    /// `csv`, `xlsx`, `jsonl`, `jsonld`; empty: by the ending of its name.
    format: String,
    /// UUID of the organisation of listings that name none.
    organisation: String,
    /// Tag of the language of listings that name none.
    language: String,
    /// What headers mean: `{"项目": "title_zh-CN"}`; an empty column leaves the header out.
    columns: BTreeMap<String, String>,
}

/// A header of a table.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportColumn {
    header: String,
    /// Empty: left out, or not understood.
    column: String,
    /// What stands below it.
    examples: Vec<String>,
}

/// One of the first listings.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportRow {
    /// As a spreadsheet counts.
    row: u64,
    /// The giver's own id.
    reference: String,
    faulty: bool,
    /// As in `/listings.jsonl`.
    listing: serde_json::Value,
    /// Texts by language tag and field.
    translations: BTreeMap<String, BTreeMap<String, String>>,
}

/// Files of listings, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Imports {
    items: Vec<Import>,
    next_cursor: Option<String>,
}

/// Something in a row that keeps it from being published.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportFault {
    /// As a spreadsheet counts.
    row: u64,
    /// The header, or the field; empty: the whole row.
    column: String,
    /// Stable, dotted name.
    code: String,
    /// One sentence for people.
    title: String,
    /// The beginning of what stands there.
    value: String,
}

/// Faults in the order of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportFaults {
    items: Vec<ImportFault>,
    next_cursor: Option<String>,
}

/// A listing that came of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedListing {
    row: u64,
    reference: String,
    /// UUID.
    id: String,
    /// `published`, `revised`, `unchanged`.
    outcome: String,
    url: String,
}

/// Listings in the order of the file.
#[derive(Debug, Serialize, ToSchema)]
pub struct ImportedListings {
    items: Vec<ImportedListing>,
    next_cursor: Option<String>,
}

/// Which file it is, and what it doesn't say itself.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Brought {
    /// Name of the file; by its ending the format is known.
    name: String,
    /// `csv`, `xlsx`, `jsonl`, `jsonld`.
    #[serde(default)]
    format: String,
    /// UUID of the organisation of listings that name none.
    #[param(value_type = Option<String>)]
    organisation: Option<SubjectId>,
    /// Tag of the language of listings that name none.
    #[serde(default)]
    language: String,
}

/// A page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// 1 to 100.
    limit: Option<u32>,
    /// Of the page before.
    #[serde(default)]
    cursor: String,
}

/// Files of listings that were brought, the newest first.
#[utoipa::path(
    get, path = routes::API_IMPORTS, params(Wanted), tag = "imports", security(("token" = [])),
    responses(
        (status = 200, body = Imports),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    here: Here,
    Bearer(client): Bearer,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let request = node::ListImportsRequest { limit: limit(wanted.limit)?, cursor: wanted.cursor };
    let answer = client.imports(request).await?;
    let next_cursor = cursor(answer.next_cursor);
    let items = answer.imports.into_iter().map(Import::from).collect();
    Ok(private(here.page(Imports { items, next_cursor: next_cursor.clone() }, next_cursor.as_deref())))
}

/// Brings a file of listings: the request's body is the file, at most 64 MiB. It is checked in the background.
#[utoipa::path(
    post, path = routes::API_IMPORTS, params(Brought), tag = "imports", security(("token" = [])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file"),
    responses(
        (status = 202, body = Import),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn bring(
    Bearer(client): Bearer,
    Query(brought): Query<Brought>,
    body: Body,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Import>), Problem> {
    let setting = node::ImportSetting {
        format: brought.format,
        organisation: brought.organisation.map(SubjectId::to_vec).unwrap_or_default(),
        language: brought.language,
        columns: Vec::new(),
    };
    let (file, taken) = upload::begin(client, brought.name, setting);
    let send = async move {
        let mut pieces = body.into_data_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| Problem::new(Code::RequestInvalid).because(&error))?;
            if !file.send(&piece).await {
                return Ok(());
            }
        }
        file.end().await;
        Ok(())
    };
    let (sent, taken) = tokio::join!(send, taken);
    let import = Import::from(upload::ended(sent, taken)?);
    let place = routes::api_import(&import.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], Json(import)))
}

/// How far a file is, and what was found in it.
#[utoipa::path(
    get, path = routes::API_IMPORT, params(("id" = String, Path, description = "32 hex digits")), tag = "imports",
    security(("token" = [])),
    responses(
        (status = 200, body = Import),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn one(Bearer(client): Bearer, Path(id): Path<String>) -> Result<Response, Problem> {
    let request = node::ImportRequest { id: id_of(&id)? };
    let import = client.import(request).await?;
    Ok(private(Json(Import::from(import)).into_response()))
}

/// Says what the file doesn't: it is checked anew.
#[utoipa::path(
    put, path = routes::API_IMPORT, params(("id" = String, Path, description = "32 hex digits")), tag = "imports",
    security(("token" = [])), request_body = ImportSetting,
    responses(
        (status = 202, body = Import),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn configure(
    Bearer(client): Bearer,
    Path(id): Path<String>,
    body: Result<Json<ImportSetting>, JsonRejection>,
) -> Result<(StatusCode, Json<Import>), Problem> {
    let Json(setting) = body?;
    let request = node::ConfigureImportRequest { id: id_of(&id)?, setting: Some(setting.into_wire()?) };
    let import = client.configure_import(request).await?;
    Ok((StatusCode::ACCEPTED, Json(import.into())))
}

/// Publishes every listing without a fault, in the background. Those that are published already are revised if they say
/// something else, and left alone if not.
#[utoipa::path(
    post, path = routes::API_IMPORT_START, params(("id" = String, Path, description = "32 hex digits")),
    tag = "imports", security(("token" = [])),
    responses(
        (status = 202, body = Import),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn start(
    Bearer(client): Bearer,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Import>), Problem> {
    let request = node::ImportRequest { id: id_of(&id)? };
    let import = client.start_import(request).await?;
    Ok((StatusCode::ACCEPTED, Json(import.into())))
}

/// Ends an import that isn't over; what it has published stays. One that is over is forgotten.
#[utoipa::path(
    delete, path = routes::API_IMPORT, params(("id" = String, Path, description = "32 hex digits")),
    tag = "imports", security(("token" = [])),
    responses(
        (status = 204),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn end(Bearer(client): Bearer, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let request = node::ImportRequest { id: id_of(&id)? };
    client.cancel_import(request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What is wrong with the file, row by row; the first ten thousand.
#[utoipa::path(
    get, path = routes::API_IMPORT_FAULTS, params(("id" = String, Path, description = "32 hex digits"), Wanted),
    tag = "imports", security(("token" = [])),
    responses(
        (status = 200, body = ImportFaults),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn faults(
    here: Here,
    Bearer(client): Bearer,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let request = page(&id, wanted)?;
    let answer = client.import_faults(request).await?;
    let next_cursor = cursor(answer.next_cursor);
    let items = answer.faults.into_iter().map(ImportFault::from).collect();
    Ok(private(here.page(ImportFaults { items, next_cursor: next_cursor.clone() }, next_cursor.as_deref())))
}

/// The same as a table.
#[utoipa::path(
    get, path = routes::API_IMPORT_FAULTS_CSV, params(("id" = String, Path, description = "32 hex digits")),
    tag = "imports", security(("token" = [])),
    responses(
        (status = 200, body = String, content_type = "text/csv"),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn faults_csv(
    State(app): State<App>,
    Bearer(client): Bearer,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let faults = tables::all(&client, &id_of(&id)?).await?;
    let lang = locale::accepted(&headers, &locale::offered(&app.config().languages));
    let table = tables::table(&faults, lang.unwrap_or_else(Lang::fallback))?;
    let kind = HeaderValue::from_static(volbridge_formats::table::csv::MEDIA_TYPE);
    Ok(private(([(header::CONTENT_TYPE, kind)], table).into_response()))
}

/// What came of the file.
#[utoipa::path(
    get, path = routes::API_IMPORT_LISTINGS, params(("id" = String, Path, description = "32 hex digits"), Wanted),
    tag = "imports", security(("token" = [])),
    responses(
        (status = 200, body = ImportedListings),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn listings(
    State(app): State<App>,
    here: Here,
    Bearer(client): Bearer,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let request = page(&id, wanted)?;
    let answer = client.imported_listings(request).await?;
    let next_cursor = cursor(answer.next_cursor);
    let listing = |listing: node::ImportedListing| {
        let id = names::subject(&listing.subject);
        let url = format!("{}{}", app.config().public_url.trim_end_matches('/'), routes::listing(&id));
        let (row, reference, outcome) = (listing.row, listing.reference, listing.outcome);
        ImportedListing { row, reference, id, outcome, url }
    };
    let items = answer.listings.into_iter().map(listing).collect();
    let body = ImportedListings { items, next_cursor: next_cursor.clone() };
    Ok(private(here.page(body, next_cursor.as_deref())))
}

/// For the program that asked, and for nobody between.
fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    response
}

/// 0, which means as many as the node thinks right, if nothing was said.
fn limit(wish: Option<u32>) -> Result<u32, Problem> {
    match wish {
        None => Ok(0),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::new(Code::FieldOutOfRange).at("limit")),
    }
}

fn page(id: &str, wanted: Wanted) -> Result<node::ImportPageRequest, Problem> {
    Ok(node::ImportPageRequest { id: id_of(id)?, limit: limit(wanted.limit)?, cursor: wanted.cursor })
}

fn id_of(text: &str) -> Result<Vec<u8>, Problem> {
    let id = hex::decode(text).ok().filter(|id| id.len() == 16);
    id.ok_or_else(Problem::not_found)
}

impl ImportSetting {
    fn into_wire(self) -> Result<node::ImportSetting, Problem> {
        let organisation = match self.organisation.as_str() {
            "" => Vec::new(),
            id => id
                .parse::<SubjectId>()
                .map_err(|_| Problem::new(Code::IdMalformed).at("organisation"))?
                .to_vec(),
        };
        let meaning = |(header, column)| node::ImportMeaning { header, column };
        Ok(node::ImportSetting {
            format: self.format,
            organisation,
            language: self.language,
            columns: self.columns.into_iter().map(meaning).collect(),
        })
    }
}

impl From<node::ImportSetting> for ImportSetting {
    fn from(setting: node::ImportSetting) -> Self {
        let meant = |meaning: node::ImportMeaning| (meaning.header, meaning.column);
        Self {
            format: setting.format,
            organisation: SubjectId::try_from(setting.organisation.as_slice())
                .map(|id| id.to_string())
                .unwrap_or_default(),
            language: setting.language,
            columns: setting.columns.into_iter().map(meant).collect(),
        }
    }
}

impl From<node::Import> for Import {
    fn from(import: node::Import) -> Self {
        let preview = import.preview.unwrap_or_default();
        let column = |column: node::ImportColumn| ImportColumn {
            header: column.header,
            column: column.column,
            examples: column.examples,
        };
        Self {
            id: hex::encode(&import.id),
            state: import.state,
            name: import.name,
            size: import.size,
            setting: import.setting.unwrap_or_default().into(),
            columns: preview.columns.into_iter().map(column).collect(),
            first: preview.rows.into_iter().map(ImportRow::from).collect(),
            total: import.total,
            good: import.good,
            faulty: import.faulty,
            faults: import.faults,
            done: import.done,
            published: import.published,
            revised: import.revised,
            unchanged: import.unchanged,
            reason: import.reason,
            created_at: locale::iso(import.created_at),
            changed_at: locale::iso(import.changed_at),
        }
    }
}

impl From<node::ImportRow> for ImportRow {
    fn from(row: node::ImportRow) -> Self {
        let translations = row.translations.into_iter().map(|text| (text.language, text.fields));
        Self {
            row: row.row,
            reference: row.reference,
            faulty: row.faulty,
            listing: json!(row.listing.unwrap_or_default()),
            translations: translations.collect(),
        }
    }
}

impl From<node::ImportFault> for ImportFault {
    fn from(fault: node::ImportFault) -> Self {
        let title = Problem::named(&fault.code).sentence(Lang::fallback());
        Self { row: fault.row, column: fault.column, code: fault.code, title, value: fault.value }
    }
}

impl Import {
    pub fn example() -> Self {
        let listing = record::Listing {
            language: "zh-CN".into(),
            title: "社区图书馆伴读".into(),
            ..Default::default()
        };
        let english = BTreeMap::from([("title".to_owned(), "Reading at the library".to_owned())]);
        Self {
            id: "5c".repeat(16),
            state: "ready".to_owned(),
            name: "2027.xlsx".to_owned(),
            size: 48_213,
            setting: ImportSetting {
                format: "xlsx".to_owned(),
                organisation: "019abc12-3456-7890-abcd-ef0123456789".to_owned(),
                language: "zh-CN".to_owned(),
                columns: BTreeMap::from([("项目".to_owned(), "title_zh-CN".to_owned())]),
            },
            columns: vec![ImportColumn {
                header: "项目".to_owned(),
                column: "title_zh-CN".to_owned(),
                examples: vec![listing.title.clone()],
            }],
            first: vec![ImportRow {
                row: 2,
                reference: "2027-014".to_owned(),
                faulty: false,
                listing: json!(listing),
                translations: BTreeMap::from([("en".to_owned(), english)]),
            }],
            total: 120,
            good: 118,
            faulty: 2,
            faults: 3,
            created_at: locale::iso(1_795_507_200_000),
            changed_at: locale::iso(1_795_507_203_000),
            ..Self::default()
        }
    }
}

impl Imports {
    pub fn example() -> Self {
        Self { items: vec![Import::example()], next_cursor: None }
    }
}

impl ImportFaults {
    pub fn example() -> Self {
        let fault = node::ImportFault {
            row: 22,
            column: "招募人数".to_owned(),
            code: "field.invalid".to_owned(),
            value: "很多".to_owned(),
        };
        Self { items: vec![fault.into()], next_cursor: None }
    }
}

impl ImportedListings {
    pub fn example() -> Self {
        let id = "019abc12-3456-7890-abcd-ef0123456789".to_owned();
        let url = format!("https://portal.example{}", routes::listing(&id));
        let listing = ImportedListing {
            row: 2,
            reference: "2027-014".to_owned(),
            id,
            outcome: "published".to_owned(),
            url,
        };
        Self { items: vec![listing], next_cursor: None }
    }
}

/// What `faults.csv` answers.
pub const CSV_EXAMPLE: &str = "\"Row\",\"Column\",\"What stands there\",\"What is wrong\",\"Code\"\r\n";
