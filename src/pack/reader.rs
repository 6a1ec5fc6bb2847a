//! Opens the files of a pack in a process of its own, which may hang or fall over without harm.
//!
//! The process is this program again. It is told a path a line, and answers with a line of JSON for each document and
//! an empty line when a file is done. It may use so much memory and so much time; if it is gone, the file it was at
//! is said to be stuck, and another process goes on with the rest.

use std::ffi::OsStr;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::{Contents, folder, open};
use crate::domain::{DocumentTrouble, Private, limit};

/// How long one document may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads every file of a pack. `program` is called with `argument` to open them.
pub fn read(path: &Path, program: &Path, argument: &str) -> io::Result<Vec<Contents>> {
    read_within(path, program, argument, PATIENCE)
}

pub(super) fn read_within(
    path: &Path,
    program: &Path,
    argument: &str,
    patience: Duration,
) -> io::Result<Vec<Contents>> {
    let root = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
    let mut read = Vec::new();
    let mut process: Option<Process> = None;
    for file in folder::files(path)? {
        let shown = file.strip_prefix(root).unwrap_or(&file).display().to_string();
        let mut running = match process.take() {
            Some(running) => running,
            None => Process::start(program, argument)?,
        };
        let (documents, is_alive) = running.open(&file, patience);
        let named = documents.into_iter().map(|contents| {
            let inside = contents.name.expose().clone();
            Contents { name: Private::new(format!("{shown}{inside}")), ..contents }
        });
        read.extend(named);
        if is_alive {
            process = Some(running);
        } else {
            read.push(Contents::troubled(&shown, shown.as_bytes(), DocumentTrouble::Stuck));
        }
    }
    Ok(read)
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
        let (send, receive) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(answers).lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, requests, answers: receive })
    }

    /// The documents of a file, and whether the process is still there.
    fn open(&mut self, file: &Path, patience: Duration) -> (Vec<Contents>, bool) {
        let mut documents = Vec::new();
        let mut asked = file.as_os_str().as_encoded_bytes().to_vec();
        asked.push(b'\n');
        if self.requests.write_all(&asked).and_then(|()| self.requests.flush()).is_err() {
            return (documents, false);
        }
        loop {
            match self.answers.recv_timeout(patience) {
                Ok(line) if line.is_empty() => return (documents, true),
                Ok(line) => match serde_json::from_str(&line) {
                    Ok(contents) => documents.push(contents),
                    Err(_) => return (documents, false),
                },
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return (documents, false),
            }
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
    limit_memory();
    for request in requests.split(b'\n') {
        let path = PathBuf::from(as_path(&request?));
        let documents = match bytes(&path) {
            Ok(bytes) => {
                let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
                let length = name.len();
                // The name below the pack's folder is known to who asked.
                let relative = |contents: Contents| {
                    let inside = contents.name.expose().get(length..).unwrap_or_default().to_owned();
                    Contents { name: Private::new(inside), ..contents }
                };
                open(&name, &bytes).into_iter().map(relative).collect()
            }
            Err(trouble) => vec![Contents::troubled("", &[], trouble)],
        };
        for contents in &documents {
            serde_json::to_writer(&mut answers, contents)?;
            answers.write_all(b"\n")?;
        }
        answers.write_all(b"\n")?;
        answers.flush()?;
    }
    Ok(())
}

fn bytes(path: &Path) -> Result<Vec<u8>, DocumentTrouble> {
    let most = u64::try_from(limit::PACK_FILE_BYTES_MAX).unwrap_or(u64::MAX);
    let file = std::fs::File::open(path).map_err(|_| DocumentTrouble::Broken)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|_| DocumentTrouble::Broken)?;
    if bytes.len() > limit::PACK_FILE_BYTES_MAX { Err(DocumentTrouble::TooLarge) } else { Ok(bytes) }
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

/// A document that grows beyond all measure ends the process and not the machine.
#[cfg(unix)]
fn limit_memory() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let most = Some(limit::PACK_PROCESS_BYTES_MAX);
    // Where the system will not set a limit, the limits of the readers themselves still hold.
    if let Err(error) = setrlimit(Resource::As, Rlimit { current: most, maximum: most }) {
        tracing::warn!(%error, "no limit of memory could be set");
    }
}

#[cfg(not(unix))]
fn limit_memory() {}
