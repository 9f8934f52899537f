//! `import`: the file of another program, from `volbridge import` to the last acknowledgement.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::process::Command;
use volbridge_formats::{
    Entry,
    table::{Layout, Names, csv},
};
use volbridge_proto::SubjectId;

use crate::{
    Database, Outcome,
    authors::Run,
    listings::Listings,
    load,
    nodes::{Site, program},
    report::{Figure, Report, as_f64, progress, rounded},
    sync::Usage,
};

/// Callers of the limit.
const CALLERS: usize = 256;

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Rows of the table
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    /// Seconds for the limit
    #[arg(long, default_value_t = 8)]
    seconds: u64,
}

/// Measures.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("import", database.name());
    let node = Arc::new(Site::make(&run.folder("importer"), "importer", database).await?.serve(&[]).await?);
    let subject = load::organise(&node).await?;
    let file = write(run.folder("importer").join("listings.csv"), &subject, args.rows)?;
    progress(&format!("{} rows, {} bytes", args.rows, std::fs::metadata(&file)?.len()));
    let began = Instant::now();
    import(node.api_address(), &node.token_file(), &file).await?;
    let time = began.elapsed();
    let began = Instant::now();
    import(node.api_address(), &node.token_file(), &file).await?;
    report.set("second_run_s", rounded(began.elapsed().as_secs_f64()));
    report.used(&Usage::of(&[("importer", &node)])?.all());
    drop(node);

    progress("the limit");
    let other = Arc::new(Site::make(&run.folder("author"), "author", database).await?.serve(&[]).await?);
    let subject = load::organise(&other).await?;
    let bulk = load::for_time(&other, &subject, CALLERS, Duration::from_secs(args.seconds)).await?;
    report.figure(Figure { value: as_f64(args.rows) / time.as_secs_f64(), unit: "rows/s" });
    let limit = as_f64(bulk.published) / bulk.time.as_secs_f64();
    report.limit(
        Figure { value: limit, unit: "publishes/s" },
        "256 callers that publish, with nothing to read and check",
    );
    report.set("rows", args.rows);
    report.set("seconds", rounded(time.as_secs_f64()));
    Ok(report)
}

/// A table of listings of one organisation, each with the giver's own id.
fn write(to: PathBuf, organisation: &[u8], rows: u64) -> Outcome<PathBuf> {
    let _: SubjectId = organisation.try_into()?;
    let languages = ["en", "zh-CN"].map(str::to_owned);
    let out = std::io::BufWriter::new(std::fs::File::create(&to)?);
    let mut table = csv::Writer::new(out, Layout::new(languages, false, Names::English))?;
    for (number, listing) in (1..=rows).zip(Listings::new(organisation, 1)) {
        table.write(&Entry { reference: format!("row-{number}"), listing, ..Entry::default() })?;
    }
    table.finish()?;
    Ok(to)
}

/// The command, as its user types it.
async fn import(api: &str, token: &std::path::Path, file: &std::path::Path) -> Outcome<()> {
    let mut command = Command::new(program()?);
    command.args(["--json", "--node", api, "--token-file"]).arg(token).arg("import").arg(file);
    let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).status().await?;
    if ended.success() { Ok(()) } else { Err(format!("volbridge import: {ended}").into()) }
}
