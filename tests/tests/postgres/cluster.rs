//! A PostgreSQL cluster of the tests' own: in a temporary folder, reached by a socket there, gone afterwards.

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

/// A running cluster. It ends with its last owner.
#[derive(Debug)]
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    as_root: bool,
}

impl Cluster {
    /// The cluster that the tests of this run share, each in schemas of its own. None without PostgreSQL.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = shared.upgrade() {
            return Some(cluster);
        }
        let cluster = Arc::new(Self::new()?);
        *shared = Arc::downgrade(&cluster);
        Some(cluster)
    }

    /// A cluster for one test alone, which may stop it. None without PostgreSQL.
    pub(crate) fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let Some(bin) = find_bin() else {
            // Not by `println`, which is kept from those who must know.
            let _ = writeln!(
                io::stderr(),
                "left out: there is no PostgreSQL under /usr/lib/postgresql. Install the package `postgresql`, then \
                 run: cargo test -p kiff-tests --features postgres --test postgres"
            );
            return None;
        };
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("kiff-pg-{}-{count}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let as_root = check(Command::new("id").arg("-u")).stdout == b"0\n";
        if as_root {
            // PostgreSQL refuses to run as root.
            check(Command::new("chown").arg("postgres").arg(&folder));
        }
        let cluster = Self { bin, folder, as_root };
        let data = cluster.data();
        check(cluster.command("initdb").arg("-D").arg(data).args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]));
        cluster.start();
        Some(cluster)
    }

    pub(crate) fn start(&self) {
        check(&mut self.starting());
    }

    /// The command that starts it.
    fn starting(&self) -> Command {
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c wal_writer_delay=10s -c logging_collector=off",
            self.folder.display()
        );
        let log = self.folder.join("log");
        let mut command = self.command("pg_ctl");
        command.arg("-D").arg(self.data()).arg("-l").arg(log).args(["-w", "-o", &settings, "start"]);
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Stops it as a crash does: nothing is written on the way out.
    pub(crate) fn crash(&self) {
        check(self.command("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]));
    }

    /// Ends the server and all that it started at one stroke, as the system does where memory runs out.
    pub(crate) fn kill(&self) {
        let file = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let server = file.lines().next().unwrap().trim();
        let started = check(Command::new("ps").args(["-o", "pid=", "--ppid", server])).stdout;
        let started = String::from_utf8(started).unwrap();
        // Those that end by themselves meanwhile are no fault.
        let _ = Command::new("kill").arg("-9").arg(server).args(started.split_whitespace()).output().unwrap();
    }

    /// Starts it again after a kill. What is left of the old one may hold its memory for a moment.
    pub(crate) fn restart(&self) {
        const MOST: usize = 50;
        for _ in 0..MOST {
            if self.starting().output().unwrap().status.success() {
                return;
            }
        }
        panic!("the server does not start again: {}", fs::read_to_string(self.folder.join("log")).unwrap_or_default());
    }

    /// Stops it in good order.
    pub(crate) fn stop(&self) {
        check(self.command("pg_ctl").arg("-D").arg(self.data()).args(["-w", "-m", "fast", "stop"]));
    }

    /// Makes it wait for a primary at its next start, as a replica does.
    pub(crate) fn become_replica(&self) {
        check(self.command("touch").arg(self.data().join("standby.signal")));
    }

    pub(crate) async fn pool(&self) -> PgPool {
        self.pool_with(PgConnectOptions::new(), 8).await
    }

    pub(crate) async fn pool_with(&self, options: PgConnectOptions, connections: u32) -> PgPool {
        self.connect(options.username("postgres"), connections).await
    }

    pub(crate) async fn pool_as(&self, user: &str) -> PgPool {
        self.connect(PgConnectOptions::new().username(user), 2).await
    }

    async fn connect(&self, options: PgConnectOptions, connections: u32) -> PgPool {
        let options = options.socket(&self.folder).database("postgres");
        let pool = PgPoolOptions::new().max_connections(connections).test_before_acquire(false);
        pool.connect_with(options).await.unwrap()
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// A command of the cluster's owner.
    fn command(&self, program: &str) -> Command {
        let ours = self.bin.join(program);
        let program = if ours.exists() { ours } else { PathBuf::from(program) };
        let mut command = if self.as_root {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The owner may not read the folder in which the tests run.
        command.current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.command("pg_ctl").arg("-D").arg(self.data()).args(["-m", "immediate", "stop"]).output();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The newest installed version's programs.
fn find_bin() -> Option<PathBuf> {
    let versions = fs::read_dir(Path::new("/usr/lib/postgresql")).ok()?;
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            let bin = entry.path().join("bin");
            bin.join("initdb").exists().then_some((version, bin))
        })
        .collect();
    found.sort();
    found.pop().map(|(_, bin)| bin)
}

/// Runs a command that must succeed.
fn check(command: &mut Command) -> Output {
    // With files instead of pipes: the server would keep a pipe open after the command has ended.
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
