//! The texts of commands and arguments in Chinese, by the names that they have in the English tree.
//! A test fails if one is missing, and if one is left over.

/// Kinds share their commands: `*` stands for any of them.
const KINDS: &[&str] =
    &["listing", "organisation", "conference", "profile", "material", "agreement", "translation"];

/// A command's text, by its words.
pub fn command(path: &[String]) -> Option<&'static str> {
    let path = name(path);
    COMMANDS.iter().find(|(known, _)| *known == path).map(|(_, text)| *text)
}

/// An argument's text, by its command's words and its own name.
pub fn argument(path: &[String], id: &str) -> Option<&'static str> {
    let path = name(path);
    ARGUMENTS.iter().find(|(command, known, _)| *command == path && *known == id).map(|(_, _, text)| *text)
}

fn name(path: &[String]) -> String {
    match path {
        [kind, rest @ ..] if !rest.is_empty() && KINDS.contains(&kind.as_str()) => {
            format!("* {}", rest.join(" "))
        }
        _ => path.join(" "),
    }
}

/// What an argument's value should have been.
pub fn expected(english: &str) -> &str {
    EXPECTED.iter().find(|(known, _)| *known == english).map_or(english, |(_, text)| text)
}

const EXPECTED: &[(&str, &str)] = &[
    (
        "an id (UUID) or a record's hash (64 hex digits) is expected",
        "应为编号（UUID）或记录的哈希（64 位十六进制数）",
    ),
    ("a record's hash (64 hex digits) is expected", "应为记录的哈希（64 位十六进制数）"),
    ("an id (UUID) is expected", "应为编号（UUID）"),
    (
        "TAG=NAME is expected, such as en=Example Volunteers",
        "应为 语言标签=名称，如 zh-CN=北京市志愿服务联合会",
    ),
    ("known are zh-CN and en", "可用的有 zh-CN 和 en"),
    ("invalid digit found in string", "应为数字"),
    ("number too large to fit in target type", "数字过大"),
    ("cannot parse integer from empty string", "应为数字"),
];

pub const COMMANDS: &[(&str, &str)] = &[
    ("", "志桥 · Volbridge：国际志愿服务网络中一家伙伴机构的节点"),
    ("init", "新建节点：密钥、身份、配置"),
    ("serve", "运行节点及其门户"),
    ("handover", "在合作伙伴之间移交组织"),
    ("handover list", "本机构移交的和可接收的组织"),
    ("handover offer", "将组织移交给另一合作伙伴；发布后不能撤回"),
    ("handover accept", "接收组织及其项目"),
    ("account", "在本节点工作的人：邀请、列出、锁定"),
    ("account list", "账户及其角色，以及尚未使用的邀请"),
    ("account invite", "邀请一人：写出一个七天内可用一次的链接"),
    ("account reopen", "为无法登录的人写出新链接；使用后其原有登录方式即失效"),
    ("account lock", "锁定账户：其会话和令牌立即终止"),
    ("account unlock", "解除账户的锁定"),
    ("account log", "账户的操作记录，按时间倒序：登录、角色、令牌、草稿"),
    ("partner", "伙伴机构：接纳、列出、查看、导出"),
    ("partner add", "接纳一家伙伴：凭其描述文件，或凭地址和指纹"),
    ("partner list", "伙伴、与各家交换的情况和最近的错误"),
    ("partner show", "查看一家伙伴；加 --self 为本节点自己"),
    ("partner export", "写出伙伴的描述文件，供另一运维者接纳；未指明时为本节点自己"),
    ("import", "发布其他系统导出的志愿项目：CSV、XLSX、JSON Lines 或 JSON-LD 文件"),
    ("listing", "志愿项目"),
    ("organisation", "本机构所承载的组织"),
    ("conference", "会议"),
    ("profile", "志愿者档案，封给一家接待方"),
    ("material", "会议资料"),
    ("agreement", "两家伙伴之间的协议"),
    ("translation", "对伙伴志愿项目的翻译"),
    ("* publish", "发布文件中的内容：YAML 或 JSON，一条或数千条"),
    ("* list", "列出本节点所知的"),
    ("* show", "查看一项"),
    ("* withdraw", "撤回自己发布的，以及由其衍生的"),
    ("log", "日志：查看条目，与签名检查点核对"),
    ("log show", "检查点和条目"),
    ("log verify", "由所存条目重算根，与签名的根比较"),
    ("log evidence", "证明日志有两份签名历史的文件，以及对它的核对"),
    ("record", "单条记录：查看、导出证明、离线核对证明"),
    ("record show", "查看一条记录及其所在位置"),
    ("record export", "写出记录的证明和核对它的策略，任何人都可离线核对"),
    ("record verify", "离线核对证明文件：由谁、何时签署，由谁见证"),
    ("blob", "会议资料的字节"),
    ("blob get", "取一个文件"),
    ("views", "由日志导出的内容"),
    ("views rebuild", "由所存日志重新导出全部视图"),
    ("fsck", "检查所存的每个条目、正文和文件"),
    ("config", "配置"),
    ("config check", "读取配置文件、环境变量和 --set，指出所有错误"),
    ("demo", "在本机运行三家伙伴，并备好可看的内容"),
];

