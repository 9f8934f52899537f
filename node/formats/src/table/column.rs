//! The columns of a table: what each holds, and its names.

use std::fmt::Write as _;

use volbridge_proto::text::lang::check_language;

/// In which language headers are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// `title_en`
    #[default]
    English,
    /// `标题（en）`
    Chinese,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Reference,
    Subject,
    Language,
    Organisation,
    OrganisationName,
    Partner,
    Link,
    PublishedAt,
    UpdatedAt,
    ImportedFrom,
    Status,
    Country,
    Region,
    City,
    Latitude,
    Longitude,
    Remote,
    StartsOn,
    EndsOn,
    ApplyBy,
    HoursPerWeek,
    Weeks,
    Applicants,
    MinAge,
    MaxAge,
    Causes,
    Sdgs,
    Checks,
    Contact,
    /// A text of the listing, by the name that translations use.
    Prose(&'static str),
    RoleNumber,
    RoleSlots,
    RoleFilled,
    RoleSkills,
    RoleWished,
    RoleLanguages,
    RoleEducation,
    RoleExperience,
    RoleStipend,
    RoleBenefits,
    /// A text of the role: `title`, `tasks`.
    RoleProse(&'static str),
}

impl Field {
    /// Whether it belongs to one role.
    pub(crate) fn is_of_role(self) -> bool {
        use Field::{
            RoleBenefits, RoleEducation, RoleExperience, RoleFilled, RoleLanguages, RoleNumber, RoleProse,
            RoleSkills, RoleSlots, RoleStipend, RoleWished,
        };
        matches!(
            self,
            RoleNumber
                | RoleSlots
                | RoleFilled
                | RoleSkills
                | RoleWished
                | RoleLanguages
                | RoleEducation
                | RoleExperience
                | RoleStipend
                | RoleBenefits
                | RoleProse(_)
        )
    }

    /// Whether there is one column a language.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Prose(_) | Self::RoleProse(_) | Self::OrganisationName)
    }
}

