//! Reads a panel's file, and says every mistake in it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::load_duty::{duties, trackers};
use super::load_outcome::outcome;
use super::load_paperwork::requests;
use super::load_schedule::schedule;
use super::load_special::{agenda, circulation, elsewhere, exempt, invitations, routes, thresholds};
use super::names::{Names, before_sitting, period, text, texts};
use super::pre_proceedings::pre_proceedings;
use super::{Approval, FactQuestion, Known, Profile};
use crate::calendar::{Deadline, Schedule};
use crate::diagnostic::{Diagnostic, Item, Severity, Table, TomlDocument, nearest};
use crate::domain::PanelName;

impl Profile {
    /// The panel that a file takes over from, if it says so and can be read.
    pub fn extends(text: &str) -> Option<String> {
        let document = TomlDocument::parse("", text);
        let extends = document.root()?.text("extends")?;
        Some(extends.value)
    }

    /// Reads `<authority>/panels/<panel>.toml`. A file that says `extends` states only what differs from `base`.
    pub fn read(
        name: PanelName,
        path: &str,
        text: &str,
        known: &Known,
        base: Option<&Self>,
    ) -> (Option<Self>, Vec<Diagnostic>) {
        let document = TomlDocument::parse(path, text);
        let profile = document.root().and_then(|root| profile(name, root, known, base));
        let diagnostics = document.into_diagnostics();
        let is_wrong = diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error);
        (profile.filter(|_| !is_wrong), diagnostics)
    }
}

fn profile(name: PanelName, root: Table<'_, '_>, known: &Known, base: Option<&Profile>) -> Option<Profile> {
    let panel = root.required_text("panel")?;
    names_agree(&root, &name, &panel, base);
    let title = root.required_text("title").map(|title| title.value).unwrap_or_default();
    let mut facts = base.map(|base| base.facts.clone()).unwrap_or_default();
    let names = Names {
        facts: facts.keys().cloned().chain(names_of_facts(&root)).chain(known.form_facts.clone()).collect(),
        known,
        used: RefCell::new(known.form_conditions.iter().chain(facts.keys()).cloned().collect()),
    };
    facts.extend(self::facts(&root, &names));
    let (schedule, schedule_policy) = inherited_schedule(&root, base);
    let has_longer = schedule.as_ref().is_some_and(|schedule| schedule.longer.is_some());
    let requests = requests(&root, &names, base.map(|base| &base.requests), has_longer);
    let kinds: Vec<String> = requests.kinds.iter().map(|kind| kind.name.clone()).collect();
    let inherited = Inherited { root: &root, base };
    let (cutoff, cutoff_policy) = inherited_cutoff(&root, base);
    let outcome = inherited.own_or("outcome", |base| base.outcome.clone(), || outcome(&root, &names));
    let profile = Profile {
        purpose: inherited.text("purpose", |base| &base.purpose),
        function: inherited.text("function", |base| &base.function),
        policy: inherited.text("policy", |base| &base.policy),
        aliases: texts(&root, "aliases"),
        assumed: inherited.texts("assumed", |base| &base.assumed),
        ambiguity: inherited.texts("ambiguity", |base| &base.ambiguity),
        notes: inherited.texts("notes", |base| &base.notes),
        members: inherited.texts("members", |base| &base.members),
        attends: inherited.own_or("attends", |base| base.attends.clone(), || names.roles_of(&root, "attends")),
        schedule,
        schedule_policy,
        cutoff,
        cutoff_policy,
        circulation: inherited.own_or("circulation", |base| base.circulation.clone(), || circulation(&root, &names)),
        approval: inherited.own_or(
            "approval",
            |base| base.approval.clone(),
            || root.table("approval").and_then(|table| approval(table, &names)),
        ),
        roles: roles(&root, &names, base),
        exempt: inherited.own_or("exempt", |base| base.exempt.clone(), || exempt(&root, &names)),
        routes: inherited.own_or("routes", |base| base.routes.clone(), || routes(&root, &names)),
        elsewhere: inherited.own_or(
            "elsewhere",
            |base| base.elsewhere.clone(),
            || elsewhere(&root, &names, &name.authority()),
        ),
        thresholds: inherited.own_or(
            "thresholds",
            |base| base.thresholds.clone(),
            || thresholds(&root, &names, &kinds),
        ),
        invitations: inherited.own_or("invitations", |base| base.invitations.clone(), || invitations(&root, &names)),
        agenda: inherited.own_or("agenda", |base| base.agenda.clone(), || agenda(&root, &names, &kinds)),
        duties: inherited.own_or("duties", |base| base.duties.clone(), || duties(&root, &names, &outcome)),
        pre_proceedings: inherited.own_or(
            "pre-proceedings",
            |base| base.pre_proceedings.clone(),
            || pre_proceedings(&root, &names, &outcome),
        ),
        trackers: inherited.own_or("trackers", |base| base.trackers.clone(), || trackers(&root, &names)),
        follows_own_requests: root.flag("follows-own-requests").is_some_and(|flag| flag.value),
        outcome,
        requests,
        facts,
        title,
        name,
    };
    unused_facts(&root, &names);
    root.finish();
    Some(profile)
}

