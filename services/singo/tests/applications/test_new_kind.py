"""A kind of service never seen before goes from a data file to a signed PDF; no code knows it."""

from __future__ import annotations

import json
import shutil
import subprocess

import pikepdf
import pytest
from chassis.rpc import Failure
from chassis.testing import as_citizen, as_staff, lacking
from malang.singo.v1 import applications_pb2 as pb
from singo import charter
from singo.charter.rpc import message

KIND = """
code = "izin_layangan"
time_limit_days = 3
fee = 0
validity_days = 14
legal_basis = "Peraturan contoh untuk pengujian"

[name]
id = "Surat Izin Festival Layang-layang"
en = "Permit for a kite festival"

[summary]
id = "Mengizinkan festival layang-layang."
en = "Permits a kite festival."

[[requirements]]
code = "denah_lapangan"
name = { id = "Denah lapangan", en = "Map of the field" }

[[steps]]
code = "submit"
role = "citizen"
name = { id = "Pemohon mengajukan", en = "The applicant submits" }

[[steps]]
code = "check"
role = "officer"
name = { id = "Petugas memeriksa denah", en = "An officer checks the map" }

[[steps]]
code = "paraf"
role = "officer"
name = { id = "Kepala seksi memberi paraf", en = "The head of section initials" }

[[steps]]
code = "sign"
role = "lurah"
name = { id = "Lurah menandatangani", en = "The lurah signs" }

[form]
type = "object"
additionalProperties = false
required = ["kites", "festival_on"]

[form.properties.kites]
type = "integer"
minimum = 2
maximum = 500
x-widget = "number"
x-label = { id = "Jumlah layang-layang", en = "Number of kites" }

[form.properties.festival_on]
type = "string"
format = "date"
x-widget = "date"
x-label = { id = "Tanggal festival", en = "Day of the festival" }

[letter]
title = "Surat Izin Festival Layang-layang"
classification = "556"
series = "city"
number_pattern = "{number}/LAYANG/{month}/{year}"
body = \"\"\"
Diizinkan kepada {applicant.name} menerbangkan {fields.kites} layang-layang pada tanggal {fields.festival_on}
di Kelurahan {office.name}.
\"\"\"
"""


@pytest.fixture
def the_charter(tmp_path) -> charter.Charter:
    folder = tmp_path / "kinds"
    folder.mkdir()
    (folder / "izin_layangan.toml").write_text(KIND)
    return charter.load([folder])


def test_it_is_offered_like_the_others(the_charter):
    offered = message(the_charter.kind("izin_layangan"))
    assert (offered.time_limit_days, [each.code for each in offered.steps]) == (3, ["submit", "check", "paraf", "sign"])
    assert json.loads(offered.form_schema)["properties"]["kites"]["x-label"]["en"] == "Number of kites"


def test_it_goes_from_its_data_file_to_a_signed_letter(world, tmp_path):
    draft = world.complete(kind="izin_layangan", fields={"kites": "1", "festival_on": "2026-12-12"})
    with pytest.raises(Failure) as refused:
        world.hand_in(draft)
    assert [(each.field, each.en) for each in refused.value.fields] == [("fields.kites", "Number of kites must be at least 2.")]
    with as_citizen("citizen-a"):
        fields = json.dumps({"kites": "40", "festival_on": "2026-12-12"})
        world.stub.SaveDraft(pb.SaveDraftRequest(application_id=draft.application_id, fields=fields))
    own = world.hand_in(draft).application_id
    with as_staff(roles=["officer"], subject="officer-1"):
        checked = world.stub.Approve(pb.ApproveRequest(application_id=own))
        assert checked.state == pb.APPLICATION_STATE_SUBMITTED  # its second officer's step comes next
    with as_staff(roles=["officer"], subject="head-of-section"):
        assert world.stub.Approve(pb.ApproveRequest(application_id=own)).state == pb.APPLICATION_STATE_APPROVED
    with as_staff(roles=["lurah"], name="Dra. Endah Rahayu"):
        signed = world.stub.Sign(pb.SignRequest(application_id=own))
    assert [each.event for each in signed.timeline] == ["drafted", "submitted", "checked", "approved", "signing", "signed"]
    text = printed(world, tmp_path)
    for said in ("Siti Aminah", "40 layang-layang", "12 Desember 2026", "Kelurahan Sawojajar", "001/LAYANG/", "Dra. Endah Rahayu"):
        assert said in text


def printed(world, tmp_path) -> str:
    (stored,) = world.means.files.under("letters")
    pdf = tmp_path / "letter.pdf"
    pdf.write_bytes(world.signing.press.read(stored.path))
    with pikepdf.open(pdf) as read:
        assert len(read.pages) == 1
    if shutil.which("pdftotext") is None:
        lacking("pdftotext (poppler) is not installed")
    said = subprocess.run(["pdftotext", "-layout", str(pdf), "-"], check=True, capture_output=True, text=True).stdout
    return " ".join(said.split())
