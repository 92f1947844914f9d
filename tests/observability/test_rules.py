"""Rules: written from the code, understood by Prometheus, each alert seen to fire and not to fire, each with a way out."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from chassis import testing
from exposed import MODULES, metrics
from flask import Flask
from queries import series

from deploy.observability import rules, slo

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/observability/prometheus"
ALERTS = sorted({rule["alert"] for group in rules.document()["groups"] for rule in group["rules"] if "alert" in rule})
RECORDS = sorted({rule["record"] for group in rules.document()["groups"] for rule in group["rules"] if "record" in rule})
# Citizens' routes that belong to no errand: reading about oneself and the portal, signing out, languages.
NO_ERRAND = re.compile(
    r"/(static/.*|favicon.ico|robots.txt|\.well-known/.*|aksesibilitas|bantuan|privasi|bahasa|keluar|beranda|data-saya.*|kotak-masuk.*"
    r"|urusan|demo.*|kantor.*|api/v1/(me|demo|office|crew|water|leaks|platform|docs|openapi.json|metering|tariff-groups|network|zones)(/.*)?)?"
)


def promtool(*arguments: str) -> str:
    if shutil.which("promtool") is None:
        testing.lacking("promtool is not installed (Debian: prometheus)")
    done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checked(rule: dict[str, object]) -> dict[str, set[str]]:
    return series(str(rule["expr"]))


def test_the_file_is_what_the_code_writes():
    assert rules.FILE.read_text("utf-8") == rules.written(rules.document()), "run python -m deploy.observability.rules"


def test_prometheus_understands_the_rules_and_those_of_a_drill(tmp_path):
    assert "SUCCESS" in promtool("check", "rules", "rules.yaml")
    drill = tmp_path / "drill.yaml"
    drill.write_text(rules.written(rules.document(slo.shrunk(slo.BURNS, 60), 60)), encoding="utf-8")
    assert "SUCCESS" in promtool("check", "rules", str(drill))
    assert "rate1h" not in drill.read_text("utf-8")


@pytest.mark.timeout(900)
@pytest.mark.parametrize("file", sorted(path.name for path in (FOLDER / "tests").glob("*.yaml")))
def test_alerts_fire_when_they_should(file):
    assert "SUCCESS" in promtool("test", "rules", f"tests/{file}")


def test_every_alert_is_seen_to_fire_and_not_to_fire():
    fires, silent = set(), set()
    for path in (FOLDER / "tests").glob("*.yaml"):
        for test in yaml.safe_load(path.read_text("utf-8"))["tests"]:
            for asked in test["promql_expr_test"]:
                wanted = re.search(r'alertname=~?"([^"]+)"', asked["expr"])
                named = {alert for alert in ALERTS if wanted and re.fullmatch(wanted[1], alert)}
                told = " ".join(sample["labels"] for sample in asked["exp_samples"])
                firing = {alert for alert in named if f'alertname="{alert}",alertstate="firing"' in told}
                fires |= firing
                silent |= named - firing
    assert sorted(fires) == ALERTS
    assert sorted(silent) == [alert for alert in ALERTS if alert != "Watchdog"]


def test_every_alert_leads_to_its_entry_in_the_runbook():
    page = (ROOT / "docs/runbook.md").read_text("utf-8")
    anchors = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in re.findall(r"(?m)^#+ (.+)$", page)}
    for group in rules.document()["groups"]:
        for rule in group["rules"]:
            if "alert" in rule:
                file, _, anchor = rule["annotations"]["runbook"].partition("#")
                assert (file, anchor in anchors) == ("docs/runbook.md", True), rule["alert"]
                assert rule["labels"]["severity"] in {"page", "ticket", "none"}


def test_every_series_of_a_rule_is_exposed_with_its_labels_or_recorded():
    known, asked = metrics(), 0
    for group in rules.document()["groups"]:
        for rule in group["rules"]:
            for name, labels in checked(rule).items():
                asked += 1
                assert name in known or name in RECORDS, f"{name} in {rule}"
                assert labels <= known.get(name, labels), f"{name}{labels} in {rule}"
    assert asked > len(ALERTS)


def test_a_series_that_nobody_exposes_would_be_noticed():
    assert set(series('sum by (x) (rate(no_such_total{a="b"}[5m])) > 0')) - set(metrics()) == {"no_such_total"}
    assert series('sum by (x) (rate(no_such_total{a="b"}[5m]))')["no_such_total"] == {"a", "x"}


def test_every_module_that_makes_a_metric_is_read():
    made = re.compile(r"from prometheus_client import .*(Counter|Gauge|Histogram)")
    for path in [*ROOT.glob("libs/chassis/src/**/*.py"), *ROOT.glob("services/*/src/**/*.py")]:
        if made.search(path.read_text("utf-8")):
            name = ".".join(path.relative_to(next(p for p in path.parents if p.name == "src")).with_suffix("").parts)
            assert any(f"{name}.".startswith(f"{module}.") for module in MODULES), name


def test_every_route_of_a_citizen_belongs_to_one_errand_or_to_none_knowingly():
    from gateway import api, web

    app = Flask("routes")
    for blueprint in (*web.blueprints(), *api.blueprints()):
        app.register_blueprint(blueprint)
    found = dict.fromkeys(slo.ERRANDS, 0)
    for rule in {each.rule for each in app.url_map.iter_rules()}:
        errands = [errand for errand, routes in slo.ERRANDS.items() if re.fullmatch(routes, rule)]
        assert len(errands) + bool(NO_ERRAND.fullmatch(rule)) == 1, rule
        for errand in errands:
            found[errand] += 1
    assert min(found.values()) > 3
