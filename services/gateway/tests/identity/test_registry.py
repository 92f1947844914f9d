"""The registry's client: a match only when every field fits; whatever goes wrong is no match and no refusal."""

import datetime as dt
import http.server
import json
import threading
from contextlib import contextmanager

import msgspec
import pytest
from gateway.identity.registry import registry_of
from gateway.identity.registry.dukcapil import Dukcapil
from gateway.identity.registry.simulator import Simulator, person

WHO = {"nik": "3573031708909999", "kk": "3573030101019999", "name": "Ayu Santosa", "birth_date": dt.date(1990, 8, 17)}
FITS = {
    "NIK": "Sesuai", "NO_KK": "Sesuai", "NAMA_LGKP": "Sesuai (100)", "TGL_LHR": "Sesuai", "TMPT_LHR": "MALANG", "JENIS_KLMIN": "PEREMPUAN",
    "ALAMAT": "JL. DANAU TOBA 1", "NO_RT": "1", "NO_RW": "12", "NO_PROP": "35", "NO_KAB": "73", "NO_KEC": "3", "NO_KEL": "1008",
    "AGAMA": "ISLAM", "JENIS_PKRJN": "GURU", "STATUS_KAWIN": "KAWIN",
}  # fmt: skip


@contextmanager
def service(status, body):
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((self.headers["Authorization"], json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Dukcapil(f"http://127.0.0.1:{server.server_address[1]}/match", "user", "secret", 2.0), asked
        server.shutdown()


def test_a_person_who_fits_in_every_field_is_a_match_with_a_profile():
    with service(200, {"content": [FITS]}) as (registry, asked):
        found = registry.match(**WHO)
    assert found.answer == "match"
    assert (found.profile.kelurahan, found.profile.rt, found.profile.rw, found.profile.sex) == ("35.73.03.1008", "001", "012", "P")
    authorization, question = asked[0]
    assert authorization.startswith("Basic ")
    assert (question["NIK"], question["TGL_LHR"]) == (WHO["nik"], "17-08-1990")


@pytest.mark.parametrize("field", ["NIK", "NO_KK", "NAMA_LGKP", "TGL_LHR"])
def test_one_field_that_does_not_fit_is_no_match(field):
    with service(200, {"content": [FITS | {field: "Tidak Sesuai"}]}) as (registry, _):
        assert registry.match(**WHO).answer == "no_match"


def test_nobody_found_is_no_match():
    with service(200, {"content": []}) as (registry, _):
        assert registry.match(**WHO).answer == "no_match"


@pytest.mark.parametrize(("status", "body"), [(500, {}), (200, b"not json"), (200, {"content": [{"NIK": 1}]}), (401, {})])
def test_an_answer_that_is_none_is_unavailable(status, body):
    with service(status, body) as (registry, _):
        assert registry.match(**WHO).answer == "unavailable"
    assert registry.match(**WHO).answer == "unavailable"  # and so is a service that is gone


def test_the_simulator_compares_like_the_registry():
    who = person(7)
    given = {"nik": who.nik, "kk": who.kk, "name": f" {who.profile.name.lower()} ", "birth_date": who.birth_date}
    assert Simulator().match(**given).profile == who.profile
    for name, other in {
        "kk": "3573030101019999",
        "name": "Orang Lain",
        "birth_date": dt.date(2000, 1, 1),
        "nik": WHO["nik"],
    }.items():
        assert Simulator().match(**(given | {name: other})).answer == "no_match"


def test_settings_choose_the_registry_and_say_what_lacks(settings):
    assert isinstance(registry_of(settings), Simulator)
    with pytest.raises(SystemExit, match="GATEWAY_REGISTRY_URL"):
        registry_of(msgspec.structs.replace(settings, registry="dukcapil"))
    real = msgspec.structs.replace(settings, registry="dukcapil", registry_url="https://registry.example/match")
    assert isinstance(registry_of(real), Dukcapil)
