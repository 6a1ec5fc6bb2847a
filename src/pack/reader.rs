//! Opens the files of a pack in a process of its own, which may hang or fall over without harm.
//!
//! The process is this program again. It is told a path and how many of the documents there to pass over, each ended
//! by a zero byte: no path holds one. It answers with lines of JSON, and with an empty line when a file is done. It may
//! use so much memory and so much time; if it is gone, the document it was at is said to be stuck, and another process
//! goes on after it.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Contents;
use super::folder::{self, Found};
use super::open::{Inside, open_into};
use super::sink::{Sink, Step};
use crate::domain::{DocumentTrouble, Private, limit};
use crate::log;

/// Documents of one file that may bring a process down before the rest of the file is given up.
const STUCK_MAX: usize = 3;

/// How long a pack may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// One document.
    pub(super) document: Duration,
    /// All of them.
    pub(super) pack: Duration,
}

/// Reads every file of a pack. `program` is called with `argument` to open them.
pub fn read(path: &Path, program: &Path, argument: &str) -> io::Result<Vec<Contents>> {
    let mut read = Vec::new();
    read_each(path, program, argument, &mut |contents| read.push(contents))?;
    Ok(read)
}

/// Reads every file of a pack, and hands each document over as soon as it is read.
pub fn read_each(path: &Path, program: &Path, argument: &str, take: &mut dyn FnMut(Contents)) -> io::Result<()> {
    let document = Duration::from_secs(limit::PACK_DOCUMENT_SECONDS_MAX);
    let pack = Duration::from_secs(limit::PACK_SECONDS_MAX);
    read_within(path, program, argument, Patience { document, pack }, take)
}

pub(super) fn read_within(
    path: &Path,
    program: &Path,
    argument: &str,
    patience: Patience,
    take: &mut dyn FnMut(Contents),
) -> io::Result<()> {
    let root = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let own = path.file_name().map_or_else(|| path.display().to_string(), |own| own.to_string_lossy().into_owned());
    let files = folder::files(path)?;
    let until = Instant::now() + patience.pack;
    let mut pack = Pack { program, argument, patience, until, process: None, read: 0, take, is_over: false };
    if files.is_empty() {
        pack.troubled(&own, DocumentTrouble::Empty);
    }
    for Found { path, trouble } in files {
        if pack.read >= limit::PACK_FILES_MAX {
            pack.is_over = true;
            break;
        }
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
        match trouble {
            Some(trouble) => pack.troubled(&name, trouble),
            None => pack.open(&path, &name)?,
        }
    }
    if pack.is_over {
        pack.troubled(&own, DocumentTrouble::TooLarge);
    }
    Ok(())
}

/// A pack, as far as it has been read.
struct Pack<'p> {
    program: &'p Path,
    argument: &'p str,
    patience: Patience,
    until: Instant,
    process: Option<Process>,
    /// Documents that were handed over.
    read: usize,
    take: &'p mut dyn FnMut(Contents),
    /// Whether it has more documents than are read.
    is_over: bool,
}

impl Pack<'_> {
    fn troubled(&mut self, name: &str, trouble: DocumentTrouble) {
        self.hand_over(Contents::troubled(name, trouble).named(name));
    }

    fn hand_over(&mut self, contents: Contents) {
        self.read += 1;
        let trouble = contents.trouble.map(DocumentTrouble::as_str);
        log::debug!("A document of the pack was read.", document = self.read, trouble = trouble);
        (self.take)(contents);
    }

    /// Opens a file, in as many processes as it takes.
    fn open(&mut self, path: &Path, name: &str) -> io::Result<()> {
        let (mut done, mut is_said) = (0, false);
        for _ in 0..STUCK_MAX {
            let mut process = match self.process.take() {
                Some(process) => process,
                None => Process::start(self.program, self.argument)?,
            };
            // One that had gone before it was asked says nothing about the file.
            if process.ask(path, done).is_err() {
                continue;
            }
            let Some(inside) = self.listen(&process, name, &mut done) else {
                self.process = Some(process);
                return Ok(());
            };
            self.troubled(&format!("{name}{inside}"), DocumentTrouble::Stuck);
            is_said = true;
            // A file that holds no others is done with.
            if inside.is_empty() || self.until <= Instant::now() {
                return Ok(());
            }
            done += 1;
        }
        if !is_said {
            self.troubled(name, DocumentTrouble::Stuck);
        }
        Ok(())
    }

    /// Takes what a process says of a file; the document at which it got stuck, if it does.
    fn listen(&mut self, process: &Process, name: &str, done: &mut usize) -> Option<String> {
        let mut opening = String::new();
        loop {
            let patience = self.patience.document.min(self.until.saturating_duration_since(Instant::now()));
            match process.answer(patience) {
                Some(Answer::Opening(inside)) => opening = inside,
                Some(Answer::Opened(contents)) => {
                    *done += 1;
                    self.is_over |= self.read >= limit::PACK_FILES_MAX;
                    if !self.is_over {
                        let whole = format!("{name}{}", contents.name.expose());
                        self.hand_over(contents.named(&whole));
                    }
                    opening.clear();
                }
                Some(Answer::Done) => return None,
                None => return Some(opening),
            }
        }
    }
}

