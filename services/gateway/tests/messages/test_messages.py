"""Messages: queued with their cause, sent outside of transactions, tried again, and never late."""

import datetime as dt
import email
import http.server
import json
import socketserver
import threading

import pytest
from chassis import clock
from gateway import messages
from gateway.messages import Mailbox, NotSent, SmsGateway, Smtp, carriers_of
from sqlalchemy import text


class Recorder:
    """An outside party that takes messages, or does not."""

    def __init__(self, failures=0):
        self.sent, self.failures = [], failures

    def send(self, **message):
        if self.failures:
            self.failures -= 1
            raise NotSent("away")
        self.sent.append(message)


def write(means, to="+628111222333", body="Halo", **how):
    with means.db.transaction() as session:
        return messages.queue(session, means.vault, to=to, body=body, **how)


def states(means):
    with means.db.transaction() as session:
        return sorted(session.scalars(text("select state from message")))


def test_a_message_is_sent_once(means):
    carrier = Recorder()
    write(means)
    assert messages.deliver_due(means.db, means.vault, {"sms": carrier}) == 1
    assert messages.deliver_due(means.db, means.vault, {"sms": carrier}) == 0
    assert [(each["to"], each["body"]) for each in carrier.sent] == [("+628111222333", "Halo")]
    assert states(means) == ["sent"]


def test_a_message_of_a_transaction_that_failed_never_leaves(means):
    def fail():
        with means.db.transaction() as session:
            messages.queue(session, means.vault, to="+628111222333", body="Halo")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert messages.deliver_due(means.db, means.vault, {"sms": Recorder()}) == 0


def test_a_carrier_that_is_away_is_tried_again_later(means):
    carrier, start = Recorder(failures=2), clock.now()
    write(means)
    for seconds in (0, 3, 10):
        with clock.frozen(start + dt.timedelta(seconds=seconds + 1)):
            messages.deliver_due(means.db, means.vault, {"sms": carrier})
    assert len(carrier.sent) == 1
    assert states(means) == ["sent"]


def test_a_code_that_nobody_wants_any_more_is_dropped(means):
    write(means, good_for=dt.timedelta(minutes=10))
    carrier = Recorder()
    with clock.frozen(clock.now() + dt.timedelta(minutes=11)):
        messages.deliver_due(means.db, means.vault, {"sms": carrier})
    assert carrier.sent == []
    assert states(means) == ["dropped"]


def test_decoys_go_nowhere_and_show_in_no_mailbox(means):
    write(means, channel="none")
    carrier = Recorder()
    messages.deliver_due(means.db, means.vault, {"sms": carrier})
    assert carrier.sent == []
    with means.db.transaction() as session:
        assert messages.mailbox(session, means.vault) == []


def test_two_processes_share_the_work(means):
    carrier = Recorder()
    for number in range(40):
        write(means, body=str(number))
    threads = [threading.Thread(target=messages.deliver_due, args=(means.db, means.vault, {"sms": carrier})) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    while messages.deliver_due(means.db, means.vault, {"sms": carrier}):
        pass
    assert sorted(int(each["body"]) for each in carrier.sent) == list(range(40))


def test_addresses_and_texts_are_encrypted(means):
    write(means, body="Kode 123456")
    with means.db.transaction() as session:
        row = session.execute(text("select * from message")).one()
    assert b"123456" not in b"".join(bytes(value) for value in row if isinstance(value, bytes | memoryview))


def test_the_text_message_service_gets_json_a_token_and_a_reference():
    asked = []

    class Service(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            asked.append((dict(self.headers), json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(503 if len(asked) == 1 else 202)
            self.end_headers()

        def log_message(self, *_args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        carrier = SmsGateway(f"http://127.0.0.1:{server.server_address[1]}/send", "tok", "KOTA")
        with pytest.raises(NotSent):
            carrier.send(to="+62811", subject="", body="Halo", reference="r-1")
        carrier.send(to="+62811", subject="", body="Halo", reference="r-1")
        server.shutdown()
    headers, body = asked[1]
    assert body == {"to": "+62811", "from": "KOTA", "text": "Halo", "reference": "r-1"}
    assert headers["Authorization"] == "Bearer tok"
    assert asked[0][0]["Idempotency-Key"] == asked[1][0]["Idempotency-Key"] == "r-1"
    with pytest.raises(NotSent):
        carrier.send(to="+62811", subject="", body="Halo", reference="r-1")


class _MailServer(socketserver.StreamRequestHandler):
    """The few words of SMTP that a client needs."""

    def handle(self):
        self.wfile.write(b"220 mail\r\n")
        while line := self.rfile.readline():
            word = line[:4].upper()
            if word == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                content = b""
                while (part := self.rfile.readline()) != b".\r\n":
                    content += part
                self.server.received.append(email.message_from_bytes(content))
                self.wfile.write(b"250 kept\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 good\r\n")


def test_e_mail_reaches_a_mail_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _MailServer) as server:
        server.received = []
        threading.Thread(target=server.serve_forever, daemon=True).start()
        carrier = Smtp(f"smtp://127.0.0.1:{server.server_address[1]}", "kota@malang.example")
        carrier.send(to="ayu@malang.example", subject="Surat selesai", body="Surat Anda siap – unduh.", reference="r-1")
        server.shutdown()
    mail = server.received[0]
    assert (mail["To"], mail["Subject"]) == ("ayu@malang.example", "Surat selesai")
    assert "siap – unduh" in mail.get_payload(decode=True).decode()


def test_settings_choose_the_carriers_and_say_what_lacks(settings):
    import msgspec

    assert isinstance(carriers_of(settings)["sms"], Mailbox)
    with pytest.raises(SystemExit, match="GATEWAY_SMS_URL"):
        carriers_of(msgspec.structs.replace(settings, sms="http"))
    real = msgspec.structs.replace(settings, sms="http", sms_url="https://sms.example/send", smtp_url="smtps://mail.example")
    assert isinstance(carriers_of(real)["sms"], SmsGateway)
    assert isinstance(carriers_of(real)["email"], Smtp)
