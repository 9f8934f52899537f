//! A peer that everyone knows: PostgreSQL's own logical replication of the same rows between two servers. It proves
//! nothing to anyone; following a log must be as fast.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use volbridge_node::store::{Db, OpenOptions};

use crate::{
    Outcome,
    authors::{Author, Run},
    limit::fill,
    postgres::Server,
    report::{as_f64, progress, rounded},
    usage,
};

/// How often the servers are asked.
const TICK: Duration = Duration::from_millis(50);

/// Copies the rows of an author's log: at once, and again from the journal.
pub async fn measure(run: &Run, author: &Author, batch: usize) -> Outcome<Value> {
    progress("PostgreSQL's logical replication: initial copy");
    let copy = initial_copy(&Pair::start(run, "copied").await?, author, batch).await?;
    progress("PostgreSQL's logical replication: streaming");
    let stream = streaming(&Pair::start(run, "streamed").await?, author, batch).await?;
    let rate = |seconds: f64| rounded(as_f64(author.records) / seconds);
    Ok(json!({ "initial_copy_per_second": rate(copy), "streaming_per_second": rate(stream) }))
}

/// Two servers with the node's tables; one publishes its entries.
struct Pair {
    from: Server,
    to: Server,
}

impl Pair {
    async fn start(run: &Run, name: &str) -> Outcome<Self> {
        // By default a subscription that was switched on again may wait for five seconds before it begins.
        let settings = ["wal_level=logical", "wal_retrieve_retry_interval=50ms"];
        let server = |end: &str| Server::start(&run.folder(&format!("{name}-{end}")), &settings);
        let pair = Self { from: server("from")?, to: server("to")? };
        for server in [&pair.from, &pair.to] {
            Db::open(&OpenOptions::new(server.url())).await?.close().await;
        }
        pair.from.sql("node", "CREATE PUBLICATION entries FOR TABLE entry")?;
        Ok(pair)
    }

    fn subscribe(&self) -> Outcome<()> {
        let place = format!("host={} user=postgres dbname=node", self.from.host());
        self.to
            .sql("node", &format!("CREATE SUBSCRIPTION entries CONNECTION '{place}' PUBLICATION entries"))?;
        Ok(())
    }

    /// Until the initial copy is done.
    async fn copied(&self) -> Outcome<()> {
        let done = "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate IN ('r', 's')";
        self.until(&self.to, done).await
    }

    /// Until a query of a server counts one.
    async fn until(&self, server: &Server, query: &str) -> Outcome<()> {
        while server.sql("node", query)? != "1" {
            tokio::time::sleep(TICK).await;
        }
        Ok(())
    }

    fn holds(&self, records: u64) -> Outcome<()> {
        let held: u64 = self.to.sql("node", "SELECT count(*) FROM entry")?.parse()?;
        if held == records { Ok(()) } else { Err(format!("replicated {held} of {records} rows").into()) }
    }
}

async fn initial_copy(pair: &Pair, author: &Author, batch: usize) -> Outcome<f64> {
    fill(&pair.from.url(), &author.entries(), batch).await?;
    usage::settle();
    let began = Instant::now();
    pair.subscribe()?;
    pair.copied().await?;
    let seconds = began.elapsed().as_secs_f64();
    pair.holds(author.records)?;
    Ok(seconds)
}

/// The subscription waits while the rows are written, in transactions as large as the limit's; then it catches up.
async fn streaming(pair: &Pair, author: &Author, batch: usize) -> Outcome<f64> {
    pair.subscribe()?;
    pair.copied().await?;
    pair.until(&pair.to, "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate = 'r'").await?;
    pair.to.sql("node", "ALTER SUBSCRIPTION entries DISABLE")?;
    fill(&pair.from.url(), &author.entries(), batch).await?;
    let end = pair.from.sql("node", "SELECT pg_current_wal_lsn()")?;
    usage::settle();
    let began = Instant::now();
    pair.to.sql("node", "ALTER SUBSCRIPTION entries ENABLE")?;
    let confirmed = format!(
        "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'entries' AND confirmed_flush_lsn >= '{end}'"
    );
    pair.until(&pair.from, &confirmed).await?;
    let seconds = began.elapsed().as_secs_f64();
    pair.holds(author.records)?;
    Ok(seconds)
}
