//! `sign-in`: what guessing passwords costs others, and whether the time of an answer tells who has an account
//! (threats.md T56, T57).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use totp_rs::{Builder, Secret};
use volbridge_node::env::Env;
use volbridge_proto::wire::node::v1::{
    self as wire, accounts_client::AccountsClient, listings_client::ListingsClient,
};

use crate::{
    Database, Outcome,
    authors::Run,
    load,
    nodes::{Running, Site},
    report::{Figure, Report, as_f64, percentile, progress, rounded},
    sync::Usage,
};

/// Wrong tries that an account has before it is slowed.
const FREE: usize = 4;

const PASSWORD: &str = "eleven green bicycles";

/// How it is measured.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Args {
    /// Answers of each kind whose times are compared
    #[arg(long, default_value_t = 200)]
    samples: usize,
    /// Guesses while others read
    #[arg(long, default_value_t = 1_000)]
    guesses: u64,
    /// Who guesses at once
    #[arg(long, default_value_t = 32)]
    guessers: usize,
    /// Who reads at once
    #[arg(long, default_value_t = 8)]
    readers: usize,
}

/// Measures. The figure is how long readers wait while somebody guesses; the limit, how long they wait otherwise.
pub async fn measure(args: Args, database: Database) -> Outcome<Report> {
    let run = Run::new()?;
    let mut report = Report::new("sign-in", database.name());
    let node = Arc::new(Site::make(&run.folder("node"), "node", database).await?.serve(&[]).await?);
    let subject = load::organise(&node).await?;
    load::records(&node, &subject, 16, 1_000).await?;

    progress("known and unknown");
    let accounts = args.samples.div_ceil(FREE);
    for number in 0..accounts {
        enrol(&node, &format!("known{number}")).await?;
    }
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for number in 0..args.samples {
        // Alternating, so that whatever else happens on the machine meets both.
        known.push(guess(&node, &format!("known{}", number % accounts), number).await?.0);
        unknown.push(guess(&node, &format!("nobody{number}"), number).await?.0);
    }
    report.set("known_ms", spread(&mut known));
    report.set("unknown_ms", spread(&mut unknown));
    report.set("told_apart", rounded(told_apart(&known, &unknown)));

    progress("readers alone");
    let alone =
        read(&node, args.readers, Arc::new(AtomicBool::new(false)), Some(Duration::from_secs(5))).await?;
    progress("readers while somebody guesses");
    let over = Arc::new(AtomicBool::new(false));
    let reading = tokio::spawn({
        let (node, over) = (Arc::clone(&node), Arc::clone(&over));
        async move { read(&node, args.readers, over, None).await }
    });
    let began = Instant::now();
    let refused = guesses(&node, args).await?;
    let time = began.elapsed();
    over.store(true, Ordering::Relaxed);
    let disturbed = reading.await??;
    report.set("guesses_per_s", rounded(as_f64(args.guesses) / time.as_secs_f64()));
    report.set("guesses_slowed", refused);
    report.set("alone", spread_of(&alone));
    report.set("disturbed", spread_of(&disturbed));
    report.figure(Figure { value: percentile(&disturbed, 0.99), unit: "ms, p99 of readers" });
    report.limit(
        Figure { value: percentile(&alone, 0.99), unit: "ms" },
        "the same readers while nobody guesses",
    );
    report.used(&Usage::of(&[("node", &node)])?.all());
    Ok(report)
}

/// An account with a password and an app.
async fn enrol(node: &Running, login: &str) -> Outcome<()> {
    let mut accounts = AccountsClient::new(node.channel());
    let role = wire::Role { name: "auditor".to_owned(), ..Default::default() };
    let invite = wire::InviteRequest { name: login.to_owned(), roles: vec![role], account: Vec::new() };
    let invitation = accounts.invite(node.staff(invite)).await?.into_inner().token;
    let begin = wire::BeginEnrolmentRequest {
        invitation: invitation.clone(),
        login: login.to_owned(),
        name: login.to_owned(),
        password: PASSWORD.to_owned(),
        passkey: String::new(),
    };
    let ceremony = accounts.begin_enrolment(begin).await?.into_inner();
    let secret = Secret::try_from_base32(&ceremony.secret).map_err(|error| error.to_string())?;
    let app = Builder::new().with_secret(secret).build().map_err(|error| error.to_string())?;
    let code = app.generate(Env::system().now().as_millis().unsigned_abs() / 1_000).to_string();
    let finish =
        wire::FinishEnrolmentRequest { ceremony: ceremony.id, code, invitation, ..Default::default() };
    accounts.finish_enrolment(finish).await?;
    Ok(())
}

