"""The examples of proxies say what operations.md and security.md promise of them; nginx reads its own where it is."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

from gis_core.api.problems import API_PREFIXES

FOLDER = Path(settings.BASE_DIR) / "docs" / "proxy"
NGINX = (FOLDER / "nginx.conf.example").read_text(encoding="utf-8")
CADDY = (FOLDER / "Caddyfile.example").read_text(encoding="utf-8")


def refused_of(text: str) -> re.Pattern[str]:
    found = re.search(r"\^/\([a-z|]+\)\(/\|\$\)", text)
    assert found is not None
    return re.compile(found[0])


@pytest.mark.parametrize("text", [NGINX, CADDY], ids=["nginx", "caddy"])
def test_both_refuse_programs_in_clear_and_no_page(text: str) -> None:
    refused = refused_of(text)
    for prefix in (*API_PREFIXES, "/pay/"):
        assert refused.match(f"{prefix}x"), prefix
        assert refused.match(prefix.rstrip("/")), prefix
    for page in ("/", "/login/", "/accounts/", "/payments-of-others/"):
        assert not refused.match(page), page


def test_both_send_a_browser_at_a_page_on_before_they_refuse() -> None:
    assert re.search(r'"~\^\(GET\|HEAD\):::/ogc\(/\|:\)\.\*text/html" 1;', NGINX)
    # Outside of `route` Caddy sorts what it does, and sends everybody on before it refuses anybody.
    route = CADDY[CADDY.index("route {") : CADDY.index("https://tarmoq.example {")]
    said = [route.index(words) for words in ("redir @browser", "respond @programs 403", "redir https://")]
    assert said == sorted(said)
    for condition in (
        "method GET HEAD",
        "header Accept *text/html*",
        "header !Authorization",
        "header !Cookie",
    ):
        assert condition in route


def test_caddy_reads_it_in_that_order() -> None:
    caddy = shutil.which("caddy")
    if caddy is None:
        pytest.skip("NOT PROVEN HERE: caddy is not installed")
    command = [caddy, "adapt", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile.example")]
    read = subprocess.run(command, check=False, capture_output=True, text=True)
    assert read.returncode == 0, read.stderr
    statuses = re.findall(r'"status_code":(\d+)', read.stdout)
    assert statuses == ["301", "403", "301"]


def test_nginx_takes_no_old_tls_and_no_weak_cipher() -> None:
    assert re.findall(r"ssl_protocols (.+);", NGINX) == ["TLSv1.2 TLSv1.3"]
    (ciphers,) = re.findall(r"ssl_ciphers (.+);", NGINX)
    for cipher in ciphers.split(":"):
        assert cipher.startswith("ECDHE-"), cipher
        assert "GCM" in cipher or "POLY1305" in cipher, cipher
    assert re.findall(r"protocols (tls.+)", CADDY) == ["tls1.2 tls1.3"]


def test_nginx_says_itself_who_asks_and_how() -> None:
    for header in ("X-Forwarded-For $remote_addr", "X-Forwarded-Proto https"):
        assert f"proxy_set_header {header};" in NGINX
    assert "proxy_buffering off;" in NGINX
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(megabytes) * 1024**2 > settings.NETWORK_UPLOAD_MAX_BYTES
    (seconds,) = re.findall(r"proxy_read_timeout (\d+)s;", NGINX)
    assert int(seconds) > settings.FILE_MOST_SECONDS


def test_nginx_reads_it(tmp_path: Path) -> None:
    nginx, openssl = shutil.which("nginx", path="/usr/sbin:/usr/bin"), shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("NOT PROVEN HERE: nginx is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "fullchain.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=tarmoq.example"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    text = NGINX.replace("/etc/ssl/tarmoq", str(tmp_path))
    folders = "".join(
        f"{name}_temp_path {tmp_path}/{name}; "
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off; {folders}{text} }}"
    (tmp_path / "nginx.conf").write_text(whole, encoding="utf-8")
    read = subprocess.run(
        [nginx, "-t", "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert read.returncode == 0, read.stderr