/// What the file calls its own facts. A condition of one is read when the names of all are known.
fn names_of_facts(root: &Table<'_, '_>) -> impl Iterator<Item = String> {
    let named = root.table("facts").map(|table| table.keys()).unwrap_or_default();
    named.into_iter().map(|name| name.value)
}

/// The panel has the name of its file, and what it extends is there.
fn names_agree(root: &Table<'_, '_>, name: &PanelName, panel: &Item<String>, base: Option<&Profile>) {
    if panel.value != name.panel() {
        let help = format!("write panel = \"{}\", or rename the file", name.panel());
        root.document().error(panel.span.clone(), "the panel's name is not the name of the file", Some(help));
    }
    if let Some(extends) = root.text("extends").filter(|_| base.is_none()) {
        let help = "name a panel of this authority that extends no other itself".to_owned();
        root.document().error(extends.span, format!("there is no panel `{}` to extend", extends.value), Some(help));
    }
}

/// When it sits, and the clause.
fn inherited_schedule(root: &Table<'_, '_>, base: Option<&Profile>) -> (Option<Schedule>, String) {
    match (base, root.table("schedule")) {
        (Some(base), None) => (base.schedule.clone(), base.schedule_policy.clone()),
        (_, None) => (None, String::new()),
        (_, Some(table)) => {
            let policy = text(&table, "policy");
            (schedule(table), policy)
        }
    }
}

/// By when a request must be in, and the clause.
fn inherited_cutoff(root: &Table<'_, '_>, base: Option<&Profile>) -> (Option<Deadline>, String) {
    let own = cutoff(root);
    own.unwrap_or_else(|| base.map(|base| (base.cutoff.clone(), base.cutoff_policy.clone())).unwrap_or_default())
}

/// A fact on which nothing hangs is asked of nobody: a slip, or left over.
fn unused_facts(root: &Table<'_, '_>, names: &Names<'_>) {
    let used = names.used.borrow();
    for fact in root.table("facts").map(|table| table.keys()).unwrap_or_default() {
        if !used.contains(&fact.value) {
            let near = nearest(&fact.value, used.iter().map(String::as_str));
            let help = near.map_or_else(
                || "name it under `when` or `unless`, or take it out".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            );
            root.document().warning(fact.span, format!("nothing hangs on the fact `{}`", fact.value), Some(help));
        }
    }
}

/// What a file says, or else the one that it extends.
struct Inherited<'r, 'd, 's> {
    root: &'r Table<'d, 's>,
    base: Option<&'r Profile>,
}

impl Inherited<'_, '_, '_> {
    fn own_or<T>(&self, key: &str, theirs: impl Fn(&Profile) -> T, own: impl FnOnce() -> T) -> T {
        match self.base {
            Some(base) if !self.root.has(key) => theirs(base),
            _ => own(),
        }
    }

    fn text(&self, key: &str, theirs: fn(&Profile) -> &String) -> String {
        self.own_or(key, |base| theirs(base).clone(), || text(self.root, key))
    }

    fn texts(&self, key: &str, theirs: fn(&Profile) -> &Vec<String>) -> Vec<String> {
        self.own_or(key, |base| theirs(base).clone(), || texts(self.root, key))
    }
}

fn facts(root: &Table<'_, '_>, names: &Names<'_>) -> BTreeMap<String, FactQuestion> {
    let facts = root.tables("facts").into_iter().map(|(name, table)| {
        let events = table.texts("events").into_iter().inspect(|kind| names.event(&table, kind));
        let question = FactQuestion {
            events: events.map(|kind| kind.value).collect(),
            question: table.required_text("question").map(|question| question.value).unwrap_or_default(),
            open_for: period(&table, "open-for").unwrap_or_default(),
            heard_before: table.flag("heard-before").is_some_and(|flag| flag.value),
            policy: text(&table, "policy"),
        };
        table.finish();
        (name.value, question)
    });
    facts.collect()
}

