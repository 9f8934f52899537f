//! What is wrong with a file that was brought, for those who mend it in their spreadsheet.

use volbridge_formats::table::csv;
use volbridge_proto::{error::Code, wire::node::v1 as node};

use crate::{client::NodeClient, problem::Problem, texts::Lang};

/// Faults that are asked for at a time, and pages of them.
const PAGE: u32 = 100;
const PAGES: usize = 100;

/// All that are kept.
pub async fn all(client: &NodeClient, id: &[u8]) -> Result<Vec<node::ImportFault>, Problem> {
    let mut faults = Vec::new();
    let mut request = node::ImportPageRequest { id: id.to_vec(), limit: PAGE, cursor: String::new() };
    for _ in 0..PAGES {
        let page = client.import_faults(request.clone()).await?;
        faults.extend(page.faults);
        if page.next_cursor.is_empty() {
            break;
        }
        request.cursor = page.next_cursor;
    }
    Ok(faults)
}

/// As a table, in the reader's language.
pub fn table(faults: &[node::ImportFault], lang: Lang) -> Result<Vec<u8>, Problem> {
    let header =
        ["import-row", "import-column", "import-value", "import-why", "import-code"].map(|key| lang.t(key));
    let rows = faults.iter().map(|fault| {
        let why = Problem::named(&fault.code).sentence(lang);
        vec![fault.row.to_string(), fault.column.clone(), fault.value.clone(), why, fault.code.clone()]
    });
    csv::texts_as_table(std::iter::once(header.to_vec()).chain(rows)).map_err(|error| {
        tracing::error!(%error, "a table of faults could not be written");
        Problem::new(Code::Internal)
    })
}
