"""What one answer may be: counted while it is built, refused by the limit's name, and sent as it is made."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from django.contrib.gis.geos import Point
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory

from assets.models import Document, SurveyPoint
from gis_core.answer_budget import AnswerBudgetMiddleware, AnswerTooLarge
from gis_core.api.downloads import table_download
from gis_core.api.renderers import CountingJsonRenderer
from gis_core.models import Division, User
from tests.sign_in import confirmed

MEGABYTE = 1024**2
POINTS = "/ogc/collections/survey_points/items"
LIST = "/api/v1/survey-points/"


def survey(division: Division, number: int, note: str = "") -> None:
    document = Document.objects.create(division=division, title="Survey", kind="survey")
    SurveyPoint.objects.bulk_create(
        SurveyPoint(
            division=division,
            source_document=document,
            code=f"P{place}{note}"[:60],
            geom=Point(69.2 + place / 1e6, 41.3, srid=4326),
            accuracy_class="E",
            method="estimated",
            surveyed_on="2026-01-31",
        )
        for place in range(number)
    )


@pytest.fixture
def engineer(make_user: Callable[..., User], district: Division) -> Client:
    return confirmed(make_user("engineer", district))


@pytest.mark.parametrize(
    ("setting", "most", "limit"),
    [
        ("ANSWER_MOST_ENTITIES", 29, "29 entities"),
        ("ANSWER_MOST_BYTES", 0, "0 MB"),
        ("ANSWER_MOST_SECONDS", 0.0, "0 seconds"),
        ("ANSWER_MOST_ROWS", 5, "5 rows"),
    ],
)
@pytest.mark.parametrize("address", [LIST, POINTS])
def test_more_than_an_answer_may_be_is_refused_by_name(
    engineer: Client, district: Division, settings: Any, setting: str, most: float, limit: str, address: str
) -> None:
    survey(district, 30)
    assert engineer.get(address).status_code == 200
    setattr(settings, setting, most)
    answer = engineer.get(address)
    assert answer.status_code == 400, answer.content[:300]
    assert limit in answer.content.decode()
    assert "answer_too_large" in answer.content.decode()


def test_what_is_changed_is_not_given_up_for_its_answer(
    engineer: Client, district: Division, settings: Any
) -> None:
    settings.ANSWER_MOST_SECONDS = 0.0
    body = {"code": "N1", "division": "QIBRAY", "point": {"type": "Point", "coordinates": [69.2, 41.3]}}
    answer = engineer.post(LIST, json.dumps(body), content_type="application/json")
    assert answer.status_code != 400 or "seconds" not in answer.content.decode(), answer.content


def test_a_long_answer_to_a_change_is_written_whatever_the_limits(settings: Any, rf: RequestFactory) -> None:
    settings.ANSWER_MOST_SECONDS, settings.ANSWER_MOST_ENTITIES = 0.0, 3
    rows = {"rows": [{"row": number} for number in range(50)]}

    def answer(request: Any) -> HttpResponse:
        return HttpResponse(CountingJsonRenderer().render(rows))

    assert (
        json.loads(b"".join(cast(HttpResponse, AnswerBudgetMiddleware(answer)(rf.post("/api/v1/x/")))))
        == rows
    )
    with pytest.raises(AnswerTooLarge):
        AnswerBudgetMiddleware(answer)(rf.get("/api/v1/x/"))


def test_codes_are_no_entities(settings: Any, rf: RequestFactory) -> None:
    settings.ANSWER_MOST_ENTITIES = 3
    codes = {"pipes": [f"P{number}" for number in range(500)]}

    def answer(request: Any) -> HttpResponse:
        return HttpResponse(CountingJsonRenderer().render(codes))

    assert (
        json.loads(b"".join(cast(HttpResponse, AnswerBudgetMiddleware(answer)(rf.get("/api/v1/x/")))))
        == codes
    )


def test_a_long_page_of_features_is_streamed_and_whole(engineer: Client, district: Division) -> None:
    survey(district, 1201)
    answer: Any = engineer.get(POINTS, {"limit": 1200})
    assert answer.streaming
    document = json.loads(answer.getvalue())
    assert document["numberReturned"] == len(document["features"]) == 1200
    assert document["numberMatched"] == 1201
    (following,) = [each["href"] for each in document["links"] if each["rel"] == "next"]
    rest = engineer.get(following).json()
    assert rest["numberReturned"] == 1
    names = [each["id"] for each in document["features"] + rest["features"]]
    assert len(set(names)) == 1201


def test_a_page_of_too_many_bytes_ends_early_and_links_to_the_rest(
    engineer: Client, district: Division, settings: Any
) -> None:
    survey(district, 1600)
    whole = len(engineer.get(POINTS, {"limit": 1600}).getvalue())
    settings.ANSWER_MOST_BYTES = int(whole * 0.7)
    found: list[str] = []
    address, pages = f"{POINTS}?limit=1600", 0
    while address:
        answer: Any = engineer.get(address)
        content = answer.getvalue()
        assert len(content) <= settings.ANSWER_MOST_BYTES
        document = json.loads(content)
        found += [each["id"] for each in document["features"]]
        pages += 1
        address = next((each["href"] for each in document["links"] if each["rel"] == "next"), "")
    assert (len(found), len(set(found)), pages) == (1600, 1600, 2)


def test_a_large_page_holds_no_more_than_a_piece(engineer: Client, district: Division) -> None:
    """The page is never held as a whole: what is held in Python grows less than half as much as what is sent."""
    survey(district, 10_000)
    engineer.get(POINTS, {"limit": 600}).getvalue()
    answer: Any = engineer.get(POINTS, {"limit": 10_000})
    tracemalloc.start()
    sent = sum(len(part) for part in answer.streaming_content)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"a page of 10,000 features: {sent / MEGABYTE:.1f} MB sent, {peak / MEGABYTE:.1f} MB held at most")
    assert sent > 4 * MEGABYTE
    assert peak < 0.5 * sent


def rows(number: int) -> Iterator[list[Any]]:
    for place in range(number):
        yield [place, f"a name of some length, the {place}th of all", place / 7]


@pytest.mark.parametrize(("file_format", "number"), [("csv", 100_000), ("xlsx", 30_000)])
def test_a_table_holds_no_more_than_a_part(file_format: str, number: int) -> None:
    tracemalloc.start()
    response = table_download(file_format, "large", ["number", "name", "share"], rows(number))
    assert isinstance(response, StreamingHttpResponse) or file_format == "xlsx"
    content: Any = response if response.streaming else [response.content]
    sent = sum(len(part) for part in content)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"{number} rows as {file_format}: {sent / MEGABYTE:.1f} MB sent, {peak / MEGABYTE:.1f} MB held at most"
    )
    assert sent > 0.5 * MEGABYTE
    assert peak < 6 * MEGABYTE


@pytest.mark.parametrize("file_format", ["csv", "xlsx"])
def test_a_table_of_too_many_rows_is_refused(settings: Any, file_format: str) -> None:
    settings.FILE_MOST_ROWS = 999
    assert table_download(file_format, "t", ["a", "b", "c"], rows(999)).status_code == 200
    with pytest.raises(AnswerTooLarge, match="999 entities"):
        table_download(file_format, "t", ["a", "b", "c"], rows(1000))


def test_what_is_on_its_way_is_broken_off(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    settings.ANSWER_MOST_BYTES = 2 * MEGABYTE
    request = RequestFactory().get("/api/v1/large/")
    parts = (b"x" * 1000 for _number in range(10_000))
    middleware = AnswerBudgetMiddleware(lambda _request: StreamingHttpResponse(parts))  # type: ignore[arg-type,return-value]
    response: Any = middleware(request)
    sent: list[bytes] = []
    with pytest.raises(AnswerTooLarge, match="2 MB"):
        sent.extend(response.streaming_content)
    assert 2 * MEGABYTE - 1000 <= len(b"".join(sent)) <= 2 * MEGABYTE
    assert "was broken off" in caplog.text


def test_a_file_that_lies_ready_is_sent_whole(settings: Any) -> None:
    settings.ANSWER_MOST_BYTES = MEGABYTE
    ready = StreamingHttpResponse(b"x" * 1000 for _number in range(3000))
    ready["Content-Length"] = "3000000"
    middleware = AnswerBudgetMiddleware(lambda _request: ready)  # type: ignore[arg-type,return-value]
    response: Any = middleware(RequestFactory().get("/api/v1/jobs/x/file/"))
    assert len(b"".join(response.streaming_content)) == 3_000_000
