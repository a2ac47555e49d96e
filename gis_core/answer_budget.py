"""How much one answer may be: entities, bytes, seconds and rows read, counted while it is built.

Each request has one budget, whatever builds its answer: REST, OGC API, SensorThings, tiles, tables. Where the limit is
met before anything was sent, the answer is 400 and names it; where a part is on its way already, the connection is
broken off, so that nobody takes what came for the whole.
"""

import logging
import math
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext_noop as _

from gis_core.api.problems import API_PREFIXES, problem_at
from gis_core.errors import ReportedError
from gis_core.sentences import Figure, Sentence, in_words

_MEGABYTE = 1024**2
# Rows that are read for one row of a file: what it is joined with, one statement after the other.
_READ_FOR_A_ROW = 20
_SAFE_METHODS = ("GET", "HEAD")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AnswerLimits:
    """What an answer has at most. `rows` are those that are read from the database to build it."""

    entities: int
    size_bytes: int
    seconds: float
    rows: int


def answer_limits() -> AnswerLimits:
    """Of documents: what a program reads as a whole (`TARMOQ_ANSWER_*`)."""
    return AnswerLimits(
        settings.ANSWER_MOST_ENTITIES,
        settings.ANSWER_MOST_BYTES,
        settings.ANSWER_MOST_SECONDS,
        settings.ANSWER_MOST_ROWS,
    )


def file_limits() -> AnswerLimits:
    """Of files that are written as they are read: larger, since they are nowhere held as a whole (`TARMOQ_FILE_*`)."""
    return AnswerLimits(
        settings.FILE_MOST_ROWS,
        settings.FILE_MOST_BYTES,
        settings.FILE_MOST_SECONDS,
        settings.FILE_MOST_ROWS * _READ_FOR_A_ROW,
    )


# Of what is changed: it is bounded by what was sent, and its answer is no reason to give it up.
_UNBOUNDED = AnswerLimits(sys.maxsize, sys.maxsize, math.inf, sys.maxsize)


class AnswerTooLarge(ReportedError):
    """The answer would be more than an answer may be; `details` names the limit (entities, bytes, seconds, rows)."""

    def __init__(self, message: str, limit: str, at_most: float) -> None:
        super().__init__(message, code="answer_too_large", details=[{"limit": limit, "at_most": at_most}])


@dataclass
class AnswerBudget:
    """What of the limits is used. An entity counts as often as it is written."""

    limits: AnswerLimits = field(default_factory=answer_limits)
    entities: int = 0
    size_bytes: int = 0
    rows: int = 0
    began: float = field(default_factory=monotonic)

    @property
    def entities_left(self) -> int:
        """How many entities the answer may still have."""
        return self.limits.entities - self.entities

    def take(self, *, entities: int = 0, size_bytes: int = 0) -> None:
        """Count what was written; raises AnswerTooLarge."""
        self.entities += entities
        self.size_bytes += size_bytes
        if self.entities > self.limits.entities:
            raise self.too_many_entities()
        self.look_at_size(self.size_bytes)

    def look_at_size(self, size_bytes: int) -> None:
        """Raise AnswerTooLarge where the whole is more than it may be."""
        if size_bytes > self.limits.size_bytes:
            megabytes = self.limits.size_bytes // _MEGABYTE
            raise AnswerTooLarge(
                Sentence(_("An answer has {megabytes} MB at most; ask for less."), megabytes=megabytes),
                "bytes",
                self.limits.size_bytes,
            )

    def read(self, rows: int) -> None:
        """Count rows that were read; raises AnswerTooLarge."""
        self.rows += rows
        if self.rows > self.limits.rows:
            raise AnswerTooLarge(
                Sentence(
                    _("An answer may take {most_rows} rows to read; ask for less."),
                    most_rows=Figure(self.limits.rows),
                ),
                "rows",
                self.limits.rows,
            )

    def look_at_clock(self) -> None:
        """Raise AnswerTooLarge once the time is over."""
        if self.is_late:
            raise AnswerTooLarge(
                Sentence(
                    _("An answer may take {seconds} seconds; ask for less."),
                    seconds=Figure(self.limits.seconds, ".0f"),
                ),
                "seconds",
                self.limits.seconds,
            )

    @property
    def is_late(self) -> bool:
        return monotonic() - self.began > self.limits.seconds

    def too_many_entities(self) -> AnswerTooLarge:
        """The error, for whoever knows before anything is read."""
        return AnswerTooLarge(
            Sentence(
                _(
                    "An answer has {most_entities} entities at most, each counted as often as written; ask for less."
                ),
                most_entities=str(self.limits.entities),
            ),
            "entities",
            self.limits.entities,
        )

    def around_statement(self, execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        """Around each statement of a request that reads (`execute_wrapper`)."""
        self.look_at_clock()
        result = execute(sql, *arguments)
        cursor = arguments[-1]["cursor"]
        if cursor.description is not None and cursor.rowcount > 0:
            self.read(cursor.rowcount)
        return result


_of_request: ContextVar[AnswerBudget | None] = ContextVar("answer budget", default=None)


def budget_of_request() -> AnswerBudget:
    """The budget of the request that is being answered; a fresh one outside of requests (commands, MQTT)."""
    return _of_request.get() or AnswerBudget()


def file_budget() -> AnswerBudget:
    """The same, within the limits of files from now on."""
    budget = budget_of_request()
    budget.limits = file_limits()
    return budget


class AnswerBudgetMiddleware:
    """Gives each request its budget. Stands inside of all that ask the database for their own sake."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        is_reading = request.method in _SAFE_METHODS
        budget = AnswerBudget() if is_reading else AnswerBudget(_UNBOUNDED)
        token = _of_request.set(budget)
        try:
            if not is_reading:
                return self._get_response(request)
            with connections["default"].execute_wrapper(budget.around_statement):
                return _within(budget, request, self._get_response(request))
        finally:
            _of_request.reset(token)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """For views that leave their errors to others."""
        return _too_large(request, error) if isinstance(error, AnswerTooLarge) else None


def _within(budget: AnswerBudget, request: HttpRequest, response: Any) -> HttpResponseBase:
    if response.streaming:
        is_live = response.get("Content-Type", "").startswith("text/event-stream")
        # What has a length lies ready as a file, whose size was looked at when it was made.
        if not (is_live or response.has_header("Content-Length")):
            response.streaming_content = _counted(budget, request.path_info, response.streaming_content)
        return response  # type: ignore[no-any-return]
    try:
        # Whatever built it without counting.
        budget.look_at_size(len(response.content))
    except AnswerTooLarge as error:
        return _too_large(request, error)
    return response  # type: ignore[no-any-return]


def _too_large(request: HttpRequest, error: AnswerTooLarge) -> HttpResponse:
    words = in_words(error.message)
    if request.path_info.startswith(API_PREFIXES):
        return problem_at(request.path_info, 400, error.code, words)
    return HttpResponse(words, status=400, content_type="text/plain; charset=utf-8")


def _counted(budget: AnswerBudget, path: str, parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts, while they are within the budget. The time that the client takes to read them is not counted."""
    sent, remaining = 0, iter(parts)
    seconds = monotonic() - budget.began
    while True:
        began = monotonic()
        try:
            part = next(remaining)
        except StopIteration:
            return
        sent += len(part)
        seconds += monotonic() - began
        if sent > budget.limits.size_bytes or seconds > budget.limits.seconds:
            _log.warning("%s was broken off after %d bytes and %.0f s of work", path, sent, seconds)
            budget.look_at_size(sent)
            raise AnswerTooLarge("The answer took too long.", "seconds", budget.limits.seconds)
        yield part
