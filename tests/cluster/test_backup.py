"""What the nightly backup keeps can be restored: the drill of every week, done now."""

import uuid

from deploy.cluster.kube import kubectl
from tests.cluster.outcome import sql


def done(cronjob: str) -> str:
    """Return what a CronJob says when it runs now."""
    name = f"{cronjob}-{uuid.uuid4().hex[:8]}"
    kubectl("create", "job", name, f"--from=cronjob/{cronjob}")
    try:
        kubectl("wait", "--for=condition=complete", f"job/{name}", "--timeout=180s", timeout=190)
        return kubectl("logs", f"job/{name}")
    finally:
        kubectl("delete", "job", name, "--wait=false")


def test_a_backup_comes_back_with_every_row(url):
    letters = int(sql("singo", "select count(*) from letter"))
    assert done("backup").startswith("kept ")
    said = dict(line.split(": ", 1) for line in done("restore-drill").splitlines())
    assert set(said) == {"gateway", "singo", "twuin"}
    assert int(said["singo"].split()[0]) > letters
    assert sql("postgres", "select count(*) from pg_database where datname like '%_drill'") == "0"
