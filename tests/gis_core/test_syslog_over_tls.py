"""Log lines reach a collector over TLS, whole and in order, and nobody whose certificate is not known."""

import logging
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured

from gis_core import syslog_over_tls
from gis_core.settings.environment import syslog_handler
from gis_core.syslog_over_tls import SyslogOverTls


def make_certificate(folder: Path, name: str) -> Path:
    """A certificate of its own for localhost, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


class Collector:
    """Takes connections, one after the other, and keeps what came over each."""

    def __init__(self, certificate: Path, *, first_is_cut: bool = False) -> None:
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.got = b""
        self.refused = 0
        self.first_is_cut = first_is_cut
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _address = self.listener.accept()
            except OSError:
                return
            if self.first_is_cut:
                self.first_is_cut = False
                plain.close()
                continue
            try:
                with self.context.wrap_socket(plain, server_side=True) as stream:
                    while data := stream.recv(65_536):
                        self.got += data
            except OSError:
                self.refused += 1

    def lines(self, least: int) -> list[str]:
        """The messages, each as long as it said; waits for so many."""
        until = time.monotonic() + 20
        while self.got.count(b" tarmoq ") < least and time.monotonic() < until:
            threading.Event().wait(0.01)
        self.listener.close()
        found, rest = [], self.got
        while rest:
            length, _, rest = rest.partition(b" ")
            found.append(rest[: int(length)].decode())
            rest = rest[int(length) :]
        return found


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits a second before the next try."""
    real = syslog_over_tls.time.sleep
    monkeypatch.setattr(syslog_over_tls.time, "sleep", lambda seconds: real(min(seconds, 0.02)))


@pytest.fixture
def folder(tmp_path: Path, quick: None) -> Path:
    return tmp_path


def logger_to(collector: Collector, ca_file: Path) -> tuple[logging.Logger, SyslogOverTls]:
    handler = SyslogOverTls("localhost", collector.port, str(ca_file))
    logger = logging.Logger("tarmoq.security")
    logger.addHandler(handler)
    return logger, handler


@pytest.mark.parametrize("first_is_cut", [False, True])
def test_lines_arrive_whole_and_in_order(folder: Path, first_is_cut: bool) -> None:
    certificate = make_certificate(folder, "collector")
    collector = Collector(certificate, first_is_cut=first_is_cut)
    logger, handler = logger_to(collector, certificate)
    for number in range(300):
        logger.warning("kirish %s · вход\nikkinchi qator", number)
    handler.flush()
    lines = collector.lines(300)
    assert len(lines) == 300
    assert all(line.startswith("<84>1 ") for line in lines)
    assert [line.rpartition("kirish ")[2].split()[0] for line in lines] == [str(n) for n in range(300)]
    assert lines[0].endswith("вход\nikkinchi qator")


def test_nothing_is_told_to_a_stranger(folder: Path) -> None:
    collector = Collector(make_certificate(folder, "stranger"))
    logger, handler = logger_to(collector, make_certificate(folder, "collector"))
    logger.info("not for you")
    handler.flush()
    collector.listener.close()
    assert collector.refused > 0
    assert collector.got == b""


def test_lines_that_find_no_room_are_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog_over_tls, "_MOST_WAITING", 5)
    certificate = make_certificate(folder, "collector")
    collector = Collector(certificate)
    logger, handler = logger_to(collector, certificate)
    # Nobody is there yet.
    handler._target = ("localhost", 1)
    for number in range(50):
        logger.info("%s", number)
    handler._target = ("localhost", collector.port)
    # One was in hand, five waited; and the line that says how many were lost.
    said = collector.lines(6)
    lost = [line for line in said if line.endswith("lines were lost")]
    assert len(lost) == 1
    assert int(lost[0].split()[-4]) + len(said) - 1 == 50


def test_the_setting_is_read() -> None:
    assert syslog_handler("/dev/log", "")["address"] == "/dev/log"
    assert syslog_handler("logs.example", "")["address"] == ("logs.example", 514)
    assert syslog_handler("[::1]:1514", "")["address"] == ("::1", 1514)
    made = syslog_handler("tls://logs.example", "/ca.pem")
    assert (made["host"], made["port"], made["ca_file"]) == ("logs.example", 6514, "/ca.pem")
    assert syslog_handler("tls://[::1]:7000", "")["port"] == 7000
    for wrong in ("tls://", "logs.example:x", "tls://logs.example:"):
        with pytest.raises(ImproperlyConfigured):
            syslog_handler(wrong, "")
