//! Listings from a file: choose it → see what its columns mean, its first listings in both languages, and what is wrong with
//! which row → publish → see how far it is → what came of it. Each step is one page that can be left and come back to.

use askama::Template;
use axum::{
    extract::{Multipart, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use volbridge_formats::table::{Column, Names};
use volbridge_proto::{
    error::Code,
    id::SubjectId,
    wire::{node::v1 as node, record::v1 as record},
};

use super::{form::Choice, id_of, organisations};
use crate::{
    app::App,
    extract::{Form, Path, Query},
    facts::{self, Fact},
    faults, locale, names,
    pages::render,
    problem::Problem,
    routes,
    session::{FORM_TOKEN, Signed},
    shell::Shell,
    texts::{Lang, grouped},
    upload,
};

/// Imports on the first page, faults and results on one's own.
const LISTED: u32 = 30;
const FAULTS: u32 = 50;
const RESULTS: u32 = 50;
/// Columns that can be said otherwise in the form.
const COLUMNS: usize = 200;
/// Languages whose texts are mostly brought.
const LANGUAGES: &[&str] = &["zh-CN", "en"];
/// Bytes of a field beside the file.
const FIELD: usize = 1_024;

struct Listed {
    href: String,
    name: String,
    state: String,
    told: String,
}

#[derive(Template)]
#[template(path = "desk_imports.html")]
struct ImportsPage<'a> {
    ui: &'a Shell,
    listed: Vec<Listed>,
    organisations: Vec<Choice>,
    languages: Vec<Choice>,
    done: String,
    wrong: String,
}

/// A header, what stands below it, and what it may mean.
struct Header {
    number: usize,
    header: String,
    examples: String,
    meanings: Vec<Choice>,
    understood: bool,
}

/// A listing in one language.
struct Told {
    language: String,
    language_name: String,
    is_source: bool,
    title: String,
    summary: String,
    facts: Vec<Fact>,
}

struct First {
    row: u64,
    reference: String,
    faulty: bool,
    texts: Vec<Told>,
}

struct Fault {
    row: String,
    column: String,
    value: String,
    why: String,
}

struct Outcome {
    href: String,
    name: String,
    outcome: String,
}

/// The import as its page shows it.
struct View {
    id: String,
    state: &'static str,
    state_text: String,
    name: String,
    told: String,
    pending: bool,
    /// What was found, or came of it.
    counts: Vec<Fact>,
    sentence: String,
    done: u64,
    most: u64,
    may_start: bool,
    publish: String,
    columns: Vec<Header>,
    unknown: String,
    first: Vec<First>,
    faults: Vec<Fault>,
    faults_title: String,
    more_faults: String,
    results: Vec<Outcome>,
    more_results: String,
    organisations: Vec<Choice>,
    languages: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "desk_import.html")]
struct ImportPage<'a> {
    ui: &'a Shell,
    view: View,
    wrong: String,
}

#[derive(Template)]
#[template(path = "desk_import_part.html")]
struct ImportPart<'a> {
    ui: &'a Shell,
    view: View,
}

/// What was done before.
#[derive(Default, Deserialize)]
pub struct Wish {
    #[serde(default)]
    done: String,
}

/// `GET /desk/imports`
pub async fn list(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Query(wish): Query<Wish>,
) -> Result<Response, Problem> {
    let known = ["cancelled", "forgotten"].into_iter().find(|known| *known == wish.done);
    let done = known.map(|done| ui.lang.code("import-done", done)).unwrap_or_default();
    first_page(&app, &signed, &ui, done, String::new()).await
}

async fn first_page(
    app: &App,
    signed: &Signed,
    ui: &Shell,
    done: String,
    wrong: String,
) -> Result<Response, Problem> {
    let request = node::ListImportsRequest { limit: LISTED, ..Default::default() };
    let (imports, offered) = tokio::join!(signed.client.imports(request), organisations(app, signed, ui));
    let listed = imports?.imports.iter().map(|import| listed(import, ui)).collect();
    let only = if offered.len() == 1 { offered.first().map(|(id, _)| id.as_str()) } else { None };
    render(&ImportsPage {
        listed,
        organisations: chosen(offered.clone(), only.unwrap_or_default()),
        languages: languages(&ui.lang.tag(), ui),
        done,
        wrong,
        ui,
    })
}

fn listed(import: &node::Import, ui: &Shell) -> Listed {
    Listed {
        href: routes::desk_import(hex::encode(&import.id)),
        name: import.name.clone(),
        state: ui.lang.code("import-state", &import.state),
        told: told(import, ui),
    }
}

/// Who brought it, and when.
fn told(import: &node::Import, ui: &Shell) -> String {
    let when = locale::recent(ui.lang, import.created_at, ui.now);
    if import.author.is_empty() {
        when
    } else {
        format!("{}{}{when}", import.author, ui.t("clause-separator"))
    }
}

