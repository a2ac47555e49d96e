"""Finding accounts: by any number, by subscriber and by address, as they are printed and as people type them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef
from django.utils import timezone

from assets.networks.selectors.search import search_text, threshold_of_likeness
from assets.search_providers import Rank, SearchHit, SearchText
from billing.models import Account, Contract
from billing.selectors.accounts import accounts_visible_to
from gis_core.access import Capability, Viewer, divisions_of, holds
from gis_core.database.sql_files import load_sql
from gis_core.database.sql_fragments import Fragment, joined

MAXIMUM_FOUND = 50
# Numbers of papers and meters begin alike for all (QBR-2026-…): fewer letters say nothing.
_SHORTEST_DOCUMENT = 5
_SHORTEST_PHONE = 5
_SHORTEST_SIMILAR = 4
# A street's name alone may hold for a town; beyond this a person types more, not scrolls.
_MOST_CANDIDATES, _MOST_ALIKE = 250, 150
# A word that more streets have ("street") narrows nothing, unless it is all that was typed.
_MOST_STREETS = 300
# What of a subscriber and of a street is searched, as their indexes have it.
_SUBSCRIBER = "' ' || search_words(subscriber.name || ' ' || subscriber.house || ' ' || subscriber.flat)"
_STREET = "' ' || search_words(street.name)"


@dataclass(frozen=True)
class FoundAccount:
    """An account, by what it was found (account, subscriber, contract, bill, meter, phone, words), and that number."""

    account: Account
    rank: Rank
    found_by: str
    found: str
    found_uid: UUID
    is_active: bool


def find_accounts(viewer: Viewer, typed: str, limit: int = MAXIMUM_FOUND) -> list[FoundAccount]:
    """The accounts that answer a text, the best first, each once; what is alike if nothing has the text."""
    text = search_text(typed)
    if not text.key:
        return []
    rows = _rows(viewer, text, limit, similar=False)
    if not rows and len(text.key) >= _SHORTEST_SIMILAR:
        rows = _rows(viewer, text, limit, similar=True)
    return _shown(viewer, rows, limit)


def search_hits(viewer: Viewer, text: SearchText, *, limit: int, similar: bool) -> Sequence[SearchHit]:
    """The accounts, meters and bills of a search (see `assets.search_providers.SearchProvider`)."""
    if not holds(viewer, Capability.VIEW_SUBSCRIBERS):
        return []
    found = _shown(viewer, _rows(viewer, text, limit, similar=similar), limit)
    places = _places([one.account.pk for one in found])
    return [_hit(one, places.get(one.account.pk, {})) for one in found]


def _hit(one: FoundAccount, place: dict[str, Any]) -> SearchHit:
    account, subscriber = one.account, one.account.subscriber
    class_name = one.found_by if one.found_by in ("meter", "bill") else "account"
    is_account = class_name == "account"
    who = f"{subscriber.name} · {subscriber.address}"
    return SearchHit(
        rank=one.rank,
        class_name=class_name,
        kind=class_name,
        uid=account.uid if is_account else one.found_uid,
        code=account.number if is_account else one.found,
        name=subscriber.name,
        label=account.number if is_account else one.found,
        detail=who if is_account else f"{account.number} · {who}",
        network=place.get("network"),
        longitude=place.get("longitude"),
        latitude=place.get("latitude"),
        page=("invoice", str(one.found_uid)) if class_name == "bill" else ("account", str(account.uid)),
    )


def _shown(viewer: Viewer, rows: list[dict[str, Any]], limit: int) -> list[FoundAccount]:
    best: dict[int, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["rank"]):
        best.setdefault(row["account_id"], row)
    kept = list(best.values())[:limit]
    today = timezone.localdate()
    accounts = {
        account.pk: account
        for account in accounts_visible_to(viewer)
        .filter(pk__in=[row["account_id"] for row in kept])
        .annotate(is_active=_has_contract(today))
    }
    return [
        FoundAccount(
            account=accounts[row["account_id"]],
            rank=Rank(row["rank"]),
            found_by=row["found_by"],
            found=row["found"],
            found_uid=row["found_uid"],
            is_active=accounts[row["account_id"]].is_active,  # type: ignore[attr-defined]
        )
        for row in kept
        if row["account_id"] in accounts
    ]


def _has_contract(day: date) -> Exists:
    return Exists(Contract.objects.filter(account=OuterRef("pk"), validity__contains=day))


def _rows(viewer: Viewer, text: SearchText, limit: int, *, similar: bool) -> list[dict[str, Any]]:
    divisions = list(divisions_of(viewer, Capability.VIEW_SUBSCRIBERS).values_list("pk", flat=True))
    if not divisions or not text.words:
        return []
    if similar:
        with threshold_of_likeness():
            return _by_words(text, divisions, limit, similar=True)
    by_number = _by_number(text, divisions, limit)
    # The numbers of a position are no house and flat.
    return by_number if text.is_position else [*by_number, *_by_words(text, divisions, limit, similar=False)]


def _by_number(text: SearchText, divisions: list[int], limit: int) -> list[dict[str, Any]]:
    is_phone = text.key.isdigit() and len(text.key) >= _SHORTEST_PHONE
    return _fetched(
        load_sql("billing", "search_accounts"),
        {
            "key": text.key,
            "beginning": f"{text.key}%",
            "typed": text.typed,
            "document": f"{text.key}%" if len(text.key) >= _SHORTEST_DOCUMENT else None,
            "phone": f"%{text.key}%" if is_phone else None,
            "divisions": divisions,
            "row_limit": limit,
        },
    )


def _by_words(text: SearchText, divisions: list[int], limit: int, *, similar: bool) -> list[dict[str, Any]]:
    """Accounts whose subscriber's name, house, flat or street has each word; a house that is a word comes first."""
    comparisons = [_comparison(word, similar=similar) for word in dict.fromkeys(text.words)]
    streets = _streets(comparisons)
    narrow = [place for place, known in enumerate(streets) if len(known) <= _MOST_STREETS]
    narrow = narrow or [max(range(len(comparisons)), key=lambda place: len(comparisons[place][1]))]
    if any(streets):
        parts = [_of_subscriber(*comparisons[place], streets[place]) for place in narrow]
    else:
        # No street has any of the words: one reading of the index finds those who have all.
        parts = [Fragment(comparison.format(_SUBSCRIBER), (value,)) for comparison, value in comparisons]
    sought = joined(" AND ", parts)
    wide = [comparison for place, comparison in enumerate(comparisons) if place not in narrow]
    kept = joined(" AND ", [Fragment("true", ()), *(_of_candidate(*comparison) for comparison in wide)])
    return _fetched(
        f"""
        SELECT account_id, {int(Rank.SIMILAR if similar else Rank.WORDS)} AS rank, 'words' AS found_by,
               number AS found, uid AS found_uid
          FROM (SELECT account.id AS account_id, account.number, account.uid, subscriber.house, subscriber.name
                  FROM (SELECT id, name, house, flat, street_id FROM billing_subscriber subscriber
                         WHERE {sought.text} OFFSET 0) subscriber
                  JOIN billing_account account ON account.subscriber_id = subscriber.id
                 WHERE {kept.text} AND account.division_id = ANY (%s)
                 LIMIT %s) candidate
         ORDER BY search_words(house) = ANY (%s) DESC, similarity(search_words(name), %s) DESC, number
         LIMIT %s
        """,  # noqa: S608 -- parameters are bound
        [
            *sought.parameters,
            *kept.parameters,
            divisions,
            _MOST_ALIKE if similar else _MOST_CANDIDATES,
            list(text.words),
            " ".join(text.words),
            limit,
        ],
    )


