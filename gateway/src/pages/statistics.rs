//! The directory in figures: open and filled places by country, goal, partner and month, and what partners have signed
//! month by month. Each picture has its table beside it, and each table its file.

use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::header;
use serde::Deserialize;
use volbridge_proto::{error::Code, wire::node::v1 as node};

use super::render;
use crate::{
    app::App,
    chart::{self, Bar},
    choices,
    extract::Query,
    figures::{Counts, DIMENSIONS, Group, groups},
    locale,
    problem::Problem,
    routes,
    shell::Shell,
    texts::grouped,
};

/// Bars of a picture; the others stand in the table.
const BARS: usize = 12;
/// Rows of a table; the others stand in the file.
const ROWS: usize = 60;
/// The table of signed figures.
const SIGNED: &str = "signed";

#[derive(Template)]
#[template(path = "statistics.html")]
struct StatisticsPage<'a> {
    ui: &'a Shell,
    total: Row,
    counted: String,
    tables: Vec<Table>,
    months: Vec<SignedRow>,
    months_picture: String,
    months_csv: String,
}

struct Table {
    id: &'static str,
    title: String,
    caption: String,
    column: String,
    picture: String,
    rows: Vec<Row>,
    /// How many aren't shown.
    more: String,
    csv: String,
}

#[derive(Default)]
struct Row {
    name: String,
    /// Its listings; empty: nothing finds these.
    href: String,
    listings: String,
    open: String,
    /// Empty: hidden.
    filled: String,
}

struct SignedRow {
    month: String,
    partners: String,
    listings: String,
    open: String,
    filled: String,
    /// Partners whose filled places aren't in it.
    hidden: String,
}

/// `GET /statistics`
pub async fn show(State(app): State<App>, ui: Shell) -> Result<Response, Problem> {
    let (view, signed) =
        tokio::join!(app.statistics(), app.node().statistics_months(node::StatisticsMonthsRequest {}));
    let (view, signed) = (view?, signed?);
    let total = Counts::new(view.total.as_ref());
    let tables: Vec<Table> = DIMENSIONS.iter().map(|dimension| table(&view, dimension, &ui)).collect();
    let page = StatisticsPage {
        total: row(String::new(), String::new(), total),
        counted: locale::moment(ui.lang, view.counted_at),
        months_picture: signed_picture(&signed.months, &ui),
        months: signed.months.iter().map(|month| signed_row(month, &ui)).collect(),
        months_csv: routes::statistics_csv(SIGNED),
        tables,
        ui: &ui,
    };
    render(&page)
}

fn table(view: &node::StatisticsView, dimension: &'static str, ui: &Shell) -> Table {
    let groups = groups(view, dimension, ui);
    let (title, caption, column) = match dimension {
        "country" => ("statistics-by-country", "statistics-country-caption", "facet-countries"),
        "sdg" => ("statistics-by-sdg", "statistics-sdg-caption", "facet-sdgs"),
        "partner" => ("statistics-by-partner", "statistics-partner-caption", "facet-partners"),
        _ => ("statistics-by-month", "statistics-month-caption", "facet-months"),
    };
    let bars: Vec<Bar> = groups.iter().take(BARS).map(|group| bar(&group.name, group.counts, ui)).collect();
    let more = groups.len().saturating_sub(ROWS);
    Table {
        id: dimension,
        picture: chart::bars(&ui.t(title), &bars),
        title: ui.t(title),
        caption: ui.t(caption),
        column: ui.t(column),
        more: if more == 0 { String::new() } else { ui.count("statistics-more", more as u64) },
        csv: routes::statistics_csv(dimension),
        rows: groups
            .into_iter()
            .take(ROWS)
            .map(|group| row(group.name.clone(), found_at(dimension, &group), group.counts))
            .collect(),
    }
}

/// The listings of a group, if the search can find them.
fn found_at(dimension: &str, group: &Group) -> String {
    let field = match (dimension, group.code.as_str()) {
        ("month", "" | "earlier" | "later") => return String::new(),
        ("country", "") => return format!("{}?countries=online", routes::listings()),
        ("country", _) => "countries",
        ("sdg", _) => "sdgs",
        ("partner", _) => "partners",
        _ => "months",
    };
    format!("{}?{field}={}", routes::listings(), group.code.trim_start_matches('0'))
}

