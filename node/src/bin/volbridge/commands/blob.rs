//! `blob get`: the bytes of a material, checked against their hash; a broken
//! download goes on where it stopped.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Write},
    path::{Path, PathBuf},
};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use volbridge_proto::{BlobHash, Code, wire::node::v1 as node};

use crate::{
    client::Client,
    lang::{Lang, say},
    output::problem::{Outcome, Problem},
    session::Session,
};

/// Where a broken download goes on: a multiple of this.
const BLOCK: u64 = 64 << 10;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Fetch a blob
    Get(Get),
}

#[derive(Debug, clap::Args)]
pub struct Get {
    /// BLAKE3 hash, 64 hex digits, as `material show` prints it
    pub hash: String,
    /// Where it goes; - for stdout [default: its own name, in this folder]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub async fn run(session: &Session, command: Command) -> Outcome {
    let Command::Get(args) = command;
    let lang = session.lang();
    let hash: BlobHash = args.hash.to_ascii_lowercase().parse().map_err(|_| {
        let text = &args.hash;
        Problem::usage(say!(
            lang,
            "\"{text}\" is not a hash of 64 hex digits",
            "“{text}”不是 64 位十六进制哈希"
        ))
    })?;
    let client = session.connect().await?;
    if args.out.as_deref() == Some(Path::new("-")) {
        return to_stdout(&client, hash).await;
    }
    let part = PathBuf::from(format!("{hash}.part"));
    let (name, size) = download(&client, hash, &part, lang).await?;
    let path = args.out.unwrap_or_else(|| safe_name(&name, hash));
    let found = hash_of(&part).map_err(|error| unwritable(&part, &error, lang))?;
    if found != *hash.as_bytes() {
        // What is damaged must not be continued.
        let _ = std::fs::remove_file(&part);
        return Err(Problem::new(Code::BlobHash));
    }
    std::fs::rename(&part, &path).map_err(|error| unwritable(&path, &error, lang))?;
    let shown = path.display().to_string();
    session.output.result(&json!({ "hash": hash, "size": size, "file": shown }), || shown.clone());
    Ok(())
}

async fn download(client: &Client, hash: BlobHash, part: &Path, lang: Lang) -> Outcome<(String, u64)> {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(part)
        .map_err(|error| unwritable(part, &error, lang))?;
    let held = file.metadata().map_err(|error| unwritable(part, &error, lang))?.len();
    // From the start of a whole block, and never past the end.
    let offset = held.saturating_sub(1) / BLOCK * BLOCK;
    file.set_len(offset).map_err(|error| unwritable(part, &error, lang))?;
    let request = node::FetchBlobRequest { hash: hash.to_vec(), offset, length: 0 };
    let mut stream = client.blobs().fetch(request).await?.into_inner();
    let bar = ProgressBar::no_length();
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}  {bytes_per_sec}") {
        bar.set_style(style);
    }
    bar.set_position(offset);
    let (mut name, mut size) = (String::new(), 0);
    while let Some(message) = stream.message().await? {
        if message.size > 0 {
            size = message.size;
            bar.set_length(size);
            name = message.filename;
        }
        bar.inc(message.data.len() as u64);
        file.write_all(&message.data).map_err(|error| unwritable(part, &error, lang))?;
    }
    file.sync_all().map_err(|error| unwritable(part, &error, lang))?;
    bar.finish_and_clear();
    Ok((name, size))
}

async fn to_stdout(client: &Client, hash: BlobHash) -> Outcome {
    let request = node::FetchBlobRequest { hash: hash.to_vec(), offset: 0, length: 0 };
    let mut stream = client.blobs().fetch(request).await?.into_inner();
    let mut hasher = blake3::Hasher::new();
    while let Some(message) = stream.message().await? {
        hasher.update(&message.data);
        if io::stdout().lock().write_all(&message.data).is_err() {
            return Ok(());
        }
    }
    if hasher.finalize().as_bytes() == hash.as_bytes() { Ok(()) } else { Err(Problem::new(Code::BlobHash)) }
}

/// The name that its publisher gave it, without a way out of this folder.
fn safe_name(name: &str, hash: BlobHash) -> PathBuf {
    let plain = Path::new(name).file_name().and_then(|name| name.to_str()).filter(|plain| *plain == name);
    let safe =
        plain.filter(|name| !name.starts_with('.') && !name.chars().any(|c| c.is_control() || c == '\\'));
    safe.map_or_else(|| PathBuf::from(hash.to_string()), PathBuf::from)
}

fn hash_of(path: &Path) -> io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(*hasher.finalize().as_bytes());
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

fn unwritable(path: &Path, error: &io::Error, lang: Lang) -> Problem {
    let shown = path.display();
    Problem::saying(Code::Internal, say!(lang, "{shown}: {error}", "{shown}：{error}")).hint(say!(
        lang,
        "run the command again: it goes on where it stopped",
        "重新运行该命令即可从中断处继续"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publishers_file_name_never_leads_out_of_the_folder() {
        let hash = BlobHash::from([7; 32]);
        assert_eq!(safe_name("论文.pdf", hash), PathBuf::from("论文.pdf"));
        for name in ["", "..", "/etc/passwd", "../x", "a/b", ".ssh", "a\\b", "a\nb"] {
            assert_eq!(safe_name(name, hash), PathBuf::from(hash.to_string()), "{name:?}");
        }
    }
}
