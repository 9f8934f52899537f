//! Languages: the primary subtags of BCP 47 (ISO 639) that have a name in Chinese and in English.
//!
//! Written by `scripts/code-names` from CLDR 48.2.0.

/// Ascending.
#[rustfmt::skip]
pub const LANGUAGES: &[&str] = &[
    "aa", "ab", "ace", "ach", "ada", "ady", "ae", "af", "afh", "agq", "ain", "ak", "akk", "ale", "alt", "am",
    "an", "ang", "ann", "anp", "ar", "arc", "arn", "arp", "ars", "arw", "as", "asa", "ast", "atj", "av",
    "awa", "ay", "az", "ba", "bal", "ban", "bas", "bax", "bbj", "be", "bej", "bem", "bez", "bfd", "bg", "bgc",
    "bgn", "bho", "bi", "bik", "bin", "bkm", "bla", "blo", "bm", "bn", "bo", "br", "bra", "brx", "bs", "bss",
    "bua", "bug", "bum", "byn", "byv", "ca", "cad", "car", "cay", "cch", "ccp", "ce", "ceb", "cgg", "ch",
    "chb", "chg", "chk", "chm", "chn", "cho", "chp", "chr", "chy", "ckb", "clc", "co", "cop", "cr", "crg",
    "crh", "crj", "crk", "crl", "crm", "crr", "crs", "cs", "csb", "csw", "cu", "cv", "cy", "da", "dak", "dar",
    "dav", "de", "del", "den", "dgr", "din", "dje", "doi", "dsb", "dua", "dum", "dv", "dyo", "dyu", "dz",
    "dzg", "ebu", "ee", "efi", "egy", "eka", "el", "elx", "en", "enm", "eo", "es", "et", "eu", "ewo", "fa",
    "fan", "fat", "ff", "fi", "fil", "fj", "fo", "fon", "fr", "frc", "frm", "fro", "frr", "frs", "fur", "fy",
    "ga", "gaa", "gag", "gan", "gay", "gba", "gd", "gez", "gil", "gl", "gmh", "gn", "goh", "gon", "gor",
    "got", "grb", "grc", "gsw", "gu", "guz", "gv", "gwi", "ha", "hai", "hak", "haw", "hax", "he", "hi", "hil",
    "hit", "hmn", "ho", "hr", "hsb", "hsn", "ht", "hu", "hup", "hur", "hy", "hz", "ia", "iba", "ibb", "id",
    "ie", "ig", "ii", "ik", "ikt", "ilo", "inh", "io", "is", "it", "iu", "ja", "jbo", "jgo", "jmc", "jpr",
    "jrb", "jv", "ka", "kaa", "kab", "kac", "kaj", "kam", "kaw", "kbd", "kbl", "kcg", "kde", "kea", "kfo",
    "kg", "kgp", "kha", "kho", "khq", "ki", "kj", "kk", "kkj", "kl", "kln", "km", "kmb", "kn", "ko", "koi",
    "kok", "kos", "kpe", "kr", "krc", "krl", "kru", "ks", "ksb", "ksf", "ksh", "ku", "kum", "kut", "kv", "kw",
    "kwk", "kxv", "ky", "la", "lad", "lag", "lah", "lam", "lb", "lez", "lg", "li", "lij", "lil", "lkt", "lmo",
    "ln", "lo", "lol", "lou", "loz", "lrc", "lsm", "lt", "lu", "lua", "lui", "lun", "luo", "lus", "luy", "lv",
    "mad", "maf", "mag", "mai", "mak", "man", "mas", "mde", "mdf", "mdr", "men", "mer", "mfe", "mg", "mga",
    "mgh", "mgo", "mh", "mi", "mic", "min", "mk", "ml", "mn", "mnc", "mni", "moe", "moh", "mos", "mr", "ms",
    "mt", "mua", "mus", "mwl", "mwr", "my", "mye", "myv", "mzn", "na", "nan", "nap", "naq", "nb", "nd", "nds",
    "ne", "new", "ng", "nia", "niu", "nl", "nmg", "nn", "nnh", "no", "nog", "non", "nqo", "nr", "nso", "nus",
    "nv", "nwc", "ny", "nym", "nyn", "nyo", "nzi", "oc", "oj", "ojb", "ojc", "ojs", "ojw", "oka", "om", "or",
    "os", "osa", "ota", "pa", "pag", "pal", "pam", "pap", "pau", "pcm", "peo", "phn", "pi", "pis", "pl",
    "pon", "pqm", "prg", "pro", "ps", "pt", "qu", "quc", "raj", "rap", "rar", "rhg", "rif", "rm", "rn", "ro",
    "rof", "rom", "ru", "rup", "rw", "rwk", "sa", "sad", "sah", "sam", "saq", "sas", "sat", "sba", "sbp",
    "sc", "scn", "sco", "sd", "sdh", "se", "see", "seh", "sel", "ses", "sg", "sga", "sh", "shi", "shn", "shu",
    "si", "sid", "sk", "sl", "slh", "sm", "sma", "smj", "smn", "sms", "sn", "snk", "so", "sog", "sq", "sr",
    "srn", "srr", "ss", "ssy", "st", "str", "su", "suk", "sus", "sux", "sv", "sw", "swb", "syc", "syr", "szl",
    "ta", "tce", "te", "tem", "teo", "ter", "tet", "tg", "tgx", "th", "tht", "ti", "tig", "tiv", "tk", "tkl",
    "tl", "tlh", "tli", "tmh", "tn", "to", "tog", "tok", "tpi", "tr", "trv", "trw", "ts", "tsi", "tt", "ttm",
    "tum", "tvl", "tw", "twq", "ty", "tyv", "tzm", "udm", "ug", "uga", "uk", "umb", "ur", "uz", "vai", "ve",
    "vec", "vep", "vi", "vmw", "vo", "vot", "vun", "wa", "wae", "wal", "war", "was", "wbp", "wo", "wuu",
    "xal", "xh", "xnr", "xog", "yao", "yap", "yav", "ybb", "yi", "yo", "yrl", "yue", "za", "zap", "zbl",
    "zen", "zgh", "zh", "zu", "zun", "zza",
];
