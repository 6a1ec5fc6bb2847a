//! `duties remind`: each role is told once of the duties that have come onto its desk, and once more when their time is
//! over, in one e-mail a run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::duties::roles_of;
use super::init::private_folder;
use super::installation::Installation;
use super::{Actor, Failure, RoleNamed};
use crate::config::{AuthoritySettings, SmtpSettings, SmtpTls};
use crate::diagnostic::nearest;
use crate::domain::{AuthorityName, DutyId, hexadecimal};
use crate::ledger::{Reminder, Untold, Work};
use crate::log;
use crate::mail::{Letter, MailServer, MailTrouble, MailTroubleKind, Post, Safety};
use crate::report::{self, Digest, DigestDuty};

/// What has become of the reminders of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RemindersRun {
    /// Those that the mail server has taken.
    pub sent: u64,
    /// Those that lie in the outbox now.
    pub outbox: u64,
    /// Those that neither has taken: the next run tries again.
    pub failed: u64,
    /// Roles with something to be told and no mailbox to tell it.
    pub without_mailbox: u64,
}

/// Whom a run has told what.
#[derive(Debug, Serialize)]
pub struct Reminded {
    /// How many.
    #[serde(flatten)]
    pub run: RemindersRun,
    /// Each of them.
    pub reminders: Vec<ReminderShown>,
    /// What is not as it should be, each with what to do.
    pub troubles: Vec<String>,
    #[serde(skip)]
    is_dry: bool,
    #[serde(skip)]
    outbox: String,
}

/// A reminder.
#[derive(Debug, Clone, Serialize)]
pub struct ReminderShown {
    /// Whose duties they are.
    pub authority: AuthorityName,
    /// Who is told.
    pub role: RoleNamed,
    /// What has become of it.
    pub state: ReminderState,
    /// The duties.
    pub duties: Vec<ReminderDuty>,
}

/// What has become of a reminder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReminderState {
    /// The mail server has taken it, or would be given it.
    Sent,
    /// It lies in the outbox, or would.
    Outbox,
    /// Neither: it waits for the next run.
    Failed,
    /// There is a mail server, and no mailbox of the role.
    WithoutMailbox,
}

/// A duty of a reminder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReminderDuty {
    /// Its id.
    pub id: DutyId,
    /// What is to be done.
    pub title: String,
}

/// What a role has not been told of.
struct Parcel {
    authority: AuthorityName,
    role: String,
    untold: Vec<Untold>,
}

/// The way that reminders take.
enum Way {
    /// Into a folder.
    Outbox(PathBuf),
    /// To a mail server.
    Post(Box<Post>),
    /// To one that cannot be had in this run.
    Barred(String),
}

/// Why a reminder was not taken, in words with what to do.
struct Untaken {
    why: String,
    /// Whether the way itself may be barred.
    is_way: bool,
}

impl Installation {
    /// Tells every role what it has not been told; with `dry_run`, says what would be told to whom.
    pub fn duties_remind(&mut self, dry_run: bool) -> Result<Reminded, Failure> {
        if dry_run {
            return looked_through(self);
        }
        let _lease = self.ledger.lease(Work::Remind)?;
        let actor = self.actor.clone();
        remind(self, &actor)
    }
}

/// What would be told to whom.
fn looked_through(installation: &Installation) -> Result<Reminded, Failure> {
    let mut reminded = Reminded::of(installation)?;
    reminded.is_dry = true;
    for parcel in parcels(installation)? {
        let state = match (&installation.configuration.reminders.smtp, mailbox(installation, &parcel)) {
            (None, _) => ReminderState::Outbox,
            (Some(_), Some(_)) => ReminderState::Sent,
            (Some(_), None) => ReminderState::WithoutMailbox,
        };
        reminded.add(installation, &parcel, state)?;
    }
    Ok(reminded)
}

