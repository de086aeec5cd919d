//! Files that the command `emu` writes, adds to and goes on from: whole or not at all, and no row twice.

mod cli;

use std::process::{Command, Stdio};

use emu_client::emu_proto::{Delimiter, Dialect};
use emu_client::{Checkpoint, LoadProfileEntry};
use emu_simulator::{Defects, Fault, Household, Incident, Moment, Quirks, Simulator};

use cli::*;

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

/// A full disk, and a pipe that nobody reads.
#[cfg(target_os = "linux")]
#[test]
fn standard_error_may_fail_and_all_else_is_as_ever() {
    // The first request fails, so that there is a notice before the first row, and a row is lost.
    let defects = Defects { holes: [40].into(), ..Defects::default() };
    let (simulator, meter) = start(Simulator::builder().rows(4_000).defects(defects));
    let (folder, path) = folder("data.csv");
    let (name, checkpoint) = (path.to_str().unwrap(), folder.path().join("checkpoint"));
    let args = ["data", &meter, "--all", "-o", name, "--checkpoint", checkpoint.to_str().unwrap(), "--verbose"];
    let run = |stderr: Option<Stdio>, args: &[&str]| {
        simulator.set_faults([Fault::server_error().first(1)]);
        let mut command = command(args);
        let output = command.stderr(stderr.unwrap_or_else(Stdio::piped)).output().unwrap();
        (output.status.code(), output.stdout)
    };
    let full = || Some(std::fs::File::options().write(true).open("/dev/full").unwrap().into());
    let closed = || Some(Stdio::from(std::io::pipe().unwrap().1));
    let mut files = Vec::new();
    for stderr in [None, full(), closed()] {
        assert_eq!(run(stderr, &args), (Some(3), Vec::new()));
        files.push([&path, &checkpoint].map(|path| std::fs::read(path).unwrap()));
        std::fs::remove_file(&path).unwrap();
        std::fs::remove_file(&checkpoint).unwrap();
    }
    assert!(files[0][0].len() > 100_000 && files.iter().all(|written| *written == files[0]));
    let rows = run(None, &["data", &meter, "--all"]);
    for args in [&["data", &meter, "--all"], &["data", "bad:", "--all"], &["data", "127.0.0.1:1", "--retries=0"]] {
        let expected = run(None, args);
        assert!(expected == rows || [Some(1), Some(2)].contains(&expected.0), "{args:?}");
        assert_eq!(run(full(), args), expected, "{args:?}");
        assert_eq!(run(closed(), args), expected, "{args:?}");
    }
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

/// Rows whose clock ran ahead are too late for --until: the run ends in front of them, and the next one adds them.
#[test]
fn rows_that_are_too_late_wait_for_the_next_run() {
    use emu_simulator::Event;
    let household = Household::new(1).quiet().event(51, Event::ClockStep { quarters: 200 });
    let household = household.event(61, Event::ClockStep { quarters: -200 });
    let (simulator, meter) = start(Simulator::builder().household(household).rows(100));
    let (_folder, path) = folder("data.csv");
    let name = path.to_str().unwrap();
    let until = simulator.load_profile()[79].timestamp.to_rfc3339();
    for (until, last) in [(Some(&until), 50), (None, 100)] {
        let mut args = vec!["data", &meter, "--since", name, "-o", name];
        args.extend(until.into_iter().flat_map(|until| ["--until", until]));
        assert_eq!(emu(&args).code, 0);
        let indices: Vec<u32> = rows_of(&std::fs::read_to_string(&path).unwrap()).iter().map(|row| row.index).collect();
        assert_eq!(indices, (1..=last).collect::<Vec<_>>());
    }
}
