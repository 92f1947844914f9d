"""A projection that was lost comes back from its source by one command, and nobody is told anything twice."""

import json
import subprocess
import sys

from callers import rows
from running import wait_for

from deploy.local import demo
from deploy.local.state import ROOT


def restate(running, service, capability):
    argv = [sys.executable, "-m", service, "restate", capability]
    done = subprocess.run(argv, env=running.platform.environment(service), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["restated"]


def told(running):
    return rows(running, "gateway", "select count(*) from notice")[0][0]


def test_a_letter_comes_back_at_both_agencies_and_no_notice_goes_out_again(running):
    demo.letter(running.url, running.signins, running.home)
    letter, application = rows(
        running, "singo", "select id, application_id from letter where signed_at is not null order by signed_at desc limit 1"
    )[0]

    def proof():
        return rows(
            running,
            "twuin",
            "select citizen_id, kind, sha256, address_hash, valid_until, revoked_at, signed_at from proof_letters where letter_id = %s",
            letter,
        )

    def steps():
        return rows(running, "gateway", "select s.fact, s.sequence, s.state from errand_step s join errand e on e.id = s.errand_id "
                    "where e.subject_id = %s and s.fact like 'Letter%%'", application)  # fmt: skip

    known, shown = wait_for(proof), wait_for(steps)
    notices = told(running)
    rows(running, "twuin", "delete from proof_letters where letter_id = %s", letter)
    rows(
        running,
        "gateway",
        "delete from errand_step where fact like 'Letter%%' and errand_id in (select id from errand where subject_id = %s)",
        application,
    )
    assert proof() == []
    assert steps() == []
    for _ in range(2):  # the second time changes nothing
        assert restate(running, "singo", "letters") >= 1
        wait_for(lambda: proof() == known and steps() == shown, seconds=60)
        wait_for(lambda: running.outbox_depth("singo") == 0, seconds=60)
    assert (proof(), steps()) == (known, shown)
    assert told(running) == notices
