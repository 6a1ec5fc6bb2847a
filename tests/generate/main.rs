//! Writes realistic exports of any size, in any layout, from a seed: the same seed gives the same bytes.
//!
//! ```sh
//! cargo run --release --example generate -- --layout xml --records 100000 --seed 1 --out c0343.xml
//! cargo run --release --example generate -- --layout wide --container xlsx --records 50000 --out c0343.xlsx
//! ```
//!
//! The children are made up, and every text says that it is synthetic.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, ValueEnum};
use rust_xlsxwriter::Workbook;

/// Write a synthetic export of request forms
#[derive(Parser)]
struct Arguments {
    /// How answers are laid out
    #[arg(long, value_enum)]
    layout: Layout,
    /// What the export is kept in
    #[arg(long, value_enum, default_value = "plain")]
    container: Container,
    /// How many submissions
    #[arg(long, default_value_t = 1_000)]
    records: u64,
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Let the rows of a `long` export stand in no order
    #[arg(long)]
    shuffle: bool,
    /// The file
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Layout {
    Xml,
    Long,
    Wide,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Container {
    Plain,
    Gzip,
    Zip,
    Xlsx,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if arguments.container == Container::Xlsx {
        return workbook(&arguments);
    }
    let file = BufWriter::with_capacity(1 << 20, File::create(&arguments.out)?);
    match arguments.container {
        Container::Gzip => {
            let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
            text(&arguments, &mut gzip)?;
            gzip.finish()?.flush()?;
        }
        Container::Zip => {
            let mut zip = zip::ZipWriter::new(file);
            let name = member(&arguments.out, arguments.layout);
            zip.start_file(name, zip::write::SimpleFileOptions::default().large_file(true))?;
            text(&arguments, &mut zip)?;
            zip.finish()?.flush()?;
        }
        Container::Plain | Container::Xlsx => {
            let mut file = file;
            text(&arguments, &mut file)?;
            file.flush()?;
        }
    }
    Ok(())
}

fn member(out: &Path, layout: Layout) -> String {
    let stem = out.file_stem().map_or_else(|| "export".into(), |stem| stem.to_string_lossy());
    format!("{stem}.{}", if layout == Layout::Xml { "xml" } else { "csv" })
}

/// The questions of the form, with how each is answered.
const QUESTIONS: [(&str, Kind); 22] = [
    ("panelDate", Kind::Date),
    ("whatRequested", Kind::Text),
    ("reasonForRequest", Kind::Text),
    ("proposedPlan", Kind::Text),
    ("urgentRequest", Kind::YesNo),
    ("requestCategory", Kind::Choice(&["Legal Planning Meeting", "Accommodation", "Other"])),
    ("supportRequested", Kind::Choice(&["Short breaks", "Early Help", "Parenting programme"])),
    ("uascYN", Kind::YesNo),
    ("assessmentCompleted", Kind::YesNo),
    ("directWorkDone", Kind::YesNo),
    ("fgcHeld", Kind::YesNo),
    ("safetyPlanAgreed", Kind::YesNo),
    ("legalAdviceGiven", Kind::YesNo),
    ("sosMappingDone", Kind::YesNo),
    ("managerApproved", Kind::YesNo),
    ("approverRole", Kind::Choice(&["Team Manager", "Service Manager"])),
    ("approvedBy", Kind::Worker),
    ("approvedOn", Kind::Date),
    ("workingWell", Kind::Text),
    ("worriedAbout", Kind::Text),
    ("needsToHappen", Kind::Text),
    ("outcomeTimescales", Kind::Text),
];

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Date,
    YesNo,
    Worker,
    Choice(&'static [&'static str]),
}

const WORDS: [&str; 16] = [
    "synthetic",
    "made-up",
    "carer",
    "school",
    "visit",
    "plan",
    "support",
    "family",
    "evening",
    "review",
    "worker",
    "weekly",
    "safety",
    "network",
    "meeting",
    "agreed",
];

/// A small generator (SplitMix64), so that a seed gives the same file on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).unwrap_or(0) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.roll(from.len())).copied().unwrap_or("")
    }
}

