//! Every example, run as a user runs it: without arguments, which starts a simulated meter, and with a meter's address.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use chrono::{DateTime, Datelike, Utc};
use emu_examples::KilowattHours;
use emu_proto::{Dialect, LoadProfileEntry, write_header, write_row};
use emu_simulator::{Defects, Event, Fault, Household, Link, Malformed, OnlineUpdates, Simulator, TestImage};

const QUICKSTART: &str = env!("CARGO_BIN_EXE_quickstart");
const BLOCKING: &str = env!("CARGO_BIN_EXE_blocking");
const BLOCKING_UPDATE: &str = env!("CARGO_BIN_EXE_blocking_update");
const SAVED_FILE: &str = env!("CARGO_BIN_EXE_saved_file");
const SQLITE_SYNC: &str = env!("CARGO_BIN_EXE_sqlite_sync");

/// Runs a program in a folder, which is to hold what it writes.
fn start(program: &str, folder: &Path, arguments: &[&str], password: &str) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("EMU_PASSWORD", password).stdin(Stdio::null());
    command.output().unwrap()
}

/// Runs a program to its good end, and returns what it said.
fn run(program: &str, folder: &Path, arguments: &[&str]) -> String {
    let output = start(program, folder, arguments, "");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "no bar in a pipe, nothing to complain of");
    said
}

/// What the registers gained in a month, computed in another way than the examples do: from its first row and its last.
fn month_of(rows: &[LoadProfileEntry], year: i32, month: u32) -> [i64; 4] {
    let start = |year, month| -> DateTime<Utc> {
        chrono::NaiveDate::from_ymd_opt(year, month, 1).unwrap().and_hms_opt(0, 0, 0).unwrap().and_utc()
    };
    let end = if month == 12 { start(year + 1, 1) } else { start(year, month + 1) };
    let registers = |row: &LoadProfileEntry| {
        [
            row.active_energy_import_l123_t1.get(),
            row.active_energy_import_l123_t2.get(),
            row.active_energy_export_l123_t1.get(),
            row.active_energy_export_l123_t2.get(),
        ]
    };
    // No power failure of this household reaches over midnight.
    let before = rows.iter().rfind(|row| row.timestamp <= start(year, month)).unwrap_or(&rows[0]);
    let last = rows.iter().rfind(|row| row.timestamp <= end).unwrap();
    let (before, last) = (registers(before), registers(last));
    [0, 1, 2, 3].map(|register| last[register] - before[register])
}

#[test]
fn quickstart_reads_a_year() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(QUICKSTART, folder.path(), &[]);
    assert!(said.contains("Reading 35,040 rows from a simulated meter") && said.contains("synthetic"), "{said}");
    assert!(said.contains("in 12 requests, and 1 more"), "{said}");
    assert!(said.contains("Continuity: every index is there, once"), "{said}");

    let all: Vec<_> = Household::new(1).rows().take(Household::THREE_YEARS as usize).collect();
    let rows = &all[all.len() - 35_040..];
    assert!(said.contains(&format!("index {} to {}", rows[0].index, rows[35_039].index)), "{said}");
    for month in 1..=12 {
        let cells = month_of(rows, 2025, month).map(|energy| KilowattHours(energy).to_string());
        let line = said.lines().find(|line| line.starts_with(&format!("2025-{month:02}"))).unwrap();
        assert_eq!(line.split_whitespace().skip(1).collect::<Vec<_>>(), cells, "{said}");
    }
    // Its rows start before the year does, since a few are missing in time.
    assert_eq!((rows[0].timestamp.year(), said.matches("\n2024-12 *").count()), (2024, 1), "{said}");
    for failure in rows.iter().filter(|row| row.status.contains(emu_proto::Status::POWER_FAILURE)) {
        let line = format!("{:>10}  {}  Power Failure", failure.index, failure.timestamp.format("%Y-%m-%d %H:%M:%S"));
        assert!(said.contains(&line), "{line}\n{said}");
    }
    assert!(said.contains("2025  Feb  Mar") && said.contains("0 ┤"), "{said}");
    assert_is_drawing(&folder.path().join("load-profile.svg"));
}

