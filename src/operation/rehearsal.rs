//! The rehearsal: the same job with a ledger of its own and a stand-in for Mosaic.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::init::{private_folder, write_key};
use super::installation::Installation;
use super::outcomes::{approve, release};
use super::outcomes_workbook::load;
use super::write_back::{Sending, Task, runtime, send};
use super::{Actor, Failure, Workplace};
use crate::calendar::Clock;
use crate::config::{Configuration, Credentials, ImportFiles, MosaicSettings, SecretSource, Transport};
use crate::domain::{AuthorityName, SubmissionId};
use crate::ledger::Selection;
use crate::mosaic::{Running, StandIn, StandInForm, StandInPerson, StandInTrouble};

/// The file in which the stand-in keeps what a rehearsal has written.
const RECORDS: &str = "mosaic.json";

/// Makes what a rehearsal needs: its folder and a key of its own.
pub(super) fn prepare(configuration: &Configuration) -> Result<(), Failure> {
    let folder = configuration.rehearsal_folder();
    let failed = |error: std::io::Error| {
        let error = anyhow::Error::new(error).context(format!("make the rehearsal's folder {}", folder.display()));
        Failure::failed(error, "look at who may write there and whether its disk is full")
    };
    private_folder(&folder).map_err(failed)?;
    let key = folder.join("ledger.key");
    if !key.exists() {
        write_key(&key).map_err(failed)?;
    }
    Ok(())
}

/// Loads and approves the outcomes of the rehearsal's workbooks. Returns what is wrong with them.
pub(super) fn decide(installation: &mut Installation) -> Result<Vec<String>, Failure> {
    let Some(folder) = installation.configuration.rehearsal.outcomes.clone() else { return Ok(Vec::new()) };
    let read = std::fs::read_dir(&folder).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("read {}", folder.display()));
        Failure::failed(error, "correct `outcomes` under [rehearsal]")
    })?;
    let mut workbooks: Vec<PathBuf> = read.filter_map(|entry| Some(entry.ok()?.path())).collect();
    workbooks.retain(|path| path.extension().is_some_and(|extension| extension == "xlsx"));
    workbooks.sort();
    let mut wrong = Vec::new();
    for workbook in workbooks {
        let loaded = load(installation, &Actor::new("administrator", Some("rehearsal")), &workbook, false)?;
        let name = installation.shown(&workbook);
        wrong.extend(loaded.troubles.iter().map(|trouble| format!("{name}, {}: {}", trouble.place, trouble.message)));
    }
    let rows = installation.ledger.outcomes(None)?;
    let waiting = rows.iter().filter(|row| row.outcome.state == crate::domain::OutcomeState::Loaded);
    let ids: Vec<SubmissionId> = waiting.map(|row| row.outcome.submission.clone()).collect();
    // A second person, as authorities ask for one.
    let approver = Actor::new("approver", Some("rehearsal-second"));
    if !ids.is_empty() {
        approve(installation, &approver, &ids)?;
    }
    release(installation, &approver)?;
    Ok(wrong)
}

/// Sends to a stand-in that stands for as long as it takes.
pub(super) fn deliver(installation: &mut Installation) -> Result<Sending, Failure> {
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    runtime()?.block_on(async {
        let running = stand(installation, any_port).await?;
        let url = running.url();
        // Nobody else writes to the stand-in, so that nothing need settle.
        let secret = SecretSource::File(installation.configuration.rehearsal_folder().join("ledger.key"));
        let folder = installation.configuration.rehearsal_folder();
        let meant = move |name: &AuthorityName, mosaic: &MosaicSettings| match mosaic {
            MosaicSettings::None => Ok(MosaicSettings::None),
            MosaicSettings::Rest(transport) => Ok(MosaicSettings::Rest(Box::new(Transport {
                url: url.clone(),
                credentials: Credentials::Client { id: "tessera".to_owned(), secret: secret.clone() },
                client_certificate: None,
                proxy: None,
                settling: Duration::ZERO,
                certificate_authority: None,
                rate_per_second: 1_000,
                ..(**transport).clone()
            }))),
            MosaicSettings::ImportFile(_) => import_files(&folder.join(name.as_str())).map(MosaicSettings::ImportFile),
        };
        let sending = send(installation, &meant, Task::Send).await;
        running.stop();
        sending
    })
}

