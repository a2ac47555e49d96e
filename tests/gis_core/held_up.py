"""A site that hangs on everything but its health: what the web server's worker is tried with."""

import time
from collections.abc import Callable, Iterable
from typing import Any

SLOW_S = 4.0


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if not environ["PATH_INFO"].startswith("/healthz"):
        time.sleep(SLOW_S)
    start_response("200 OK", [("Content-Length", "2"), ("Content-Type", "text/plain")])
    return [b"ok"]