/// One submission: its head, and its answers in the order of the questions.
struct Submission {
    step: u64,
    form: u64,
    person: u64,
    status: &'static str,
    started: String,
    completed: String,
    answers: Vec<(&'static str, Kind, String)>,
}

fn submission(seed: u64, number: u64) -> Submission {
    let mut dice = Dice(seed.wrapping_mul(1_000_003).wrapping_add(number));
    let day = 1 + dice.roll(28);
    let status = ["COMPLETED", "COMPLETED", "COMPLETED", "STARTED", "REOPENED"];
    let answers = QUESTIONS.iter().map(|(code, kind)| {
        let answer = match kind {
            Kind::Text => {
                let words = 12 + dice.roll(30);
                (0..words).map(|_| dice.pick(&WORDS)).collect::<Vec<_>>().join(" ")
            }
            Kind::Date => format!("2026-11-{:02}", 1 + dice.roll(28)),
            Kind::YesNo => dice.pick(&["Y", "N"]).to_owned(),
            Kind::Worker => format!("W{:04}", dice.roll(10_000)),
            Kind::Choice(choices) => dice.pick(choices).to_owned(),
        };
        (*code, *kind, answer)
    });
    let answers = answers.collect();
    Submission {
        step: 10_000_000 + number,
        form: 20_000_000 + number,
        person: 100_000 + number % 400_000,
        status: dice.pick(&status),
        started: format!("2026-10-{day:02}T09:14:00"),
        completed: format!("2026-11-{day:02}T16:40:00"),
        answers,
    }
}

const TITLE: &str = "C0343 SC Support Panel Request and Outcome";

fn text(arguments: &Arguments, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    match arguments.layout {
        Layout::Xml => {
            out.write_all(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MosaicForms schemaVersion=\"25.2.0.0\">\n")?;
            for number in 0..arguments.records {
                xml(&submission(arguments.seed, number), out)?;
            }
            out.write_all(b"</MosaicForms>\n")?;
        }
        Layout::Long => long(arguments, out)?,
        Layout::Wide => {
            let mut table = csv::Writer::from_writer(out);
            table.write_record(wide_header())?;
            for number in 0..arguments.records {
                table.write_record(wide_row(&submission(arguments.seed, number)))?;
            }
            table.flush()?;
        }
    }
    Ok(())
}

fn xml(one: &Submission, out: &mut impl Write) -> std::io::Result<()> {
    let Submission { step, form, person, status, started, completed, answers } = one;
    write!(
        out,
        "  <WorkflowStep workflowStepId=\"{step}\" workflowStepTypeId=\"1501\" stepStatus=\"{status}\" startedOn=\"{started}\" \
         completedOn=\"{completed}\">\n    <Subjects><Subject subjectTypeCode=\"PER\" subjectCompoundId=\"{person}\"/></Subjects>\n    \
         <Form formId=\"{form}\">\n      <TemplateMetaData templateId=\"2401\"><TemplateUserCode>scSupportPanel</TemplateUserCode>\
         <Context>C</Context><Version>3</Version><Title>{TITLE}</Title></TemplateMetaData>\n"
    )?;
    for (code, kind, answer) in answers {
        let datatype = datatype(*kind);
        match kind {
            Kind::Choice(_) => writeln!(
                out,
                "      <Answer questionUserCode=\"{code}\" answerDatatype=\"{datatype}\"><Lookup id=\"51\">{answer}</Lookup></Answer>"
            )?,
            _ => writeln!(
                out,
                "      <Answer questionUserCode=\"{code}\" answerDatatype=\"{datatype}\">{answer}</Answer>"
            )?,
        }
    }
    out.write_all(b"    </Form>\n  </WorkflowStep>\n")
}

const fn datatype(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "LONGTEXT",
        Kind::Date => "DATE",
        Kind::YesNo => "BOOLEAN",
        Kind::Worker => "SHORTTEXT",
        Kind::Choice(_) => "LOOKUP",
    }
}

const LONG: [&str; 13] = [
    "workflow_step_id",
    "step_status",
    "started_on",
    "completed_on",
    "person_id",
    "form_id",
    "template_id",
    "template_user_code",
    "version",
    "title",
    "question_user_code",
    "answer_datatype",
    "text_answer",
];

fn long(arguments: &Arguments, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record(LONG)?;
    let mut row = |one: &Submission, answer: &(&str, Kind, String)| {
        let (step, person, form) = (one.step.to_string(), one.person.to_string(), one.form.to_string());
        let head =
            [&step, one.status, &one.started, &one.completed, &person, &form, "2401", "scSupportPanel", "3", TITLE];
        table.write_record(head.into_iter().chain([answer.0, datatype(answer.1), &answer.2]))
    };
    if !arguments.shuffle {
        for number in 0..arguments.records {
            let one = submission(arguments.seed, number);
            one.answers.iter().try_for_each(|answer| row(&one, answer))?;
        }
        return Ok(());
    }
    // One pass for each question: the rows of a submission are as far apart as they can be.
    for question in 0..QUESTIONS.len() {
        for number in 0..arguments.records {
            let one = submission(arguments.seed, number);
            one.answers.get(question).map_or(Ok(()), |answer| row(&one, answer))?;
        }
    }
    Ok(())
}

fn wide_header() -> Vec<String> {
    let heads = [
        "workflow_step_id",
        "form_id",
        "person_id",
        "template_id",
        "template_user_code",
        "version",
        "title",
        "status",
        "started_on",
        "completed_on",
    ];
    heads.into_iter().chain(QUESTIONS.iter().map(|(code, _)| *code)).map(ToOwned::to_owned).collect()
}

fn wide_row(one: &Submission) -> Vec<String> {
    let head = [one.step, one.form, one.person, 2401].map(|number| number.to_string());
    let words = ["scSupportPanel", "3", TITLE, one.status, &one.started, &one.completed].map(ToOwned::to_owned);
    head.into_iter().chain(words).chain(one.answers.iter().map(|(.., answer)| answer.clone())).collect()
}

fn workbook(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    if arguments.layout == Layout::Xml {
        return Err("a workbook holds a table: choose --layout long or wide".into());
    }
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    let mut at = 0;
    let mut put = |row: Vec<String>| -> Result<(), rust_xlsxwriter::XlsxError> {
        for (column, text) in (0_u16..).zip(row) {
            sheet.write_string(at, column, text)?;
        }
        at += 1;
        Ok(())
    };
    put(if arguments.layout == Layout::Wide { wide_header() } else { LONG.map(ToOwned::to_owned).to_vec() })?;
    for number in 0..arguments.records {
        let one = submission(arguments.seed, number);
        if arguments.layout == Layout::Wide {
            put(wide_row(&one))?;
            continue;
        }
        for (code, kind, answer) in &one.answers {
            let numbers = [one.person, one.form, 2401].map(|number| number.to_string());
            let head = [one.step.to_string(), one.status.to_owned(), one.started.clone(), one.completed.clone()];
            let words = ["scSupportPanel", "3", TITLE, code, datatype(*kind), answer].map(ToOwned::to_owned);
            put(head.into_iter().chain(numbers).chain(words).collect())?;
        }
    }
    workbook.save(&arguments.out)?;
    Ok(())
}
