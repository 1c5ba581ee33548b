# SPDX-License-Identifier: GPL-2.0-only
"""What programs read of nat64ctl: JSON as nat64ctl.schema.json has it, and metrics."""

import json
import sys

import kmod
import pytest
import util
from addresses import CONFIG, REAL6_MAPPED
from util import CTL, TOP

sys.path.insert(0, str(TOP / "tests/lib"))
import json_schema  # noqa: E402

MAPPED = """\
set tos 3
set mark 0x10/0xff
prefix add 64:ff9b::/96
prefix add 2001:db8:64::/64 primary
add 198.51.100.0/24 2001:db8:2::/56 prefix 64:ff9b::/96
add 203.0.113.10 2001:db8:1::10
"""

pytestmark = pytest.mark.configuration(MAPPED)

REFUSED = 2


@pytest.mark.parametrize("words", [
    "status", "stats", "prefix list", "xdp list", "list", "lookup 203.0.113.10", "save", "get", "get tos",
    "load -", "doctor", "stats reset", "prefix add 2001:db8:77::/96", "prefix del 2001:db8:64::/64",
    "add 192.0.2.9 2001:db8:9::9", "replace 203.0.113.10 2001:db8:9::10", "del 203.0.113.10",
    "set tos 7", "flush", "explain 4 198.51.100.2 203.0.113.10 mark 0x10",
    "explain 6 2001:db8:1::10 2001:db8:64::1 fragment first mark 16",
    "explain 4 198.51.100.2 192.0.2.1"])
def test_json_is_as_the_schema_says(gateway, words):
    kinds = sorted(json_schema.SCHEMA["definitions"], key=len, reverse=True)
    kind = next(kind for kind in kinds if words.startswith(kind))
    done = gateway.ctl("-j", *words.split(), input="set mark 1\nset tos 3\n")
    assert done.stderr == ""
    json_schema.check(kind, done.stdout)


def test_changes_and_errors_are_as_the_schema_says(gateway):
    done = gateway.ctl("-j", "diff", "-", input="set tos 4\nadd 192.0.2.1 2001:db8::1\n",
                       check=False)
    json_schema.check("diff", done.stdout)
    assert done.returncode == 1
    done = gateway.ctl("-j", "add", "203.0.113.10", "2001:db8:9::9", check=False)
    json_schema.check("error", done.stderr)
    assert json.loads(done.stderr)["error"]["status"] == done.returncode == REFUSED


@pytest.mark.configuration(CONFIG, "set counters on")
def test_counters(gateway):
    """Of mappings without packets as well."""
    gateway.run("ping", "-c", "1", "-W", "1", REAL6_MAPPED)
    text = gateway.show("-j", "list")
    json_schema.check("list", text)
    counters = {row["ipv4"]: row["counters"] for row in json.loads(text)["mappings"]}
    assert len(counters) == 3 and counters.pop(f"{REAL6_MAPPED}/32")["packets_4to6"] >= 1
    assert all(c == {"packets_6to4": 0, "octets_6to4": 0, "packets_4to6": 0, "octets_4to6": 0}
               for c in counters.values())
    json_schema.check("top", gateway.show("-j", "top", "0.1", "1"))


# Metrics.

def families(text, parse):
    """Samples by family and labels, as a parser of that format reads them."""
    return {family.name: {tuple(sample.labels.items()): sample.value for sample in family.samples}
            for family in parse(text)}


def check_metrics(gateway, metrics, info):
    """That they say what nat64ctl says otherwise."""
    status = json.loads(gateway.show("-j", "status"))
    stats = json.loads(gateway.show("-j", "stats"))["stats"]
    assert metrics["nat64_up"] == {(): 1}
    (labels,) = metrics[info]
    assert dict(labels) == {"version": status["module_version"], "digest": status["digest"]}
    for name, value in (("active", 1), ("mappings", status["mappings"]),
                        ("mappings_limit", status["limit"]), ("prefixes", 1),
                        ("config_generation", status["generation"])):
        assert metrics[f"nat64_{name}"] == {(): value}
    assert metrics["nat64_translated_packets"] == {
        (("direction", way),): stats.pop(f"translated_{way}") for way in ("6to4", "4to6")}
    for name, stat in (("hairpinned_packets", "hairpinned"), ("split_packets", "split_4to6"), ("xdp_packets", "translated_xdp"),
                       ("icmp_errors", "answered")):
        assert metrics[f"nat64_{name}"] == {(): stats.pop(stat)}
    assert metrics["nat64_refused_packets"] == {
        (("reason", reason),): value for reason, value in stats.items()}


@pytest.mark.configuration(CONFIG)
@pytest.mark.parametrize("form, parser, info", [
    ("prometheus", "prometheus_client.parser", "nat64_info"),
    ("openmetrics", "prometheus_client.openmetrics.parser", "nat64")])
def test_metrics(gateway, form, parser, info):
    parse = pytest.importorskip(parser).text_string_to_metric_families
    gateway.run("ping", "-c", "1", "-W", "1", REAL6_MAPPED)
    text = gateway.show("stats", form)
    check_metrics(gateway, families(text, parse), info)
    assert text.endswith("\n# EOF\n") == (form == "openmetrics")


@pytest.mark.configuration(CONFIG)
def test_metrics_by_promtool(gateway):
    util.need("promtool")
    text = gateway.show("stats", "prometheus")
    assert gateway.run("promtool", "check", "metrics", input=text).stderr == ""


@pytest.mark.configuration(CONFIG)
def test_metrics_when_the_module_is_gone(gateway):
    kmod.unload_module()
    try:
        done = gateway.run(CTL, "stats", "prometheus")
        assert done.stdout.endswith("\nnat64_up 0\n") and done.stderr == ""
    finally:
        kmod.load_module()
        gateway.loaded = None