#[test]
fn quickstart_says_what_is_wrong_with_a_meter() {
    let household = Household::new(5)
        .quiet()
        .event(450, Event::ClockStep { quarters: -4 })
        .event(460, Event::PowerFailure { quarters: 8 })
        .event(480, Event::NoTimeSynchronization { rows: 5 });
    let defects = Defects { holes: [430, 431].into(), ..Defects::default() };
    let simulator = Simulator::builder().household(household).rows(500).defects(defects).password("swordfish");
    let simulator = simulator.start_blocking().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let arguments = [&*simulator.url(), "--rows", "96", "--svg", "day.svg"];

    let refused = start(QUICKSTART, folder.path(), &arguments, "shark");
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && complaint.contains("wants another user or password"), "{refused:?}");
    assert!(!complaint.contains("shark"), "{complaint}");
    let output = start(QUICKSTART, folder.path(), &arguments, "swordfish");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Reading 96 rows from the meter at http://127.0.0.1:"), "{said}");
    assert!(said.contains("94 rows in ") && said.contains("Continuity: 2 rows are not there"), "{said}");
    for (index, what) in [
        (432, "rows 430 to 431 are missing in the meter's log"),
        (450, "Time changed; -45 min since the row before"),
        (460, "Power Failure; no row for 2 h 15 min"),
        (480, "No time synchronization occurred, for 5 rows"),
    ] {
        let is_it = |line: &str| line.trim_start().starts_with(&format!("{index} ")) && line.ends_with(what);
        assert!(said.lines().any(is_it), "{index} {what}\n{said}");
    }
    assert_is_drawing(&folder.path().join("day.svg"));
}

/// A full disk, and a pipe that nobody reads.
#[cfg(target_os = "linux")]
#[test]
fn standard_error_may_fail_and_all_else_is_as_ever() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap().into();
    let closed = || Stdio::from(std::io::pipe().unwrap().1);
    let folder = tempfile::tempdir().unwrap();
    for stderr in [full(), closed()] {
        let simulator = Simulator::builder().rows(500).fault(Fault::server_error().first(1));
        let simulator = simulator.start_blocking().unwrap();
        let mut command = Command::new(QUICKSTART);
        command.args([&*simulator.url(), "--rows", "96"]).current_dir(folder.path()).stderr(stderr);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && said.contains("96 rows in "), "{said}");
    }
    for stderr in [full(), closed()] {
        let output = Command::new(SAVED_FILE).arg("/no/such/file").stderr(stderr).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
    }
}

/// A pipe that nobody reads: who only prints may stop, and what is to be done is done.
#[cfg(target_os = "linux")]
#[test]
fn standard_output_may_be_closed() {
    let folder = tempfile::tempdir().unwrap();
    let image = TestImage::new("1.0.9".parse().unwrap()).size(20_000);
    std::fs::write(folder.path().join("update.bin"), image.to_bytes()).unwrap();
    let restart_time = std::time::Duration::from_millis(200);
    let updates = OnlineUpdates { restart_time, ..OnlineUpdates::default() };
    let simulator = Simulator::builder().rows(100).online_updates(updates).start_blocking().unwrap();
    let (url, meter) = (simulator.url(), simulator.smp_addr().unwrap().to_string());
    for (program, arguments) in [
        (QUICKSTART, &[&*url][..]),
        (BLOCKING, &[&url]),
        (SAVED_FILE, &[]),
        (SQLITE_SYNC, &[&url]),
        (BLOCKING_UPDATE, &[&meter, "update.bin", "1"]),
    ] {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder.path()).stdout(std::io::pipe().unwrap().1);
        let output = command.output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && complaint.is_empty(), "{program}: {complaint}");
    }
    assert_eq!(simulator.firmware_version().to_string(), "1.0.9");
    assert_eq!(dump(&folder.path().join("load-profile.sqlite")).lines().count(), 100);
}

/// Checks that tags are closed in order, and that the drawing has a text and a line.
fn assert_is_drawing(path: &Path) {
    let svg = std::fs::read_to_string(path).unwrap();
    let mut open = Vec::new();
    for tag in svg.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap();
        assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
        let name = tag.split([' ', '/']).find(|part| !part.is_empty()).unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "{svg}");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty() && svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""), "{svg}");
    assert!(svg.contains("active power L123 in kW</text>") && svg.contains("class=\"mean\"") && !svg.contains("NaN"));
}

