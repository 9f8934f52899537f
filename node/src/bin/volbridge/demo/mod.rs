//! `volbridge demo`: three partners on this machine that exchange real signed
//! records. Each is an ordinary node with its own folder, run by this program as a
//! child process; everything is done through their APIs.

mod children;
pub mod content;
mod feed;
mod layout;
mod network;
pub mod pdf;
mod publish;
mod setup;
mod state;
mod tell;
pub mod tour;
mod wait;

use std::path::PathBuf;

use volbridge_node::env::Env;
use volbridge_proto::Code;

use self::{children::Children, content::PartnerContent, layout::Site, network::Network, state::State};
use crate::{
    commands::serve::told_to_stop,
    lang::say,
    output::{
        Output,
        problem::{Outcome, Problem},
    },
};

/// How the demonstration is wanted.
pub struct Wishes {
    pub dir: PathBuf,
    pub port: u16,
    pub quiet: bool,
}

/// Runs until it is told to stop.
pub async fn run(wishes: Wishes, output: Output) -> Outcome {
    let content = content::load().map_err(|error| Problem::saying(Code::Internal, error.to_string()))?;
    let failed = setup::failed(output.lang);
    std::fs::create_dir_all(&wishes.dir).map_err(&failed)?;
    let dir = wishes.dir.canonicalize().map_err(&failed)?;
    // Held as long as this process lives.
    let _lock = setup::lock(&dir, output.lang)?;
    let env = Env::system();
    let mut state = State::load(&dir, env.now().as_millis()).map_err(&failed)?;
    let sites = layout::sites(&dir, wishes.port, &content, &state.ports()).map_err(&failed)?;
    setup::say_ports(&sites, wishes.port, output);
    let tokens = setup::prepare(&sites, &content, &mut state, &env, output).await?;
    let tour = setup::write_tour(&dir, &sites, &content, &tokens).map_err(&failed)?;
    for site in &sites {
        state.set_ports(site.key, site.ports);
    }
    state.save().map_err(&failed)?;

    let children = Children::start(&sites, &tour, output).map_err(&failed)?;
    let outcome = tokio::select! {
        outcome = live(&dir, &sites, &tokens, &content, &mut state, wishes.quiet, output) => outcome,
        () = told_to_stop() => Ok(()),
    };
    let lang = output.lang;
    output.hint(&say!(lang, "stopping the three nodes …", "正在停止三个节点……"));
    children.stop().await;
    state.save().map_err(&failed)?;
    outcome
}

/// From the first connection on; ends only with an error.
async fn live(
    dir: &std::path::Path,
    sites: &[Site],
    tokens: &[String],
    content: &[PartnerContent],
    state: &mut State,
    quiet: bool,
    output: Output,
) -> Outcome {
    let lang = output.lang;
    let step = |text: String| output.hint(&text);
    step(say!(lang, "starting three nodes …", "正在启动三个节点……"));
    let network = Network::connect(sites, tokens, lang).await?;
    network.admit().await?;
    step(say!(lang, "publishing what is not there yet …", "正在发布尚未发布的内容……"));
    publish::all(&network, content, state, lang).await?;
    step(say!(lang, "waiting until everyone has everything …", "正在等待各方收齐……"));
    network.agree().await?;
    network.portals().await?;
    output.hint(&tell::welcome(&network, content, dir, lang));
    output.text(&tell::ready(&network, content).to_string());
    if quiet {
        std::future::pending::<()>().await;
    }
    feed::run(&network, content, state, output).await;
    Ok(())
}
