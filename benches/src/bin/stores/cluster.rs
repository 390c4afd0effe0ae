//! A PostgreSQL cluster of its own, with default settings.

use std::{
    error::Error,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// A running server. Dropping the value stops it.
#[derive(Debug)]
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    as_root: bool,
}

impl Cluster {
    /// Starts a server in this folder. `None` if PostgreSQL is not installed.
    pub(crate) fn start(folder: &Path) -> Result<Option<Self>, Box<dyn Error>> {
        let Some(bin) = find_bin() else { return Ok(None) };
        let folder = folder.join("postgres");
        fs::create_dir(&folder)?;
        let as_root = run(Command::new("id").arg("-u"))?.trim() == "0";
        if as_root {
            // PostgreSQL refuses to run as root.
            run(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let cluster = Self { bin, folder, as_root };
        let data = cluster.folder.join("data");
        run(cluster.command("initdb").arg("-D").arg(&data).args(["-U", "postgres", "-A", "trust", "--locale=C"]))?;
        let settings = format!("-c listen_addresses='' -c unix_socket_directories='{}'", cluster.folder.display());
        let log = cluster.folder.join("log");
        let mut start = cluster.command("pg_ctl");
        // The server would keep a pipe open after the command has ended.
        start.arg("-D").arg(&data).arg("-l").arg(log).args(["-w", "-o", &settings, "start"]);
        run(start.stdout(Stdio::null()))?;
        Ok(Some(cluster))
    }

    /// The folder of the socket.
    pub(crate) fn socket(&self) -> &Path {
        &self.folder
    }

    /// Runs pgbench, and returns the transactions per second.
    pub(crate) fn pgbench<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<f64, Box<dyn Error>> {
        let mut pgbench = Command::new(self.bin.join("pgbench"));
        pgbench.arg("-h").arg(&self.folder).args(["-U", "postgres", "-n", "-M", "prepared"]).args(arguments);
        let told = run(pgbench.arg("postgres"))?;
        let rate = told.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next());
        Ok(rate.ok_or("pgbench printed no rate")?.parse()?)
    }

    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if self.as_root { Command::new("runuser") } else { Command::new(&program) };
        if self.as_root {
            command.args(["-u", "postgres", "--"]).arg(program);
        }
        command.current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let mut stop = self.command("pg_ctl");
        stop.arg("-D").arg(self.folder.join("data")).args(["-m", "immediate", "stop"]);
        if let Err(error) = run(&mut stop) {
            eprintln!("the server was left behind: {error}");
        }
    }
}

/// The newest version that Debian's packages have installed.
fn find_bin() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let bin = |entry: fs::DirEntry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let bin = entry.path().join("bin");
        bin.join("pgbench").exists().then_some((version, bin))
    };
    versions.filter_map(|entry| bin(entry.ok()?)).max().map(|(_, bin)| bin)
}

/// Runs a command that must succeed, and returns its output.
fn run(command: &mut Command) -> Result<String, Box<dyn Error>> {
    let output = command.stdin(Stdio::null()).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