def _comparison(word: str, *, similar: bool) -> tuple[str, str]:
    """The comparison that a word asks for, as SQL with a gap for what is compared, and its parameter."""
    # Nobody means another number by a slip of the pen, and short words are like everything.
    if similar and len(word) >= _SHORTEST_SIMILAR and not word.isdigit():
        return "%s <%% ({})", word
    return "{} LIKE %s", f"% {word}%"


def _streets(comparisons: Sequence[tuple[str, str]]) -> list[list[int]]:
    """The ids of the streets that each comparison finds, and one more than are too many where there are too many."""
    parts = [
        f"(SELECT {place} AS place, street.id FROM gis_core_street street"  # noqa: S608 -- values are bound
        f" WHERE {comparison.format(_STREET)} LIMIT {_MOST_STREETS + 1})"
        for place, (comparison, _value) in enumerate(comparisons)
    ]
    found: list[list[int]] = [[] for _comparison in comparisons]
    for row in _fetched(" UNION ALL ".join(parts), [value for _comparison, value in comparisons]):
        found[row["place"]].append(row["id"])
    return found


def _of_subscriber(comparison: str, value: str, streets: list[int]) -> Fragment:
    """What an index answers: the subscriber has the word, or lives in one of the streets that have it."""
    return Fragment(
        f"({comparison.format(_SUBSCRIBER)} OR subscriber.street_id = ANY (%s::bigint[]))", (value, streets)
    )


def _of_candidate(comparison: str, value: str) -> Fragment:
    """The same, looked at for each of the few that other words left."""
    # A value, not EXISTS: that would be answered by spelling all streets once.
    street = (
        f"(SELECT {comparison.format(_STREET)}"  # noqa: S608 -- the value is bound
        " FROM gis_core_street street WHERE street.id = subscriber.street_id)"
    )
    return Fragment(f"({street} OR {comparison.format(_SUBSCRIBER)})", (value, value))


def _places(accounts: list[int]) -> dict[int, dict[str, Any]]:
    if not accounts:
        return {}
    rows = _fetched(load_sql("billing", "account_places"), {"accounts": accounts})
    return {row["account_id"]: row for row in rows}


def _fetched(query: str, parameters: Any) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        columns = [column.name for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
