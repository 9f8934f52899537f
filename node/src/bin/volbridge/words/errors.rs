//! What is wrong with a command line, in Chinese: from what clap found, not from its sentences.

use std::error::Error as _;

use clap::error::{ContextKind, Error, ErrorKind};

/// The whole message.
pub fn text(error: &Error) -> String {
    let mut text = format!("错误：{}", sentence(error));
    let suggested =
        [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue];
    let suggested: Vec<String> =
        suggested.iter().map(|kind| told(error, *kind)).filter(|told| !told.is_empty()).collect();
    if !suggested.is_empty() {
        text += &format!("\n是否指：{}？", suggested.join("、"));
    }
    let usage = told(error, ContextKind::Usage);
    if !usage.is_empty() {
        text += &format!("\n\n{}", super::framed(&usage));
    }
    text + "\n\n详见 --help。"
}

fn told(error: &Error, kind: ContextKind) -> String {
    error.get(kind).map(ToString::to_string).unwrap_or_default()
}

fn sentence(error: &Error) -> String {
    let told = |kind| told(error, kind);
    let (arg, value) = (told(ContextKind::InvalidArg), told(ContextKind::InvalidValue));
    match error.kind() {
        ErrorKind::UnknownArgument => format!("没有“{arg}”这个参数"),
        ErrorKind::InvalidSubcommand => format!("没有“{}”这个命令", told(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "缺少命令".to_owned()
        }
        ErrorKind::MissingRequiredArgument => format!("缺少必需的参数：{arg}"),
        ErrorKind::ArgumentConflict if told(ContextKind::PriorArg) == arg => format!("“{arg}”不能重复给出"),
        ErrorKind::ArgumentConflict => {
            format!("“{arg}”不能与“{}”同时使用", told(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if value.is_empty() => format!("“{arg}”需要一个值"),
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("“{arg}”的值“{value}”无效{}", expected(error))
        }
        ErrorKind::TooManyValues => format!("“{arg}”不需要“{value}”这个值"),
        ErrorKind::TooFewValues | ErrorKind::WrongNumberOfValues => format!("“{arg}”的值的个数不对"),
        ErrorKind::NoEquals => format!("“{arg}”的值前须有等号"),
        ErrorKind::InvalidUtf8 => "参数不是 UTF-8 文本".to_owned(),
        _ => error.to_string(),
    }
}

/// What would have been right: the values, or what the value's own reader says.
fn expected(error: &Error) -> String {
    let values = told(error, ContextKind::ValidValue);
    if !values.is_empty() {
        return format!("，可选：{values}");
    }
    match error.source().map(ToString::to_string) {
        Some(why) => format!("：{}", super::zh::expected(&why)),
        None => String::new(),
    }
}