fn chosen(values: Vec<(String, String)>, chosen: &str) -> Vec<Choice> {
    let choice = |(value, text): (String, String)| Choice { chosen: value == chosen, value, text };
    values.into_iter().map(choice).collect()
}

fn languages(tag: &str, ui: &Shell) -> Vec<Choice> {
    let mut tags = LANGUAGES.to_vec();
    if !tag.is_empty() && !tags.contains(&tag) {
        tags.push(tag);
    }
    chosen(tags.iter().map(|tag| ((*tag).to_owned(), ui.lang.code("language", tag))).collect(), tag)
}

/// `POST /desk/imports`: the fields come before the file, which goes on to the node as it comes.
pub async fn bring(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    form: Multipart,
) -> Result<Response, Problem> {
    match send(&signed, form).await {
        Ok(import) => Ok(Redirect::to(&routes::desk_import(hex::encode(&import.id))).into_response()),
        Err(problem) if problem.status.is_client_error() => {
            let wrong = match problem.field.as_str() {
                "setting.format" | "name" => ui.t("import-format-wrong"),
                "data" if problem.code == Code::FieldRequired.as_str() => ui.t("import-file-none"),
                _ => problem.sentence(ui.lang),
            };
            let mut page = first_page(&app, &signed, &ui, String::new(), wrong).await?;
            *page.status_mut() = problem.status;
            page.extensions_mut().insert(crate::pages::Drawn);
            Ok(page)
        }
        Err(problem) => Err(problem),
    }
}

async fn send(signed: &Signed, mut form: Multipart) -> Result<node::Import, Problem> {
    let mut setting = node::ImportSetting::default();
    while let Some(mut field) = form.next_field().await.map_err(unreadable)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            let named = field.file_name().unwrap_or_default().to_owned();
            let (file, taken) = upload::begin(signed.client.clone(), named, setting);
            let sent = async move {
                while let Some(piece) = field.chunk().await.map_err(unreadable)? {
                    if !file.send(&piece).await {
                        return Ok(());
                    }
                }
                file.end().await;
                Ok(())
            };
            let (sent, taken) = tokio::join!(sent, taken);
            return upload::ended(sent, taken);
        }
        let bytes = field.bytes().await.map_err(unreadable)?;
        let value = std::str::from_utf8(&bytes).ok().filter(|value| value.len() <= FIELD);
        let value = value.ok_or_else(|| Problem::invalid(&name))?;
        match name.as_str() {
            "organisation" => setting.organisation = organisation(value)?,
            "language" => value.clone_into(&mut setting.language),
            FORM_TOKEN => {}
            _ => return Err(Problem::new(Code::FieldUnknown)),
        }
    }
    Err(Problem::new(Code::FieldRequired).at("data"))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err takes")]
fn unreadable(error: axum::extract::multipart::MultipartError) -> Problem {
    Problem::with_status(error.status(), Code::RequestInvalid.as_str())
}

fn organisation(text: &str) -> Result<Vec<u8>, Problem> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.parse::<SubjectId>().map(SubjectId::to_vec).map_err(|_| Problem::invalid("organisation"))
}

/// `GET /desk/imports/{id}`
pub async fn show(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    page(&app, &signed, &ui, &id, String::new()).await
}

async fn page(app: &App, signed: &Signed, ui: &Shell, id: &str, wrong: String) -> Result<Response, Problem> {
    let import = signed.client.import(node::ImportRequest { id: id_of(id)? }).await?;
    render(&ImportPage { view: view(app, signed, ui, import).await?, ui, wrong })
}

/// `GET /desk/imports/{id}/part`
pub async fn part(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let import = signed.client.import(node::ImportRequest { id: id_of(&id)? }).await?;
    render(&ImportPart { view: view(&app, &signed, &ui, import).await?, ui: &ui })
}

/// `POST /desk/imports/{id}/columns`
pub async fn columns(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let value = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let import = signed.client.import(node::ImportRequest { id: id_of(&id)? }).await?;
    let before = import.setting.unwrap_or_default();
    let headers = import.preview.unwrap_or_default().columns;
    let said = (0..headers.len().min(COLUMNS)).filter_map(|number| {
        let header = value(&format!("header.{number}"))?.to_owned();
        let column = value(&format!("column.{number}"))?.to_owned();
        Some(node::ImportMeaning { header, column })
    });
    let columns = said.collect();
    let setting = node::ImportSetting {
        organisation: organisation(value("organisation").unwrap_or_default())?,
        language: value("language").unwrap_or_default().to_owned(),
        columns,
        ..before
    };
    let request = node::ConfigureImportRequest { id: import.id, setting: Some(setting) };
    let done = signed.client.configure_import(request).await.map(drop);
    next(&app, &signed, &ui, &id, done).await
}