/// Tells every role what it has not been told. What one role cannot be told holds up no other.
pub(super) fn remind(installation: &mut Installation, actor: &Actor) -> Result<Reminded, Failure> {
    let mut reminded = Reminded::of(installation)?;
    let parcels = parcels(installation)?;
    let is_sent = installation.configuration.reminders.smtp.is_some();
    let (barred, open): (Vec<Parcel>, Vec<Parcel>) =
        parcels.into_iter().partition(|parcel| is_sent && mailbox(installation, parcel).is_none());
    for parcel in &barred {
        reminded.add(installation, parcel, ReminderState::WithoutMailbox)?;
    }
    if open.is_empty() {
        return Ok(reminded);
    }
    let mut way = way(installation);
    for parcel in &open {
        match give(installation, &way, parcel)? {
            Ok((id, state)) => {
                let Parcel { authority, role, untold } = parcel;
                let reminder = Reminder { id: &id, authority, role, told: untold };
                installation.ledger.duties_told(&reminder, actor)?;
                reminded.add(installation, parcel, state)?;
            }
            Err(untaken) => {
                reminded.add(installation, parcel, ReminderState::Failed)?;
                if !reminded.troubles.contains(&untaken.why) {
                    reminded.troubles.push(untaken.why);
                }
                if untaken.is_way {
                    way = tried_again(way);
                }
            }
        }
    }
    Ok(reminded)
}

/// What each role has not been told, by authority and role. The ledger may hold what is of authorities that are not
/// served.
fn parcels(installation: &Installation) -> Result<Vec<Parcel>, Failure> {
    let mut parcels: BTreeMap<(AuthorityName, String), Vec<Untold>> = BTreeMap::new();
    for one in installation.ledger.duties_untold(installation.clock.now())? {
        let authority = one.duty.authority();
        if installation.configuration.authority(&authority).is_some() {
            parcels.entry((authority, one.role.clone())).or_default().push(one);
        }
    }
    let parcels = parcels.into_iter();
    Ok(parcels.map(|((authority, role), untold)| Parcel { authority, role, untold }).collect())
}

fn mailbox<'i>(installation: &'i Installation, parcel: &Parcel) -> Option<&'i str> {
    let authority = installation.configuration.authority(&parcel.authority)?;
    authority.mailboxes.get(&parcel.role).map(|mailbox| mailbox.address.as_str())
}

/// The way that the configuration names, tried once before anything is given to it.
fn way(installation: &Installation) -> Way {
    let settings = &installation.configuration.reminders;
    let Some(smtp) = &settings.smtp else { return Way::Outbox(settings.outbox.clone()) };
    match post(smtp) {
        Ok(post) => tried_again(Way::Post(Box::new(post))),
        Err(why) => Way::Barred(why),
    }
}

/// How long a mail server may be silent: those that look through what they take need some seconds.
const SILENT_MAX: Duration = Duration::from_secs(30);

fn post(smtp: &SmtpSettings) -> Result<Post, String> {
    let credentials = match &smtp.credentials {
        Some((user, password)) => {
            let password = password.text().map_err(|trouble| format!("failed to {trouble}: {}", trouble.help()))?;
            Some((user.clone(), password))
        }
        None => None,
    };
    let certificate_authority = smtp.certificate_authority.as_ref().map(|path| {
        std::fs::read(path)
            .map_err(|error| format!("failed to read {}: {error}; correct `ca` under [reminders.smtp]", path.display()))
    });
    let server = MailServer {
        host: smtp.host.clone(),
        port: smtp.port,
        safety: match smtp.tls {
            SmtpTls::StartTls => Safety::StartTls,
            SmtpTls::Implicit => Safety::Implicit,
            SmtpTls::None => Safety::None,
        },
        credentials,
        certificate_authority: certificate_authority.transpose()?,
        silent_max: SILENT_MAX,
    };
    Post::new(&server).map_err(|trouble| of_server(&trouble))
}

/// The same way, or that it is barred: a mail server that is not there is not waited for once for each role.
fn tried_again(way: Way) -> Way {
    let Way::Post(post) = way else { return way };
    match post.reach() {
        Ok(()) => Way::Post(post),
        Err(trouble) => Way::Barred(of_server(&trouble)),
    }
}

fn of_server(trouble: &MailTrouble) -> String {
    let help = match trouble.kind {
        MailTroubleKind::Refused(_) => "look at `user` and `password` under [reminders.smtp]",
        MailTroubleKind::Authority => "correct `ca` under [reminders.smtp]",
        MailTroubleKind::Silent | MailTroubleKind::Line | MailTroubleKind::Address => {
            "look at `host`, `port`, `tls` and `ca` under [reminders.smtp], and at whether the server runs"
        }
    };
    format!("no reminder was sent: {trouble}; {help}. The next run tries again")
}