/// Folders of the rehearsal's own: nothing is handed over to a real import.
fn import_files(folder: &Path) -> Result<ImportFiles, Failure> {
    let files = ImportFiles { outbox: folder.join("to-mosaic"), results: folder.join("from-mosaic") };
    for path in [&files.outbox, &files.results] {
        private_folder(path).map_err(|error| {
            let error = anyhow::Error::new(error).context(format!("make the rehearsal's folder {}", path.display()));
            Failure::failed(error, "look at who may write there and whether its disk is full")
        })?;
    }
    Ok(files)
}

async fn stand(installation: &Installation, listen: SocketAddr) -> Result<Running, Failure> {
    let records = records(&installation.configuration);
    let stand_in = StandIn { listen, records, persons: persons(installation)?, clock: installation.clock };
    let failed = |error: StandInTrouble| {
        let help = match &error {
            StandInTrouble::NotLoopback(_) => "listen on 127.0.0.1",
            StandInTrouble::Address { .. } => "choose another port with --listen",
            StandInTrouble::Records { .. } => "look at who may write there, or take the file away",
        };
        Failure::failed(error, help)
    };
    let running = stand_in.start().await.map_err(failed)?;
    running.know_forms(forms(installation)?).map_err(failed)?;
    Ok(running)
}

/// The forms that made the requests, for their outcome sections to be answered.
fn forms(installation: &Installation) -> Result<Vec<StandInForm>, Failure> {
    let mut forms = Vec::new();
    for authority in &installation.configuration.authorities {
        let mut selection = Selection { authority: Some(authority.name.clone()), limit: 1_000, ..Selection::default() };
        loop {
            let page = installation.ledger.submissions(&selection)?;
            for row in &page {
                let of = &row.submission;
                let (Some(step), Some(form), Some(person)) = (of.step_id, of.form_id, of.people.first()) else {
                    continue;
                };
                let form = StandInForm::new(step.number(), form.number(), person.number());
                forms.push(StandInForm { template: of.form.to_string(), version: of.version.to_string(), ..form });
            }
            let Some(last) = page.last() else { break };
            selection.after = Some(last.submission.id.clone());
        }
    }
    Ok(forms)
}

fn records(configuration: &Configuration) -> PathBuf {
    configuration.rehearsal_folder().join(RECORDS)
}

/// Everybody whom the ledger knows: from the persons extracts, and whoever a request is about.
fn persons(installation: &Installation) -> Result<Vec<StandInPerson>, Failure> {
    let mut persons = Vec::new();
    for authority in &installation.configuration.authorities {
        for person in installation.ledger.persons(&authority.name)? {
            persons.push(StandInPerson {
                person_id: person.person.number(),
                date_of_birth: person.date_of_birth.map(|born| born.expose().to_string()),
                initials: person.initials.map(|initials| initials.expose().clone()),
                status: "open".to_owned(),
                restricted: person.restricted,
                merged_into: person.merged_into.map(|into| into.number()),
            });
        }
        let mut selection = Selection { authority: Some(authority.name.clone()), limit: 1_000, ..Selection::default() };
        loop {
            let page = installation.ledger.submissions(&selection)?;
            for person in page.iter().flat_map(|row| &row.submission.people) {
                if !persons.iter().any(|known| known.person_id == person.number()) {
                    persons.push(StandInPerson {
                        person_id: person.number(),
                        date_of_birth: None,
                        initials: None,
                        status: "open".to_owned(),
                        restricted: false,
                        merged_into: None,
                    });
                }
            }
            let Some(last) = page.last() else { break };
            selection.after = Some(last.submission.id.clone());
        }
    }
    Ok(persons)
}

impl Workplace {
    /// Serves the stand-in of the rehearsal until the program is interrupted. `standing` is told where it listens and
    /// what it keeps.
    pub fn stand_in(
        &self,
        clock: Clock,
        actor: &Actor,
        listen: SocketAddr,
        standing: impl FnOnce(SocketAddr, &Path),
    ) -> Result<(), Failure> {
        let rehearsed = Self::new(self.configuration().clone().rehearsed());
        prepare(rehearsed.configuration())?;
        let installation = rehearsed.open(clock, actor)?;
        runtime()?.block_on(async {
            let running = stand(&installation, listen).await?;
            standing(running.address, &records(&installation.configuration));
            let interrupted = tokio::signal::ctrl_c().await;
            running.stop();
            interrupted.map_err(|error| Failure::failed(error, "stop the process"))
        })
    }
}
