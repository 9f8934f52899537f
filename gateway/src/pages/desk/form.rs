//! The editor's form as the template draws it: each field with its label, what stands in it, what is wrong with it and
//! what a reviewer said of it.

use std::collections::BTreeMap;

use volbridge_proto::{
    codes::{
        applicants::APPLICANTS, causes::CAUSES, cefr::LEVELS, checks::VOLUNTEER_CHECKS, countries::COUNTRIES,
        education::EDUCATION, languages::LANGUAGES, skills::SKILLS,
    },
    record::limits,
};

use super::fields::{Fields, OFFERS, PROSE};
use crate::{facts, problem::Problem, shell::Shell};

/// Languages that texts are mostly written in stand first.
const WRITTEN: &[&str] = &["zh-CN", "en", "fr", "es", "ru", "ar", "pt"];
/// Languages of a role that are asked for beyond those that are told.
const MORE_LANGUAGES: usize = 2;

/// What stands beside fields.
#[derive(Default)]
pub struct Said {
    /// Why it can't be published, by field: code and the field as the node names it.
    pub faults: BTreeMap<String, Vec<String>>,
    pub remarks: BTreeMap<String, String>,
    pub hints: BTreeMap<String, String>,
}

/// One field.
pub struct Input {
    pub name: String,
    pub label: String,
    pub value: String,
    pub language: String,
    pub fault: String,
    pub remark: String,
    pub hint: String,
    pub max: usize,
    /// Lines; 0: one, that doesn't grow.
    pub rows: usize,
}

/// A field in both languages.
pub struct Two {
    pub label: String,
    pub source: Input,
    pub target: Input,
}

/// One value to choose.
pub struct Choice {
    pub value: String,
    pub text: String,
    pub chosen: bool,
}

/// One of several, or several of many.
pub struct Choose {
    pub name: String,
    pub label: String,
    pub choices: Vec<Choice>,
    /// What is chosen, in words.
    pub chosen: String,
    pub fault: String,
    pub remark: String,
    pub hint: String,
}

/// One role.
pub struct Role {
    pub at: usize,
    pub number: String,
    pub heading: String,
    pub prose: Vec<Two>,
    pub numbers: Vec<Input>,
    pub education: Choose,
    pub languages: Vec<(Choose, Choose)>,
    pub skills: Choose,
    pub wished: Choose,
    pub offers: Choose,
    pub stipend: Input,
    pub fault: String,
}

/// The whole form.
pub struct Form {
    pub version: String,
    pub organisation: Choose,
    pub language: Choose,
    pub other: Choose,
    pub language_name: String,
    pub other_name: String,
    pub prose: Vec<Two>,
    pub contact: Input,
    pub place_kind: Choose,
    pub country: Choose,
    pub place: Vec<Input>,
    pub days: Vec<Input>,
    pub numbers: Vec<Input>,
    pub ages: Vec<Input>,
    pub applicants: Choose,
    pub status: String,
    pub causes: Choose,
    pub sdgs: Choose,
    pub checks: Choose,
    pub roles: Vec<Role>,
    pub roles_fault: String,
}

/// The id of a field in the page: dots would have to be escaped in style sheets and scripts, not in addresses.
pub fn anchor(name: &str) -> String {
    let mut place = name;
    // `causes.3` is a value of `causes`.
    while let Some((start, last)) = place.rsplit_once('.')
        && last.bytes().all(|byte| byte.is_ascii_digit())
        && start != "roles"
        && start != "t.roles"
    {
        place = start;
    }
    match place {
        "place" => "f-place.country".to_owned(),
        "remote" => "f-where".to_owned(),
        place => format!("f-{place}"),
    }
}

/// The label of a field by its name in the form, for who doesn't see where it stands: "Role 2: Tasks".
pub fn label(name: &str, ui: &Shell) -> String {
    if name == "t.language" {
        return ui.t("field-translation-language");
    }
    let (plain, other) = name.strip_prefix("t.").map_or((name, false), |rest| (rest, true));
    let words: Vec<&str> = plain.split('.').filter(|word| word.parse::<usize>().is_err()).collect();
    let place = plain.strip_prefix("roles.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    let last = match (place, words.as_slice()) {
        (Some(_), ["roles", "title"]) => "role-title",
        // That a role asks for, not that the texts are written in.
        (_, [.., "languages", "language"]) => "role-language",
        (_, [.., last]) => last,
        _ => "",
    };
    let key = last.replace('_', "-");
    let own = ui.lang.maybe(&format!("field-{key}")).unwrap_or_else(|| last.to_owned());
    let placed = match place {
        Some(at) => ui.lang.fill("desk-role-field", &[("n", (at + 1).to_string()), ("field", own)]),
        None => own,
    };
    if other { ui.with("desk-in-translation", "field", placed) } else { placed }
}