/// Gives a parcel its way. What follows from the parcel alone is the same if it has to be given again.
fn give(
    installation: &Installation,
    way: &Way,
    parcel: &Parcel,
) -> Result<Result<(String, ReminderState), Untaken>, Failure> {
    let letter = letter(installation, parcel)?;
    let setting = format!("`{}` under [authority.mailboxes] of `{}`", parcel.role, parcel.authority);
    let of_role = |trouble: &MailTrouble| {
        let help = match trouble.kind {
            MailTroubleKind::Refused(500..) | MailTroubleKind::Address => "; look at the address there",
            _ => "",
        };
        format!("the reminder for {setting} was not sent: {trouble}{help}. The next run tries again")
    };
    let given =
        match way {
            Way::Barred(why) => Err(Untaken { why: why.clone(), is_way: false }),
            Way::Post(post) => post.send(&letter).map(|()| ReminderState::Sent).map_err(|trouble| Untaken {
                is_way: matches!(trouble.kind, MailTroubleKind::Line | MailTroubleKind::Silent),
                why: of_role(&trouble),
            }),
            Way::Outbox(folder) => match letter.bytes() {
                Err(trouble) => Err(Untaken { why: of_role(&trouble), is_way: false }),
                Ok(bytes) => put(folder, &file_name(parcel, &letter.id), &bytes)
                    .map(|()| ReminderState::Outbox)
                    .map_err(|error| Untaken {
                        why: format!(
                            "a reminder could not be put into {}: {error:#}; look at who may write there",
                            installation.shown(folder)
                        ),
                        is_way: false,
                    }),
            },
        };
    Ok(given.map(|state| (letter.id, state)))
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
    private_folder(folder).context("make the folder")?;
    report::private_file(&folder.join(name), bytes).context("write a file")
}

fn file_name(parcel: &Parcel, id: &str) -> String {
    format!("{}.{}.{id}.eml", plain(parcel.authority.as_str()), plain(&parcel.role))
}

/// A name as files and addresses may have it.
fn plain(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    name.chars().map(plain).collect()
}

fn letter(installation: &Installation, parcel: &Parcel) -> Result<Letter, Failure> {
    let digest = digest(installation, parcel)?;
    // An address that no mail server can ever deliver to (RFC 2606), for a role whose mailbox nobody has named.
    let nowhere = || format!("{}@{}.invalid", plain(&parcel.role), plain(parcel.authority.as_str()));
    Ok(Letter {
        id: identity(parcel),
        from: installation.configuration.reminders.from.clone(),
        to: mailbox(installation, parcel).map_or_else(nowhere, ToOwned::to_owned),
        subject: digest.subject(),
        text: digest.text(),
        calendar: digest.calendar(),
        written: installation.clock.now(),
    })
}

fn digest(installation: &Installation, parcel: &Parcel) -> Result<Digest, Failure> {
    let authority = installation.rules.authority(&parcel.authority)?;
    let office = installation.rules.office(&parcel.authority)?;
    let now = installation.clock.now();
    let duties = parcel.untold.iter().map(|Untold { duty, role, times }| DigestDuty {
        id: duty.id.to_string(),
        title: duty.title.clone(),
        panel_title: installation
            .rules
            .panels
            .get(&duty.panel)
            .map_or_else(|| duty.panel.to_string(), |profile| profile.title.clone()),
        due: duty.due.to_zoned_datetime(office.zone.clone()),
        is_overdue: duty.is_overdue(now),
        escalated_from: (duty.role != *role).then(|| authority.role_title(&duty.role)),
        times: *times,
    });
    Ok(Digest {
        role: parcel.role.clone(),
        role_title: authority.role_title(&parcel.role),
        authority_title: authority.title.clone(),
        address: installation.configuration.web.address.clone(),
        at: installation.clock.now_in(&office.zone),
        duties: duties.collect(),
    })
}

/// Digits of a hash that identify a reminder.
const DIGITS: usize = 32;

/// What identifies a reminder: whom it tells, of which duties due when, and how often they were told before. It does
/// not depend on the day, so that what was sent and not noted is the same e-mail when it is sent again.
fn identity(parcel: &Parcel) -> String {
    let mut hash = Sha256::new();
    let mut add = |part: &str| hash.update(format!("{part}\u{1f}"));
    add(parcel.authority.as_str());
    add(&parcel.role);
    for Untold { duty, times, .. } in &parcel.untold {
        add(duty.id.as_str());
        add(&duty.due.as_second().to_string());
        add(&times.to_string());
    }
    hexadecimal(&hash.finalize()).chars().take(DIGITS).collect()
}

