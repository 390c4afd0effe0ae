//! What a process asks of the system, as `strace` saw it.

use crate::{
    folder::Folder,
    process::{Heard, hear, start},
};
use kiff_tests::crash::Order;
use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    ops::ControlFlow,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// One step of a process, in the order of the trace.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A new process begins: it has no file open.
    Begin,
    /// A call begins. Its number tells which end is its own.
    Enter(usize, Call),
    /// A call has ended well, with this result.
    Leave(usize, i64),
}

/// A call that changes what a disk has, or that tells something.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Open {
        path: String,
        truncates: bool,
    },
    Close {
        file: i64,
    },
    /// At this place, or at the end.
    Write {
        file: i64,
        at: Option<u64>,
        bytes: Vec<u8>,
    },
    Truncate {
        file: i64,
        bytes: u64,
    },
    Sync {
        file: i64,
    },
    Remove {
        path: String,
    },
    /// One that the disk does not know, and so must not be about a file of the folder.
    Other {
        file: i64,
        name: String,
    },
}

/// The calls by which a file can change. A trace with one that is not understood is refused if it is about the folder.
const TRACED: &str = "trace=openat,open,creat,close,write,pwrite64,writev,pwritev,pwritev2,ftruncate,truncate,fallocate,\
                      fsync,fdatasync,sync_file_range,unlink,unlinkat,rename,renameat,renameat2,link,linkat,\
                      dup,dup2,dup3,sendfile,copy_file_range";

/// Of those that are not understood, the ones that take a path.
const BY_PATH: [&str; 9] =
    ["open", "creat", "truncate", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat"];

/// True if processes can be traced here. If not, says so where it is seen.
pub(crate) fn can_trace() -> bool {
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let can = tried.is_ok_and(|status| status.success());
    if !can {
        // Not by `println`, which is kept from those who must know.
        let _ = writeln!(
            io::stderr(),
            "left out: `strace` is not there or may not trace. Install the package `strace`, then run: cargo test -p \
             kiff-tests --test crash"
        );
    }
    can
}

/// Runs a process to its end and tells its steps beside what it said.
pub(crate) fn trace(folder: &Folder, order: &Order) -> (Heard, Vec<Step>) {
    let file = folder.path.join("trace");
    let mut command = Command::new("strace");
    command
        .args(["-f", "-e", TRACED, "-e", "signal=none", "-xx", "-s", "200000", "-o"])
        .arg(&file)
        .arg(env!("CARGO_BIN_EXE_crash_child"))
        .args(order.args());
    let heard = hear(start(&mut command), Instant::now() + Duration::from_secs(300), |_| ControlFlow::Continue(()));
    let text = fs::read_to_string(&file).unwrap();
    let folder = format!("{}/", folder.path.display());
    let mut reader = Reader { folder, steps: vec![Step::Begin], waiting: BTreeMap::new(), count: 0 };
    text.lines().for_each(|line| reader.take(line));
    (heard, reader.steps)
}

struct Reader {
    folder: String,
    steps: Vec<Step>,
    /// The call that each thread waits for.
    waiting: BTreeMap<String, usize>,
    count: usize,
}

impl Reader {
    fn take(&mut self, line: &str) {
        let (thread, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        if rest.starts_with("+++") || rest.starts_with("---") {
            return;
        }
        if rest.starts_with("<... ") {
            if let Some(number) = self.waiting.remove(thread) {
                self.leave(number, rest);
            }
            return;
        }
        let (name, args) = rest.split_once('(').unwrap();
        let Some(call) = self.read(name, args) else { return };
        self.count += 1;
        self.steps.push(Step::Enter(self.count, call));
        match rest.ends_with("<unfinished ...>") {
            true => drop(self.waiting.insert(thread.to_owned(), self.count)),
            false => self.leave(self.count, rest),
        }
    }

    /// A call that failed has changed nothing.
    fn leave(&mut self, number: usize, line: &str) {
        let (_, result) = line.rsplit_once(" = ").unwrap();
        // Cut short by the end of the process.
        let Ok(result) = result.split(' ').next().unwrap().parse() else { return };
        if result >= 0 {
            self.steps.push(Step::Leave(number, result));
        }
    }

    /// The call, if it is about the files of the folder or about what is told.
    fn read(&self, name: &str, args: &str) -> Option<Call> {
        assert!(!args.contains("\"..."), "a trace that is cut short: {name}");
        let mut quoted = args.split('"').skip(1).step_by(2).map(unescape);
        let file = || args.split([',', ')', ' ']).next()?.parse().ok();
        // Behind the text, if there is one.
        let numbers = || args.rsplit('"').next().unwrap().split([',', ')', ' ']).filter_map(|word| word.parse().ok());
        let path = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let ours = |path: &String| path.starts_with(&self.folder) || format!("{path}/") == self.folder;
        Some(match name {
            "openat" => {
                let path = quoted.next().map(path)?;
                Call::Open { path, truncates: args.contains("O_TRUNC") }
            }
            "close" => Call::Close { file: file()? },
            "write" => Call::Write { file: file()?, at: None, bytes: quoted.next()? },
            "pwrite64" => Call::Write { file: file()?, at: numbers().nth(1), bytes: quoted.next()? },
            "ftruncate" => Call::Truncate { file: file()?, bytes: numbers().nth(1)? },
            "fsync" | "fdatasync" => Call::Sync { file: file()? },
            "unlink" => Call::Remove { path: quoted.next().map(path).filter(ours)? },
            _ if BY_PATH.contains(&name) => {
                assert!(!quoted.map(path).any(|path| ours(&path)), "a call that is not understood: {name}");
                return None;
            }
            _ => Call::Other { file: file()?, name: name.to_owned() },
        })
    }
}

/// `\x41\x42` as bytes.
fn unescape(text: &str) -> Vec<u8> {
    let bytes = text.split("\\x").skip(1);
    bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}