/// `POST /desk/imports/{id}/start`
pub async fn start(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let done = signed.client.start_import(node::ImportRequest { id: id_of(&id)? }).await.map(drop);
    next(&app, &signed, &ui, &id, done).await
}

/// `POST /desk/imports/{id}/cancel`
pub async fn cancel(
    State(app): State<App>,
    signed: Signed,
    ui: Shell,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let bytes = id_of(&id)?;
    let import = signed.client.import(node::ImportRequest { id: bytes.clone() }).await?;
    let over = is_over(&import.state);
    match signed.client.cancel_import(node::ImportRequest { id: bytes }).await {
        Ok(_) => {
            let done = if over { "forgotten" } else { "cancelled" };
            Ok(Redirect::to(&format!("{}?done={done}", routes::desk_imports())).into_response())
        }
        Err(problem) => next(&app, &signed, &ui, &id, Err(problem)).await,
    }
}

/// The same page after a step, with why not if it was refused.
async fn next(
    app: &App,
    signed: &Signed,
    ui: &Shell,
    id: &str,
    done: Result<(), Problem>,
) -> Result<Response, Problem> {
    match done {
        Ok(()) => Ok(Redirect::to(&routes::desk_import(id)).into_response()),
        Err(problem) if problem.status.is_server_error() => Err(problem),
        Err(problem) => page(app, signed, ui, id, problem.sentence(ui.lang)).await,
    }
}

/// `GET /desk/imports/{id}/faults.csv`
pub async fn faults_file(signed: Signed, ui: Shell, Path(id): Path<String>) -> Result<Response, Problem> {
    let table = faults::table(&faults::all(&signed.client, &id_of(&id)?).await?, ui.lang)?;
    let mut headers = HeaderMap::new();
    let kind = volbridge_formats::table::csv::MEDIA_TYPE;
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = HeaderValue::from_static("attachment; filename=\"volbridge-import-faults.csv\"");
    headers.insert(header::CONTENT_DISPOSITION, name);
    Ok((headers, table).into_response())
}

fn is_over(state: &str) -> bool {
    ["done", "cancelled", "failed"].contains(&state)
}

async fn view(app: &App, signed: &Signed, ui: &Shell, import: node::Import) -> Result<View, Problem> {
    let page = |limit| node::ImportPageRequest { id: import.id.clone(), limit, cursor: String::new() };
    let found = signed.client.import_faults(page(FAULTS)).await?;
    let came = signed.client.imported_listings(page(RESULTS)).await?;
    let setting = import.setting.clone().unwrap_or_default();
    let state = ["checking", "ready", "running", "done", "cancelled", "failed"]
        .into_iter()
        .find(|known| *known == import.state)
        .unwrap_or("failed");
    let offered = if state == "ready" { organisations(app, signed, ui).await } else { Vec::new() };
    let organisation = SubjectId::try_from(setting.organisation.as_slice()).map(|id| id.to_string());
    let preview = import.preview.clone().unwrap_or_default();
    let columns = headers(&preview.columns, &setting, ui);
    let unknown = columns.iter().filter(|column| !column.understood).count() as u64;
    let rest = |shown: usize, all: u64| all.saturating_sub(shown as u64);
    let more = |count: u64, key: &str| if count > 0 { ui.count(key, count) } else { String::new() };
    let results_of = import.published + import.revised + import.unchanged;
    Ok(View {
        id: hex::encode(&import.id),
        state_text: ui.lang.code("import-state", state),
        name: import.name.clone(),
        told: told(&import, ui),
        pending: ["checking", "running"].contains(&state),
        counts: counts(&import, state, ui),
        sentence: sentence(&import, state, ui),
        done: import.done,
        most: import.total.max(1),
        may_start: import.may_start,
        publish: ui.count("import-publish", import.good),
        unknown: more(unknown, "import-unknown"),
        first: preview.rows.iter().map(|row| first(row, ui)).collect(),
        faults_title: ui.count("import-faults", import.faults),
        more_faults: more(rest(found.faults.len(), import.faults), "import-more-faults"),
        faults: found.faults.iter().map(|one| fault(one, ui)).collect(),
        more_results: more(rest(came.listings.len(), results_of), "import-more-listings"),
        results: came.listings.iter().map(|one| result(one, ui)).collect(),
        organisations: chosen(offered, organisation.as_deref().unwrap_or_default()),
        languages: languages(&setting.language, ui),
        columns,
        state,
    })
}

fn counts(import: &node::Import, state: &str, ui: &Shell) -> Vec<Fact> {
    let found =
        [("import-total", import.total), ("import-good", import.good), ("import-faulty", import.faulty)];
    let came = [
        ("import-published", import.published),
        ("import-revised", import.revised),
        ("import-unchanged", import.unchanged),
        ("import-faulty", import.faulty),
    ];
    let told: &[(&str, u64)] = if ["running", "done"].contains(&state) { &came } else { &found };
    told.iter().map(|(key, count)| Fact { label: ui.lang.t(key), value: grouped(*count) }).collect()
}

