//! The command line in the reader's language. English stands where clap reads it, beside each
//! command and argument; Chinese is laid over the same tree by name, and over what clap itself says.

mod errors;
mod zh;

use std::{env, ffi::OsString, process};

use clap::{Command, CommandFactory as _, FromArgMatches as _, Parser as _, error::ErrorKind};

use crate::{args::Cli, lang::Lang};

/// Headings and notes that clap writes around a command's texts.
const FRAME: &[(&str, &str)] = &[
    ("Usage: ", "用法："),
    ("Commands:", "命令："),
    ("Arguments:", "参数："),
    ("Options:", "选项："),
    ("Print this message or the help of the given subcommand(s)", "显示本说明，或某个命令的说明"),
    ("Print help (see more with '--help')", "显示说明（--help 更详细）"),
    ("Print help (see a summary with '-h')", "显示说明（-h 为摘要）"),
    ("Print help", "显示说明"),
    ("Print version", "显示版本"),
    ("[default: ", "[默认："),
    ("[env: ", "[环境变量："),
    ("[possible values: ", "[可选值："),
    ("[OPTIONS]", "[选项]"),
    ("[COMMAND]", "[命令]"),
    ("<COMMAND>", "<命令>"),
];

/// Reads the command line; ends the program with help or with what is wrong with it.
pub fn parse() -> Cli {
    let args: Vec<OsString> = env::args_os().collect();
    match wanted(&args) {
        Lang::En => Cli::parse_from(args),
        Lang::Zh => chinese(args),
    }
}

/// The language before anything is parsed: `--lang`, else the environment's.
fn wanted(args: &[OsString]) -> Lang {
    let texts: Vec<&str> = args.iter().skip(1).filter_map(|arg| arg.to_str()).collect();
    let after =
        texts.iter().position(|text| *text == "--lang").and_then(|place| texts.get(place + 1).copied());
    let told = after.or_else(|| texts.iter().find_map(|text| text.strip_prefix("--lang=")));
    told.and_then(Lang::of).unwrap_or_else(Lang::of_environment)
}

fn chinese(args: Vec<OsString>) -> Cli {
    let parsed = command().try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.unwrap_or_else(|error| {
        let text = match error.kind() {
            ErrorKind::DisplayHelp
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            | ErrorKind::DisplayVersion => framed(&error.render().to_string()),
            _ => errors::text(&error),
        };
        let output = crate::output::Output { json: false, lang: Lang::Zh };
        if error.use_stderr() {
            output.hint(text.trim_end());
        } else {
            output.text(&text);
        }
        process::exit(error.exit_code())
    })
}

/// The whole command line with Chinese texts.
fn command() -> Command {
    translated(Cli::command(), &[])
}

fn translated(command: Command, path: &[String]) -> Command {
    let mut command = match zh::command(path) {
        Some(text) => command.about(text),
        None => command,
    };
    command = command.mut_args(|arg| match zh::argument(path, arg.get_id().as_str()) {
        Some(text) => arg.help(text),
        None => arg,
    });
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        let path = [path, std::slice::from_ref(&name)].concat();
        command = command.mut_subcommand(&name, |sub| translated(sub, &path));
    }
    command
}

fn framed(text: &str) -> String {
    FRAME.iter().fold(text.to_owned(), |text, (english, chinese)| text.replace(english, chinese))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every command with its path.
    fn each(command: &Command, path: &[String], see: &mut impl FnMut(&Command, &[String])) {
        see(command, path);
        for sub in command.get_subcommands() {
            each(sub, &[path, &[sub.get_name().to_owned()]].concat(), see);
        }
    }

    #[test]
    fn every_command_and_argument_speaks_both_languages() {
        let mut silent = Vec::new();
        each(&Cli::command(), &[], &mut |command, path| {
            let english =
                command.get_about().is_some_and(|text| text.to_string().is_ascii() || path.is_empty());
            if !english || zh::command(path).is_none_or(str::is_ascii) {
                silent.push(path.join(" "));
            }
            for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
                let id = arg.get_id().as_str();
                if arg.get_help().is_none() || zh::argument(path, id).is_none_or(str::is_ascii) {
                    silent.push(format!("{} {id}", path.join(" ")));
                }
            }
        });
        assert!(silent.is_empty(), "{silent:#?}");
    }

    #[test]
    fn no_text_is_left_over() {
        let mut commands = Vec::new();
        let mut arguments = Vec::new();
        each(&Cli::command(), &[], &mut |command, path| {
            commands.push(zh::command(path));
            arguments.extend(command.get_arguments().map(|arg| zh::argument(path, arg.get_id().as_str())));
        });
        for (path, text) in zh::COMMANDS {
            assert!(commands.contains(&Some(*text)), "{path}");
        }
        for (path, id, text) in zh::ARGUMENTS {
            assert!(arguments.contains(&Some(*text)), "{path} {id}");
        }
    }

    #[test]
    fn the_help_has_no_english_sentence_left() {
        let mut helps = Vec::new();
        let mut root = command();
        root.build();
        each(&root, &[], &mut |command, path| {
            if !path.contains(&"help".to_owned()) {
                helps.push((path.join(" "), framed(&command.clone().render_long_help().to_string())));
            }
        });
        assert!(helps.len() > 30);
        for (path, help) in helps {
            for line in help.lines() {
                let words = line
                    .split(' ')
                    .filter(|word| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_lowercase()));
                let words: Vec<&str> = words.collect();
                assert!(words.len() < 4 || path.is_empty(), "{path}: {line}");
            }
            assert!(help.contains("用法：") && !help.contains("Usage"), "{path}");
        }
    }

    #[test]
    fn the_language_is_told_by_the_option_before_anything_is_parsed() {
        let args = |texts: &[&str]| texts.iter().map(OsString::from).collect::<Vec<_>>();
        assert_eq!(wanted(&args(&["volbridge", "--lang", "zh-CN", "x"])), Lang::Zh);
        assert_eq!(wanted(&args(&["volbridge", "x", "--lang=zh"])), Lang::Zh);
        assert_eq!(wanted(&args(&["volbridge", "--lang", "en"])), Lang::En);
    }
}