/// One wrong password from an address of its own: milliseconds, and whether it was slowed.
async fn guess(node: &Running, login: &str, number: usize) -> Outcome<(f64, bool)> {
    let request = wire::SignInRequest {
        login: login.to_owned(),
        password: format!("wrong password {number}"),
        code: "000000".to_owned(),
        address: format!("2001:db8::{login}:{number}"),
    };
    let began = Instant::now();
    let answer = AccountsClient::new(node.channel()).sign_in(request).await;
    let time = began.elapsed().as_secs_f64() * 1_000.0;
    match answer {
        Err(status) if status.code() == tonic::Code::Unauthenticated => Ok((time, false)),
        Err(status) if status.code() == tonic::Code::ResourceExhausted => Ok((time, true)),
        Err(status) => Err(status.into()),
        Ok(_) => Err("a wrong password signs in".into()),
    }
}

/// All guesses, for other accounts and from other addresses each time: the dearest way. How many were slowed.
async fn guesses(node: &Arc<Running>, args: Args) -> Outcome<u64> {
    let next = Arc::new(AtomicU64::new(0));
    let mut guessers = JoinSet::new();
    for _ in 0..args.guessers {
        let (node, next) = (Arc::clone(node), Arc::clone(&next));
        guessers.spawn(async move {
            let mut slowed = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= args.guesses {
                    return Outcome::Ok(slowed);
                }
                let (_, was_slowed) = guess(&node, &format!("victim{number}"), 0).await?;
                slowed += u64::from(was_slowed);
            }
        });
    }
    let mut slowed = 0;
    while let Some(guesser) = guessers.join_next().await {
        slowed += guesser??;
    }
    Ok(slowed)
}

/// Readers of the list: how long each answer took, sorted.
async fn read(
    node: &Running,
    readers: usize,
    over: Arc<AtomicBool>,
    time: Option<Duration>,
) -> Outcome<Vec<f64>> {
    let mut reading = JoinSet::new();
    let began = Instant::now();
    for _ in 0..readers {
        let (mut client, over) = (ListingsClient::new(node.connect().await?), Arc::clone(&over));
        reading.spawn(async move {
            let mut waited = Vec::new();
            while !over.load(Ordering::Relaxed) && time.is_none_or(|time| began.elapsed() < time) {
                let asked = Instant::now();
                client.list(wire::ListListingsRequest { limit: 20, ..Default::default() }).await?;
                waited.push(asked.elapsed().as_secs_f64() * 1_000.0);
            }
            Outcome::Ok(waited)
        });
    }
    let mut waited = Vec::new();
    while let Some(reader) = reading.join_next().await {
        waited.extend(reader??);
    }
    waited.sort_by(f64::total_cmp);
    Ok(waited)
}

fn spread(times: &mut [f64]) -> Value {
    times.sort_by(f64::total_cmp);
    spread_of(times)
}

fn spread_of(sorted: &[f64]) -> Value {
    let at = |share| rounded(percentile(sorted, share));
    json!({ "samples": sorted.len(), "p10": at(0.1), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99) })
}

/// How often the slower of two answers, one of each, is that of the known account: 0.5 tells nothing.
fn told_apart(known: &[f64], unknown: &[f64]) -> f64 {
    let slower: usize = known.iter().map(|time| unknown.iter().filter(|other| time > other).count()).sum();
    as_f64(slower as u64) / as_f64((known.len() * unknown.len()).max(1) as u64)
}
