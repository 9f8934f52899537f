//! The three nodes as child processes: each is started again a second after it
//! died, and all stop with this process, however it ends: they read the pipe that
//! is their standard input, and its end is their sign.

use std::{fs, io, path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    process::{Child, Command},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::layout::Site;
use crate::{
    lang::{Lang, say},
    output::Output,
};

const PAUSE: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(15);

/// The running nodes.
pub struct Children {
    stop: CancellationToken,
    tasks: JoinSet<()>,
}

impl Children {
    /// Starts all.
    pub fn start(sites: &[Site], tour: &std::path::Path, output: Output) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for site in sites {
            let keeper = Keeper {
                program: program.clone(),
                site: site.clone(),
                tour: tour.to_owned(),
                stop: stop.clone(),
                output,
            };
            tasks.spawn(keeper.keep());
        }
        Ok(Self { stop, tasks })
    }

    /// Stops all and waits for them.
    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

/// Keeps one node running.
struct Keeper {
    program: PathBuf,
    site: Site,
    tour: PathBuf,
    stop: CancellationToken,
    output: Output,
}

impl Keeper {
    async fn keep(self) {
        let (lang, short) = (self.output.lang, self.site.short());
        loop {
            let ended = match self.spawn() {
                Ok(child) => self.watch(child).await,
                Err(error) => Some(error.to_string()),
            };
            let Some(how) = ended else { return };
            self.output.hint(&say!(
                lang,
                "{short} has stopped ({how}); it is started again in a second",
                "{short} 已停止（{how}），一秒后重新启动"
            ));
            tokio::select! {
                () = sleep(PAUSE) => {}
                () = self.stop.cancelled() => return,
            }
        }
    }

    fn spawn(&self) -> io::Result<Child> {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.site.log())?;
        Command::new(&self.program)
            .args(["serve", "--with-parent", "--config"])
            .arg(self.site.config())
            .arg("--tour")
            .arg(&self.tour)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            // Ctrl-C in a terminal is for the demonstration; it tells its nodes.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    /// How the child ended, or nothing if it was told to.
    async fn watch(&self, mut child: Child) -> Option<String> {
        // Held here: waiting for the child would close it, and then the child ends.
        let input = child.stdin.take();
        tokio::select! {
            ended = child.wait() => Some(ended.map_or_else(|error| error.to_string(), |status| status.to_string())),
            () = self.stop.cancelled() => {
                drop(input);
                if timeout(PATIENCE, child.wait()).await.is_err() {
                    // Nothing that was acknowledged is lost by it.
                    let _ = child.kill().await;
                }
                None
            }
        }
    }
}

/// The last lines of a node's log, for a message about why it doesn't start.
pub fn last_lines(site: &Site, lang: Lang) -> String {
    let text = fs::read_to_string(site.log()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(5).collect();
    let lines = lines.into_iter().rev().collect::<Vec<_>>().join("\n    ");
    let log = site.log().display().to_string();
    say!(lang, "{log} ends with:\n    {lines}", "{log} 的末尾：\n    {lines}")
}
