//! The commands `emu firmware` and `emu smp`, run as users run them, against the simulated meter.

mod cli;

use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use emu_client::emu_smp::{ImageHash, ImageVersion};
use emu_simulator::{Boot, OnlineUpdates, Simulator, SmpQuirks, TestImage};

use cli::{Outcome, command, emu, finish, folder};

fn updates() -> OnlineUpdates {
    OnlineUpdates {
        reset_delay: Duration::from_millis(20),
        restart_time: Duration::from_millis(200),
        ..OnlineUpdates::default()
    }
}

/// A simulated meter, and how the command reaches it.
struct Device {
    simulator: Simulator,
    port: String,
}

impl Device {
    fn new(updates: OnlineUpdates) -> Self {
        let simulator = Simulator::builder().rows(3).online_updates(updates).start_blocking().unwrap();
        let port = simulator.smp_addr().unwrap().port().to_string();
        Self { simulator, port }
    }

    /// The arguments of a command about this meter.
    fn arguments<'a>(&'a self, verb: &[&'a str], rest: &[&'a str]) -> Vec<&'a str> {
        [verb, &["127.0.0.1", "--smp-port", &self.port], rest].concat()
    }

    /// Runs `emu firmware VERB METER REST`.
    fn firmware(&self, verb: &str, rest: &[&str]) -> Outcome {
        emu(&self.arguments(&["firmware", verb], rest))
    }

    /// Runs `emu smp METER REST`.
    fn smp(&self, rest: &[&str]) -> Outcome {
        emu(&self.arguments(&["smp"], rest))
    }

    /// What the meter tells of itself, to check what the command says.
    fn versions(&self) -> (String, Vec<Boot>) {
        (self.simulator.firmware_version().to_string(), self.simulator.boots())
    }

    fn wait_for_boot(&self, count: usize) {
        let start = Instant::now();
        while self.simulator.boots().len() < count {
            assert!(start.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn image(version: &str) -> TestImage {
    TestImage::new(version.parse().unwrap()).size(20_000)
}

/// The hash of the image that the simulated meter runs at first.
fn running() -> ImageHash {
    TestImage::new(OnlineUpdates::RUNNING).hash()
}

fn write(image: &TestImage) -> (tempfile::TempDir, PathBuf) {
    let (folder, path) = folder("update.bin");
    std::fs::write(&path, image.to_bytes()).unwrap();
    (folder, path)
}

/// The lines of an image, as the manual's tool prints them.
fn lines(slot: u32, version: &str, flags: &str, hash: &ImageHash) -> String {
    format!(" image=0 slot={slot}\n    version: {version}\n    bootable: true\n    flags: {flags}\n    hash: {hash}\n")
}

fn listing(images: &[String]) -> String {
    format!("Images:\n{}Split status: N/A (0)\n", images.concat())
}

fn done(outcome: &Outcome) {
    assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (0, "Done\n", ""));
}

/// Steps 2 to 8 of the manual, by the commands that it names, with the lines that it shows.
#[test]
fn the_walk_of_the_manual() {
    let device = Device::new(updates());
    let (_folder, path) = write(&image("1.0.9"));
    let (file, new, old) = (path.to_str().unwrap(), image("1.0.9").hash(), running());
    let prints = |outcome: &Outcome, images: &[String]| {
        assert_eq!((outcome.code, &*outcome.stderr), (0, ""));
        assert_eq!(outcome.stdout, listing(images));
    };
    let first = lines(0, "1.0.6", "active confirmed", &old);
    prints(&device.firmware("list", &[]), std::slice::from_ref(&first));
    done(&device.firmware("upload", &[file]));
    assert_eq!(device.simulator.flash(1), image("1.0.9").to_bytes());
    // No flag is set, and the blank before none stays.
    prints(&device.firmware("list", &[]), &[first.clone(), lines(1, "1.0.9", "", &new)]);
    prints(&device.firmware("test", &[&new.to_string()]), &[first, lines(1, "1.0.9", "pending", &new)]);
    done(&device.firmware("reset", &[]));
    device.wait_for_boot(1);
    let back = [lines(0, "1.0.9", "active", &new), lines(1, "1.0.6", "confirmed", &old)];
    prints(&device.firmware("list", &[]), &back);
    let confirmed = lines(0, "1.0.9", "active confirmed", &new);
    let both = [confirmed.clone(), lines(1, "1.0.6", "", &old)];
    prints(&device.firmware("confirm", &[&new.to_string()]), &both);
    prints(&device.firmware("confirm", &[]), &both);
    done(&device.firmware("erase", &[]));
    prints(&device.firmware("list", &[]), &[confirmed]);
    assert_eq!(device.versions(), ("1.0.9".to_owned(), vec![Boot::Swapped]));
}

#[test]
fn json_in_place_of_lines() {
    let device = Device::new(OnlineUpdates { has_all_groups: true, ..updates() });
    let (_folder, path) = write(&image("1.0.9"));
    let (file, hash) = (path.to_str().unwrap(), image("1.0.9").hash().to_string());
    let json = |outcome: Outcome| -> serde_json::Value {
        assert_eq!((outcome.code, &*outcome.stderr), (0, ""));
        serde_json::from_str(&outcome.stdout).unwrap()
    };
    let firmware = |verb: &str, rest: &[&str]| json(device.firmware(verb, &[rest, &["--json"]].concat()));
    let list = firmware("list", &[]);
    assert_eq!((&list["split_status"], &list["images"][0]["version"]), (&0.into(), &"1.0.6".into()));
    assert_eq!(list["images"][0]["hash"], running().to_string());
    assert_eq!(firmware("upload", &[file])["done"], true);
    assert_eq!(firmware("test", &[&hash[..8]])["images"][1]["pending"], true);
    assert_eq!(firmware("confirm", &[])["images"][0]["confirmed"], true);
    assert_eq!(firmware("erase", &[])["done"], true);
    assert_eq!(firmware("info", &[])["buffers"]["buffer_count"], 4);
    assert_eq!(firmware("reset", &[])["done"], true);
    let verified = json(emu(&["firmware", "verify", file, "--json"]));
    assert_eq!((&verified["hash"], &verified["length"]), (&hash.into(), &20_000.into()));
    device.wait_for_boot(1);
    let updated = device.firmware("update", &[file, "--yes", "--wait", "1", "--json"]);
    assert_eq!(updated.code, 0, "{}", updated.stderr);
    let list: serde_json::Value = serde_json::from_str(&updated.stdout).unwrap();
    assert_eq!(list["images"][0]["version"], "1.0.9");

    let smp = |rest: &[&str]| json(device.smp(&[rest, &["--json"]].concat()));
    assert_eq!(smp(&["echo", "hi"])["text"], "hi");
    assert_eq!(smp(&["params"])["buffer_size"], 2_048);
    assert_eq!(smp(&["settings", "write", "meter/x", "00ff"])["done"], true);
    assert!(smp(&["settings", "read", "meter/x"]).is_object());
    assert_eq!(smp(&["raw", "read", "0", "6"])["body"], "bf686275665f73697a65190800696275665f636f756e7404ff");
    assert!(smp(&["groups"]).is_object() && smp(&["stats", "smp"]).is_object());
    assert!(smp(&["fs", "hash", "/lfs1/readme.txt"]).is_object() && smp(&["fs", "hash-types"]).is_object());
    // Behind `shell`, all words are the device's.
    assert_eq!(json(device.smp(&["--json", "shell", "echo", "hi"]))["exit_code"], 0);
}

#[test]
fn a_hash_by_its_first_digits() {
    let other = image("1.0.9");
    let device = Device::new(OnlineUpdates { other: Some(other.to_bytes()), ..updates() });
    let hash = other.hash().to_string();
    let tested = device.firmware("test", &[&hash[..6].to_uppercase()]);
    assert!(tested.code == 0 && tested.stdout.contains("    flags: pending\n"), "{}", tested.stderr);
    for (digits, code, told) in [
        ("", 2, "invalid HASH: expected hexadecimal digits, not \"\""),
        ("0x12", 2, "invalid HASH: expected hexadecimal digits, not \"0x12\""),
        ("ffffffffff", 1, "no image of the meter has a hash that starts with ffffffffff\nImages:\n"),
    ] {
        for verb in ["test", "confirm"] {
            let outcome = device.firmware(verb, &[digits]);
            assert!(outcome.code == code && outcome.stderr.contains(told), "{}", outcome.stderr);
            assert!(outcome.stdout.is_empty() && !outcome.stderr.ends_with("\n\n"));
        }
    }
    // Two images whose hashes start alike.
    let first = running().to_string().chars().next();
    let twin = (0..).map(|build| TestImage::new(ImageVersion { build, ..OnlineUpdates::RUNNING }).size(1_024));
    let twin = twin.into_iter().find(|twin| twin.hash().to_string().chars().next() == first).unwrap();
    let device = Device::new(OnlineUpdates { other: Some(twin.to_bytes()), ..updates() });
    let outcome = device.firmware("test", &[&running().to_string()[..1]]);
    assert!(
        outcome.code == 1 && outcome.stderr.contains("several images have a hash that starts"),
        "{}",
        outcome.stderr
    );
    // The same image in both slots is one hash.
    let same = TestImage::new(OnlineUpdates::RUNNING).to_bytes();
    let device = Device::new(OnlineUpdates { other: Some(same), ..updates() });
    assert_eq!(device.firmware("confirm", &[&running().to_string()[..4]]).code, 0);
    // A whole hash is asked as it is, and a meter may say why not.
    let unknown = "00".repeat(32);
    let outcome = device.firmware("test", &[&unknown]);
    assert!(outcome.code == 1 && outcome.stderr.contains("--smp-version 1 may make the meter say why"));
    let outcome = device.firmware("test", &[&unknown, "--smp-version", "1"]);
    let step = format!("see `emu firmware list 127.0.0.1 --smp-port {}`", device.port);
    assert!(outcome.stderr.contains("HASH_NOT_FOUND") && outcome.stderr.contains(&step), "{}", outcome.stderr);
}

#[test]
fn verify_says_what_a_file_is() {
    let (folder, path) = write(&image("1.0.9"));
    let bytes = image("1.0.9").to_bytes();
    let good = emu(&["firmware", "verify", path.to_str().unwrap()]);
    assert_eq!((good.code, &*good.stderr), (0, ""));
    let head = format!("version: 1.0.9\nhash: {} (right)\nsignature: ECDSA", image("1.0.9").hash());
    assert!(good.stdout.starts_with(&head) && good.stdout.contains("length: 20000 bytes"), "{}", good.stdout);
    let mut damaged = bytes.clone();
    damaged[3_000] ^= 1;
    let device = Device::new(updates());
    for (name, bytes, told) in [
        ("cut.bin", &bytes[..5_000], "the file is cut short: it ends at byte 5000"),
        ("damaged.bin", &damaged, "the file is damaged"),
        ("elf.bin", b"\x7fELF\x01\x01\x01, and so on, for more than a header", "no MCUboot image but ELF"),
        ("empty.bin", b"", "cut short: it ends at byte 0"),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let file = path.to_str().unwrap();
        let uploads = [device.firmware("upload", &[file]), device.firmware("update", &[file, "--yes"])];
        for outcome in uploads.into_iter().chain([emu(&["firmware", "verify", file])]) {
            assert_eq!((outcome.code, &*outcome.stdout), (1, ""), "{name}");
            assert!(outcome.stderr.contains(told) && outcome.stderr.contains(name), "{}", outcome.stderr);
            assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
        }
    }
    assert_eq!(device.simulator.datagrams(), 0, "refused before a byte is sent");
    let missing = emu(&["firmware", "verify", "no/such.bin"]);
    assert!(missing.code == 1 && missing.stderr.contains("cannot read no/such.bin: "), "{}", missing.stderr);
    let folder = emu(&["firmware", "verify", "."]);
    assert!(folder.code == 1 && folder.stderr.contains("cannot read .: "), "{}", folder.stderr);
}

#[test]
fn a_whole_update_and_the_same_again() {
    let device = Device::new(updates());
    let (_folder, path) = write(&image("1.0.9"));
    let file = path.to_str().unwrap();
    // Without --yes somebody must be there to be asked.
    let outcome = device.firmware("update", &[file]);
    assert!(outcome.code == 2 && outcome.stderr.contains("in a script, give --yes"), "{}", outcome.stderr);
    assert_eq!(device.simulator.datagrams(), 0);

    let outcome = device.firmware("update", &[file, "--yes", "--wait", "1"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let after = [lines(0, "1.0.9", "active confirmed", &image("1.0.9").hash()), lines(1, "1.0.6", "", &running())];
    assert_eq!(outcome.stdout, listing(&after));
    let mut said = outcome.stderr.as_str();
    for sentence in [
        "version: 1.0.9\n",
        "Images:\n image=0 slot=0\n    version: 1.0.6\n",
        "emu: uploading\n",
        "emu: uploaded in ",
        "emu: comparing the hash\n",
        "emu: marking the image to be started once\n",
        "emu: the communication module restarts with the new image; it is left alone for 1 s\n",
        "emu: the meter is back after ",
        "emu: confirming the image\n",
        "emu: updated: the meter runs the new image, confirmed\n",
    ] {
        let (_, rest) = said.split_once(sentence).unwrap_or_else(|| panic!("{sentence}: {}", outcome.stderr));
        said = rest;
    }
    assert!(said.is_empty() && !outcome.stderr.contains('\r') && !outcome.stderr.contains('\x1b'), "no bar in a pipe");

    let again = device.firmware("update", &[file, "--yes"]);
    assert_eq!((again.code, again.stdout), (0, listing(&after)));
    assert!(again.stderr.contains("runs this image already, confirmed: nothing to do"), "{}", again.stderr);
    assert_eq!(device.versions(), ("1.0.9".to_owned(), vec![Boot::Swapped]));

    // Both slots are taken now.
    let (_folder, path) = write(&image("1.1.0"));
    let file = path.to_str().unwrap();
    let full = device.firmware("update", &[file, "--yes"]);
    assert_eq!((full.code, &*full.stdout), (1, ""));
    let step = format!("run `emu firmware erase 127.0.0.1 --smp-port {}`, or update with --erase", device.port);
    let told = "both slots are taken: slot 1 holds 1.0.6";
    assert!(full.stderr.contains(told) && full.stderr.contains(&step), "{}", full.stderr);
    let rest = ["--yes", "--wait", "1", "--erase", "--erase-old"];
    let outcome = device.firmware("update", &[&[file], &rest[..]].concat());
    let only = lines(0, "1.1.0", "active confirmed", &image("1.1.0").hash());
    assert_eq!((outcome.code, outcome.stdout), (0, listing(&[only])), "{}", outcome.stderr);
}

#[test]
fn what_keeps_an_update_from_being_done() {
    let (_folder, path) = write(&image("1.0.9").signed_with_other_key());
    let device = Device::new(updates());
    let outcome = device.firmware("update", &[path.to_str().unwrap(), "--yes", "--wait", "1"]);
    assert_eq!((outcome.code, &*outcome.stdout), (1, ""));
    assert!(outcome.stderr.contains("has not accepted the image"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("use an update file of the vendor's"), "{}", outcome.stderr);

    let (_folder, path) = write(&image("1.0.9"));
    let file = path.to_str().unwrap();
    let device = Device::new(OnlineUpdates { running: "1.0.5".parse().unwrap(), ..updates() });
    let outcome = device.firmware("update", &[file, "--yes", "--wait", "1"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("runs 1.0.5; an update needs 1.0.6 or later"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("--allow-old-firmware tries nevertheless"), "{}", outcome.stderr);
    let outcome = device.firmware("update", &[file, "--yes", "--wait", "1", "--allow-old-firmware"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);

    // A meter that takes no upload before the slot is erased.
    let quirks = SmpQuirks { keeps_images: true, ..SmpQuirks::default() };
    let device = Device::new(OnlineUpdates { other: Some(image("1.0.8").to_bytes()), quirks, ..updates() });
    let outcome = device.firmware("upload", &[file, "--smp-version", "1"]);
    let step = format!("is not needed, run `emu firmware erase 127.0.0.1 --smp-port {}`", device.port);
    assert!(outcome.code == 1 && outcome.stderr.contains(&step), "{}", outcome.stderr);
}

fn kill_after(arguments: &[&str], wait: Duration) -> bool {
    let mut child: Child = command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(wait);
    let is_running = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    is_running
}

#[test]
fn an_update_that_is_killed_goes_on_when_it_is_run_again() {
    let (_folder, path) = write(&image("1.0.9"));
    let arguments = [path.to_str().unwrap(), "--yes", "--wait", "1"];
    // The upload takes 400 ms, the wait 1 s.
    let slow = || OnlineUpdates { write_time: Duration::from_millis(20), ..updates() };
    let mut killed = 0;
    std::thread::scope(|scope| {
        let runs: Vec<_> = [20, 150, 300, 500, 700, 1_000, 1_400, 1_700]
            .map(|wait| {
                scope.spawn(move || {
                    let device = Device::new(slow());
                    let all = device.arguments(&["firmware", "update"], &arguments);
                    let killed = kill_after(&all, Duration::from_millis(wait));
                    let mut outcome = emu(&all);
                    if outcome.stderr.contains("gone back to the old image") {
                        // The kill came right after the reset, and the reset of the second run right after that.
                        outcome = emu(&all);
                    }
                    assert_eq!(outcome.code, 0, "{wait}: {}", outcome.stderr);
                    assert!(outcome.stdout.contains("    flags: active confirmed\n"), "{wait}: {}", outcome.stdout);
                    assert_eq!(device.versions().0, "1.0.9", "{wait}");
                    killed
                })
            })
            .into_iter()
            .collect();
        killed = runs.into_iter().map(|run| usize::from(run.join().unwrap())).sum();
    });
    assert!(killed >= 3, "{killed} were still running");
}

/// Asked at a terminal, which `script` is; not every machine has it.
#[cfg(target_os = "linux")]
#[test]
fn who_is_asked_before_the_restart_may_say_no() {
    use std::io::Write;
    use std::process::Command;

    let device = Device::new(updates());
    let (_folder, path) = write(&image("1.0.9"));
    let arguments = device.arguments(&["firmware", "update"], &[path.to_str().unwrap(), "--wait", "1"]);
    let line = [&[env!("CARGO_BIN_EXE_emu")], &arguments[..]].concat().join(" ");
    let answer = |answer: &str| {
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = script.spawn().ok()?;
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        (!said.is_empty()).then(|| (output.status.code(), said))
    };
    let Some((code, said)) = answer("n\n") else { return };
    assert!(code == Some(3) && said.contains("Restart the communication module now"), "{said}");
    assert!(said.contains("not restarted: the new image is marked"), "{said}");
    assert_eq!(device.versions(), ("1.0.6".to_owned(), vec![]));
    let (code, said) = answer("y\n").unwrap();
    assert!(code == Some(0) && said.contains("updated: the meter runs the new image, confirmed"), "{said}");
    assert_eq!(device.versions(), ("1.0.9".to_owned(), vec![Boot::Swapped]));
}

#[test]
fn info_tells_what_the_meter_tells() {
    let device = Device::new(OnlineUpdates { has_all_groups: true, ..updates() });
    let outcome = device.firmware("info", &[]);
    assert_eq!((outcome.code, &*outcome.stderr), (0, ""));
    assert!(outcome.stdout.starts_with(&listing(&[lines(0, "1.0.6", "active confirmed", &running())])));
    for line in ["buffers: 4 of 2048 bytes\n", "slots: 524288 bytes, 524288 bytes\n", "boot loader: MCUboot\n"] {
        assert!(outcome.stdout.contains(line), "{}", outcome.stdout);
    }
    let quirks = SmpQuirks { no_parameters: true, no_slot_info: true, ..SmpQuirks::default() };
    let device = Device::new(OnlineUpdates { quirks, ..updates() });
    let outcome = device.firmware("info", &[]);
    let told =
        "buffers: not told by this meter\nslots: not told by this meter\noperating system: not told by this meter\n";
    assert!(outcome.code == 0 && outcome.stdout.contains(told), "{}", outcome.stdout);
}

#[test]
fn whatever_else_a_server_can_be_asked() {
    let device = Device::new(OnlineUpdates { has_all_groups: true, ..updates() });
    let answers = |rest: &[&str], expected: &str| {
        let outcome = device.smp(rest);
        assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), (0, expected, ""), "{rest:?}");
    };
    answers(&["echo"], "hello\n");
    answers(&["echo", "\u{1b}[31m"], "\\u{1b}[31m\n");
    answers(&["params"], "buffer size: 2048 bytes\nbuffers: 4\n");
    answers(&["stats"], "smp\n");
    assert!(device.smp(&["stats", "smp"]).stdout.ends_with("\nrestarts: 0\n"));
    answers(&["settings", "read", "meter/name"], "73696d756c61746564\n");
    answers(&["settings", "write", "meter/name", "00Ff"], "Done\n");
    answers(&["settings", "save"], "Done\n");
    answers(&["settings", "load"], "Done\n");
    answers(&["settings", "commit"], "Done\n");
    answers(&["settings", "read", "meter/name"], "00ff\n");
    answers(&["settings", "delete", "meter/name"], "Done\n");
    answers(&["shell", "echo", "-n", "hi"], "-n hi\n");
    answers(
        &["groups"],
        "0 OS\n1 image\n2 statistics\n3 settings\n8 file system\n9 shell\n10 enumeration\n63 Zephyr basic\n",
    );
    answers(&["raw", "write", "0", "0", "a16164626869"], "bf6172626869ff\n");

    let (folder, path) = folder("file");
    let file = path.to_str().unwrap();
    answers(&["fs", "download", "/lfs1/readme.txt", file], "Done\n");
    assert_eq!(std::fs::read(&path).unwrap(), b"a simulated meter\n");
    std::fs::write(&path, image("1.0.9").to_bytes()).unwrap();
    answers(&["fs", "upload", file, "/lfs1/image"], "Done\n");
    answers(&["fs", "status", "/lfs1/image"], "20000 bytes\n");
    let back = folder.path().join("back");
    answers(&["fs", "download", "/lfs1/image", back.to_str().unwrap()], "Done\n");
    assert_eq!(std::fs::read(&back).unwrap(), image("1.0.9").to_bytes());
    assert!(device.smp(&["fs", "hash", "/lfs1/image"]).stdout.starts_with("crc32: 0x"));
    let sha = device.smp(&["fs", "hash", "/lfs1/image", "--type", "sha256"]).stdout;
    let verified = emu(&["firmware", "verify", file]).stdout;
    assert!(verified.ends_with(&sha.replace("sha256: ", "SHA-256 of the file: ")), "{sha}");
    answers(&["fs", "hash-types"], "crc32: number, 4 bytes\nsha256: bytes, 32 bytes\n");
    answers(&["fs", "close"], "Done\n");

    let refuses = |rest: &[&str], code: i32, told: &str| {
        let outcome = device.smp(rest);
        assert!(outcome.code == code && outcome.stderr.contains(told), "{rest:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{rest:?}");
    };
    refuses(&["stats", "nope"], 1, "statistics group was refused: the device has nothing of that name (rc 5, ENOENT)");
    refuses(&["settings", "read", "x", "--smp-version", "1"], 1, "was refused: ");
    refuses(&["settings", "write", "meter/name", "abc"], 2, "invalid VALUE: a byte has two digits; there are 3");
    refuses(&["raw", "read", "0", "0", "xy"], 2, "invalid BODY: 'x' is no hexadecimal digit");
    refuses(&["raw", "read", "77", "0"], 1, "command 0 of group 77 was refused: the device does not know this command");
    refuses(&["fs", "download", "/lfs1/image", "no/such/folder/file"], 1, "there is no such folder");
    let missing = folder.path().join("missing");
    refuses(&["fs", "download", "/lfs1/missing", missing.to_str().unwrap()], 1, "was refused: ");
    assert!(!missing.exists(), "whole or not at all");
    refuses(&["fs", "upload", missing.to_str().unwrap(), "/lfs1/x"], 1, "cannot read");
    let text = "x".repeat(1_500);
    refuses(&["echo", &text], 1, "does not fit into 1400 bytes\nemu: --largest-frame allows larger ones");
    // The device's exit code is told, and what it said is printed.
    let outcome = device.smp(&["shell", "nope"]);
    assert_eq!((outcome.code, &*outcome.stdout), (1, "nope: command not found\n"));
    // The real meter is not known to have all this.
    let outcome = Device::new(updates()).smp(&["groups"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("does not know this command"), "{}", outcome.stderr);
}

#[test]
fn failures_say_what_and_why_and_what_to_do() {
    for (arguments, told) in [
        (&["list", "http://meter/path"][..], "invalid METER: expected "),
        (&["list", "user:swordfish@meter"], "invalid METER: an address does not hold a user"),
        (&["list", "meter:x"], "invalid METER: expected a port from 1 to 65535, not \"x\""),
        (&["list", "meter", "--smp-port", "0"], "0 is not in 1..=65535"),
        (&["list", "meter", "--smp-port", "65536"], "65536 is not in 1..=65535"),
        (&["list", "meter", "--timeout", "0"], "expected seconds, from 1 to 86400"),
        (&["list"], "<METER>"),
        (&["test", "meter"], "<HASH>"),
    ] {
        let outcome = emu(&[&["firmware"], arguments].concat());
        assert!(outcome.code == 2 && outcome.stderr.contains(told), "{arguments:?}: {}", outcome.stderr);
        assert!(outcome.stdout.is_empty() && !outcome.stderr.contains("swordfish"));
    }
    let outcome = emu(&["firmware", "list", "no-such-meter.invalid"]);
    let told = "meter no-such-meter.invalid, SMP port 1337: the host's name cannot be resolved: ";
    assert!(outcome.code == 1 && outcome.stderr.contains(told), "{}", outcome.stderr);

    let device = Device::new(OnlineUpdates { is_silent: true, ..updates() });
    let (_folder, path) = write(&image("1.0.9"));
    let file = path.to_str().unwrap();
    let start = Instant::now();
    let commands = [("list", vec![]), ("erase", vec![]), ("upload", vec![file]), ("update", vec![file, "--yes"])];
    std::thread::scope(|scope| {
        for (verb, rest) in commands {
            let device = &device;
            scope.spawn(move || {
                let outcome = device.firmware(verb, &[&rest[..], &["--timeout", "1"]].concat());
                assert_eq!(outcome.code, 1, "{verb}");
                let told = format!("emu: meter 127.0.0.1, SMP port {}: no answer to image state: sent ", device.port);
                assert!(outcome.stderr.contains(&told), "{}", outcome.stderr);
                assert!(outcome.stderr.contains("are updates allowed on its configuration page"), "{}", outcome.stderr);
            });
        }
    });
    assert!(start.elapsed() < Duration::from_secs(75), "--timeout is not how long it takes: {:?}", start.elapsed());
}

/// Linux tells of a port that nobody has.
#[cfg(target_os = "linux")]
#[test]
fn a_closed_port_is_named() {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port().to_string();
    drop(socket);
    let outcome = emu(&["firmware", "list", "127.0.0.1", "--smp-port", &port, "--timeout", "1"]);
    let told = format!("emu: meter 127.0.0.1, SMP port {port}: nobody answers at this port: ");
    assert!(outcome.code == 1 && outcome.stderr.starts_with(&told), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("are updates allowed on its configuration page"), "{}", outcome.stderr);
}

/// A full disk, and a pipe that nobody reads.
#[cfg(target_os = "linux")]
#[test]
fn standard_error_may_fail_and_all_else_is_as_ever() {
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(std::io::pipe().unwrap().1);
    let (_folder, path) = write(&image("1.0.9"));
    for stderr in [full(), closed()] {
        let device = Device::new(updates());
        let rest = [path.to_str().unwrap(), "--yes", "--wait", "1"];
        let mut update = command(&device.arguments(&["firmware", "update"], &rest));
        update.stderr(stderr);
        let outcome = finish(update);
        assert!(outcome.code == 0 && outcome.stdout.contains("    flags: active confirmed\n"), "{}", outcome.stdout);
    }
    for stderr in [full(), closed()] {
        let mut verify = command(&["firmware", "verify", "no/such.bin"]);
        verify.stderr(stderr);
        assert_eq!(finish(verify).code, 1);
    }
    // What cannot be printed is a failure; that nobody reads on is none.
    for (stdout, code) in [(full(), 1), (closed(), 0)] {
        let device = Device::new(updates());
        let mut list = command(&device.arguments(&["firmware", "list"], &[]));
        list.stdout(stdout);
        assert_eq!(finish(list).code, code);
    }
}

#[test]
fn help_and_completions() {
    let help = |arguments: &[&str]| {
        let outcome = emu(&[arguments, &["--help"]].concat());
        let longest = outcome.stdout.lines().map(|line| line.chars().count()).max();
        assert!(outcome.code == 0 && longest <= Some(80), "{}", outcome.stdout);
        outcome.stdout
    };
    let firmware = help(&["firmware"]);
    for part in ["Exit codes:\n", "Online-Update erlauben", "emu firmware confirm 192.168.1.20 HASH\n"] {
        assert!(firmware.contains(part), "{firmware}");
    }
    let update = help(&["firmware", "update"]);
    assert!(update.contains("Exit codes:\n") && update.contains("Run again after an interruption"), "{update}");
    for command in ["list", "upload", "test", "confirm", "erase", "reset", "info", "verify"] {
        let told = help(&["firmware", command]);
        assert!(told.contains("Example:\n") && told.contains(command), "{told}");
    }
    assert!(help(&["smp"]).contains("Exit codes:"));
    assert!(help(&[]).contains("emu firmware update"));
    for shell in ["bash", "zsh", "fish"] {
        let script = emu(&["completions", shell]).stdout;
        for word in ["firmware", "erase-old", "smp-port", "hash-types"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}
