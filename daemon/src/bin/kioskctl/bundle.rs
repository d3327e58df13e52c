//! All that somebody who helps needs to know, in one file, without what is secret.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use flate2::{Compression, write::GzEncoder};
use jiff::Zoned;
use kioskd::{
    config::Layers,
    control::{
        client::Client,
        protocol::{ConfigReply, CrashesReply, DevicesReply, Method, StatusReply},
    },
    doctor,
    redact::{REDACTED, redact},
    reports::{BundleReport, StatsReport},
};
use serde::Serialize;

use crate::{Arguments, Trouble, print_report};

/// Last lines of the journal.
const LINES: &str = "3000";
/// Longest wait for the metrics.
const METRICS_TIMEOUT: Duration = Duration::from_secs(3);

/// Gathers everything that there is; what there is not is said in its place.
pub(crate) fn make(arguments: &Arguments, file: Option<&Path>, config: Option<&Path>) -> Result<(), Trouble> {
    let (status, entries) = gather(&arguments.socket, config);
    let path = file.map_or_else(|| default_name(status.as_ref()), Path::to_owned);
    let failed = |error| Trouble::File("write", path.clone(), error);
    let out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
    pack(out, &entries).map_err(failed)?;
    let report = BundleReport {
        file: path.display().to_string(),
        entries: entries.into_iter().map(|(name, _)| name.to_owned()).collect(),
    };
    print_report(arguments.json, &report, || {
        format!("{}: {}. Have a look before you give it away.\n", report.file, report.entries.join(", "))
    })
}

fn default_name(status: Option<&StatusReply>) -> PathBuf {
    let who = status.and_then(|status| status.peer_id.get(..8)).unwrap_or("offline");
    format!("kiosk-support-{who}-{}.tar.gz", Zoned::now().strftime("%Y%m%dT%H%M%S")).into()
}

type Entries = Vec<(&'static str, String)>;

fn gather(socket: &Path, config: Option<&Path>) -> (Option<StatusReply>, Entries) {
    let mut asked = Client::connect(socket);
    let mut ask = |method: &Method| match &mut asked {
        Ok(client) => client.ask(method).map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let status = ask(&Method::Status {}).and_then(parse::<StatusReply>);
    let devices = ask(&Method::Devices {}).and_then(parse::<DevicesReply>);
    let crashes = ask(&Method::Crashes {}).and_then(parse::<CrashesReply>);
    let in_use = ask(&Method::Config {}).and_then(parse::<ConfigReply>);
    let stats =
        status.as_ref().map(|status| StatsReport::between(status, status, Duration::ZERO)).map_err(Clone::clone);
    let written = Layers::read(config).effective().map(|effective| effective.printed());
    let address = in_use.as_ref().ok().and_then(metrics_address);
    let journal = ["--unit", "kioskd.service", "--lines", LINES, "--no-pager", "--output", "short-iso"];
    let entries = vec![
        ("versions.txt", versions(status.as_ref().ok())),
        ("config.toml", written.unwrap_or_else(|error| format!("# {error}\n"))),
        ("config-in-use.json", json(in_use)),
        ("status.json", json(status.clone().map(without_people))),
        ("stats.json", json(stats)),
        ("devices.json", json(devices)),
        ("crashes.json", json(crashes)),
        ("doctor.json", json(Ok(doctor::examine(config, socket)))),
        ("health.json", json(Ok(doctor::health(socket)))),
        (
            "metrics.txt",
            address.map_or_else(|| Ok("[metrics] listen is not set\n".to_owned()), metrics).unwrap_or_else(sentence),
        ),
        ("journal.txt", output_of("journalctl", &journal)),
        ("kernel.txt", output_of("journalctl", &["--dmesg", "--lines", "500", "--no-pager", "--priority", "warning"])),
    ];
    (status.ok(), entries.into_iter().map(|(name, text)| (name, redact(&text))).collect())
}

fn parse<T: serde::de::DeserializeOwned>(reply: serde_json::Value) -> Result<T, String> {
    serde_json::from_value(reply).map_err(|error| error.to_string())
}

fn json(of: Result<impl Serialize, String>) -> String {
    let text = of.and_then(|of| serde_json::to_string_pretty(&of).map_err(|error| error.to_string()));
    text.unwrap_or_else(|error| serde_json::json!({ "error": error }).to_string()) + "\n"
}

/// Who is in a call, and what two people compare, is nobody's business.
fn without_people(status: StatusReply) -> StatusReply {
    let mut status = status;
    let hide = |name: &mut String| REDACTED.clone_into(name);
    if let Some(call) = &mut status.call {
        hide(&mut call.name);
    }
    if let Some(question) = &mut status.question {
        hide(&mut question.name);
    }
    status.transfers.iter_mut().for_each(|transfer| hide(&mut transfer.name));
    if let Some(pairing) = &mut status.pairing {
        pairing.name.iter_mut().chain(&mut pairing.digits).for_each(hide);
    }
    status
}

fn versions(status: Option<&StatusReply>) -> String {
    let kioskd = status.map_or("does not answer", |status| status.version.as_str());
    let system = fs::read_to_string("/etc/os-release").unwrap_or_else(sentence);
    format!(
        "kioskctl {}\nkioskd {kioskd}\n{}{system}",
        env!("CARGO_PKG_VERSION"),
        output_of("uname", &["--kernel-name", "--kernel-release", "--kernel-version", "--machine"])
    )
}

fn metrics_address(config: &ConfigReply) -> Option<SocketAddr> {
    let setting = config.settings.iter().find(|setting| setting.key == "metrics.listen")?;
    setting.value.trim_matches(['"', '\'']).parse().ok()
}

/// What kioskd answers a fetch of its metrics with: HTTP/1.0, so that the end of the connection is the end of the answer (RFC 1945 §1.3).
fn metrics(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, METRICS_TIMEOUT)?;
    stream.set_read_timeout(Some(METRICS_TIMEOUT))?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map_or(String::new(), |(_, body)| body.to_owned()))
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    match Command::new(program).args(arguments).output() {
        Ok(output) => [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat(),
        Err(error) => format!("{program}: {error}\n"),
    }
}

fn sentence(error: io::Error) -> String {
    format!("{error}\n")
}

fn pack(out: File, entries: &Entries) -> io::Result<()> {
    let mut archive = tar::Builder::new(GzEncoder::new(out, Compression::default()));
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    for (name, text) in entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(seconds);
        archive.append_data(&mut header, Path::new("kiosk-support").join(name), text.as_bytes())?;
    }
    archive.into_inner()?.finish()?.sync_all()
}
