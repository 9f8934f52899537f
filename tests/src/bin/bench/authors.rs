//! Authors whose logs are full already. They are made once, in this process and without waiting for the disk, through
//! the node's own publishing; and kept under `target/bench`, for later runs to copy.

use std::{
    fs,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

use volbridge_node::{
    Node,
    context::Context,
    env::Env,
    publish::Draft,
    store::{entries, migrate},
};
use volbridge_proto::{
    kinds::{self, Payload},
    wire::record::v1 as record,
};

use crate::{
    Database, Outcome,
    listings::{Listings, organisation},
    nodes::Site,
    report::progress,
    usage,
};

/// Counts up when what is made here changes.
const VERSION: u32 = 1;

/// Drafts published at once.
const GROUP: usize = 4_096;

/// The seed of the listings.
const SEED: u64 = 20_261_124;

/// The folder of everything that the benchmark makes: beside the build's own, and gone with it.
pub fn root() -> Outcome<PathBuf> {
    let own = std::env::current_exe()?;
    let target = own.parent().and_then(Path::parent).ok_or("this program isn't in a target folder")?;
    let root = target.join("bench");
    fs::create_dir_all(&root)?;
    Ok(root)
}

/// The folder of one run; removed with it.
pub struct Run(PathBuf);

impl Run {
    /// A new one.
    pub fn new() -> Outcome<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        if number == 0 {
            remove_forgotten(&root()?)?;
        }
        let folder = root()?.join(format!("run-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    /// A folder in it.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// Removes the folders of runs whose process was killed.
fn remove_forgotten(root: &Path) -> Outcome<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().into_string().unwrap_or_default();
        let pid = name.strip_prefix("run-").and_then(|rest| rest.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// An author with a full log, ready to be copied.
pub struct Author {
    folder: PathBuf,
    name: String,
    database: Database,
    /// Entries of its log.
    pub records: u64,
}

impl Author {
    /// One whose log has exactly so many entries; made if it isn't there yet.
    pub async fn with(records: u64, database: Database) -> Outcome<Self> {
        Self::nth(0, records, database).await
    }

    /// The same, one of many.
    pub async fn nth(number: usize, records: u64, database: Database) -> Outcome<Self> {
        let made = format!("author-{VERSION}-{}-{database}-{records}-{number}", migrate::known_version());
        let folder = root()?.join(made);
        let name = format!("author-{number}");
        if !folder.exists() {
            let began = Instant::now();
            progress(&format!("filling a log of {records} records ({database}), kept for later runs"));
            let unfinished = folder.with_extension("new");
            let _ = fs::remove_dir_all(&unfinished);
            let seed = SEED + number as u64;
            fill(&unfinished, &name, records, database, seed).await?;
            fs::rename(&unfinished, &folder)?;
            progress(&format!("filled in {:.1} s", began.elapsed().as_secs_f64()));
        }
        Ok(Self { folder, name, database, records })
    }

    /// A copy of it in a run's folder.
    pub fn copy(&self, run: &Run) -> Outcome<Site> {
        let folder = run.folder(&self.name);
        usage::copy(&self.folder, &folder)?;
        Site::open(&folder, &self.name, self.database)
    }

    /// Its entries one after the other: leaf, length of the body, body.
    pub fn entries(&self) -> PathBuf {
        self.folder.join("entries")
    }

    /// Bytes of its leaves and bodies.
    pub fn own_bytes(&self) -> Outcome<u64> {
        // Each length has four.
        Ok(fs::metadata(self.entries())?.len() - 4 * self.records)
    }
}

async fn fill(folder: &Path, name: &str, records: u64, database: Database, seed: u64) -> Outcome<()> {
    let site = Site::make(folder, name, database).await?;
    // As when it will be served, so that it has nothing new to say then.
    let mut config =
        site.config(&[("api.listen", ""), ("exchange.listen", ""), ("log.checkpoint_interval_ms", "60000")])?;
    config.database.durable = false;
    let node = Node::start(config, Env::system()).await?;
    let context = node.context();
    let published = context.publish(vec![draft_of_organisation()?], None).await?;
    let subject = published.first().ok_or("no organisation")?.subject;
    let mut listings = Listings::new(subject.as_bytes(), seed);
    loop {
        let size = context.own_size().unwrap_or(0);
        let group = usize::try_from(records.saturating_sub(size))?.min(GROUP);
        if group == 0 {
            break;
        }
        let drafts = listings.by_ref().take(group).map(draft).collect::<Outcome<Vec<_>>>()?;
        context.publish(drafts, None).await?;
        if size / 100_000 != (size + group as u64) / 100_000 {
            progress(&format!("{} of {records}", size + group as u64));
        }
    }
    export(context, &folder.join("entries"), records).await?;
    node.stop().await;
    Ok(())
}

/// Writes a log's entries as the limit's pipeline sends them.
async fn export(context: &Context, path: &Path, records: u64) -> Outcome<()> {
    let mut file = BufWriter::new(fs::File::create(path)?);
    let mut start = 0;
    while start < records {
        let end = records.min(start + GROUP as u64);
        for row in entries::range(&context.db, context.own.number, start..end).await? {
            let body = row.body.ok_or("an own body is missing")?;
            file.write_all(&row.leaf)?;
            file.write_all(&u32::try_from(body.len())?.to_be_bytes())?;
            file.write_all(&body)?;
        }
        start = end;
    }
    Ok(file.into_inner()?.sync_all()?)
}

fn draft_of_organisation() -> Outcome<Draft> {
    let payload = Payload::Organisation(organisation()).encode()?;
    Ok(Draft::public(kinds::organisation::KIND, payload))
}

fn draft(listing: record::Listing) -> Outcome<Draft> {
    Ok(Draft::public(kinds::listing::KIND, Payload::Listing(listing).encode()?))
}