fn cutoff(root: &Table<'_, '_>) -> Option<(Option<Deadline>, String)> {
    let table = root.table("cutoff")?;
    let deadline = before_sitting(&table, "deadline");
    let policy = text(&table, "policy");
    table.finish();
    Some((deadline, policy))
}

fn approval(table: Table<'_, '_>, names: &Names<'_>) -> Option<Approval> {
    table.required("field");
    let approval = names.field_of(&table, "field", &["yes-no"]).map(|field| Approval {
        field,
        role_field: names.role_field(&table, "role-field"),
        on_field: names.field_of(&table, "on-field", &["date", "date-time"]),
        roles: names.roles_of(&table, "roles"),
        condition: names.condition(&table),
        policy: text(&table, "policy"),
    });
    table.finish();
    approval
}

fn roles(root: &Table<'_, '_>, names: &Names<'_>, base: Option<&Profile>) -> BTreeMap<String, String> {
    let mut roles = base.map(|base| base.roles.clone()).unwrap_or_default();
    let Some(table) = root.table("roles") else { return roles };
    roles.extend(table.keys().into_iter().filter_map(|key| {
        let holder = table.text(&key.value)?;
        names.role(&table, &holder);
        Some((key.value, holder.value))
    }));
    roles
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::diagnostic::documented;
    use crate::domain::AuthorityName;
    use crate::panel::KnownField;

    fn known() -> Known {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let field = |name: &str, kind, choices: &[&str]| {
            let choices = choices.iter().map(|choice| (*choice).to_owned()).collect();
            (name.to_owned(), vec![KnownField { file: "f.toml".to_owned(), kind, choices, asks_others: false }])
        };
        Known {
            documents: set(&["chronology"]),
            events: set(&["cla-review", "section-20"]),
            roles: set(&["team-manager", "service-manager"]),
            panels: set(&["example-panel", "other-panel"]),
            forms: set(&["REQ"]),
            fields: [
                field("category", "choice", &["accommodation"]),
                field("panel-date", "date", &[]),
                field("manager-approved", "yes-no", &[]),
                field("approver-role", "choice", &["team-manager"]),
                field("approved-on", "date-time", &[]),
                field("amount", "money", &[]),
            ]
            .into(),
            outcome_fields: [("actions".to_owned(), "choice"), ("actions-in-words".to_owned(), "text")].into(),
            ..Known::default()
        }
    }

    fn name() -> PanelName {
        PanelName::of(&AuthorityName::new("a"), "example-panel")
    }

    /// The panel that the example extends: it says the same.
    fn base() -> Profile {
        let alone = documented("Panel profile").1.replace("extends = \"base-panel\"\n", "");
        let (base, said) = Profile::read(name(), "base.toml", &alone, &known(), None);
        base.unwrap_or_else(|| panic!("{said:?}"))
    }

    #[test]
    fn the_documented_keys_are_the_accepted_keys() {
        let (keys, example) = documented("Panel profile");
        let document = TomlDocument::parse("example.toml", &example);
        let profile = document.root().and_then(|root| profile(name(), root, &known(), Some(&base())));
        let same = |key: &String| {
            let key = key.replace("kinds.<name>.paperwork.<name>", "paperwork.<name>");
            let lists = [("agenda[0]", "agenda"), ("agenda[1]", "agenda"), ("escalate[0]", "escalate")];
            let lists = lists.into_iter().chain([("milestones[0]", "milestones")]);
            lists.fold(key, |key, (one, list)| key.replace(one, list))
        };
        let asked: BTreeSet<String> = document.asked().iter().map(same).collect();
        assert_eq!(keys, asked);
        let said = document.into_diagnostics();
        assert!(said.is_empty() && profile.is_some(), "{said:?}");
    }

    #[test]
    fn what_a_file_does_not_say_the_one_it_extends_says() {
        let own = "panel = \"example-panel\"\nextends = \"base-panel\"\ntitle = \"Another\"\nnotes = []\n\
                   [paperwork.chronology]\nseverity = \"advice\"\npolicy = \"section 6\"\n";
        let base = base();
        let (profile, said) = Profile::read(name(), "p.toml", own, &known(), Some(&base));
        let profile = profile.unwrap_or_else(|| panic!("{said:?}"));
        assert_eq!((profile.title.as_str(), &profile.purpose), ("Another", &base.purpose));
        assert_eq!((profile.notes.len(), profile.assumed.len()), (0, 1));
        assert_eq!((&profile.cutoff, profile.schedule.is_some()), (&base.cutoff, true));
        assert_eq!(profile.requests.kinds.len(), base.requests.kinds.len());
        let papers: Vec<_> = profile.requests.paperwork.iter().map(|paper| paper.policy.as_str()).collect();
        assert_eq!(papers, ["section 6"]);
    }

    #[test]
    fn what_may_be_meant_is_a_warning_and_the_panel_works() {
        let (_, example) = documented("Panel profile");
        let text = example.replace("[facts.urgent]", "[facts.urgnt]\nquestion = \"Is it?\"\n[facts.urgent]");
        let (profile, said) = Profile::read(name(), "example.toml", &text, &known(), Some(&base()));
        assert!(profile.is_some());
        let said: Vec<&str> = said.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(said, ["nothing hangs on the fact `urgnt`"]);
        let mut known = known();
        known.fields.get_mut("category").unwrap()[0].choices.push("placement".to_owned());
        let (profile, said) = Profile::read(name(), "example.toml", &example, &known, Some(&base()));
        assert!(profile.is_some() && said.len() == 1, "{said:?}");
        assert!(said[0].message.contains("can choose `placement`"), "{said:?}");
    }

    /// What the example says, what is written in its place, and what is said of that.
    const MISTAKES: &[(&str, &str, &str)] = &[
        ("13:00 on the monday", "13:00 at the monday", "line 34:19: `at` stands where `on` should"),
        ("FREQ=WEEKLY;BYDAY=TH", "FREQ=OFTEN", "the rule is not one of RFC 5545"),
        ("bank-holiday = \"skip\"", "bank-holiday = \"skp\"", "`skp` is not known here"),
        ("when = [\"urgent\"]", "when = [\"urgnt\"]", "there is no fact `urgnt`"),
        ("any-of = [\"chronology\"]", "any-of = [\"chronolgy\"]", "there is no kind of document `chronolgy`"),
        ("severity = \"blocking\"", "severity = \"bad\"", "there is no severity `bad`"),
        ("required-with = [\"agreed\"]", "required-with = [\"agred\"]", "there is no decision `agred`"),
        ("fields = [\"actions\"]", "fields = [\"action\"]", "there is no outcome field `action`"),
        ("panel = \"example-panel\"", "panel = \"other\"", "the panel's name is not the name of the file"),
        ("type = \"PANEL\"", "type = \"A-TYPE-THAT-IS-TOO-LONG\"", "a note's type has at most 16 characters"),
        ("events = [\"cla-review\"]", "events = [\"cla-reviw\"]", "there is no kind of event `cla-reviw`"),
        ("decided-by = [\"service-manager\"]", "decided-by = [\"manager\"]", "there is no role `manager`"),
        ("panel = \"other-panel\"", "panel = \"othr-panel\"", "there is no panel `othr-panel`"),
        ("field = \"manager-approved\"", "field = \"approved\"", "there is no field `approved`"),
        ("fields = [\"amount\"]", "fields = [\"amont\"]", "there is no field `amont`"),
        ("kinds = [\"accommodation\"]", "kinds = [\"accomodation\"]", "there is no kind of request `accomodation`"),
        ("form = [\"REQ\"]", "form = [\"REQUEST\"]", "no form `REQUEST` asks this panel"),
        ("heard = \"next-sitting\"", "heard = \"later\"", "`later` is not known here"),
        ("at-most = \"10 days\"", "at-most = \"ten days\"", "the period cannot be read"),
        ("over = 2000", "over = \"2000\"", "should be a whole number"),
        ("2 weeks after cla-review 1", "2 weeks after", "what it is counted from"),
        ("tracks = [\"section-20\"]", "tracks = [\"section 20\"]", "there is no kind of event `section 20`"),
        ("matters-arising = true", "matters-arisen = true", "unknown key `matters-arisen`"),
        ("function = \"resources\"", "functon = \"resources\"", "unknown key `functon`"),
        ("from = 2026-01-08", "from = 2026-13-08", "line "),
        ("starts = \"13:00\"", "starts = \"1pm\"", "the time cannot be read"),
        ("\"2026-12-17\" = \"no chair\"", "\"17 December\" = \"no chair\"", "the key is no date"),
        ("pages-max = 4", "pages-max = four", "line "),
        ("pages-max = 4", "pages-max = 0", "a paper has a page at least"),
        ("over = 2000", "over = -1", "the amount is below nothing"),
        ("ends = \"16:00\"", "ends = \"12:00\"", "it ends before it starts"),
        ("slot-minutes = 15", "slot-minutes = 0", "no slot of 0 minutes fits"),
        ("slot-minutes = 15", "slot-minutes = 500", "no slot of 500 minutes fits"),
        (
            "BYDAY=TH\"\nfrom = 2026-01-08",
            "BYDAY=TH;INTERVAL=2\"\nfrom = 2026-01-07",
            "the rule does not fall on 2026-01-07",
        ),
        ("\"2026-12-17\" = \"no chair\"", "\"2026-12-18\" = \"no chair\"", "the panel does not sit on 2026-12-18"),
        ("deadline = \"13:00 on", "deadline = \"2 days after the sitting\" #", "not one before the sitting"),
        (
            "deadline = \"3 days before the sitting\"",
            "deadline = \"3 days before cla-review\"",
            "not one before the sitting",
        ),
        ("2 weeks after cla-review 1", "2 weeks after cla-reviw 1", "there is no kind of event `cla-reviw`"),
        ("unless = [\"decided-outside\"]", "unless = [\"urgent\"]", "stands under `when` and under `unless`"),
        ("role-field = \"approver-role\"", "role-field = \"approved-on\"", "is of the type `date-time`"),
        ("field = \"manager-approved\"", "field = \"approver-role\"", "is of the type `choice`"),
        ("sitting-field = \"panel-date\"", "sitting-field = \"amount\"", "is of the type `money`"),
        ("fields = [\"amount\"]", "fields = [\"category\"]", "is of the type `choice`"),
        ("[kinds.accommodation]", "[kinds.unheard-of]\n[kinds.accommodation]", "no form can name `unheard-of`"),
        ("comes-back = false", "comes-back = true", "a day on which it comes back is of the type `date`"),
        ("decision, {sitting}", "decision, {siting}", "`{siting}` stands for nothing"),
        (
            "reference-field = \"actions-in-words\"",
            "reference-field = \"action\"",
            "there is no outcome field `action`",
        ),
        ("reference-field = \"actions-in-words\"", "reference-field = \"actions\"", "is no text in the form"),
        ("is = [\"referral\"]", "is = [\"referal\"]", "`actions` is never `referal`"),
        ("with = [\"agreed\"]", "with = [\"agred\"]", "there is no decision `agred`"),
        ("raised-by = \"followed\"", "raised-by = \"folowed\"", "`folowed` is not known here"),
        ("3 working days after the sitting", "3 working days after cla-review", "and not from the sitting"),
        ("48 hours after the request", "48 hours after the sitting", "and not from the request"),
        ("6 weeks after section-20", "6 weeks after section-21", "there is no kind of event `section-21`"),
        ("follows = [\"section-20\"]", "follows = [\"section-2\"]", "there is no kind of event `section-2`"),
        ("due-field = \"return-on\"", "due-field = \"actions\"", "`actions` is no date"),
        ("write-backs = [\"document\"]", "write-backs = [\"documents\"]", "`documents` is not known here"),
        ("to = \"service-manager\"", "to = \"manager\"", "there is no role `manager`"),
        ("FREQ=MONTHLY;INTERVAL=3", "FREQ=SELDOM;INTERVAL=3", "the rule is not one of RFC 5545"),
        ("ends-within = \"3 months\"", "ends-within = \"soon\"", "the period cannot be read"),
        ("12 months after section-20", "12 months after section-19", "there is no kind of event `section-19`"),
        ("decided-with = [\"agreed\"]", "decided-with = [\"agred\"]", "there is no decision `agred`"),
        ("step-down = [\"not-agreed\"]", "step-down = [\"not-agred\"]", "there is no decision `not-agred`"),
        ("issue = [\"agreed\"]", "issue = [\"agreed\", \"not-agreed\"]", "stands under `issue` and under `step-down`"),
        ("first-meeting = [\"cla-review\"]", "first-meeting = [\"review\"]", "there is no kind of event `review`"),
        ("issue-letter = [\"chronology\"]", "issue-letter = [\"letter\"]", "there is no kind of document `letter`"),
    ];

    #[test]
    fn every_mistake_is_said_with_line_and_column() {
        let (_, example) = documented("Panel profile");
        let base = base();
        for (right, wrong, message) in MISTAKES.iter().copied() {
            assert!(example.contains(right), "the example does not say {right}");
            let text = example.replacen(right, wrong, 1);
            let (profile, said) = Profile::read(name(), "example.toml", &text, &known(), Some(&base));
            let said: Vec<String> = said.iter().map(|one| format!("{}: {}", one.place, one.message)).collect();
            let is_said = |one: &String| one.starts_with("line ") && one.contains(message);
            assert!(said.iter().any(is_said), "wanted {message}, got {said:?}");
            assert!(profile.is_none(), "{wrong}");
        }
    }
}
