//! The command `emu`, run as users run it, against the simulated meter.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use emu_client::emu_proto::{Delimiter, Dialect, read_body};
use emu_client::{Checkpoint, LoadProfileEntry, LogbookEntry};
use emu_simulator::{Builder, Defects, Fault, Household, Incident, Malformed, Moment, Quirks, Simulator};

struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

fn emu(args: &[&str]) -> Outcome {
    finish(command(args))
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_emu"));
    command.args(args).env_remove("EMU_PASSWORD").stdin(Stdio::null());
    command
}

fn finish(mut command: Command) -> Outcome {
    let output = command.output().unwrap();
    Outcome {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn start(builder: Builder) -> (Simulator, String) {
    let simulator = builder.start_blocking().unwrap();
    let address = simulator.addr().to_string();
    (simulator, address)
}

fn rows_of(text: &str) -> Vec<LoadProfileEntry> {
    read_body(text.as_bytes()).map(Result::unwrap).collect()
}

/// A folder of its own, and the path of a file in it.
fn folder(name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    (folder, path)
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn without_a_choice_it_is_what_the_meter_s_own_page_shows() {
    let (simulator, meter) = start(Simulator::builder().rows(3_500));
    let outcome = emu(&["data", &meter]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout)), (0, simulator.load_profile()[500..].to_vec()));
    assert!(outcome.stderr.contains("3,000 rows of the load profile of meter"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("from index 501 (") && outcome.stderr.contains("to 3500 (2026-01-01T00:00:00Z)"));
    assert!(!outcome.stderr.contains('\r') && !outcome.stderr.contains('\x1b'), "no bar in a pipe");
    let again = emu(&["data", &format!("http://{meter}/"), "--quiet"]);
    assert_eq!((again.stdout, again.stderr), (outcome.stdout, String::new()));
    // A young meter has fewer rows, and that is worth no word.
    let (simulator, meter) = start(Simulator::builder().rows(20));
    let outcome = emu(&["data", &meter]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout)), (0, simulator.load_profile()));
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
}

#[test]
fn every_choice_of_rows() {
    let (simulator, meter) = start(Simulator::builder().rows(4_000));
    let all = simulator.load_profile();
    let read = |args: &[&str]| {
        let outcome = emu(&[&["data", &meter], args].concat());
        assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.stderr);
        rows_of(&outcome.stdout)
    };
    let backwards = |rows: &[LoadProfileEntry]| rows.iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(read(&["--last", "7"]), all[3_993..]);
    assert_eq!(read(&["--last", "7", "--order", "desc"]), backwards(&all[3_993..]));
    assert_eq!(read(&["--all"]), all);
    assert_eq!(read(&["--from", "10", "--to", "20"]), all[9..20]);
    assert_eq!(read(&["--from", "20", "--to", "10"]), backwards(&all[9..20]));
    assert_eq!(read(&["--from", "20", "--to", "10", "--order", "asc"]), all[9..20]);
    assert_eq!(read(&["--from", "3995"]), all[3_994..]);
    let since: Vec<_> = all.iter().filter(|row| row.timestamp.to_rfc3339().as_str() >= "2025-12-31").copied().collect();
    assert_eq!(read(&["--since", "2025-12-31"]), since);
    let until = since.iter().filter(|row| row.timestamp.to_rfc3339().as_str() < "2025-12-31T01:00:01").copied();
    assert_eq!(read(&["--since", "2025-12-31", "--until", "2025-12-31T02:00:00+01:00"]), until.collect::<Vec<_>>());
    // Nothing was logged in the last two hours by this computer's clock, and the meter's stands still.
    assert_eq!(read(&["--since", "2h"]), []);
}

