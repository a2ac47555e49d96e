"""`.local/environment`: lines of KEY=VALUE that the settings read when the environment is silent."""

from __future__ import annotations

import base64
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

HEADER = "# Written by the set-up (make up). The same names in the environment take precedence."


def parse(text: str) -> dict[str, str]:
    """Read KEY=VALUE lines; comments, blank lines and lines without `=` are passed over."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#") or "=" not in stripped:
            continue
        name, _, value = stripped.partition("=")
        values[name.strip()] = value.strip()
    return values


def read(path: Path) -> dict[str, str]:
    """The values in the file; none when it is not there."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def update(path: Path, values: Mapping[str, str]) -> dict[str, str]:
    """Set `values` in the file, keep the others and make a secret key once; returns all values.

    The file is replaced in one move and readable only by its owner: an interrupt leaves the old file.
    """
    merged = read(path)
    merged.update(values)
    merged.setdefault("TARMOQ_SECRET_KEY", secrets.token_urlsafe(50))
    merged.setdefault(
        "TARMOQ_STORED_SECRETS_KEYS", base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    )
    text = "".join([f"{HEADER}\n", *(f"{name}={merged[name]}\n" for name in sorted(merged))])
    try:
        unchanged = path.read_text(encoding="utf-8") == text
    except FileNotFoundError:
        unchanged = False
    if not unchanged:
        making = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        making.replace(path)
    return merged


def database_url(socket_directory: Path, port: int, *, user: str, database: str = "tarmoq") -> str:
    """The address of a database behind a unix socket, in the form that the settings read."""
    return f"postgis://{user}@/{database}?host={quote(str(socket_directory), safe='')}&port={port}"


def broker_url(socket: Path) -> str:
    """The address of a Redis behind a unix socket, in the form that Celery reads."""
    return f"redis+socket://{quote(str(socket), safe='/')}"