/// In the order of the columns: the field, its path in a listing, its names (the English and the Chinese one first).
pub(crate) const FIELDS: &[(Field, &str, &[&str])] = &[
    (Field::Reference, "reference", &["reference", "编号", "id", "ref", "项目编号", "编码"]),
    (Field::Subject, "subject", &["subject", "志桥编号"]),
    (Field::Language, "language", &["language", "语言", "原文语言"]),
    (Field::Organisation, "organisation", &["organisation", "组织编号", "organization", "organisation_id"]),
    (
        Field::OrganisationName,
        "organisation_name",
        &["organisation_name", "组织名称", "organization_name", "主办单位", "组织", "招募单位"],
    ),
    (Field::Partner, "partner", &["partner", "伙伴", "联合会"]),
    (Field::Link, "link", &["link", "链接", "url", "网址"]),
    (Field::PublishedAt, "published_at", &["published_at", "发布时间"]),
    (Field::UpdatedAt, "updated_at", &["updated_at", "更新时间"]),
    (Field::ImportedFrom, "imported_from.publisher", &["imported_from", "导入来源"]),
    (Field::Prose("title"), "title", &["title", "标题", "项目名称", "名称", "name"]),
    (Field::Prose("summary"), "summary", &["summary", "摘要", "简介", "项目简介"]),
    (Field::Prose("description"), "description", &["description", "详细介绍", "项目介绍", "描述", "内容"]),
    (Field::Status, "status", &["status", "状态"]),
    (Field::Country, "place.country", &["country", "国家", "国家或地区"]),
    (Field::Region, "place.region", &["region", "省份", "地区", "province", "state"]),
    (Field::City, "place.city", &["city", "城市", "地点", "服务地点"]),
    (Field::Latitude, "place.coordinates.latitude_e6", &["latitude", "纬度", "lat"]),
    (Field::Longitude, "place.coordinates.longitude_e6", &["longitude", "经度", "lon", "lng"]),
    (Field::Remote, "remote", &["remote", "可远程", "远程"]),
    (Field::StartsOn, "starts_on", &["starts_on", "开始日期", "start_date", "start", "开始时间"]),
    (Field::EndsOn, "ends_on", &["ends_on", "结束日期", "end_date", "end", "结束时间"]),
    (Field::ApplyBy, "apply_by", &["apply_by", "报名截止日期", "deadline", "报名截止", "截止日期"]),
    (Field::HoursPerWeek, "hours_per_week", &["hours_per_week", "每周小时数", "每周时长"]),
    (Field::Weeks, "weeks", &["weeks", "最少周数", "周数"]),
    (Field::Applicants, "applicants", &["applicants", "申请人范围", "招募对象"]),
    (Field::MinAge, "min_age", &["min_age", "最低年龄"]),
    (Field::MaxAge, "max_age", &["max_age", "最高年龄"]),
    (Field::Causes, "causes", &["causes", "服务领域", "领域", "cause"]),
    (Field::Sdgs, "sdgs", &["sdgs", "可持续发展目标", "sdg"]),
    (Field::Checks, "checks", &["checks", "上岗前核查", "核查"]),
    (Field::Prose("requirements"), "requirements", &["requirements", "报名条件", "要求", "条件"]),
    (Field::Prose("how_to_apply"), "how_to_apply", &["how_to_apply", "报名方式", "申请方式"]),
    (Field::Contact, "contact", &["contact", "联系方式", "联系人"]),
    (Field::Prose("safety"), "safety", &["safety", "安全保障", "安全"]),
    (Field::Prose("costs"), "costs", &["costs", "志愿者承担费用", "费用"]),
    (Field::Prose("accessibility"), "accessibility", &["accessibility", "无障碍条件", "无障碍"]),
    (Field::Prose("selection"), "selection", &["selection", "选拔方式", "选拔"]),
    (Field::RoleNumber, "number", &["role_number", "岗位序号", "role"]),
    (Field::RoleProse("title"), "title", &["role_title", "岗位名称", "岗位", "position"]),
    (Field::RoleProse("tasks"), "tasks", &["role_tasks", "岗位职责", "tasks", "职责", "服务内容"]),
    (Field::RoleSlots, "slots", &["role_slots", "招募人数", "slots", "人数", "岗位人数"]),
    (Field::RoleFilled, "filled", &["role_filled", "已招人数", "filled"]),
    (Field::RoleSkills, "skills", &["role_skills", "必备技能", "skills", "技能"]),
    (Field::RoleWished, "wished_skills", &["role_wished_skills", "加分技能", "wished_skills"]),
    (Field::RoleLanguages, "languages", &["role_languages", "语言要求", "languages"]),
    (Field::RoleEducation, "education", &["role_education", "最低学历", "education", "学历"]),
    (Field::RoleExperience, "experience_years", &["role_experience_years", "工作年限", "experience_years"]),
    (Field::RoleStipend, "offer.stipend", &["role_stipend", "补贴", "stipend"]),
    (Field::RoleBenefits, "offer", &["role_benefits", "志愿者保障", "benefits", "保障"]),
];

/// One column: its field, and for texts their language.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Column {
    pub(crate) field: Field,
    /// BCP 47; `None`: as it was written.
    pub(crate) language: Option<String>,
}

