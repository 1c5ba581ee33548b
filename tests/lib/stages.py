# SPDX-License-Identifier: GPL-2.0-only
"""Stages of tests/check: what each prints, counts and leaves in build/check."""

import json
import os
import re
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
RESULTS = BUILD / "check"
CACHE = Path(os.environ.get("NAT64_CACHE") or
             Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "nat64")

# What builds say that is not about this code: of what a new machine has to fetch, too.
HARMLESS = re.compile(r"Skipping BTF generation for .* due to unavailability of vmlinux"
                      r"|^make(\[\d+\])?: |^ +[A-Z]+ "
                      r"|^[\w-]+: (installing|waiting|fetching|unpacking)\b")

# Of the tests that passed or cannot run there, only one in each tenth is worth a line.
PASSED = re.compile(r" (PASSED|SKIPPED)\b.*\[ *(?P<tenth>\d*?)\d%\]$")

PYTEST = ("sh", "-c", "exec /usr/bin/python3 -m pytest -v -p no:cacheprovider"
          ' --junitxml="$NAT64_OUT/junit.xml" "$@"', "pytest")

print_lock = threading.Lock()
count_lock = threading.Lock()
running = set()


def say(text):
    with print_lock:
        print(text, flush=True)


def beside_harmless(lines):
    return [line for line in lines if not HARMLESS.search(line)]


@dataclass
class Stage:
    """What one stage has found; it also runs its commands, so that all they print is kept."""

    name: str
    passed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    seconds: float = 0

    @property
    def directory(self):
        return RESULTS / self.name.replace(" ", "-")

    def case(self, name, ok):
        with count_lock:
            self.passed += bool(ok)
        if not ok:
            self.failures.append(name)
            say(f"{self.name}: FAILED: {name}")

    def run(self, *command, show=True, **more):
        """Runs a command, returns its exit status and its lines."""
        lines, tenth = [], None
        process = subprocess.Popen([str(word) for word in command], cwd=TOP, text=True,
                                   errors="replace", stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
        running.add(process)
        with process.stdout, open(self.directory / "output", "a") as output:
            for line in process.stdout:
                lines.append(line.rstrip())
                output.write(line)
                output.flush()
                passed = PASSED.search(lines[-1])
                if show and not (passed and passed["tenth"] == tenth):
                    say(f"{self.name}: {lines[-1]}")
                tenth = passed["tenth"] if passed else tenth
        status = process.wait()
        running.discard(process)
        return status, lines

    def check(self, name, *command, silent=False):
        """Counts one command as a case; its words are shown only if it fails. Returns them."""
        started = time.monotonic()
        status, lines = self.run(*command, show=False)
        words = beside_harmless(lines) if silent else []
        ok = status == 0 and not words
        if not ok:
            for line in words or lines[-60:]:
                say(f"{self.name}: {line}")
        self.case(name, ok)
        if ok:
            say(f"{self.name}: {name}: ok ({time.monotonic() - started:.0f} s)")
        return lines

    def check_silence(self, name, lines):
        """Counts as a case that a build had nothing to say."""
        words = beside_harmless(lines)
        for line in words:
            say(f"{self.name}: {line}")
        self.case(name, not words)

    def read_junit(self, path):
        """Counts the cases in a JUnit file."""
        try:
            cases = list(ElementTree.parse(path).iter("testcase"))
        except (OSError, ElementTree.ParseError):
            cases = []
        for case in cases:
            if case.find("failure") is not None or case.find("error") is not None:
                self.failures.append(f"{case.get('classname')}.{case.get('name')}")
            elif case.find("skipped") is not None:
                self.skipped += 1
            else:
                self.passed += 1
        if not cases:
            self.failures.append("nothing ran")

    def read_guest(self, path, lines):
        """As read_junit(); with what the kernel said, and of a machine that died in which test."""
        said = [line for line in lines if line.startswith("In short: ")]
        self.read_junit(path)
        if not path.exists():
            said += [line for line in lines if "::test_" in line][-1:]
            self.failures = ["; ".join(["it did not come to its end", *said])]
        else:
            self.failures += said

    def finish(self, status):
        """A stage may fail with all of its cases passed: the kernel log tells."""
        if status and not self.failures:
            self.failures.append(f"exit status {status}, see above and {self.directory}/")


def capture(*command):
    return subprocess.run([str(word) for word in command], cwd=TOP, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def perform(stages, name, function, *arguments, **more):
    """Runs one stage, timed; what goes wrong in it is its failure, not ours."""
    stage = Stage(name)
    stages.append(stage)
    stage.directory.mkdir(parents=True)
    usual = read_times().get(name)
    say(f"== {name}" + (f", {usual:.0f} s last time" if usual else ""))
    started = time.monotonic()
    try:
        function(stage, *arguments, **more)
    except (OSError, subprocess.SubprocessError) as error:
        stage.failures.append(str(error))
    stage.seconds = time.monotonic() - started
    say(f"== {name}: {len(stage.failures)} failed, {stage.seconds:.0f} s")
    return not stage.failures


def check_guest(stage, tests, *machine, settings, module=None, kunit=None):
    """Tests in a test machine, which the words of machine start; settings are words for env."""
    command = ("env", *(f"NAT64_KO={path}" for path in [module] if path), *settings, *PYTEST)
    if kunit:
        command = ("sh", "-c", 'insmod "$0" && exec "$@"', kunit, *command)
    status, lines = stage.run(*machine, "--out", stage.directory, "--", *command, *tests.split())
    stage.read_guest(stage.directory / "junit.xml", lines)
    stage.finish(status)


def side_by_side(jobs, at_a_time=os.cpu_count() + 1):
    """One more than there are processors, as tests often wait; the long ones come first."""
    with ThreadPoolExecutor(at_a_time) as pool:
        for run in [pool.submit(job) for job in jobs]:
            run.result()


def stop(*_):
    for process in list(running):
        process.terminate()
    os._exit(130)


def stop_with_everything():
    """Whoever ends this process ends what it has started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def read_times():
    """How many seconds each stage took, the last time that all of it passed."""
    try:
        return json.loads((CACHE / "times").read_text())
    except (OSError, ValueError):
        return {}


def write_times(stages):
    times = {**read_times(), **{stage.name: stage.seconds for stage in stages if not stage.failures}}
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "times").write_text(json.dumps(times, indent=1))


def summarize(stages, rows=()):
    passed = sum(stage.passed for stage in stages)
    failed = sum(len(stage.failures) for stage in stages)
    say("")
    for stage in stages:
        skipped = f", {stage.skipped} skipped" if stage.skipped else ""
        say(f"{stage.name:12} {stage.passed:5} passed, {len(stage.failures)} failed{skipped}"
            f" ({stage.seconds:.0f} s)")
        for failure in stage.failures:
            say(f"    {failure}")
    for row in rows:
        say(row)
    write_times(stages)
    total = f"{passed} passed, {failed} failed"
    (RESULTS / "total").write_text(total + "\n")
    say(total)
    return 0 if passed and not failed else 1
