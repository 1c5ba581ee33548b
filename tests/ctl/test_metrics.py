# SPDX-License-Identifier: GPL-2.0-only
"""What monitoring is told, and what is made of it, as far as that needs no module."""

import json
import os
import re
import subprocess

import pytest
import yaml
from test_words import TOP, ctl

EXAMPLES = TOP / "examples" / "prometheus"
parser = pytest.importorskip("prometheus_client.openmetrics.parser")

no_module = pytest.mark.skipif(os.path.exists("/sys/module/nat64"), reason="the module is loaded")


def promtool(*words, **how):
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True,
                          timeout=60, **how)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@no_module
@pytest.mark.parametrize("form, end", [("prometheus", ""), ("openmetrics", "# EOF\n")])
def test_without_the_module(form, end):
    """Not an error: a file that is only written when all is well says nothing when it is not."""
    done = ctl("stats", form)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("# HELP nat64_up Whether the nat64 module is loaded.\n"
                           f"# TYPE nat64_up gauge\nnat64_up 0\n{end}")
    if end:
        assert [f.name for f in parser.text_string_to_metric_families(done.stdout)] == ["nat64_up"]


def test_alerts():
    promtool("check", "rules", EXAMPLES / "alerts.yml")
    promtool("test", "rules", "alerts.test.yml", cwd=EXAMPLES)


def test_each_alert_is_tested():
    rules = yaml.safe_load((EXAMPLES / "alerts.yml").read_text())
    tests = yaml.safe_load((EXAMPLES / "alerts.test.yml").read_text())
    alerts = {rule["alert"] for group in rules["groups"] for rule in group["rules"]}
    fired = {case["alertname"] for test in tests["tests"] for case in test["alert_rule_test"]
             if case["exp_alerts"]}
    quiet = {case["alertname"] for test in tests["tests"] for case in test["alert_rule_test"]
             if not case["exp_alerts"]}
    assert alerts == fired == quiet


def metric_names():
    """Of the tool's own source."""
    source = (TOP / "ctl" / "metrics.c").read_text()
    return set(re.findall(r"\"# HELP|nat64_\w+_total|nat64_info", source)) | {
        f"nat64_{name}" for name in re.findall(r'gauge_out\(&?\w+, "(\w+)"', source)} | {
        f"nat64_{name}_total" for name in re.findall(r'^\t{ "\w+", "(\w+)",$', source, re.M)}


def used_names(text):
    return set(re.findall(r"\bnat64_\w+\b", text))


def test_rules_and_dashboard_name_metrics_that_there_are():
    rules = yaml.safe_load((EXAMPLES / "alerts.yml").read_text())
    used = used_names(" ".join(rule["expr"] for group in rules["groups"]
                               for rule in group["rules"]))
    used |= used_names(" ".join(target["expr"] for panel in dashboard()["panels"]
                                for target in panel.get("targets", [])))
    assert used and used <= metric_names()


def dashboard():
    return json.loads((EXAMPLES / "dashboard.json").read_text())


def test_dashboard():
    """Grafana's own check is not at hand: what it needs to show a panel is there, and fits."""
    board = dashboard()
    assert board["schemaVersion"] >= 36 and board["title"] and board["uid"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = set()
    for panel in panels:
        assert panel["title"] and panel["type"] in ("stat", "timeseries", "table")
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        own = {(x, y) for x in range(place["x"], place["x"] + place["w"])
               for y in range(place["y"], place["y"] + place["h"])}
        assert not own & cells
        cells |= own
        for target in panel["targets"]:
            assert target["refId"] and target["expr"]
            expr = target["expr"].replace("$__rate_interval", "5m").replace('"$instance"', '".*"')
            rules = {"groups": [{"name": "x", "rules": [{"record": "x", "expr": expr}]}]}
            promtool("check", "rules", "/dev/stdin", input=json.dumps(rules))
    assert {v["name"] for v in board["templating"]["list"]} == {"datasource", "instance"}


def test_units():
    for name in ("nat64-metrics.service", "nat64-metrics.timer"):
        done = subprocess.run(["systemd-analyze", "verify", EXAMPLES / name], capture_output=True,
                              text=True, timeout=60)
        said = [line for line in done.stderr.splitlines() if "nat64-metrics" in line
                and "is not executable" not in line and "'man " not in line]
        assert not said