impl Column {
    /// Every column that a table can have that is read, with texts in these languages; what a node says itself, such as
    /// when something was published, isn't among them.
    pub fn all<'a>(languages: &'a [&'a str]) -> impl Iterator<Item = Self> + 'a {
        let told = [Field::Partner, Field::Link, Field::PublishedAt, Field::UpdatedAt, Field::ImportedFrom];
        let read = FIELDS.iter().map(|(field, ..)| *field).filter(move |field| !told.contains(field));
        read.flat_map(move |field| {
            let tags = languages.iter().filter(move |_| field.is_text()).map(|tag| Some((*tag).to_owned()));
            std::iter::once(None).chain(tags).map(move |language| Self { field, language })
        })
    }

    /// The column that a header names, in English or Chinese: `title_zh-CN`, `Title (English)`, `标题（中文）`.
    pub fn parse(header: &str) -> Option<Self> {
        let header = header.trim().trim_start_matches('\u{feff}');
        if let Some(field) = field(header) {
            return Some(Self { field, language: None });
        }
        let separators = header.char_indices().filter(|(_, sign)| "_ (（:：.-/".contains(*sign));
        separators.into_iter().find_map(|(at, sign)| {
            let base = field(header.get(..at)?).filter(|field| field.is_text())?;
            let rest = header.get(at + sign.len_utf8()..)?;
            let language = language(rest.trim_matches([' ', ')', '）', '(', '（']))?;
            Some(Self { field: base, language: Some(language) })
        })
    }

    /// Its header.
    pub fn name(&self, names: Names) -> String {
        let known = FIELDS.iter().find(|(field, ..)| *field == self.field);
        let spellings = known.map_or(&[][..], |(_, _, spellings)| spellings);
        let at = usize::from(names == Names::Chinese);
        let mut name = spellings.get(at).copied().unwrap_or_default().to_owned();
        if let Some(language) = &self.language {
            let (before, after) = if names == Names::Chinese { ("（", "）") } else { ("_", "") };
            let _ = write!(name, "{before}{language}{after}");
        }
        name
    }
}

fn field(name: &str) -> Option<Field> {
    let plain = plain(name);
    let found = FIELDS.iter().find(|(_, _, names)| names.iter().any(|known| self::plain(known) == plain));
    found.map(|(field, ..)| *field)
}

/// Without what people add to a header or leave out.
fn plain(name: &str) -> String {
    let kept = name.chars().filter(|sign| !" _-*:：\u{3000}\u{a0}".contains(*sign));
    kept.flat_map(char::to_lowercase).collect()
}

/// A language as a header names it, as a tag.
fn language(name: &str) -> Option<String> {
    let known = match name.to_lowercase().as_str() {
        "中文" | "汉语" | "chinese" | "中" => "zh",
        "简体中文" | "简体" | "simplified chinese" => "zh-CN",
        "繁体中文" | "繁體中文" | "繁体" | "traditional chinese" => "zh-TW",
        "英文" | "英语" | "english" | "英" => "en",
        "法语" | "法文" | "french" => "fr",
        "西班牙语" | "spanish" => "es",
        "俄语" | "russian" => "ru",
        "阿拉伯语" | "arabic" => "ar",
        _ => return tag(name),
    };
    Some(known.to_owned())
}

/// A tag in its usual case: `zh_cn` is `zh-CN`.
fn tag(text: &str) -> Option<String> {
    let part = |(place, part): (usize, &str)| match part.len() {
        _ if place == 0 => part.to_ascii_lowercase(),
        4 => {
            part.get(..1).unwrap_or_default().to_ascii_uppercase()
                + &part.get(1..).unwrap_or_default().to_ascii_lowercase()
        }
        _ => part.to_ascii_uppercase(),
    };
    let parts: Vec<String> = text.split(['-', '_']).enumerate().map(part).collect();
    let tag = parts.join("-");
    check_language(&tag).is_ok().then_some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_understood_in_both_languages_and_as_people_write_it() {
        for (header, name) in [
            ("title_en", "title_en"),
            ("Title (English)", "title_en"),
            ("标题（en）", "title_en"),
            ("项目名称（英文）", "title_en"),
            ("TITLE_zh_cn", "title_zh-CN"),
            ("岗位职责（zh-Hant-TW）", "role_tasks_zh-Hant-TW"),
            ("How to apply", "how_to_apply"),
            ("报名截止日期*", "apply_by"),
            ("\u{feff}reference", "reference"),
        ] {
            assert_eq!(Column::parse(header).unwrap().name(Names::English), name, "{header}");
        }
        for header in ["", "nonsense", "country_en", "title_englisch", "（", "标题（"] {
            assert_eq!(Column::parse(header), None, "{header}");
        }
    }

    #[test]
    fn no_two_columns_share_a_name() {
        let mut names: Vec<String> =
            FIELDS.iter().flat_map(|(_, _, names)| names.iter().map(|name| plain(name))).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn each_name_of_each_column_is_read_as_that_column() {
        for (field, ..) in FIELDS {
            for language in
                [None, Some("zh-CN".to_owned())].into_iter().filter(|tag| tag.is_none() || field.is_text())
            {
                let column = Column { field: *field, language };
                for names in [Names::English, Names::Chinese] {
                    assert_eq!(Column::parse(&column.name(names)), Some(column.clone()));
                }
            }
        }
    }
}