fn row(name: String, href: String, counts: Counts) -> Row {
    Row {
        name,
        href,
        listings: grouped(counts.listings),
        open: grouped(counts.open),
        filled: counts.filled.map(grouped).unwrap_or_default(),
    }
}

fn bar(name: &str, counts: Counts, ui: &Shell) -> Bar {
    let filled = counts.filled.map_or_else(|| ui.t("statistics-hidden"), grouped);
    let numbers = ui.lang.fill("statistics-numbers", &[("open", grouped(counts.open)), ("filled", filled)]);
    Bar { name: name.to_owned(), open: counts.open, filled: counts.filled, numbers }
}

fn signed_picture(months: &[node::StatisticsMonth], ui: &Shell) -> String {
    let newest = months.iter().take(BARS).map(|month| {
        let counts = Counts {
            listings: month.listings,
            open: month.open_slots,
            filled: (month.hidden < month.partners).then_some(month.filled_slots),
        };
        bar(&choices::named("months", &month.month, ui), counts, ui)
    });
    chart::bars(&ui.t("statistics-signed"), &newest.collect::<Vec<_>>())
}

fn signed_row(month: &node::StatisticsMonth, ui: &Shell) -> SignedRow {
    SignedRow {
        month: choices::named("months", &month.month, ui),
        partners: grouped(month.partners.into()),
        listings: grouped(month.listings),
        open: grouped(month.open_slots),
        filled: if month.hidden < month.partners { grouped(month.filled_slots) } else { String::new() },
        hidden: match month.hidden {
            0 => String::new(),
            hidden => ui.count("statistics-without", hidden),
        },
    }
}

/// Which table.
#[derive(Deserialize)]
pub struct By {
    #[serde(default)]
    by: String,
}

/// `GET /statistics.csv?by=country`
pub async fn csv(State(app): State<App>, ui: Shell, Query(asked): Query<By>) -> Result<Response, Problem> {
    // The mark at its beginning tells spreadsheets that it is UTF-8.
    let mut text = String::from("\u{feff}");
    if asked.by == SIGNED {
        let signed = app.node().statistics_months(node::StatisticsMonthsRequest {}).await?;
        line(&mut text, ["month", "partners", "listings", "open_slots", "filled_slots", "partners_hidden"]);
        for month in signed.months {
            line(
                &mut text,
                [
                    &month.month,
                    &month.partners.to_string(),
                    &month.listings.to_string(),
                    &month.open_slots.to_string(),
                    &month.filled_slots.to_string(),
                    &month.hidden.to_string(),
                ],
            );
        }
    } else {
        let dimension = DIMENSIONS.iter().find(|dimension| **dimension == asked.by);
        let dimension = dimension.ok_or_else(|| Problem::new(Code::FieldInvalid).at("by"))?;
        let view = app.statistics().await?;
        line(&mut text, [*dimension, "name", "listings", "open_slots", "filled_slots"]);
        for group in groups(&view, dimension, &ui) {
            let Counts { listings, open, filled } = group.counts;
            let filled = filled.map(|filled| filled.to_string()).unwrap_or_default();
            line(&mut text, [&group.code, &group.name, &listings.to_string(), &open.to_string(), &filled]);
        }
    }
    let name = format!("attachment; filename=\"volbridge-statistics-{}.csv\"", asked.by);
    Ok((
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)],
        text,
    )
        .into_response())
}

/// A line of RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe.
fn line<'a>(text: &mut String, cells: impl IntoIterator<Item = &'a (impl AsRef<str> + ?Sized + 'a)>) {
    let mut separator = "";
    for cell in cells {
        let cell = cell.as_ref();
        text.push_str(separator);
        separator = ",";
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let mark = if formula { "'" } else { "" };
        if cell.contains([',', '"', '\n', '\r']) {
            text.push_str(&format!("\"{mark}{}\"", cell.replace('"', "\"\"")));
        } else {
            text.push_str(mark);
            text.push_str(cell);
        }
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t53_cells_stay_cells() {
        let mut text = String::new();
        line(&mut text, ["=1+1", "a,b", "say \"hi\"", "志愿", ""]);
        assert_eq!(text, "'=1+1,\"a,b\",\"say \"\"hi\"\"\",志愿,\r\n");
    }
}