pub const ARGUMENTS: &[(&str, &str, &str)] = &[
    ("", "config", "节点的配置文件 [默认：当前文件夹中的 volbridge.toml（若有）]"),
    ("", "set", "一项设置，优先于配置文件和环境变量，如 api.listen=127.0.0.1:7500"),
    ("", "node", "所访问的节点 [默认：配置所指的节点]"),
    ("", "token_file", "存放节点所需令牌的文件 [默认：配置所指的文件]"),
    ("", "json", "结果以 JSON 写到标准输出：一个文档，或每项一行"),
    ("", "lang", "消息的语言：zh-CN 或 en [默认：环境的语言]"),
    ("init", "domain", "伙伴的域名：日志永久以此命名"),
    ("init", "names", "某种语言的名称，如 zh-CN=北京市志愿服务联合会；可给多个"),
    (
        "init",
        "kind",
        "federation（联合会）、un-agency（联合国机构）、organisation（组织）、government（政府）或 research（研究机构）",
    ),
    ("init", "country", "ISO 3166-1 两位字母代码，如 CN"),
    ("serve", "node_only", "只运行节点"),
    ("serve", "gateway_only", "只运行门户，服务于 --node 所指的节点"),
    ("handover offer", "organisation", "组织的编号"),
    ("handover offer", "to", "接收的合作伙伴：编号、指纹、域名或名称"),
    ("handover offer", "until", "可接收的最后一天，YYYY-MM-DD"),
    ("handover accept", "offer", "移交记录的哈希"),
    ("account invite", "name", "链接给谁"),
    (
        "account invite",
        "roles",
        "operator（运维）、auditor（审计）、administrator（管理）、reviewer（审核）或 editor（编辑），可给出几个",
    ),
    ("account invite", "organisation", "角色所适用的组织的编号 [默认：整个机构]"),
    ("account reopen", "login", "其登录名"),
    ("account lock", "login", "其登录名"),
    ("account unlock", "login", "其登录名"),
    ("account log", "login", "只列出此人所做的，以及涉及此人的"),
    ("account log", "limit", "最多列出多少项；0 为全部"),
    ("partner add", "file", "由 volbridge partner export 写出的文件"),
    ("partner add", "descriptor", "同上，作为选项给出"),
    ("partner add", "endpoints", "其节点的地址；不给则经由其他伙伴联系"),
    ("partner add", "fingerprint", "其运维者告知您的指纹或编号"),
    ("partner show", "partner", "编号、指纹、域名或名称"),
    ("partner show", "own", "本节点自己"),
    ("partner export", "partner", "编号、指纹、域名或名称；不给则为本节点自己"),
    ("partner export", "out", "描述文件的去处 [默认：域名.descriptor]"),
    ("import", "file", "CSV、XLSX、JSON Lines 或 JSON-LD 文件，按扩展名识别"),
    ("import", "dry_run", "只读取并检查文件"),
    ("import", "map", "某列的含义，如 名称=title_zh-CN；等号后留空则忽略该列；可给多个"),
    ("import", "organisation", "未注明组织的项目所属的组织"),
    ("import", "language", "未注明语言的项目所用的语言"),
    ("import", "revise", "文件中注明志桥编号的项目，发布为其新版本"),
    ("import", "keep_going", "即使有些项目有错，也发布没有错的"),
    ("import", "parallel", "同时进行的调用数"),
    ("* publish", "files", "YAML（多个文档或一个列表）、JSON 或 JSON Lines；- 为标准输入"),
    ("* publish", "keep_going", "即使有些条目有错，也发布没有错的"),
    ("* publish", "dry_run", "只读取并检查文件"),
    ("fsck", "repair", "修复能修复的，并向伙伴重新索取损坏的正文和文件"),
    ("* publish", "file", "条目未指明文件时，会议资料的文件"),
    ("* publish", "run", "以此次的另一名称，再次发布先前发布过的内容"),
    ("* publish", "parallel", "同时进行的调用数"),
    ("* list", "partner", "只列出这家伙伴的：编号、指纹、域名或名称"),
    ("* list", "query", "标题、摘要或地点中的词（志愿项目），或名称中的词（志愿组织）"),
    ("* list", "language", "只列出能以此语言阅读的（志愿项目）；按此语言的名称排序（志愿组织）"),
    ("* list", "country", "只列出此国家的，如 CN（志愿项目、志愿组织）"),
    ("* list", "conference", "只列出此会议的（会议资料）"),
    ("* list", "limit", "至多列出的项数；0 为全部"),
    ("* show", "target", "编号（UUID），或记录的哈希"),
    ("* show", "partner", "几家伙伴用同一编号时，指明是谁的"),
    ("* show", "purpose", "为何打开档案：写入查阅日志"),
    ("* withdraw", "targets", "编号（UUID）：其所有修订；或单条记录的哈希"),
    (
        "* withdraw",
        "reason",
        "withdrawn（撤回）、expired（过期）、superseded（被取代）或 ordered（奉命）；对协议则为终止的原因",
    ),
    ("log show", "partner", "谁的日志：编号、指纹、域名或名称 [默认：本节点自己]"),
    ("log show", "epoch", "哪个纪元 [0：最新]"),
    ("log show", "start", "第一个条目"),
    ("log show", "limit", "条目数"),
    ("log show", "checkpoint", "只要签名的检查点"),
    ("log verify", "partner", "谁的日志：编号、指纹、域名或名称 [默认：本节点自己]"),
    ("log verify", "epoch", "哪个纪元 [0：最新]"),
    ("log evidence", "partner", "谁的日志：编号、指纹、域名或名称 [默认：本节点自己]"),
    ("log evidence", "epoch", "哪个纪元 [0：最新]"),
    ("log evidence", "to", "写入此文件 [默认：直接显示]"),
    ("log evidence", "check", "核对别人给您的文件，无需节点"),
    ("record show", "hash", "64 位十六进制数"),
    ("record export", "hash", "64 位十六进制数"),
    ("record export", "out", "证明的去处，策略写在其旁 [默认：当前文件夹，以记录命名]"),
    ("record verify", "proof", ".tlog-proof 文件"),
    ("record verify", "policy", "您信任谁：tlog-policy 文件 [默认：证明旁以 .policy 结尾的文件]"),
    ("blob get", "hash", "BLAKE3 哈希，64 位十六进制数，见 material show"),
    ("blob get", "out", "文件的去处；- 为标准输出 [默认：当前文件夹，用其原名]"),
    ("demo", "dir", "三个节点的文件夹；已有的内容继续使用"),
    ("demo", "port", "第一个门户的端口，其余依次递增"),
    ("demo", "quiet", "一切就绪后不再发布"),
];
