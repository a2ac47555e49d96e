"""Pricing of a document: what each of its cases would be charged. Nothing is stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Context, Decimal, localcontext
from itertools import islice
from typing import Any, TypeVar

from django.db import connection, transaction
from django.utils.translation import gettext_noop

from billing.pricing.selectors.buildings import building_answers, metered_building
from billing.pricing.selectors.cases import CaseInstallation, PriceCase, price_case
from billing.pricing.selectors.engine import PairOfReadings, PricedCases, price_staged, read_priced
from billing.pricing.selectors.explanations import explanation_of, facts_of, plain
from billing.pricing.selectors.json_nodes import JsonNode, MalformedDocument, read_json
from billing.pricing.selectors.penalties import penalty_answers, penalty_case
from billing.pricing.selectors.prepaid import PrepaidCase, prepaid_answer, prepaid_case
from billing.pricing.selectors.staging import stage_cases
from gis_core.errors import ReportedError
from gis_core.sentences import in_words

# So many cases are priced in one pass of SQL; it bounds what a large file takes of memory.
CASES_AT_ONCE = 20_000
_WITHOUT_QUANTITY = ("quality", "subsidy")
_SERVICES = "services"
# Sums of any numbers that a document may hold are exact.
_WIDE = Context(prec=200)
_Item = TypeVar("_Item")


def price_document(text: str) -> dict[str, Any]:
    """Price a JSON text of one case or of `{"cases": [...]}`; returns `{"cases": [...]}` in the order given.

    A malformed case is answered by `{"id", "error": {"path", "message"}}`, the others are priced. Raises
    ReportedError for a text that is no JSON or has neither form.
    """
    cases: list[dict[str, Any]] = []
    with localcontext(_WIDE):
        for batch in _batches(_listed(read_json(text)), CASES_AT_ONCE):
            cases += _answers(batch)
    return {"cases": cases}


def _listed(document: Any) -> list[Any]:
    if not isinstance(document, dict):
        raise ReportedError(
            gettext_noop("The file is to hold a case, or a list of them under cases."), code="cases"
        )
    if "cases" not in document:
        return [document]
    if not isinstance(document["cases"], list) or len(document) > 1:
        raise ReportedError(
            gettext_noop("Under cases there is to be a list, and nothing beside it."), code="cases"
        )
    return document["cases"]


def _batches(items: list[_Item], size: int) -> Iterator[list[_Item]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _answers(documents: list[Any]) -> list[dict[str, Any]]:
    """The answers of some documents, in their order; those of a kind are computed together."""
    answers: list[dict[str, Any]] = [{} for _ in documents]
    of_kind: dict[str, list[tuple[int, Any]]] = {kind: [] for kind in _KINDS}
    for place, document in enumerate(documents):
        kind = next((key for key in _KINDS if isinstance(document, dict) and key in document), _SERVICES)
        try:
            of_kind[kind].append((place, _KINDS[kind][0](JsonNode(document))))
        except MalformedDocument as error:
            answers[place] = _refusal(document, error)
    for kind, (_read, answer) in _KINDS.items():
        if of_kind[kind]:
            found = answer([case for _place, case in of_kind[kind]])
            for (place, _case), answered in zip(of_kind[kind], found, strict=True):
                answers[place] = answered
    return answers


def _refusal(document: Any, error: MalformedDocument) -> dict[str, Any]:
    name = document.get("id") if isinstance(document, dict) else None
    is_name = isinstance(name, str | int) and not isinstance(name, bool)
    return {
        "id": _encodable(name) if is_name else None,
        "error": {"path": _encodable(error.path), "message": _encodable(in_words(error.message))},
    }


def _encodable(said: Any) -> Any:
    """A text without the halves of signs that JSON lets through and no output can take."""
    return said.encode("utf-8", "replace").decode() if isinstance(said, str) else said


def price_cases(cases: list[PriceCase]) -> list[dict[str, Any]]:
    """The answers of cases, in their order: staged and priced together, in a transaction that is rolled back."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            installations = stage_cases(cursor, cases)
            price_staged(cursor)
            priced = read_priced(cursor)
        transaction.set_rollback(True)
    return [answer_of(number, case, priced, installations) for number, case in enumerate(cases)]


def answer_of(
    number: int, case: PriceCase, priced: PricedCases, installations: Mapping[int, CaseInstallation]
) -> dict[str, Any]:
    """The answer of the case that was staged under a number, with its installations by theirs."""
    lines = priced.lines.get(number, [])
    net = sum((line["net"] for line in lines), Decimal("0.00"))
    vat = sum((line["vat"] for line in lines), Decimal("0.00"))
    return {
        "id": case.id,
        "month": f"{case.month:%Y-%m}",
        "lines": [_line(line, case, priced.pairs, installations) for line in lines],
        "net": plain(net),
        "vat": plain(vat),
        "total": plain(net + vat),
        "exceptions": [
            {"service": case.services[service_no].name, "reason": reason}
            for service_no, reason in priced.exceptions.get(number, [])
        ],
    }


def _line(
    line: dict[str, Any],
    case: PriceCase,
    pairs: Mapping[int, PairOfReadings],
    installations: Mapping[int, CaseInstallation],
) -> dict[str, Any]:
    service = None if line["service_no"] is None else case.services[line["service_no"]]
    has_quantity = line["kind"] not in _WITHOUT_QUANTITY
    return {
        "service": service.name if service else None,
        "kind": line["kind"],
        "from": line["line_from"].isoformat(),
        "to": line["line_to"].isoformat(),
        "days": (line["line_to"] - line["line_from"]).days,
        "quantity": plain(line["quantity"]) if has_quantity else None,
        "unit": service.unit if service and has_quantity else None,
        "price": plain(line["price"]) if has_quantity else None,
        "coefficient": plain(line["coefficient"]) if has_quantity else None,
        "net": plain(line["net"]),
        "vat_percent": plain(line["vat_percent"]) if service else None,
        "vat": plain(line["vat"]),
        "explanation": explanation_of(facts_of(line, case, pairs, installations)),
    }


def _prepaid_answers(cases: Sequence[PrepaidCase]) -> list[dict[str, Any]]:
    return [prepaid_answer(case) for case in cases]


# What a document holds that tells its kind: how it is read, and how all of its kind are answered.
_KINDS: dict[str, tuple[Callable[[JsonNode], Any], Callable[[list[Any]], list[dict[str, Any]]]]] = {
    "building": (metered_building, building_answers),
    "penalty": (penalty_case, penalty_answers),
    "prepaid": (prepaid_case, _prepaid_answers),
    _SERVICES: (price_case, price_cases),
}
