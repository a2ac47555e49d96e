"""Every operation of the API with malformed parameters and bodies: refused as the caller's fault, without insides.

The operations and their parameters come from the API's own description: a new one is asked without being listed here.
"""

import json
import os
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from gis_core.models import Division, User
from tests.security.test_access_matrix import make_sample
from tests.security.test_told_outside import INSIDES
from tests.sign_in import confirmed

# What no parameter is: text of another encoding, beyond any range, of another type, and pieces of other languages.
JUNK = (
    "\x00",
    "\ud7ff\u202e'\";--",
    "9" * 400,
    "-1",
    "1e400",
    "nan",
    "0001-01-01",
    "9999-99-99T99:99:99+99:99",
    "../../etc/passwd",
    "{{7*7}}",
    "x" * 3000,
)
# How many of them each parameter meets, another part for each; `make prove` tries them all.
TRIED = len(JUNK) if os.environ.get("TARMOQ_PROVE") else 3
BODIES: tuple[tuple[str, str], ...] = (
    ("application/json", "{"),
    ("application/json", "[]"),
    ("application/json", '"\\u0000"'),
    ("application/json", "null"),
    ("application/json", json.dumps({"nobody": "knows"})),
    ("application/json", "[" * 5000),
    ("application/json", '{"a": 1e999}'),
    ("text/plain", "a=1"),
    ("multipart/form-data; boundary=x", "--x\r\n"),
    ("application/x-www-form-urlencoded", "%00=%00"),
)
FIELD_JUNK: tuple[Any, ...] = ("\x00", "9" * 400, [[]], {"a": {"b": []}}, -1e308, True, "0001-01-01")
DATABASE_WORDS = re.compile(
    r"relation \"|column \"|violates|invalid input syntax|out of range for type|SQLSTATE|SELECT .* FROM|line \d+, in "
)


class Operation(NamedTuple):
    method: str
    path: str
    parameters: tuple[str, ...]
    fields: tuple[str, ...]


def operations() -> Iterator[Operation]:
    """Every operation with its query parameters and the fields of its body."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    schemas = document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, described in methods.items():
            query = tuple(one["name"] for one in described.get("parameters", ()) if one["in"] == "query")
            content = described.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = content.get("schema", {})
            body = schemas.get(body.get("$ref", "").rpartition("/")[2], body)
            yield Operation(method, path, query, tuple(body.get("properties", ())))


@pytest.fixture
def root(district: Division) -> Client:
    make_sample(district, "OWN-NET", "OWN-SUV", 0)
    return confirmed(User.objects.create_superuser("root"))


def fault_of(answer: Any, asked: str) -> str | None:
    """What is wrong with a refusal; None for a good one."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    text = content.decode("utf-8", "replace")
    # What the caller wrote comes back to the caller alone.
    for junk in JUNK:
        text = text.replace(junk, "").replace(json.dumps(junk)[1:-1], "")
    if answer.status_code >= 500:
        return f"{asked}: {answer.status_code} {text[:200]}"
    told = INSIDES.search(text) or DATABASE_WORDS.search(text) if answer.status_code >= 400 else None
    return f"{asked}: {answer.status_code} tells {told.group()!r}: {text[:300]}" if told else None


def test_junk_in_addresses_is_refused_in_words_of_the_api(root: Client) -> None:
    """Each query parameter in turn, and every place of a path, with each piece of junk."""
    faults, asked = [], 0
    root.raise_request_exception = False
    for operation in operations():
        if operation.method != "get":
            continue
        plain = re.sub(r"\{[^}]*\}", "1", operation.path)
        for place, name in enumerate(operation.parameters):
            for junk in (JUNK * 2)[place % len(JUNK) :][:TRIED]:
                asked += 1
                faults.append(fault_of(root.get(plain, {name: junk}), f"GET {plain}?{name}={junk[:20]!r}"))
        for junk in JUNK:
            if "{" in operation.path and "/" not in junk and "\x00" not in junk:
                asked += 1
                filled = re.sub(r"\{[^}]*\}", junk[:200], operation.path)
                faults.append(fault_of(root.get(filled), f"GET {filled[:80]!r}"))
    found = [fault for fault in faults if fault is not None]
    assert asked > 1000
    assert not found, f"{len(found)} of {asked}\n" + "\n".join(found[:40])


def test_malformed_bodies_are_refused_in_words_of_the_api(root: Client) -> None:
    """What is no document at all; and every field in turn with junk where its type is another."""
    faults, asked = [], 0
    root.raise_request_exception = False
    for operation in operations():
        if operation.method not in ("post", "put", "patch"):
            continue
        plain = re.sub(r"\{[^}]*\}", "1", operation.path)
        tries = [*BODIES]
        for junk in FIELD_JUNK:
            tries.append(("application/json", json.dumps(dict.fromkeys(operation.fields, junk))))
        for content_type, body in tries:
            asked += 1
            answer = root.generic(operation.method.upper(), plain, body, content_type)
            faults.append(fault_of(answer, f"{operation.method} {plain} {content_type} {body[:40]!r}"))
    found = [fault for fault in faults if fault is not None]
    assert asked > 1000
    assert not found, f"{len(found)} of {asked}\n" + "\n".join(found[:40])