/// What is going on, in a sentence.
fn sentence(import: &node::Import, state: &str, ui: &Shell) -> String {
    match state {
        "checking" => ui.count("import-checking", import.total),
        "running" => {
            let parts = [("done", grouped(import.done)), ("total", grouped(import.total))];
            ui.lang.fill("import-running", &parts)
        }
        "done" => ui.t("import-is-done"),
        "cancelled" => ui.t("import-is-cancelled"),
        "failed" => Problem::named(&import.reason).sentence(ui.lang),
        _ if import.good == 0 => ui.t("import-none-good"),
        _ if import.faulty == 0 => ui.t("import-all-good"),
        _ => ui.t("import-some-good"),
    }
}

fn headers(columns: &[node::ImportColumn], setting: &node::ImportSetting, ui: &Shell) -> Vec<Header> {
    let mut tags = LANGUAGES.to_vec();
    let own = setting.language.as_str();
    if !own.is_empty() && !tags.contains(&own) {
        tags.push(own);
    }
    let chinese = ui.lang.tag().starts_with("zh");
    let known: Vec<(String, String)> =
        Column::all(&tags).map(|column| (column.name(Names::English), label(&column, chinese))).collect();
    let left_out = |header: &str| {
        let mut said = setting.columns.iter();
        said.any(|meaning| meaning.header == header && meaning.column.is_empty())
    };
    let header = |(number, column): (usize, &node::ImportColumn)| {
        let mut values = vec![(String::new(), ui.t("import-left-out"))];
        values.extend(known.iter().cloned());
        if !known.iter().any(|(name, _)| *name == column.column) && !column.column.is_empty() {
            values.push((column.column.clone(), column.column.clone()));
        }
        Header {
            number,
            header: column.header.clone(),
            examples: column.examples.join(&ui.t("import-examples-separator")),
            understood: !column.column.is_empty() || left_out(&column.header),
            meanings: chosen(values, &column.column),
        }
    };
    columns.iter().take(COLUMNS).enumerate().map(header).collect()
}

/// `标题（zh-CN）`, `Role tasks (en)`
fn label(column: &Column, chinese: bool) -> String {
    if chinese {
        return column.name(Names::Chinese);
    }
    let name = column.name(Names::English);
    let (words, language) = match LANGUAGES.iter().find_map(|tag| Some((name.strip_suffix(tag)?, *tag))) {
        Some((words, tag)) if words.ends_with('_') => (words.trim_end_matches('_'), format!(" ({tag})")),
        _ => (name.as_str(), String::new()),
    };
    let mut letters = words.replace('_', " ");
    if let Some(first) = letters.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{letters}{language}")
}

fn first(row: &node::ImportRow, ui: &Shell) -> First {
    let listing = row.listing.clone().unwrap_or_default();
    let mut texts = vec![telling(&listing, &listing.language, &listing.title, &listing.summary, true, ui)];
    for text in &row.translations {
        let field = |name: &str| text.fields.get(name).map_or("", String::as_str);
        texts.push(telling(&listing, &text.language, field("title"), field("summary"), false, ui));
    }
    First { row: row.row, reference: row.reference.clone(), faulty: row.faulty, texts }
}

fn telling(
    listing: &record::Listing,
    language: &str,
    title: &str,
    summary: &str,
    is_source: bool,
    ui: &Shell,
) -> Told {
    let lang = Lang::of(language).unwrap_or(ui.lang);
    Told {
        language: language.to_owned(),
        language_name: lang.code("language", language),
        is_source,
        title: title.to_owned(),
        summary: summary.to_owned(),
        facts: facts::of_listing(listing, lang),
    }
}

fn fault(fault: &node::ImportFault, ui: &Shell) -> Fault {
    let code = fault.code.replace(['.', '_'], "-");
    let own = ui.lang.maybe(&format!("import-fault-{code}"));
    Fault {
        row: grouped(fault.row),
        column: fault.column.clone(),
        value: fault.value.clone(),
        why: own.unwrap_or_else(|| Problem::named(&fault.code).sentence(ui.lang)),
    }
}

fn result(listing: &node::ImportedListing, ui: &Shell) -> Outcome {
    let row = ui.with("import-in-row", "row", grouped(listing.row));
    Outcome {
        href: routes::listing(names::subject(&listing.subject)),
        name: if listing.reference.is_empty() {
            row
        } else {
            format!("{}{}{row}", listing.reference, ui.t("clause-separator"))
        },
        outcome: ui.lang.code("import-outcome", &listing.outcome),
    }
}