#[test]
fn blocking_reads_what_the_meter_holds() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(BLOCKING, folder.path(), &[]);
    assert!(said.contains("synthetic") && said.contains("5000 rows, index 100121 ("), "{said}");

    let fault = Fault::cut(100_000).first(1);
    let simulator = Simulator::builder().rows(4_000).fault(fault).start_blocking().unwrap();
    let said = run(BLOCKING, folder.path(), &[&simulator.addr().to_string()]);
    let sum: i64 = simulator.load_profile().iter().map(|row| i64::from(row.active_power_l123.get())).sum();
    assert!(said.contains("4000 rows, index 1 (") && said.contains(" to 4000 ("), "{said}");
    assert!(said.contains(&format!("mean power {} W", sum / 4_000)), "{said}");
    assert!(said.contains("the log goes back 4000 rows, and 5000 were asked for"), "{said}");
}

#[test]
fn blocking_gets_over_what_a_meter_does_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let defects = Defects { malformed: [(400, Malformed::Garbage)].into(), ..Defects::default() };
    let simulator = Simulator::builder().rows(500).defects(defects).start_blocking().unwrap();
    let said = run(BLOCKING, folder.path(), &[&simulator.url()]);
    assert!(said.contains("row 400 is lost: sent repeatedly") && said.contains("499 rows, index 1 ("), "{said}");

    let faults = [Fault::stall().first(1), Fault::server_error().only(2), Fault::reset(20_000).only(4)];
    let simulator = faults.into_iter().fold(Simulator::builder().rows(500), emu_simulator::Builder::fault);
    let simulator = simulator.start_blocking().unwrap();
    let said = run(BLOCKING, folder.path(), &[&simulator.url(), "1"]);
    assert!(said.contains("500 rows, index 1 ("), "{said}");
}

#[test]
fn blocking_says_what_it_cannot_read_and_gives_the_password_to_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let other = Simulator::builder().rows(10).start_blocking().unwrap();
    let builder = Simulator::builder().rows(5_000).password("swordfish");
    let simulator = builder.fault(Fault::redirect(format!("{}data/", other.url())).first(1)).start_blocking().unwrap();
    let start = |password| {
        let output = start(BLOCKING, folder.path(), &[&simulator.url()], password);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let told = |status| (Some(1), format!("error: the meter answered status {status}\n"));
    assert_eq!(start("swordfish"), told("302 Found"));
    assert_eq!(start("shark"), told("401 Unauthorized"));
    assert_eq!((simulator.requests().len(), other.requests().len()), (2, 0));
    assert_eq!(start("swordfish"), (Some(0), String::new()));

    simulator.set_faults([Fault::content_type("text/csv"), Fault::web_page()]);
    let (code, complaint) = start("swordfish");
    assert!(code == Some(1) && complaint.contains("expected a read-out, not a web page"), "{complaint}");
}

#[test]
fn blocking_update_brings_a_meter_to_a_firmware() {
    let folder = tempfile::tempdir().unwrap();
    let image = TestImage::new("1.0.9".parse().unwrap()).size(20_000).to_bytes();
    std::fs::write(folder.path().join("update.bin"), &image).unwrap();
    std::fs::write(folder.path().join("cut.bin"), &image[..10_000]).unwrap();
    let link = Link { loss: 0.03, ..Link::default() };
    let restart_time = std::time::Duration::from_millis(200);
    let updates = OnlineUpdates { link, restart_time, ..OnlineUpdates::default() };
    let simulator = Simulator::builder().rows(10).online_updates(updates.clone()).start_blocking().unwrap();
    let meter = simulator.smp_addr().unwrap().to_string();

    let refused = start(BLOCKING_UPDATE, folder.path(), &[&meter, "cut.bin", "1"], "");
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && complaint.contains("cut short"), "{complaint}");
    assert_eq!(simulator.datagrams(), 0);

    let said = run(BLOCKING_UPDATE, folder.path(), &[&meter, "update.bin", "1"]);
    for event in ["Step(Uploading)", "Step(Confirming)", "\nUpdated\n"] {
        assert!(said.contains(event), "{event}: {said}");
    }
    assert_eq!((simulator.firmware_version().to_string(), simulator.flash(0)), ("1.0.9".to_owned(), image));
    let said = run(BLOCKING_UPDATE, folder.path(), &[&meter, "update.bin", "1"]);
    assert!(said.ends_with("NothingToDo\n"), "{said}");

    let old = OnlineUpdates { running: "1.0.0".parse().unwrap(), ..updates };
    let simulator = Simulator::builder().rows(10).online_updates(old).start_blocking().unwrap();
    let meter = simulator.smp_addr().unwrap().to_string();
    let refused = start(BLOCKING_UPDATE, folder.path(), &[&meter, "update.bin"], "");
    let complaint = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && complaint.contains("an update needs 1.0.6"), "{complaint}");
}

