//! The few web pages of the simulated meter. Their markup is invented; the meter's own is not known.

use emu_smp::ImageVersion;

/// The home page, with the version of the firmware that runs. It is also answered in place of a log where a fault says so.
pub(crate) fn home(firmware: ImageVersion) -> String {
    format!(
        "<!DOCTYPE html>
<html><head><title>simulated meter</title></head><body>
<h1>Simulated meter</h1>
<p>This is no energy meter but a simulation of one. All its data is synthetic.</p>
<p>Firmware {firmware}</p>
<p><a href=\"/data/\">/data/</a> <a href=\"/logbook/\">/logbook/</a></p>
</body></html>
"
    )
}

/// The page for who has no password.
pub(crate) const UNAUTHORIZED: &str = "<!DOCTYPE html>
<html><head><title>401</title></head><body><h1>401 Unauthorized</h1></body></html>
";

/// The page of a redirection.
pub(crate) const MOVED: &str = "<!DOCTYPE html>
<html><head><title>302</title></head><body><h1>302 Found</h1></body></html>
";
