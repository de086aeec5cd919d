//! The command `emu`, run as users run it, against the simulated meter.

mod cli;

use std::process::Stdio;

use emu_client::emu_proto::{Delimiter, Dialect, read_body, write_header, write_row};
use emu_client::{LoadProfileEntry, LogbookEntry};
use emu_simulator::{Defects, Fault, Household, Incident, Malformed, Moment, Simulator};

use cli::*;

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
fn what_is_lost_shows_in_sentences_and_in_the_exit_code() {
    let defects = Defects { holes: [40, 41].into(), ..Defects::default() };
    let (_simulator, meter) = start(Simulator::builder().rows(100).defects(defects));
    let outcome = emu(&["data", &meter, "--all"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("rows 40 to 41 are missing in the meter's log"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("2 rows asked for and not delivered; see above"), "{}", outcome.stderr);
    assert_eq!(rows_of(&outcome.stdout).len(), 98);
    // What is not there yet, unless the upper end is open.
    for (from, to, rows) in [("99", "102", 2), ("200", "210", 0)] {
        let outcome = emu(&["data", &meter, "--from", from, "--to", to]);
        assert_eq!((outcome.code, rows_of(&outcome.stdout).len()), (3, rows));
        assert!(outcome.stderr.contains("not logged yet"), "{}", outcome.stderr);
    }
    assert_eq!(emu(&["data", &meter, "--from", "99"]).code, 0);
    // At the lower end, with row 39 below it.
    let outcome = emu(&["data", &meter, "--last", "61"]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout).len()), (3, 59));
    assert!(outcome.stderr.contains("rows 40 to 41 are missing in the meter's log"), "{}", outcome.stderr);

    let defects = Defects { malformed: [(40, Malformed::Garbage)].into(), ..Defects::default() };
    let (_simulator, meter) = start(Simulator::builder().rows(100).defects(defects));
    let outcome = emu(&["data", &meter, "--all"]);
    assert_eq!(outcome.code, 3);
    assert!(outcome.stderr.contains("column \"Active Power L123\""), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("row 40 is lost"), "{}", outcome.stderr);
    // Its line came three times.
    let told = "1 row asked for and not delivered, of which 1 could not be read; see above";
    assert!(outcome.stderr.contains(told), "{}", outcome.stderr);

    let (_simulator, meter) = start(Simulator::builder().rows(100).depth(50));
    let outcome = emu(&["data", &meter, "--from", "41", "--to", "60"]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout).len()), (3, 10));
    assert!(outcome.stderr.contains("rows 41 to 50 are not in the meter's log"), "{}", outcome.stderr);
    let outcome = emu(&["data", &meter, "--last", "60"]);
    assert_eq!((outcome.code, rows_of(&outcome.stdout).len()), (0, 50));
    assert!(outcome.stderr.contains("the log goes back 50 rows, and 60 were asked for"), "{}", outcome.stderr);

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
    assert!(outcome.stderr.contains("took longer than 1 s"), "{}", outcome.stderr);
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
        &["data", "meter", "--since", "2025-06-02", "--until", "2025-06-01"],
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
fn wrong_values_are_told_as_what_they_are() {
    let said = |args: &[&str]| {
        let outcome = emu(&[&["data", "meter"], args].concat());
        assert_eq!(outcome.code, 2);
        outcome.stderr
    };
    for option in ["--last", "--from", "--retries", "--timeout"] {
        let told = said(&[option, "-1"]);
        assert!(told.contains(&format!("invalid value '-1' for '{option} <")), "{told}");
    }
    for option in ["--since", "--until"] {
        let told = said(&[option, "2025-12-31T20:00"]);
        assert!(told.contains("a time with seconds and zone: 2025-12-31T20:00:00Z, or"), "{told}");
    }
    let (_folder, path) = folder("data.csv");
    std::fs::write(&path, {
        let mut text = String::new();
        write_header::<LoadProfileEntry>(&mut text, &Dialect::KNOWN).unwrap();
        Household::new(1).rows().take(1).for_each(|row| write_row(&mut text, &Dialect::KNOWN, &row).unwrap());
        text
    })
    .unwrap();
    let name = path.to_str().unwrap();
    let told = said(&["--since", name, "-o", name, "--format", "jsonl"]);
    assert!(told.contains("the file of --since is csv, and rows in jsonl cannot be added to it"), "{told}");
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