/// Mailboxes of roles that no duty of their authority knows, each with the one that was probably meant.
fn unknown_roles(installation: &Installation) -> Result<Vec<String>, Failure> {
    let mut wrong = Vec::new();
    for AuthoritySettings { name, mailboxes, .. } in &installation.configuration.authorities {
        if mailboxes.is_empty() {
            continue;
        }
        let known: BTreeSet<String> = roles_of(&installation.rules, name).into_keys().collect();
        for (role, mailbox) in mailboxes.iter().filter(|(role, _)| !known.contains(*role)) {
            let meant = nearest(role, known.iter().map(String::as_str)).map_or_else(
                || "`tessera duties list` names the roles that have some".to_owned(),
                |meant| format!("did you mean `{meant}`?"),
            );
            let file = installation.configuration.file.display();
            wrong.push(format!("{file}, {}: no duty of `{name}` is ever for `{role}`: {meant}", mailbox.place));
        }
    }
    Ok(wrong)
}

impl Reminded {
    fn of(installation: &Installation) -> Result<Self, Failure> {
        Ok(Self {
            run: RemindersRun::default(),
            reminders: Vec::new(),
            troubles: unknown_roles(installation)?,
            is_dry: false,
            outbox: installation.shown(&installation.configuration.reminders.outbox),
        })
    }

    fn add(&mut self, installation: &Installation, parcel: &Parcel, state: ReminderState) -> Result<(), Failure> {
        let counter = match state {
            ReminderState::Sent => &mut self.run.sent,
            ReminderState::Outbox => &mut self.run.outbox,
            ReminderState::Failed => &mut self.run.failed,
            ReminderState::WithoutMailbox => &mut self.run.without_mailbox,
        };
        *counter += 1;
        let (name, duties) = (&parcel.authority, parcel.untold.len());
        match (self.is_dry, state) {
            (true, _) => {}
            (_, ReminderState::Sent | ReminderState::Outbox) => {
                let by = if state == ReminderState::Sent { "e-mail" } else { "outbox" };
                log::info!("A role was reminded of its duties.", authority = name, duties = duties, by = by);
            }
            (_, ReminderState::Failed) => {
                log::warn!(
                    "A role could not be reminded of its duties: the next run tries again.",
                    authority = name,
                    duties = duties
                );
            }
            (_, ReminderState::WithoutMailbox) => {
                log::warn!("A role has duties and no mailbox: nobody was told.", authority = name, duties = duties);
            }
        }
        let authority = installation.rules.authority(&parcel.authority)?;
        let duties = parcel.untold.iter().map(|one| &one.duty);
        self.reminders.push(ReminderShown {
            authority: parcel.authority.clone(),
            role: RoleNamed::of(authority, &parcel.role),
            state,
            duties: duties.map(|duty| ReminderDuty { id: duty.id.clone(), title: duty.title.clone() }).collect(),
        });
        Ok(())
    }

    /// Whether somebody has to look.
    pub fn needs_person(&self) -> bool {
        !self.troubles.is_empty()
    }

    /// Whom the run has told what, as a person reads it.
    pub fn text(&self) -> String {
        if self.reminders.is_empty() {
            return "Nobody has anything new on the desk: nothing was sent.\n".to_owned();
        }
        let mut text = format!("{}.\n", self.line());
        for ReminderShown { authority, role, state, duties } in &self.reminders {
            let state = match state {
                ReminderState::Sent => "e-mail",
                ReminderState::Outbox => "outbox",
                ReminderState::Failed => "not sent",
                ReminderState::WithoutMailbox => "no mailbox",
            };
            text.push_str(&format!("\n{role} ({}, {authority}): {state}\n", role.name));
            for duty in duties {
                text.push_str(&format!("  {} {}\n", duty.id, duty.title));
            }
        }
        text
    }

    /// What has become of them, in one line.
    pub(super) fn line(&self) -> String {
        let RemindersRun { sent, outbox, failed, without_mailbox } = self.run;
        let mut parts = Vec::new();
        if sent + outbox + failed + without_mailbox == 0 {
            parts.push("nobody has anything new on the desk".to_owned());
        }
        if sent > 0 {
            parts.push(format!("{} sent by e-mail", report::count(sent, "reminder")));
        }
        if outbox > 0 {
            parts.push(format!("{} put into the outbox, {}", report::count(outbox, "reminder"), self.outbox));
        }
        if failed > 0 {
            parts.push(format!("{} not sent", report::count(failed, "reminder")));
        }
        if without_mailbox > 0 {
            parts.push(format!("{} without a mailbox not told", report::count(without_mailbox, "role")));
        }
        let would = if self.is_dry { "Nothing was sent; this would be: " } else { "" };
        format!("{would}{}", parts.join(", "))
    }
}
