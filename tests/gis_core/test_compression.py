"""Texts are compressed for who can read that; versions, streams and files come as they are."""

import gzip

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from gis_core.compression import CompressionMiddleware

TEXT = "x" * 5000


def answer(response: HttpResponse | StreamingHttpResponse, accepts: str = "gzip") -> HttpResponse:
    request = RequestFactory().get("/", HTTP_ACCEPT_ENCODING=accepts)
    return CompressionMiddleware(lambda _request: response)(request)  # type: ignore[return-value, arg-type]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/html; charset=utf-8",
        "application/json",
        "application/geo+json",
        "application/problem+json",
        "text/csv",
    ],
)
def test_texts_are_compressed(content_type: str) -> None:
    got = answer(HttpResponse(TEXT, content_type=content_type))
    assert got["Content-Encoding"] == "gzip"
    assert gzip.decompress(got.content).decode() == TEXT
    assert "Accept-Encoding" in got["Vary"]
    assert answer(HttpResponse(TEXT, content_type=content_type), "identity").content.decode() == TEXT


def test_lengths_are_blurred() -> None:
    lengths = {len(answer(HttpResponse(TEXT, content_type="text/html")).content) for _try in range(40)}
    assert len(lengths) > 3


def test_versions_files_and_streams_come_as_they_are() -> None:
    versioned = HttpResponse(TEXT, content_type="application/json", headers={"ETag": '"3"'})
    assert answer(versioned)["ETag"] == '"3"'
    assert "Content-Encoding" not in answer(HttpResponse(b"x" * 5000, content_type="application/pdf"))
    live = answer(StreamingHttpResponse(iter([b"data: 1\n\n"]), content_type="text/event-stream"))
    assert "Content-Encoding" not in live
