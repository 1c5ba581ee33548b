# SPDX-License-Identifier: GPL-2.0-only
"""What nat64ctl doctor finds, and typing what it says."""

import json
import os

from util import CTL


def examine(gateway):
    """What the doctor finds, and its exit status."""
    done = gateway.run(CTL, "-j", "doctor", check=False)
    return json.loads(done.stdout)["findings"], done.returncode


def fix(namespace, command):
    """Types a command as it is printed."""
    path = f"{CTL.parent}:{os.environ['PATH']}"
    return namespace.run("env", f"PATH={path}", "sh", "-c", command)
