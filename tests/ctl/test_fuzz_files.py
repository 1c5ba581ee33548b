# SPDX-License-Identifier: GPL-2.0-only
"""Files that are nearly right, read by nat64ctl with sanitizers; see tests/fuzz/config."""

import subprocess

from test_words import TOP


def test_files():
    done = subprocess.run([TOP / "tests/fuzz/config", "--seed", "1", "--count", "500"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
