//! A function as a separate process, with the resource usage that the kernel reports.

use std::{
    fs,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::{error::Error, server::Services};

/// The time limit of one invocation.
const PATIENCE: Duration = Duration::from_mins(15);
/// `USER_HZ`, the unit of CPU time in `/proc/[pid]/stat`, on every Linux of these architectures (proc(5)).
const TICKS_PER_SECOND: u32 = 100;

/// A program to measure.
#[derive(Debug, Clone)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) env: Vec<(&'static str, String)>,
}

/// A running function.
#[derive(Debug)]
pub(crate) struct Running {
    name: &'static str,
    child: Child,
    log: PathBuf,
    asked: u64,
    /// Process start to the first request for work.
    pub(crate) start: Duration,
}

/// The resource usage of a process since its start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// The largest resident memory, in bytes.
    pub(crate) peak: u64,
}

impl Running {
    pub(crate) async fn start(contender: &Contender, services: &Services) -> Result<Self, Error> {
        let io = |source| Error::Io {
            action: "start a contender",
            source,
        };
        let log = std::env::temp_dir().join(format!(
            "tt-bench-{}-{}.log",
            std::process::id(),
            contender.name.replace(|c: char| !c.is_alphanumeric(), "-")
        ));
        let output = fs::File::create(&log).map_err(io)?;
        let errors = output.try_clone().map_err(io)?;
        let address = services.address();
        let began = Instant::now();
        let child = Command::new(&contender.program)
            .args(&contender.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_ENDPOINT_URL", format!("http://{address}"))
            .env("AWS_LAMBDA_FUNCTION_NAME", "bench")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_DEFAULT_REGION", "eu-west-1")
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("TT_METRICS_NAMESPACE", "pkyc/Salesforce")
            .env("EVENT_STREAM_NAME", "tt-events")
            .env("UPLOAD_BUCKET", crate::event::BUCKET)
            .env("SALESFORCE_TOKEN_SECRET_ID", "token")
            .env("TOKEN_MANAGER_FUNCTION", "tms")
            .env("PARKING_BUCKET", "bench")
            .envs(contender.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(io)?;
        let mut running = Self {
            name: contender.name,
            child,
            log,
            asked: 0,
            start: Duration::ZERO,
        };
        running.asked_again(services).await?;
        running.start = began.elapsed();
        Ok(running)
    }

    /// Runs one invocation until the function requests the next one.
    pub(crate) async fn invoke(&mut self, services: &Services, event: String) -> Result<(), Error> {
        services.push(event);
        self.asked_again(services).await?;
        match services.error() {
            Some(error) => Err(self.failed(format!("it answered an error: {error}"))),
            None => Ok(()),
        }
    }

    async fn asked_again(&mut self, services: &Services) -> Result<(), Error> {
        self.asked += 1;
        let asked = timeout(PATIENCE, services.asked(self.asked));
        let ended = tokio::select! {
            asked = asked => asked.is_err().then(|| "it takes too long".to_owned()),
            status = self.child.wait() => Some(match status {
                Ok(status) => format!("it ended ({status})"),
                Err(error) => error.to_string(),
            }),
        };
        match ended {
            None => Ok(()),
            Some(reason) => Err(self.failed(reason)),
        }
    }

    pub(crate) fn failed(&self, reason: String) -> Error {
        let log = fs::read(&self.log).unwrap_or_default();
        let last = log.len().saturating_sub(600);
        let words = log.get(last..).map(String::from_utf8_lossy);
        Error::Contender {
            contender: self.name,
            reason,
            words: words.unwrap_or_default().trim().to_owned(),
        }
    }

    /// Returns the resource usage so far.
    pub(crate) fn usage(&self) -> Result<Usage, Error> {
        self.read_usage()
            .ok_or_else(|| self.failed("/proc does not tell what it used".to_owned()))
    }

    fn read_usage(&self) -> Option<Usage> {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()?));
        let stat = fs::read_to_string(process.join("stat")).ok()?;
        let status = fs::read_to_string(process.join("status")).ok()?;
        Some(Usage {
            cpu: cpu(&stat)?,
            peak: peak(&status)?,
        })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.log);
    }
}

/// Parses user and system time of a process, including threads that ended.
fn cpu(stat: &str) -> Option<Duration> {
    // The name of the program is in parentheses and may contain any character.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(Duration::from_secs(1) * (user + system) / TICKS_PER_SECOND)
}

fn peak(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_says_is_read() {
        let stat = "4242 (odd ) name) S 1 4242 4242 0 -1 4194560 1 0 0 0 123 77 0 0 20 0 3 0 1 1 1";
        assert_eq!(cpu(stat), Some(Duration::from_secs(2)));
        assert_eq!(
            peak("VmPeak:\t  900 kB\nVmHWM:\t   25 kB\n"),
            Some(25 * 1024)
        );
    }
}
