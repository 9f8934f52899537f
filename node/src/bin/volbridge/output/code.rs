//! The sentence and the advice that belong to a code, in the reader's language.

use volbridge_proto::{Code, Refusal};

use super::code_zh;
use crate::lang::{Lang, say};

/// `roles[0].slots: the number is out of range, limit 1000 (field.out_of_range)`
pub fn refusal(refusal: &Refusal, lang: Lang) -> String {
    let colon = say!(lang, ": ", "：");
    let mut text = String::new();
    if !refusal.field.is_empty() {
        text.push_str(&refusal.field);
        text.push_str(&colon);
    }
    text.push_str(sentence(refusal.code, lang));
    for (key, value) in &refusal.params {
        let key = param(key, lang);
        let value = value_word(value, lang);
        text.push_str(&say!(lang, ", {key} {value}", "，{key} {value}"));
    }
    let code = refusal.code;
    text.push_str(&say!(lang, " ({code})", "（{code}）"));
    text
}

/// What a code means, in one sentence without a full stop.
pub fn sentence(code: Code, lang: Lang) -> &'static str {
    match lang {
        Lang::En => code.text(),
        Lang::Zh => code_zh::sentence(code),
    }
}

fn param(key: &str, lang: Lang) -> &str {
    if lang == Lang::En {
        return match key {
            "nearest" => "perhaps",
            "detail" => "namely",
            "one_of" => "one of",
            "least" => "at least",
            "most" => "at most",
            other => other,
        };
    }
    match key {
        "nearest" => "是否指",
        "detail" => "即",
        "expected" => "应为",
        "found" => "实为",
        "limit" | "most" => "上限",
        "least" => "下限",
        "one_of" => "应为其一",
        "line" => "行",
        other => other,
    }
}

/// The words that the reader of input files uses for what a field can hold.
fn value_word(value: &str, lang: Lang) -> &str {
    if lang == Lang::En {
        return value;
    }
    match value {
        "text" => "文本",
        "list" => "列表",
        "fields" => "一组字段",
        "number" => "数字",
        "nothing" => "空",
        "whole number" => "整数",
        "whole number from 0" => "非负整数",
        "true or false" => "true 或 false",
        "id (UUID or 64 hex digits)" => "编号（UUID 或 64 位十六进制数）",
        "moment such as 2026-11-24T08:00:00Z" => "时刻，如 2026-11-24T08:00:00Z",
        other => other,
    }
}

/// What to do about it; empty where the sentence says all.
pub fn advice(code: Code, lang: Lang) -> String {
    match code {
        Code::Unauthenticated => say!(
            lang,
            "give the node's token with --token-file, or --config with the node's configuration",
            "用 --token-file 指定本节点的令牌，或用 --config 指定本节点的配置文件"
        ),
        Code::PermissionDenied => {
            say!(lang, "use a token that may do this: the operator's", "请使用有此权限的令牌：运维者令牌")
        }
        Code::Unavailable | Code::ShuttingDown => say!(
            lang,
            "see whether the node runs (volbridge serve) and listens where --node or --config say, then try again",
            "确认节点正在运行（volbridge serve）且监听地址与 --node 或 --config 一致，然后重试"
        ),
        Code::DeadlineExceeded => {
            say!(lang, "try again: what was done already is not done twice", "请重试：已完成的不会重复执行")
        }
        Code::IdempotencyConflict => say!(
            lang,
            "use another idempotency key, or send the same request as before",
            "换一个幂等键，或发送与之前相同的请求"
        ),
        Code::NotFound | Code::RecordUnknown => say!(
            lang,
            "check the id with the list command; a partner's records need that its log is followed",
            "用 list 命令核对编号；伙伴的记录须先跟随其日志"
        ),
        Code::AgreementNone | Code::AgreementNotYet | Code::AgreementEnded => say!(
            lang,
            "both partners publish the same terms with: volbridge agreement publish",
            "双方须用 volbridge agreement publish 发布相同条款"
        ),
        Code::PeerUnknown => say!(
            lang,
            "admit the partner with: volbridge partner add",
            "先用 volbridge partner add 接纳该伙伴"
        ),
        Code::PeerQuota => say!(
            lang,
            "nothing is lost; if the partner may publish so much, raise exchange.day_entries or exchange.day_bytes",
            "内容不会丢失；若该伙伴确需发布如此之多，请调高 exchange.day_entries 或 exchange.day_bytes"
        ),
        Code::ProofQuorum => say!(
            lang,
            "export the proof again later, when more partners have cosigned, or use a policy that asks for fewer",
            "待更多伙伴联署后重新导出证明，或使用要求较少联署的策略"
        ),
        Code::ProofLog => say!(
            lang,
            "use the policy file of the log that the proof is from",
            "请使用该证明所属日志的策略文件"
        ),
        Code::StoreFull => say!(
            lang,
            "free some space on the node's disk and try again; no restart is needed",
            "请在节点的磁盘上腾出空间后重试，无须重启"
        ),
        Code::StoreFailed => say!(
            lang,
            "check the disk (the node's log names the file), then restart the node and try again with the same idempotency key",
            "请检查磁盘（节点日志写明了文件），再重启节点，并用同一幂等键重试"
        ),
        Code::StoreCorrupt => say!(lang, "run: volbridge fsck", "请运行：volbridge fsck"),
        Code::RateLimited => say!(lang, "wait a little, then try again", "稍候再试"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_chinese_sentence() {
        for code in Code::ALL {
            assert!(!code_zh::sentence(*code).is_ascii(), "{code}");
        }
    }
}
