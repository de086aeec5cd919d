"""What the two server scripts share: processes that end with the script whatever happens, and the command that is run
while they serve. Not run by itself."""
import argparse
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVERS = ROOT / "target/peers/source/tests/fixtures/smp-server"

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def die(text):
    sys.exit(f"{pathlib.Path(sys.argv[0]).name}: {text}")


def arguments(description, images):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--image", default=next(iter(images)), choices=list(images), help="which server (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=600, help="seconds that the command may take (default: %(default)s)")
    parser.add_argument("--log", type=pathlib.Path, help="where the server's own output goes (default: nowhere)")
    parser.add_argument("command", nargs="+", metavar="COMMAND", help="after --: what to run while the server answers")
    return parser


def checked(name):
    path = SERVERS / name
    if not path.is_file():
        die(f"{name} is missing: run .ci/peers/install")
    return path


def end_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def tail(log):
    return "\n".join(log.read_text(errors="replace").splitlines()[-20:])


class Child:
    """A process that gets a SIGTERM when this script ends, by whatever cause; with `again` it is started anew when it
    ends by itself, as a device that resets."""

    def __init__(self, argv, cwd, log, again=False):
        self._argv, self._cwd, self._log, self._again = argv, cwd, log, again
        self._ending = threading.Event()
        self._started = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self._started.wait(10)

    def _run(self):
        while not self._ending.is_set():
            with open(self._log, "ab") as log:
                self._process = subprocess.Popen(
                    self._argv, cwd=self._cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    preexec_fn=end_with_parent,
                )
            self._started.set()
            self._process.wait()
            if not self._again or self._ending.wait(0.2):
                return

    @property
    def alive(self):
        return self._process.poll() is None

    def end(self):
        self._ending.set()
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()


def run(command, environment, timeout):
    """The command's exit code; 124 when it took too long, and it and its group are ended then."""
    process = subprocess.Popen(command, env={**os.environ, **environment}, process_group=0, preexec_fn=end_with_parent)
    try:
        code = process.wait(timeout)
        return code if code >= 0 else 128 - code
    except subprocess.TimeoutExpired:
        print(f"the command took more than {timeout:g} s", file=sys.stderr)
        return 124
    finally:
        try:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def end_on_signals():
    """SIGTERM and SIGHUP unwind like an interrupt, so that everything is cleaned up."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
