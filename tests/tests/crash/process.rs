//! Starts the process, hears what it says, and kills it.

use kiff_tests::crash::{Line, Order};
use std::{
    io::{BufRead, BufReader, Read},
    ops::ControlFlow,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// What a process said before it ended.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) lines: Vec<Line>,
    pub(crate) status: ExitStatus,
    pub(crate) complaint: String,
}

/// Runs a process to its own end.
pub(crate) fn run(order: &Order) -> Heard {
    run_until(order, Duration::from_secs(300))
}

/// Runs a process, and kills it at this time after its start if it has not ended by then.
pub(crate) fn run_until(order: &Order, moment: Duration) -> Heard {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crash_child"));
    hear(start(command.args(order.args())), Instant::now() + moment, |_| ControlFlow::Continue(()))
}

/// Starts a process that will be heard.
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Hears a process to its end, or kills it: at a moment, or at a line that is the last.
pub(crate) fn hear(mut child: Child, moment: Instant, mut show: impl FnMut(&Line) -> ControlFlow<()>) -> Heard {
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    let reader = thread::spawn(move || {
        let mut line = String::new();
        // A line that was cut short was not told.
        while out.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
            let told = Line::parse(line.trim_end()).unwrap_or_else(|| panic!("what is `{line}`?"));
            sender.send(told).unwrap();
            line.clear();
        }
    });
    let mut errors = child.stderr.take().unwrap();
    let complaints = thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let mut lines = Vec::new();
    while let Ok(line) = receiver.recv_timeout(moment.saturating_duration_since(Instant::now())) {
        let is_last = show(&line).is_break();
        lines.push(line);
        if is_last {
            break;
        }
    }
    // It may have ended by itself.
    let _ = child.kill();
    let status = child.wait().unwrap();
    reader.join().unwrap();
    lines.extend(receiver.try_iter());
    Heard { lines, status, complaint: complaints.join().unwrap() }
}

/// Numbers that look random and are the same for a seed.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// With the seed of `KIFF_CRASH_SEED`, or one of the time. It is printed, for whom a run fails.
    pub(crate) fn new(what: &str) -> Self {
        let of_the_time = || {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
            u64::from(since.subsec_nanos()) ^ since.as_secs()
        };
        let seed = std::env::var("KIFF_CRASH_SEED").map_or_else(|_| of_the_time(), |seed| seed.parse().unwrap());
        println!("{what}: KIFF_CRASH_SEED={seed}");
        Self(seed)
    }

    /// The next number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The generator called SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// How many rounds to make: `KIFF_CRASH_ROUNDS`, or what a short run takes.
pub(crate) fn rounds(short: u32) -> u32 {
    std::env::var("KIFF_CRASH_ROUNDS").map_or(short, |rounds| rounds.parse().unwrap())
}
