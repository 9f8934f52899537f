//! One file for each verb. A verb that many kinds share takes the kind as a `Noun`.

pub mod account;
pub mod blob;
pub mod config;
pub mod demo;
mod evidence;
pub mod fsck;
pub mod handover;
pub mod import;
pub mod init;
pub mod list;
pub mod log;
pub mod partner;
mod pick;
pub mod publish;
pub mod record;
pub mod serve;
pub mod show;
pub mod upload;
pub mod verify;
pub mod views;
pub mod withdraw;

use crate::{
    args::{Command, NounCommand, ViewsCommand},
    noun::Noun,
    output::problem::Outcome,
    session::Session,
};

/// Does what the command line says.
pub async fn run(session: &Session, command: Command) -> Outcome {
    match command {
        Command::Init(args) => init::run(session, args).await,
        Command::Serve(args) => serve::run(session, args).await,
        Command::Account(command) => account::run(session, command).await,
        Command::Partner(command) => partner::run(session, command).await,
        Command::Import(args) => import::run(session, args).await,
        Command::Listing(command) => noun(session, Noun::Listing, command).await,
        Command::Organisation(command) => noun(session, Noun::Organisation, command).await,
        Command::Handover(command) => handover::run(session, command).await,
        Command::Conference(command) => noun(session, Noun::Conference, command).await,
        Command::Profile(command) => noun(session, Noun::Profile, command).await,
        Command::Material(command) => noun(session, Noun::Material, command).await,
        Command::Agreement(command) => noun(session, Noun::Agreement, command).await,
        Command::Translation(command) => noun(session, Noun::Translation, command).await,
        Command::Log(command) => log::run(session, command).await,
        Command::Record(command) => record::run(session, command).await,
        Command::Blob(command) => blob::run(session, command).await,
        Command::Views(ViewsCommand::Rebuild) => views::rebuild(session).await,
        Command::Fsck(args) => fsck::run(session, args).await,
        Command::Config(command) => config::run(session, &command),
        Command::Demo(args) => demo::run(session, args).await,
    }
}

async fn noun(session: &Session, noun: Noun, command: NounCommand) -> Outcome {
    match command {
        NounCommand::Publish(args) => publish::run(session, noun, args).await,
        NounCommand::List(args) => list::run(session, noun, args).await,
        NounCommand::Show(args) => show::run(session, noun, args).await,
        NounCommand::Withdraw(args) => withdraw::run(session, noun, args).await,
    }
}