#[test]
fn every_format() {
    let household = Household::new(3).event(150, emu_simulator::Event::StatusBits(0x121));
    let (simulator, meter) = start(Simulator::builder().household(household).rows(150));
    let rows = simulator.load_profile();
    let read = |format: &str, rest: &[&str]| {
        let outcome = emu(&[&["data", &meter, "--last", "3", "--format", format], rest].concat());
        assert_eq!(outcome.code, 0);
        outcome.stdout
    };
    assert_eq!(rows_of(&read("csv", &[])), rows[147..]);
    assert_eq!(serde_json::from_str::<Vec<LoadProfileEntry>>(&read("json", &[])).unwrap(), rows[147..]);
    let lines: Vec<LoadProfileEntry> =
        read("jsonl", &[]).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, rows[147..]);
    let value: serde_json::Value = serde_json::from_str(read("jsonl", &[]).lines().next().unwrap()).unwrap();
    assert_eq!(value["voltage_l1_n_dv"], rows[147].voltage_l1_n.get());

    let table = read("table", &[]);
    let voltage = format!("  {}  ", rows[149].voltage_l1_n.to_string().replace(" V", ""));
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("Time (UTC)") && lines[0].ends_with("Status"), "{table}");
    assert!(lines[1].contains("Wh") && lines[1].contains(" V") && lines[1].ends_with("Hz"), "{table}");
    assert!(lines[4].starts_with("2026-01-01 00:00:00") && lines[4].contains(&voltage), "{table}");
    assert!(lines[4].ends_with("Time changed, Power Failure, unknown bits 0x100"), "{table}");
    // Values stand under the ends of their titles.
    let end = lines[0].find("Import T1").unwrap() + "Import T1".len();
    assert!(lines.iter().skip(1).all(|line| !line[..end].ends_with(' ') && line[end..].starts_with("  ")), "{table}");
    assert_eq!(read("table", &["--wide"]).lines().next().unwrap().matches("L123").count(), 10);

    let nothing = emu(&["data", &meter, "--since", "2h", "--format", "json"]).stdout;
    assert_eq!(serde_json::from_str::<Vec<LoadProfileEntry>>(&nothing).unwrap(), []);
}

#[test]
fn the_logbook() {
    let (simulator, meter) = start(Simulator::builder());
    let outcome = emu(&["logbook", &meter]);
    let rows: Vec<LogbookEntry> = read_body(outcome.stdout.as_bytes()).map(Result::unwrap).collect();
    assert_eq!((outcome.code, rows), (0, simulator.logbook()));
    assert!(outcome.stderr.contains("of the logbook of meter"));
    let table = emu(&["logbook", &meter, "--format", "table"]).stdout;
    assert!(table.contains("75 > 100"), "{table}");
    let json = emu(&["logbook", &meter, "--format", "json", "--last", "2"]).stdout;
    assert_eq!(serde_json::from_str::<Vec<LogbookEntry>>(&json).unwrap().len(), 2);
}

