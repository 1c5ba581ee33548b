# SPDX-License-Identifier: GPL-2.0-only
"""tests/lib/check-log: which data races in a kernel's log are the module's."""

import subprocess

import pytest
from test_words import TOP

RULE = "=" * 66
OWN, OTHER = "nat64_eam_is_edge+0x1c/0x30 [nat64]", "retire_eam.isra.0+0x44/0x90 [nat64]"
HOOK = "hook_ipv4+0x10c/0x200 [nat64]"
KERNEL, STACK = "fib_table_lookup+0x1c/0x30", "ip_rcv+0x10/0x20"


def race(kind, functions, *stacks, end=True):
    """A report as KCSAN prints it; each stack has its innermost function first."""
    lines = [RULE, f"BUG: KCSAN: {kind} in {functions}", ""]
    for n, frames in enumerate(stacks):
        lines += [f"{'write' if n else 'read'} to 0xffff888004b2a0c0 of 8 bytes by interrupt on cpu {n}:",
                  *(f" {frame}" for frame in frames), ""]
    lines += ["value changed: 0x0000000000000001 -> 0x0000000000000002", "",
              "Reported by Kernel Concurrency Sanitizer on:",
              "CPU: 1 UID: 0 PID: 92 Comm: python3 Not tainted 6.12.0", *([RULE] if end else [])]
    return "".join(f"[   12.345678] {line}\r\n" for line in lines)


@pytest.fixture
def check(tmp_path):
    """Whether a log is clean, what is said of it, and which races are the kernel's alone."""
    def run(*reports):
        log = tmp_path / "console.log"
        log.write_text("[    0.000000] Linux version 6.12\r\n" + "".join(reports)
                       + "[   99.000000] reboot: Restarting system\r\n")
        done = subprocess.run([TOP / "tests/lib/check-log", log], text=True, capture_output=True)
        races = tmp_path / "console.log.kernel-races"
        listed = races.read_text().split("\n")[:-1] if races.exists() else []
        return done.returncode == 0, done.stderr, [line.split(None, 1) for line in listed]
    return run


def test_a_log_without_races(check):
    assert check() == (True, "", [])


@pytest.mark.parametrize("functions, stacks", [
    ("nat64_eam_is_edge [nat64] / retire_eam.isra.0 [nat64]", [[OWN, HOOK], [OTHER]]),
    ("fib_table_lookup / nat64_eam_is_edge [nat64]", [[KERNEL, STACK], [OWN, HOOK]]),
    ("fib_table_lookup", [[KERNEL, HOOK, STACK], [KERNEL, STACK]]),
    ("nat64_eam_is_edge+0x1c/0x30 [nat64]", [[OWN, HOOK]]),
    ("fib_table_lookup / unheard_of", [[KERNEL, HOOK], ["unheard_of+0x0/0x10"]]),
], ids=["both", "one", "called", "unknown origin", "called by one"])
def test_races_of_the_module(check, functions, stacks):
    clean, said, listed = check(race("data-race", functions, *stacks))
    assert not clean and f"BUG: KCSAN: data-race in {functions}" in said and listed == []


def test_races_of_the_kernel_are_listed(check):
    one = race("data-race", "fib_table_lookup / fib_table_insert.isra.0",
               [KERNEL, STACK], ["fib_table_insert.isra.0+0x1/0x2", STACK])
    other = race("data-race", "tick_do_timer", ["tick_do_timer+0x1/0x2"], [])
    clean, said, listed = check(one, other, one)
    assert clean and "2 pairs of functions" in said
    assert listed == [["2", "fib_table_lookup / fib_table_insert (no nat64)"],
                      ["1", "tick_do_timer (no nat64)"]]


def test_races_of_the_kernel_that_are_known_where_the_module_calls(check):
    scan = ["fib6_walk_continue+0x9c/0x290", "register_fib_notifier+0xcc/0x1b0", "scan_routes+0x1/0x2 [nat64]"]
    clean, _, listed = check(race("data-race", "fib6_del / fib6_walk_continue", ["fib6_del+0x1/0x2"], scan))
    assert clean and listed == [["1", "fib6_del / fib6_walk_continue (under nat64)"]]


@pytest.mark.parametrize("entry", ["asm_sysvec_apic_timer_interrupt", "asm_common_interrupt", "handle_softirqs"])
def test_what_was_interrupted_is_not_to_blame(check, entry):
    stack = [KERNEL, STACK, f"{entry}+0x16/0x20", HOOK]
    clean, _, listed = check(race("data-race", "fib_table_lookup", stack, [KERNEL]))
    assert clean and listed == [["1", "fib_table_lookup (no nat64)"]]
    clean, _, listed = check(race("data-race", "fib_table_lookup", [KERNEL, HOOK, *stack[2:]], [KERNEL]))
    assert not clean and listed == []


def test_one_of_the_module_among_those_of_the_kernel(check):
    kernel = race("data-race", "fib_table_lookup", [KERNEL], [KERNEL])
    own = race("assert: race", "nat64_eam_is_edge [nat64]", [OWN])
    clean, said, listed = check(kernel, own, kernel)
    assert not clean and "nat64_eam_is_edge" in said and listed == [["2", "fib_table_lookup (no nat64)"]]
    assert "fib_table_lookup" not in said


def test_a_report_without_an_end_is_not_left_out(check):
    clean, _, listed = check(race("data-race", "fib_table_lookup", [KERNEL], [KERNEL], end=False))
    assert not clean and listed == []


def test_other_faults_are_found_beside(check):
    kernel = race("data-race", "fib_table_lookup", [KERNEL], [KERNEL])
    clean, said, _ = check(kernel, "[   13.000000] WARNING: CPU: 0 PID: 1 at net/core/dev.c:1\r\n")
    assert not clean and "WARNING" in said