/// The sentence of a code.
pub fn sentence(code: &str, ui: &Shell) -> String {
    Problem::named(code).sentence(ui.lang)
}

impl Form {
    /// The form of what was typed; `organisations` are id and name.
    pub fn new(fields: &Fields, said: &Said, organisations: &[(String, String)], ui: &Shell) -> Self {
        Draw { fields, said, ui }.form(organisations)
    }
}

struct Draw<'a> {
    fields: &'a Fields,
    said: &'a Said,
    ui: &'a Shell,
}

impl Draw<'_> {
    fn form(&self, organisations: &[(String, String)]) -> Form {
        let named = |tag: &str| self.ui.lang.code("language", tag);
        Form {
            version: self.fields.one("version").to_owned(),
            organisation: self.choose("organisation", organisations.to_vec()),
            language: self.choose("language", self.languages("language")),
            other: self.choose("t.language", self.languages("t.language")),
            language_name: named(self.fields.one("language")),
            other_name: named(self.fields.one("t.language")),
            prose: PROSE.iter().map(|field| self.two(field, field)).collect(),
            contact: Input { rows: 2, max: limits::SUMMARY, ..self.input("contact") },
            place_kind: self.choose("where", self.coded("modality", &["onsite", "hybrid", "online"])),
            country: self.choose("place.country", self.by_name("country", COUNTRIES)),
            place: ["place.region", "place.city", "place.latitude", "place.longitude"]
                .map(|name| self.input(name))
                .into(),
            days: ["starts_on", "ends_on", "apply_by"].map(|name| self.input(name)).into(),
            numbers: ["hours_per_week", "weeks"].map(|name| self.input(name)).into(),
            ages: ["min_age", "max_age"].map(|name| self.input(name)).into(),
            applicants: self.choose("applicants", self.coded("applicants", APPLICANTS)),
            status: self.fields.one("status").to_owned(),
            causes: self.choose("causes", self.coded("cause", CAUSES)),
            sdgs: self.choose("sdgs", self.goals()),
            checks: self.choose("checks", self.coded("check", VOLUNTEER_CHECKS)),
            roles: (0..self.fields.how_many("roles", "number")).map(|at| self.role(at)).collect(),
            roles_fault: self.exactly("roles"),
        }
    }

    fn role(&self, at: usize) -> Role {
        let name = |field: &str| format!("roles.{at}.{field}");
        let told = self.fields.how_many(&name("languages"), "language");
        let languages = (0..told + MORE_LANGUAGES).map(|one| {
            let (language, level) =
                (name(&format!("languages.{one}.language")), name(&format!("languages.{one}.level")));
            let levels = LEVELS.iter().map(|level| {
                let parts = [("level", (*level).to_owned()), ("meaning", self.ui.lang.code("cefr", level))];
                ((*level).to_owned(), self.ui.lang.fill("match-level", &parts))
            });
            (self.choose(&language, self.languages(&language)), self.choose(&level, levels.collect()))
        });
        let title = self.fields.one(&name("title"));
        let title = if title.is_empty() { self.fields.one(&format!("t.roles.{at}.title")) } else { title };
        Role {
            at,
            number: self.fields.one(&name("number")).to_owned(),
            heading: if title.is_empty() {
                self.ui.with("desk-role", "n", at + 1)
            } else {
                self.ui
                    .lang
                    .fill("desk-role-named", &[("n", (at + 1).to_string()), ("title", title.to_owned())])
            },
            prose: ["title", "tasks"].map(|field| self.two(&name(field), field)).into(),
            numbers: ["slots", "filled", "experience_years"].map(|field| self.input(&name(field))).into(),
            education: self.choose(&name("education"), self.coded("education", EDUCATION)),
            languages: languages.collect(),
            skills: self.choose(&name("skills"), self.by_name("skill", SKILLS)),
            wished: self.choose(&name("wished_skills"), self.by_name("skill", SKILLS)),
            offers: self.choose(&name("offer"), self.coded("offer", OFFERS)),
            stipend: Input { max: limits::LINE, ..self.input(&name("offer.stipend")) },
            fault: self.exactly(&format!("roles.{at}")),
        }
    }

    fn input(&self, name: &str) -> Input {
        Input {
            label: self.label(name),
            value: self.fields.one(name).to_owned(),
            language: String::new(),
            fault: self.fault(name),
            remark: self.said.remarks.get(name).cloned().unwrap_or_default(),
            hint: self.said.hints.get(name).cloned().unwrap_or_default(),
            max: limits::LINE,
            rows: 0,
            name: name.to_owned(),
        }
    }

    /// Fields of a role stand in its box.
    fn label(&self, name: &str) -> String {
        let within = name.strip_prefix("roles.").and_then(|rest| rest.split_once('.'));
        label(within.map_or(name, |(_, field)| field), self.ui)
    }

    fn two(&self, name: &str, field: &str) -> Two {
        let (rows, max) = match field {
            "title" => (0, limits::LINE),
            "summary" | "costs" => (2, limits::SUMMARY),
            "description" => (9, limits::PROSE),
            "tasks" => (4, limits::PROSE),
            _ => (3, limits::PROSE),
        };
        let one = |name: &str, language: &str| Input {
            rows,
            max,
            language: self.fields.one(language).to_owned(),
            ..self.input(name)
        };
        Two {
            label: if name.starts_with("roles.") && field == "title" {
                self.ui.t("role-title")
            } else {
                self.ui.lang.code("field", &field.replace('_', "-"))
            },
            source: one(name, "language"),
            target: one(&format!("t.{name}"), "t.language"),
        }
    }

    fn choose(&self, name: &str, offered: Vec<(String, String)>) -> Choose {
        let mut choices: Vec<Choice> = offered
            .into_iter()
            .map(|(value, text)| Choice { chosen: self.fields.has(name, &value), value, text })
            .collect();
        // What is chosen and stands in no list stays chosen: a federation's own code, an organisation of long ago.
        for value in self.fields.all(name).into_iter().filter(|value| !value.is_empty()) {
            if !choices.iter().any(|choice| choice.value == value) {
                choices.push(Choice { value: value.to_owned(), text: value.to_owned(), chosen: true });
            }
        }
        let chosen: Vec<&str> =
            choices.iter().filter(|choice| choice.chosen).map(|choice| choice.text.as_str()).collect();
        Choose {
            chosen: chosen.join(&self.ui.t("list-separator")),
            label: self.label(name),
            fault: self.fault(name),
            remark: self.said.remarks.get(name).cloned().unwrap_or_default(),
            hint: self.said.hints.get(name).cloned().unwrap_or_default(),
            name: name.to_owned(),
            choices,
        }
    }

    fn coded(&self, family: &str, codes: &[&str]) -> Vec<(String, String)> {
        codes.iter().map(|code| ((*code).to_owned(), self.ui.lang.code(family, code))).collect()
    }

    fn by_name(&self, family: &str, codes: &[&str]) -> Vec<(String, String)> {
        let mut named = self.coded(family, codes);
        named.sort_by(|one, other| one.1.cmp(&other.1));
        named
    }

    fn languages(&self, name: &str) -> Vec<(String, String)> {
        let mut offered = self.coded("language", WRITTEN);
        // Texts are written in few languages; a role may ask for any.
        if name.starts_with("roles.") {
            let known = |code: &&&str| !WRITTEN.iter().any(|tag| tag.split('-').next() == Some(**code));
            let more: Vec<&str> =
                LANGUAGES.iter().filter(known).copied().filter(|code| code.len() == 2).collect();
            offered.extend(self.by_name("language", &more));
        }
        offered
    }

    fn goals(&self) -> Vec<(String, String)> {
        let numbers: Vec<u32> = (1..=17).collect();
        let named = facts::goals(&numbers, self.ui.lang);
        numbers.iter().map(ToString::to_string).zip(named).collect()
    }

    /// What is wrong with a field or a value of it.
    fn fault(&self, name: &str) -> String {
        let below = format!("{name}.");
        // An allowance and what else the host gives are two fields of one name.
        let own = |field: &str| {
            field == name
                || field
                    .strip_prefix(&below)
                    .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let faults = self.said.faults.iter().filter(|(field, _)| own(field));
        let all: Vec<&str> = faults.flat_map(|(_, faults)| faults).map(String::as_str).collect();
        all.join(" ")
    }

    fn exactly(&self, name: &str) -> String {
        self.said.faults.get(name).map(|faults| faults.join(" ")).unwrap_or_default()
    }
}