#[test]
fn sqlite_sync_holds_each_row_once() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("load-profile.sqlite");
    let checkpoint = folder.path().join("load-profile.sqlite.checkpoint");
    let simulator = Simulator::builder().rows(4_000).start_blocking().unwrap();
    let sync = |expected: &str| {
        let said = run(SQLITE_SYNC, folder.path(), &[&simulator.url()]);
        assert!(said.contains(expected), "expected {expected}: {said}");
    };
    sync("4000 rows read, 4000 of them new; 4000 in the database");
    sync("0 rows read, 0 of them new; 4000 in the database");
    let old_checkpoint = std::fs::read(&checkpoint).unwrap();
    simulator.advance(10);
    sync("10 rows read, 10 of them new; 4010 in the database");

    // The program died after the rows were committed, and before the checkpoint was written.
    std::fs::write(&checkpoint, old_checkpoint).unwrap();
    sync("10 rows read, 0 of them new; 4010 in the database");
    std::fs::remove_file(&checkpoint).unwrap();
    sync("4010 rows read, 0 of them new; 4010 in the database");
    // The database was lost, and the checkpoint not.
    let whole = dump(&database);
    std::fs::remove_file(&database).unwrap();
    sync("4010 rows read, 4010 of them new; 4010 in the database");
    assert_eq!(dump(&database), whole);

    let mut lines = String::new();
    for row in simulator.load_profile() {
        write_row(&mut lines, &Dialect::KNOWN, &row).unwrap();
    }
    assert_eq!(whole, lines);
}

#[test]
fn sqlite_sync_runs_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let arguments = ["-", "other.sqlite", "other.checkpoint"];
    let said = run(SQLITE_SYNC, folder.path(), &arguments);
    assert!(said.contains("105120 of them new; 105120 in the database"), "{said}");
    let said = run(SQLITE_SYNC, folder.path(), &arguments);
    assert!(said.contains("0 rows read, 0 of them new; 105120 in the database"), "{said}");
    let checkpoint = std::fs::read_to_string(folder.path().join("other.checkpoint")).unwrap();
    assert!(checkpoint.ends_with(" 105120 2026-01-01T00:00:00Z\n"), "{checkpoint}");
}

/// Returns the rows of the database in the known firmware's form, found by the names of the columns.
fn dump(database: &Path) -> String {
    let connection = rusqlite::Connection::open(database).unwrap();
    let keys = <LoadProfileEntry as emu_proto::Entry>::COLUMNS.iter().map(|column| format!("\"{}\"", column.key));
    let cells = keys.collect::<Vec<_>>().join(" || ';' || ");
    let query = format!("SELECT {cells} || char(10) FROM load_profile ORDER BY \"index\"");
    let mut statement = connection.prepare(&query).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn saved_file_names_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(SAVED_FILE, folder.path(), &[]);
    assert!(said.contains("synthetic") && said.contains("93 rows, 3 lines that could not be read"), "{said}");
    assert!(said.contains("line 21, column \"Timestamp\", byte ") && said.contains("found \"20x5-"), "{said}");
    assert!(said.contains("line 41, byte ") && said.contains("expected 28 cells, not 27"), "{said}");
    assert!(said.contains("the body ends within a row; the last good row has index 95"), "{said}");
    assert!(said.contains("lines end with CRLF") && said.contains("times with an offset from UTC"), "{said}");

    let mut file = String::new();
    write_header::<LoadProfileEntry>(&mut file, &Dialect::KNOWN).unwrap();
    let rows: Vec<_> = Household::new(2).rows().take(200).collect();
    for row in &rows {
        write_row(&mut file, &Dialect::KNOWN, row).unwrap();
    }
    std::fs::write(folder.path().join("saved.csv"), file).unwrap();
    let said = run(SAVED_FILE, folder.path(), &["saved.csv"]);
    let import =
        rows[199].active_energy_import_l123_t2.checked_sub(rows[0].active_energy_import_l123_t2).unwrap().get();
    assert!(said.contains("200 rows, 0 lines that could not be read"), "{said}");
    assert!(said.contains(&format!("active energy import T2: {} kWh", KilowattHours(import))), "{said}");
    assert!(!said.contains("firmware"), "{said}");
    let missing = start(SAVED_FILE, folder.path(), &["nowhere.csv"], "");
    assert!(!missing.status.success() && String::from_utf8_lossy(&missing.stderr).contains("nowhere.csv"));
}