#[test]
fn a_file_is_written_whole_or_not_at_all() {
    let (simulator, meter) = start(Simulator::builder().rows(7_000));
    let (folder, path) = folder("data.csv");
    let name = path.to_str().unwrap();
    simulator.set_faults([Fault::reset(100_000).only(2), Fault::server_error().only(3)]);
    let args = ["data", &meter, "--last", "5000", "-o", name, "--retries", "0"];
    let outcome = emu(&args);
    assert_eq!((outcome.code, files(folder.path()).len()), (1, 0), "{}", outcome.stderr);

    std::fs::write(&path, "precious\n").unwrap();
    simulator.set_faults([Fault::reset(100_000).only(2), Fault::server_error().only(3)]);
    assert_eq!(emu(&args).code, 1);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious\n");

    simulator.set_faults([]);
    let outcome = emu(&args);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
    assert_eq!(rows_of(&std::fs::read_to_string(&path).unwrap()), simulator.load_profile()[2_000..]);
    assert_eq!(files(folder.path()), ["data.csv"]);

    // The extension says the format.
    for (name, format) in [("data.json", "["), ("data.jsonl", "{"), ("data.txt", "Timestamp")] {
        let path = folder.path().join(name);
        assert_eq!(emu(&["data", &meter, "--last", "1", "-o", path.to_str().unwrap()]).code, 0);
        assert!(std::fs::read_to_string(path).unwrap().starts_with(format), "{name}");
    }
    let outcome = emu(&["data", &meter, "-o", "/no/such/folder/data.csv"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("cannot write /no/such/folder/data.csv: "), "{}", outcome.stderr);
    assert_eq!(emu(&["data", &meter, "--last", "3", "-o", "/dev/null"]).code, 0);
}

#[test]
fn a_file_grows_by_what_is_new_and_nothing_doubles() {
    for name in ["data.csv", "data.jsonl"] {
        let (simulator, meter) = start(Simulator::builder().rows(3_200));
        let (folder, path) = folder(name);
        let name = path.to_str().unwrap();
        let sync = || emu(&["data", &meter, "--since", name, "-o", name]);
        let rows = || {
            let text = std::fs::read_to_string(&path).unwrap();
            if name.ends_with("csv") {
                rows_of(&text)
            } else {
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            }
        };
        // The file is not there yet: everything.
        assert_eq!((sync().code, rows()), (0, simulator.load_profile()));
        let before = std::fs::read(&path).unwrap();
        let outcome = sync();
        assert_eq!((outcome.code, std::fs::read(&path).unwrap()), (0, before), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("no rows of the load profile"), "{}", outcome.stderr);
        simulator.advance(7);
        assert_eq!((sync().code, rows()), (0, simulator.load_profile()));
        // What was cut off is read anew.
        let whole = std::fs::read(&path).unwrap();
        for cut in [1, 50, 1_000] {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let outcome = sync();
            assert_eq!((outcome.code, std::fs::read(&path).unwrap() == whole), (0, true), "{}", outcome.stderr);
            assert!(outcome.stderr.contains("has no line end; its row is read anew"), "{}", outcome.stderr);
        }
        // Elsewhere: only what is new.
        simulator.advance(2);
        let outcome = emu(&["data", &meter, "--since", name, "--format", "csv"]);
        assert_eq!((outcome.code, rows_of(&outcome.stdout)), (0, simulator.load_profile()[3_207..].to_vec()));
        // What came before a failure stays, since the next run goes on from it.
        simulator.advance(6_000);
        simulator.set_faults([Fault::reset(50_000).only(3)]);
        let outcome = emu(&["data", &meter, "--since", name, "-o", name, "--retries", "0"]);
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        let some = rows().len();
        assert!(some > 3_207 && some < 9_209, "{some}");
        assert_eq!((sync().code, rows()), (0, simulator.load_profile()));
        assert_eq!(files(folder.path()).len(), 1);
    }
}

#[test]
fn a_checkpoint_says_where_to_go_on() {
    let (simulator, meter) = start(Simulator::builder().rows(300));
    let (_folder, path) = folder("place");
    let name = path.to_str().unwrap();
    let sync = || emu(&["data", &meter, "--since", name, "--checkpoint", name]);
    assert_eq!(rows_of(&sync().stdout), simulator.load_profile());
    let place: Checkpoint = std::fs::read_to_string(&path).unwrap().parse().unwrap();
    assert_eq!(Some(place), simulator.load_profile().last().map(Checkpoint::of));
    assert_eq!(rows_of(&sync().stdout), []);
    simulator.advance(4);
    assert_eq!(rows_of(&sync().stdout), simulator.load_profile()[300..]);
    let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
    assert_eq!(outcome.code, 2, "{}", outcome.stderr);
}

#[test]
fn files_that_cannot_be_added_to_are_left_alone() {
    let (_simulator, meter) = start(Simulator::builder().rows(30));
    let (_folder, path) = folder("data.csv");
    let name = path.to_str().unwrap();
    let comma = Simulator::builder().rows(3).dialect(Dialect { delimiter: Delimiter::Comma, ..Dialect::KNOWN });
    let (_other, other) = start(comma);
    let text = |address: &str, query: &str| {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, format!("GET {query} HTTP/1.0\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    for (text, code, message) in [
        (text(&meter, "/data/?last=5"), 1, "newest row first"),
        (text(&other, "/data/?from=1&to=3"), 1, "cells are not separated by ';'"),
        (text(&meter, "/logbook/"), 1, "holds no rows of this log"),
        ("[\n]\n".to_owned(), 1, "one JSON array"),
        ("{\"index\": 1}\n".to_owned(), 1, "holds no rows of this log"),
        ("Dear diary, today\nI met a meter;\n".to_owned(), 1, "holds no rows of this log"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
        assert_eq!(outcome.code, code, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(message), "{message}: {}", outcome.stderr);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let missing = emu(&["data", &meter, "--since", "2025-13-45"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stderr.contains("neither a time"), "{}", missing.stderr);
}

#[test]
fn what_is_lost_shows_in_sentences_and_in_the_exit_code() {
    let defects = Defects { holes: [40, 41].into(), ..Defects::default() };
    let (_simulator, meter) = start(Simulator::builder().rows(100).defects(defects));
    let outcome = emu(&["data", &meter, "--all"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("rows 40 to 41 are missing in the meter's log"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("2 rows asked for and not there"), "{}", outcome.stderr);
    assert_eq!(rows_of(&outcome.stdout).len(), 98);

    let defects = Defects { malformed: [(40, Malformed::Garbage)].into(), ..Defects::default() };
    let (_simulator, meter) = start(Simulator::builder().rows(100).defects(defects));
    let outcome = emu(&["data", &meter, "--all"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("column \"Active Power L123\""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("row 40 is lost"), "{}", outcome.stderr);

    let (_simulator, meter) = start(Simulator::builder().rows(100).depth(50));
    let outcome = emu(&["data", &meter, "--from", "41", "--to", "60"]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout).len()), (3, 10));
    assert!(outcome.stderr.contains("rows 41 to 50 are not in the meter's log"), "{}", outcome.stderr);
    let outcome = emu(&["data", &meter, "--last", "60"]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout).len()), (0, 50));
    assert!(outcome.stderr.contains("rows 41 to 50 are not in the meter's log"), "{}", outcome.stderr);

    let (simulator, meter) = start(Simulator::builder().rows(100));
    let (_folder, path) = folder("data.csv");
    let name = path.to_str().unwrap();
    assert_eq!(emu(&["data", &meter, "-o", name]).code, 0);
    simulator.add_incident(Incident::Swap { at: Moment::Requests(0), seed: 5 });
    let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
    assert_eq!(outcome.code, 3);
    let stdout = emu(&["data", &meter, "--since", name]);
    assert_eq!((stdout.code, rows_of(&stdout.stdout)), (3, simulator.load_profile()));
    assert!(stdout.stderr.contains("answers in place of meter"), "{}", stdout.stderr);
}

#[test]
fn rows_of_another_meter_are_not_added() {
    for name in ["data.csv", "data.jsonl"] {
        let (simulator, meter) = start(Simulator::builder().rows(100).household(Household::new(1)));
        let (_other, other) = start(Simulator::builder().rows(100).household(Household::new(2)));
        let (folder, path) = folder(name);
        let name = path.to_str().unwrap();
        assert_eq!(emu(&["data", &meter, "--since", name, "-o", name]).code, 0);
        let before = std::fs::read(&path).unwrap();
        for quiet in [&[] as &[&str], &["--quiet"]] {
            let outcome = emu(&[&["data", &other, "--since", name, "-o", name], quiet].concat());
            assert_eq!((outcome.code, std::fs::read(&path).unwrap() == before), (3, true), "{}", outcome.stderr);
            let other = emu(&["data", &other, "--last", "1", "--format", "json"]).stdout;
            let other: Vec<LoadProfileEntry> = serde_json::from_str(&other).unwrap();
            for text in [simulator.load_profile()[0].serial_number, other[0].serial_number] {
                assert!(outcome.stderr.contains(&text.to_string()), "{text}: {}", outcome.stderr);
            }
            assert!(outcome.stderr.contains("another file"), "{}", outcome.stderr);
        }
        let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
        assert_eq!((outcome.code, std::fs::read(&path).unwrap() == before), (0, true), "{}", outcome.stderr);

        // On the way: what came of the file's meter counts.
        simulator.advance(5_000);
        let expected = simulator.load_profile();
        simulator.add_incident(Incident::Swap { at: Moment::Rows(4_000), seed: 5 });
        let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        let rows = std::fs::read_to_string(&path).unwrap();
        let rows = if name.ends_with("csv") {
            rows_of(&rows)
        } else {
            rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        assert!(rows.len() > 100 && rows[..] == expected[..rows.len()], "{}", rows.len());
        assert_eq!(files(folder.path()).len(), 1);
    }
}

#[test]
fn a_clock_that_was_set_does_not_turn_a_file_around() {
    let household = Household::new(1).quiet().event(100, emu_simulator::Event::ClockStep { quarters: -8 });
    let (simulator, meter) = start(Simulator::builder().rows(100).household(household));
    for name in ["data.csv", "data.jsonl"] {
        let (_folder, path) = folder(name);
        let name = path.to_str().unwrap();
        assert_eq!(emu(&["data", &meter, "--all", "--order", "desc", "-o", name]).code, 0);
        let before = std::fs::read(&path).unwrap();
        let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
        assert_eq!((outcome.code, std::fs::read(&path).unwrap() == before), (1, true), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("newest row first; go on with another file"), "{}", outcome.stderr);
        assert_eq!(emu(&["data", &meter, "--since", name]).code, 0);
        // The other way round it is no obstacle.
        assert_eq!(emu(&["data", &meter, "--all", "-o", name]).code, 0);
        let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    }
    // Neither one nor the other.
    let (_folder, path) = folder("data.csv");
    let name = path.to_str().unwrap();
    assert_eq!(emu(&["data", &meter, "--from", "1", "--to", "50", "-o", name]).code, 0);
    let mut text = std::fs::read_to_string(&path).unwrap();
    text.push_str(emu(&["data", &meter, "--from", "90", "--to", "70"]).stdout.split_once('\n').unwrap().1);
    std::fs::write(&path, &text).unwrap();
    let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
    assert_eq!((outcome.code, std::fs::read_to_string(&path).unwrap()), (1, text), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("row 89 follows row 90"), "{}", outcome.stderr);

    // A log that was cleared goes on in the same file.
    assert_eq!(emu(&["data", &meter, "--all", "-o", name]).code, 0);
    let mut expected = simulator.load_profile();
    simulator.add_incident(Incident::Restart { at: Moment::Requests(0), rows: 40 });
    let sync = || emu(&["data", &meter, "--since", name, "-o", name]).code;
    assert_eq!((sync(), sync()), (3, 0));
    expected.extend(simulator.load_profile());
    assert_eq!(rows_of(&std::fs::read_to_string(&path).unwrap()), expected);
}

#[test]
fn negative_exports_are_no_obstacle() {
    let quirks = Quirks { negative_exports: true, ..Quirks::default() };
    let (simulator, meter) = start(Simulator::builder().rows(100).quirks(quirks));
    let (_folder, path) = folder("data.csv");
    let name = path.to_str().unwrap();
    for _ in 0..2 {
        let outcome = emu(&["data", &meter, "--since", name, "-o", name]);
        assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        let rows = rows_of(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(rows.len(), simulator.load_profile().len());
        assert!(rows.iter().any(|row| row.active_energy_export_l123_t1.get() < 0));
        simulator.advance(3);
    }
}

#[test]
fn a_checkpoint_is_saved_for_rows_that_are_out() {
    for (name, format) in [("csv", "csv"), ("jsonl", "jsonl")] {
        let (simulator, meter) = start(Simulator::builder().rows(7_000));
        let (_folder, path) = folder(name);
        let name = path.to_str().unwrap();
        let sync = || {
            let outcome =
                emu(&["data", &meter, "--since", name, "--checkpoint", name, "--retries", "0", "--format", format]);
            let rows = if format == "csv" {
                rows_of(&outcome.stdout)
            } else {
                outcome.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
            };
            (outcome.code, rows)
        };
        simulator.set_faults([Fault::reset(50_000)]);
        let (code, mut rows) = sync();
        assert!(code == 1 && !rows.is_empty() && rows.len() < 7_000, "{code}, {}", rows.len());
        simulator.set_faults([]);
        let (code, rest) = sync();
        rows.extend(rest);
        assert_eq!((code, rows), (0, simulator.load_profile()));
    }
}

#[test]
fn a_line_of_the_file_that_cannot_be_read_shows_in_the_exit_code() {
    for (name, line) in [("data.csv", 3), ("data.jsonl", 2)] {
        let (simulator, meter) = start(Simulator::builder().rows(30));
        let (_folder, path) = folder(name);
        let name = path.to_str().unwrap();
        let sync = || emu(&["data", &meter, "--since", name, "-o", name]);
        assert_eq!(sync().code, 0);
        let text = std::fs::read_to_string(&path).unwrap();
        let mut lines: Vec<&str> = text.lines().collect();
        lines[line - 1] = "scribble";
        std::fs::write(&path, lines.join("\n") + "\n").unwrap();
        simulator.advance(1);
        let outcome = sync();
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(&format!("line {line}")), "{}", outcome.stderr);
    }
}

#[test]
fn a_file_that_somebody_else_writes_meanwhile_is_left_alone() {
    let (simulator, meter) = start(Simulator::builder().rows(300));
    for there in [true, false] {
        let (folder, path) = folder("data.csv");
        let name = path.to_str().unwrap();
        let args = ["data", &meter, "--since", name, "-o", name];
        if there {
            assert_eq!(emu(&args).code, 0);
            simulator.advance(200);
        }
        simulator.set_faults([Fault::chunks(500, std::time::Duration::from_millis(20))]);
        let child = command(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        while !files(folder.path()).iter().any(|name| name.ends_with(".part")) {
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        simulator.set_faults([]);
        let other = emu(&args);
        assert_eq!(other.code, 0, "{}", other.stderr);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(rows_of(&text), simulator.load_profile());
        std::fs::write(&path, format!("{text}\n")).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("was changed while the meter was read"), "{stderr}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{text}\n"));
        assert_eq!(files(folder.path()), ["data.csv"]);
    }
}

#[test]
fn deviations_are_told() {
    let dialect = Dialect { delimiter: Delimiter::Comma, byte_order_mark: true, ..Dialect::KNOWN };
    let (simulator, meter) = start(Simulator::builder().rows(30).dialect(dialect));
    let outcome = emu(&["data", &meter]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout)), (0, simulator.load_profile()));
    let told =
        "deviates from the known firmware's: cells are not separated by ';'; the body starts with a byte-order mark";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);
}

#[test]
fn failures_say_what_and_where() {
    let outcome = emu(&["data", "127.0.0.1:1", "--retries", "0"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("meter 127.0.0.1:1, /data/?last=1: cannot connect"), "{}", outcome.stderr);
    assert_eq!(outcome.stdout, "");
    let (_simulator, meter) = start(Simulator::builder().rows(3).fault(Fault::web_page()));
    let outcome = emu(&["data", &meter]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("expected an answer of type text/csv, not \"text/html\""), "{}", outcome.stderr);
    let (simulator, meter) = start(Simulator::builder().rows(3).fault(Fault::server_error().first(1)));
    let outcome = emu(&["data", &meter, "--last", "3"]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout)), (0, simulator.load_profile()));
    assert!(outcome.stderr.contains("status 500; trying again in"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("3 requests, 1 tried again"), "{}", outcome.stderr);
    let outcome = emu(&["data", &meter, "--last", "1", "--verbose"]);
    assert!(outcome.stderr.contains("asked for /data/?last=1"), "{}", outcome.stderr);
}

#[test]
fn a_meter_that_is_silent_is_not_waited_for() {
    let (_simulator, meter) = start(Simulator::builder().rows(3).fault(Fault::stall()));
    let outcome = emu(&["data", &meter, "--timeout", "1s", "--retries", "0"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("took longer than 1s"), "{}", outcome.stderr);
}

#[test]
fn passwords_come_from_the_environment_or_a_file() {
    let (simulator, meter) = start(Simulator::builder().rows(9).password("sesame"));
    let outcome = emu(&["data", &meter]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (4, ""));
    assert!(
        outcome.stderr.contains("the meter wants a user and a password; give it by EMU_PASSWORD"),
        "{}",
        outcome.stderr
    );

    let with = |password: &str| {
        let mut command = command(&["data", &meter]);
        command.env("EMU_PASSWORD", password);
        finish(command)
    };
    assert_eq!(rows_of(&with("sesame").stdout), simulator.load_profile());
    let wrong = with("simsim");
    assert_eq!(wrong.code, 4);
    assert!(wrong.stderr.contains("another user or password") && !wrong.stderr.contains("simsim"), "{}", wrong.stderr);

    let (_folder, path) = folder("password");
    std::fs::write(&path, "sesame\r\nsomething else\n").unwrap();
    let outcome = emu(&["data", &meter, "--password-file", path.to_str().unwrap()]);
    assert_eq!(rows_of(&outcome.stdout), simulator.load_profile());
    let outcome = emu(&["data", &meter, "--password-file", "/no/such/file"]);
    assert_eq!(outcome.code, 1);
    // It is no argument.
    assert_eq!(emu(&["data", &meter, "--password", "sesame"]).code, 2);
    let url = format!("http://admin:sesame@{meter}/");
    let outcome = emu(&["data", &url]);
    assert_eq!(outcome.code, 2);
    assert!(!outcome.stderr.contains("sesame") && outcome.stderr.contains("invalid METER"), "{}", outcome.stderr);
}

#[test]
fn wrong_command_lines() {
    for args in [
        &["data"] as &[&str],
        &[],
        &["data", "meter", "--last", "x"],
        &["data", "meter", "--last", "1", "--all"],
        &["data", "meter", "--to", "1"],
        &["data", "meter", "--from", "1", "--since", "2h"],
        &["data", "meter", "--until", "yesterday"],
        &["data", "meter", "--timeout", "0"],
        &["data", "https://meter"],
        &["data", "meter/data/"],
        &["data", "meter", "--since", "new.csv", "-o", "new.csv", "--order", "desc"],
        &["data", "meter", "--since", "new.json", "-o", "new.json"],
        &["data", "meter", "-o", "x", "--checkpoint", "x"],
        &["status"],
        &["status", "many"],
        &["completions", "cobol"],
    ] {
        let outcome = emu(args);
        assert_eq!(outcome.code, 2, "{args:?}: {}", outcome.stderr);
        assert!(!outcome.stderr.is_empty() && outcome.stdout.is_empty());
    }
}

#[test]
fn a_status_is_explained() {
    for bits in ["33", "0x21", "0b100001"] {
        let outcome = emu(&["status", bits]);
        assert_eq!(outcome.code, 0);
        assert!(outcome.stdout.contains("Time changed") && outcome.stdout.contains("Power Failure"));
    }
}

#[test]
fn completions_and_help() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let outcome = emu(&["completions", shell]);
        assert_eq!(outcome.code, 0);
        assert!(outcome.stdout.contains("checkpoint") && outcome.stdout.contains("emu"), "{shell}");
    }
    for args in [&["--help"] as &[&str], &["data", "--help"], &["logbook", "--help"]] {
        let outcome = emu(args);
        assert_eq!(outcome.code, 0);
        for text in ["Examples:", "Exit codes:", "--since m.csv -o m.csv", "EMU_PASSWORD"] {
            assert!(outcome.stdout.contains(text), "{args:?}: {text}");
        }
    }
    assert!(emu(&["status", "--help"]).stdout.contains("emu status 0x21"));
    assert!(emu(&["--version"]).stdout.starts_with("emu "));
}

#[test]
fn whoever_reads_the_output_may_stop() {
    let (_simulator, meter) = start(Simulator::builder().rows(20_000));
    let mut command = command(&["data", &meter, "--all", "--quiet"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut some = [0; 100];
    std::io::Read::read_exact(&mut stdout, &mut some).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn an_interrupt_saves_a_checkpoint_for_rows_that_are_out() {
    let fault = Fault::chunks(100, std::time::Duration::from_millis(3));
    let (simulator, meter) = start(Simulator::builder().rows(3_000).fault(fault));
    let (_folder, path) = folder("place");
    let name = path.to_str().unwrap();
    let args = ["data", &meter, "--since", name, "--checkpoint", name];
    let mut child = command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut text = vec![0; 100];
    std::io::Read::read_exact(&mut stdout, &mut text).unwrap();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    std::io::Read::read_to_end(&mut stdout, &mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rows = rows_of(std::str::from_utf8(&text).unwrap());
    assert!(!rows.is_empty() && rows.len() < 3_000, "{}", rows.len());
    simulator.set_faults([]);
    rows.extend(rows_of(&emu(&args).stdout));
    assert_eq!(rows, simulator.load_profile());
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_file() {
    let fault = Fault::chunks(100, std::time::Duration::from_millis(5));
    let (_simulator, meter) = start(Simulator::builder().rows(3_000).fault(fault));
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (folder, path) = folder("data.csv");
        let mut child = command(&["data", &meter, "-o", path.to_str().unwrap()]).stderr(Stdio::null()).spawn().unwrap();
        while files(folder.path()).is_empty() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        let kill = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status().unwrap();
        assert!(kill.success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(files(folder.path()), [] as [String; 0]);
    }
}
