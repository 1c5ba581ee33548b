# SPDX-License-Identifier: GPL-2.0-only
"""Builds what a benchmark needs, boots a machine and measures there."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import frames
from rows import LIVE, NAT64_XDP, PKTGEN, group

TOP = Path(__file__).resolve().parents[2]
HERE = TOP / "tests/bench"
BUILD = TOP / "build/bench"


def words(*command):
    return [str(word) for word in command]


def capture(*command):
    return subprocess.run(words(*command), cwd=TOP, check=True, text=True,
                          stdout=subprocess.PIPE).stdout.strip()


def quietly(*command):
    """What it prints matters only if it fails."""
    done = subprocess.run(words(*command), cwd=TOP, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{done.stdout}{' '.join(words(*command))}: exit status {done.returncode}")


def compile(source, result, *flags):
    BUILD.mkdir(parents=True, exist_ok=True)
    quietly("cc", "-O2", "-Wall", "-Wextra", *flags, "-o", result, HERE / source)


def write_data(data, rows):
    """The frames and the tables that the rows need."""
    data.mkdir()
    for row in rows:
        if row.has_frames and not (data / row.frames).exists():
            frames.write_frames(data / row.frames, row)
        table = data / f"{group(row)}-{row.mappings}"
        if group(row) in frames.TABLES and not table.exists():
            frames.TABLES[group(row)](table, row.mappings)


@contextlib.contextmanager
def lock():
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def build_nat64ctl():
    """Of copies, as others may build where the sources are."""
    (BUILD / "src").mkdir(exist_ok=True)
    quietly("rsync", "-rt", "--delete", "--exclude=*.o", "--exclude=nat64ctl",
            "ctl", "uapi", "kmod", BUILD / "src")
    quietly("make", "-C", BUILD / "src/ctl")
    return BUILD / "src/ctl/nat64ctl"


def copy(path, directory):
    """Others may build again while the guest runs."""
    result = directory / path.name
    result.write_bytes(path.read_bytes())
    result.chmod(0o755)
    return str(result)


def write_shim(directory, plugin):
    """A QEMU with a plugin, which writes to a file of its name; tests/vm/run finds it first."""
    compile(f"{plugin}.c", BUILD / f"{plugin}.so", "-shared", "-fPIC")
    shim = directory / "bin/qemu-system-x86_64"
    shim.parent.mkdir()
    shim.write_text(f"#!/bin/sh\nexec {shutil.which(shim.name)} "
                    f"-plugin '{BUILD}/{plugin}.so,out={directory}/{plugin}' \"$@\"\n")
    shim.chmod(0o755)
    return f"{shim.parent}:"


class Machine:
    """A kernel, and a directory for what goes in and what comes out."""

    def __init__(self, series, directory):
        self.release = capture("tests/lib/kernel-release", series)
        self.directory = directory
        self.plan = {"data": str(directory / "data"), "bin": str(directory), "symbols": False,
                     "pktgen": PKTGEN, "live": LIVE, "senders": 1}

    def prepare(self, rows, **more):
        """Returns the rows that can be measured."""
        groups = {group(row) for row in rows}
        for sender in "replay", "bulk":
            compile(f"{sender}.c", self.directory / sender)
        if "nat64" in groups:
            self.build_nat64()
            rows = self.without_xdp(rows)
        self.plan.update(rows=rows, **more)
        if groups & {"jool", "tayga"}:
            self.build_others()
        if any(row.is_live for row in rows):
            self.build_sink()
        write_data(self.directory / "data", rows)
        (self.directory / "plan.json").write_text(json.dumps(self.plan))
        return rows

    def without_xdp(self, rows):
        """Where the headers of a kernel are not enough for a module with BTF, nat64 has no XDP."""
        rest = [row for row in rows if row.system not in NAT64_XDP]
        if len(rest) == len(rows) or b"\0.BTF\0" in Path(self.plan["module"]).read_bytes():
            return rows
        print(f"{self.release}: nat64.ko has no BTF, so there are no rows of XDP", file=sys.stderr)
        return rest

    def build_nat64(self):
        with lock():
            self.plan["nat64ctl"] = copy(build_nat64ctl(), self.directory)
            self.plan["module"] = copy(self.build_module(), self.directory)

    def build_module(self):
        quietly("tests/lib/build-module", self.release, TOP / "build" / self.release)
        return TOP / "build" / self.release / "nat64.ko"

    def build_sink(self):
        with lock():
            out = BUILD / f"sink-{self.release}"
            quietly("tests/lib/build-module", "--of", HERE / "sink", self.release, out)
            self.plan["sink"] = copy(out / "bench_sink.ko", self.directory)

    def build_others(self):
        modules, tools = capture("tests/bench/others", self.release).splitlines()
        self.plan["jool_modules"] = modules.split()[:2]
        self.plan["jool_siit"], _, self.plan["tayga"] = tools.split()

    def bed(self):
        return ["tests/vm/run", "--kernel", self.release, "--icount"]

    def boot(self, *options, show=True, path="", script="guest"):
        """Returns what the guest has measured, by the names of the rows."""
        command = words(*self.bed(), "--mem", 3072, "--timeout", 3600, "--out", self.directory,
                        *options, "--", f"tests/bench/{script}", self.directory / "plan.json")
        environment = dict(os.environ, PATH=path + os.environ["PATH"])
        lines = []
        with subprocess.Popen(command, cwd=TOP, text=True, env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
            for line in process.stdout:
                lines.append(line)
                if show:
                    print(f"{self.release}: {line}", end="", file=sys.stderr, flush=True)
        if process.returncode:
            sys.exit(("" if show else "".join(lines[-30:])) +
                     f"{self.release}: exit status {process.returncode}")
        return json.loads((self.directory / "results.json").read_text())
