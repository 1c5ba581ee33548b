# SPDX-License-Identifier: GPL-2.0-only
"""Rules of nft, and what they count."""

import re


def chain(hook, *rules, name=None, priority=0, policy="accept", kind="filter"):
    """A base chain of nft, called as its hook unless it has a name."""
    return "\n".join([f"chain {name or hook} {{",
                      f"type {kind} hook {hook} priority {priority}; policy {policy};",
                      *rules, "}"])


def counted(gateway):
    """Packets by the comment of their nft rule."""
    text = gateway.run("nft", "list", "ruleset").stdout
    return {m[2]: int(m[1]) for m in
            re.finditer(r'counter packets (\d+) bytes \d+.*comment "([^"]+)"', text)}