/// What the process says.
#[derive(Debug, Serialize, Deserialize)]
enum Answer {
    /// It is about to open a document: the name below the file that it was told.
    Opening(String),
    /// It has opened it.
    Opened(Box<Contents>),
    /// The file is done.
    #[serde(skip)]
    Done,
}

/// The process that opens files.
struct Process {
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
}

impl Process {
    fn start(program: &Path, argument: &str) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.arg(argument).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (requests, answers) = pipes.ok_or_else(|| io::Error::other("the process that opens files has no pipes"))?;
        // Few answers wait at a time: each may be large.
        let (send, receive) = sync_channel(4);
        std::thread::spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, requests, answers: receive })
    }

    fn ask(&mut self, file: &Path, passed_over: usize) -> io::Result<()> {
        let mut asked = file.as_os_str().as_encoded_bytes().to_vec();
        asked.extend_from_slice(format!("\0{passed_over}\0").as_bytes());
        self.requests.write_all(&asked)?;
        self.requests.flush()
    }

    /// What it says next; `None` where it says nothing, or nothing that can be understood.
    fn answer(&self, patience: Duration) -> Option<Answer> {
        match self.answers.recv_timeout(patience) {
            Ok(line) if line.is_empty() => Some(Answer::Done),
            Ok(line) => serde_json::from_str(&line).ok(),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => None,
        }
    }
}

impl Drop for Process {
    /// A process that hangs is ended, not waited for.
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What the process does: opens each file that it is told, until nobody tells it any more.
pub fn answer_requests(requests: impl io::BufRead, mut answers: impl Write) -> io::Result<()> {
    limit_process();
    let mut requests = requests.split(0);
    while let Some((path, passed_over)) = requests.next().zip(requests.next()) {
        let (path, passed_over) = (path?, passed_over?);
        let path = PathBuf::from(as_path(&path));
        let passed_over = std::str::from_utf8(&passed_over).ok().and_then(|count| count.parse().ok());
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned();
        let mut failed = None;
        let mut take = |step: Step<'_>| {
            // The name below the pack's folder is known to who asked.
            let below = |whole: &str| whole.get(name.len()..).unwrap_or_default().to_owned();
            let answer = match step {
                Step::Opening(name) => Answer::Opening(below(name)),
                Step::Opened(contents) => {
                    let name = Private::new(below(contents.name.expose()));
                    Answer::Opened(Box::new(Contents { name, ..*contents }))
                }
            };
            failed = failed.take().or_else(|| say(&mut answers, &answer).err());
        };
        let mut sink = Sink::new(passed_over.unwrap_or(0), &mut take);
        match bytes(&path) {
            Ok(bytes) => open_into(&name, &bytes, Inside::Pack, &mut sink),
            Err(trouble) => sink.document(&name, || Contents::troubled(&name, trouble)),
        }
        if let Some(error) = failed {
            return Err(error);
        }
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}

fn say(answers: &mut impl Write, answer: &Answer) -> io::Result<()> {
    serde_json::to_writer(&mut *answers, answer)?;
    answers.write_all(b"\n")?;
    answers.flush()
}

fn bytes(path: &Path) -> Result<Vec<u8>, DocumentTrouble> {
    let file = unblocked(path).map_err(|_| DocumentTrouble::Broken)?;
    let about = file.metadata().map_err(|_| DocumentTrouble::Broken)?;
    if !about.is_file() {
        return Err(DocumentTrouble::Unsupported);
    }
    let most = u64::try_from(limit::PACK_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    if about.len() > most {
        return Err(DocumentTrouble::TooLarge);
    }
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| DocumentTrouble::Broken)?;
    if bytes.len() > limit::PACK_FILE_BYTES_MAX { Err(DocumentTrouble::TooLarge) } else { Ok(bytes) }
}

/// Opens a file without waiting for somebody to write into it, should it have become a pipe.
#[cfg(unix)]
fn unblocked(path: &Path) -> io::Result<std::fs::File> {
    use rustix::fs::{Mode, OFlags, open};
    Ok(open(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())?.into())
}

#[cfg(not(unix))]
fn unblocked(path: &Path) -> io::Result<std::fs::File> {
    std::fs::File::open(path)
}

#[cfg(unix)]
fn as_path(bytes: &[u8]) -> &OsStr {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(bytes)
}

#[cfg(not(unix))]
fn as_path(bytes: &[u8]) -> std::ffi::OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// A document that grows or runs beyond all measure ends the process and not the machine; the process writes no file,
/// and none with what was in its memory is left behind.
#[cfg(unix)]
fn limit_process() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limits = [
        (Resource::As, limit::PACK_PROCESS_BYTES_MAX),
        (Resource::Cpu, limit::PACK_SECONDS_MAX),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
    ];
    for (resource, most) in limits {
        // Where the system will not set a limit, the limits of the readers themselves still hold.
        if let Err(error) = setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }) {
            log::warn!(
                "A limit could not be set for the process that opens packs: the readers' own limits hold.",
                system_error = error.raw_os_error().unsigned_abs()
            );
        }
    }
}

#[cfg(not(unix))]
fn limit_process() {}
