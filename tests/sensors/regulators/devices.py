"""What a device does with its key, written from docs/feeds.md alone and not with the product's functions."""

import hashlib
import hmac
import json
from typing import Any


def mac(key: str, topic: str, body: str) -> str:
    return hmac.new(bytes.fromhex(key), topic.encode() + b"\n" + body.encode(), hashlib.sha256).hexdigest()


def opened(key: str, topic: str, payload: bytes | str) -> dict[str, Any]:
    """A command whose signature is right."""
    message = json.loads(payload)
    assert hmac.compare_digest(mac(key, topic, message["body"]), message["mac"])
    body: dict[str, Any] = json.loads(message["body"])
    return body


def signed(key: str, topic: str, document: dict[str, Any]) -> str:
    body = json.dumps(document)
    return json.dumps({"body": body, "mac": mac(key, topic, body)})
