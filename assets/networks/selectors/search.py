"""Search: one box for elements of all networks, the cadastre, coordinates, and what apps above can find."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from assets.networks.selectors.coordinates import Position, positions_of
from assets.networks.selectors.network_reads import division_patterns, sql_rows
from assets.search_providers import Rank, SearchHit, SearchText, found_by_providers
from gis_core.access import Viewer
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

MAXIMUM_FOUND = 50
MAXIMUM_QUERY_LENGTH = 100
_MOST_WORDS = 8
# Shorter texts hold no trigram: their index would be read from end to end.
_SHORTEST_WITHIN = 3
_SHORTEST_ENDING = 2
_SHORTEST_SIMILAR = 4
_LIKENESS = "0.5"
# Of codes the likest are sought first: many are a little alike, and each has to be compared.
_LIKENESS_OF_CODES = ("0.5", "0.4", "0.3")
_ENOUGH_ALIKE = 5
# A degree is about 100 km: a place farther from all elements is hardly meant.
_NEAR_DEGREES = 0.5
_CADASTRAL = re.compile(r"^[0-9]+:[0-9:/]*$")
# Small and capital Cyrillic letters whose shape is a Latin one: codes are Latin, keyboards are not always.
_LOOKS_LATIN = str.maketrans("АВЕКМНОРСТУХаеорсухІі", "ABEKMHOPCTYXaeopcyxIi")
_CLASS_ORDER = ("coordinates", "zone", "node", "pipe", "account", "meter", "bill", "building", "parcel")


def search(viewer: Viewer, text: str, *, network_code: str | None = None, limit: int = 20) -> list[SearchHit]:
    """What the viewer may see that answers `text`, the best first.

    A code as it was typed comes before all else, then what lies in the network, then the rest. Raises ReportedError for
    an empty or overlong text or a limit outside 1 to 50.
    """
    typed = text.strip()
    if not typed or len(typed) > MAXIMUM_QUERY_LENGTH or "\x00" in typed:
        raise ReportedError(
            Sentence(
                _("q must be a text of 1 to {maximum_query_length} characters."),
                maximum_query_length=MAXIMUM_QUERY_LENGTH,
            ),
            code="bad_query",
        )
    if not 1 <= limit <= MAXIMUM_FOUND:
        raise ReportedError(
            Sentence(_("limit must be from 1 to {maximum_found}."), maximum_found=MAXIMUM_FOUND),
            code="bad_limit",
        )
    hits = _positions(viewer, typed)
    wanted = search_text(typed)
    if wanted.key:
        hits += _found(viewer, wanted, network_code, limit)
    return _best(hits, network_code, limit)


def search_text(typed: str) -> SearchText:
    """What was typed with its keys and words, in the spelling of the indexes."""
    readings = [typed]
    if (latin := typed.translate(_LOOKS_LATIN)) != typed and latin.isascii():
        readings.append(latin)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT search_key(reading), search_words(reading) FROM unnest(%s::text[]) WITH ORDINALITY"
            " AS given (reading, place) ORDER BY place",
            [readings],
        )
        folded = cursor.fetchall()
    return SearchText(
        typed=typed,
        keys=tuple(dict.fromkeys(key for key, _words in folded)),
        words=tuple(folded[0][1].split()[:_MOST_WORDS]),
        is_position=bool(positions_of(typed)),
    )


def _found(viewer: Viewer, text: SearchText, network_code: str | None, limit: int) -> list[SearchHit]:
    """The hits of each step of likeness, until there are enough."""
    hits = [*_beginning(viewer, text, network_code, limit), *_cadastre(viewer, text, limit)]
    hits += found_by_providers(viewer, text, limit=limit)
    if len(hits) < limit:
        hits += _within(viewer, text, limit)
    # Who types a position means no code that is a little like it.
    if not hits and not text.is_position and len(text.key) >= _SHORTEST_SIMILAR:
        hits += _similar(viewer, text, limit)
        hits += found_by_providers(viewer, text, limit=limit, similar=True)
    return hits


def word_patterns(text: SearchText) -> list[str]:
    """LIKE patterns by which a text of words, led by a blank, has a word that begins with each."""
    return [f"% {word}%" for word in text.words]


def _beginning(viewer: Viewer, text: SearchText, network_code: str | None, limit: int) -> list[SearchHit]:
    return [
        hit
        for key in text.keys
        if key
        for hit in _elements(
            "search_beginning",
            {
                "key": key,
                "beginning": f"{key}%",
                "typed": [text.typed.upper(), text.typed.translate(_LOOKS_LATIN).upper()],
                "word": f"% {text.longest_word}%",
                "words": word_patterns(text),
                "network": network_code,
                "patterns": division_patterns(viewer),
                "row_limit": limit,
            },
        )
    ]


def _within(viewer: Viewer, text: SearchText, limit: int) -> list[SearchHit]:
    if len(text.key) < _SHORTEST_ENDING:
        return []
    return _elements(
        "search_within",
        {
            "ending": f"%{text.key}",
            "within": f"%{text.key}%" if len(text.key) >= _SHORTEST_WITHIN else None,
            "patterns": division_patterns(viewer),
            "row_limit": limit,
        },
    )


@contextmanager
def threshold_of_likeness(of_codes: str = _LIKENESS_OF_CODES[-1]) -> Iterator[None]:
    """Words of six letters are alike inside with one of them wrong; pg_trgm's own threshold asks for more."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('pg_trgm.word_similarity_threshold', %s, true),"
                " set_config('pg_trgm.similarity_threshold', %s, true)",
                [_LIKENESS, of_codes],
            )
        yield


def _similar(viewer: Viewer, text: SearchText, limit: int) -> list[SearchHit]:
    """What is alike, the likest: what is less so only while there are few."""
    parameters = {
        "key": text.key,
        "words": " ".join(text.words),
        "patterns": division_patterns(viewer),
        "row_limit": limit,
    }
    hits: list[SearchHit] = []
    for likeness in _LIKENESS_OF_CODES:
        with threshold_of_likeness(likeness):
            hits = _elements("search_similar", parameters)
        if len(hits) >= min(limit, _ENOUGH_ALIKE):
            break
    return hits


def _elements(query: str, parameters: dict[str, Any]) -> list[SearchHit]:
    """The elements that a query names by class, id and rank, with what is shown of them."""
    ranks: dict[tuple[str, int], int] = {}
    for row in sql_rows(query, parameters):
        ranks.setdefault((row["class"], row["id"]), row["rank"])
    if not ranks:
        return []
    ids = {f"{name}s": [key for of, key in ranks if of == name] for name in ("zone", "node", "pipe")}
    return [_element(row, Rank(ranks[row["class"], row["id"]])) for row in sql_rows("search_rows", ids)]


def _element(row: dict[str, Any], rank: Rank) -> SearchHit:
    size = f"{row['diameter_m'] * 1000:.0f} mm" if row["diameter_m"] else ""
    parts = [row["name"], row["material"], size, row["network_name"]]
    return SearchHit(
        rank=rank,
        class_name=row["class"],
        kind=row["kind"],
        uid=row["uid"],
        code=row["code"],
        name=row["name"],
        label=row["code"],
        detail=" · ".join(part for part in parts if part),
        network=row["network"],
        longitude=row["longitude"],
        latitude=row["latitude"],
    )


def _cadastre(viewer: Viewer, text: SearchText, limit: int) -> list[SearchHit]:
    number = text.typed if _CADASTRAL.match(text.typed) else None
    names = sorted((word for word in text.words if not word[0].isdigit()), key=len, reverse=True)
    if number is None and not names:
        return []
    patterns = [f"% {word}%" for word in names]
    rows = sql_rows(
        "search_cadastre",
        {
            "number": f"{number}%" if number else None,
            "typed": text.typed,
            "word": patterns[0] if patterns else None,
            "other": patterns[1] if len(patterns) > 1 else None,
            "names": patterns[2:],
            "numbers": [f"% {word}%" for word in text.words if word[0].isdigit()],
            "words": word_patterns(text),
            "patterns": division_patterns(viewer),
            "row_limit": limit,
        },
    )
    return [
        SearchHit(
            rank=Rank(row["rank"]),
            class_name=row["class"],
            kind=row["kind"],
            uid=row["uid"],
            code=row["code"],
            name=row["name"],
            label=row["name"] or row["code"],
            detail=row["code"] if row["name"] else "",
            network=None,
            longitude=row["longitude"],
            latitude=row["latitude"],
        )
        for row in rows
    ]


def _positions(viewer: Viewer, typed: str) -> list[SearchHit]:
    """The positions that the text can mean: those where the viewer works, or all if it is none of these."""
    possible = positions_of(typed)
    if not possible:
        return []
    inside = sql_rows(
        "positions_inside",
        {
            "longitudes": [place.longitude for place in possible],
            "latitudes": [place.latitude for place in possible],
            "patterns": division_patterns(viewer),
            "near_degrees": _NEAR_DEGREES,
        },
    )
    meant = [possible[row["ordinal"] - 1] for row in inside]
    return [_position(place) for place in meant or possible]


def _position(place: Position) -> SearchHit:
    written = f"{place.latitude:.6f}, {place.longitude:.6f}"
    return SearchHit(
        rank=Rank.EXACT,
        class_name="coordinates",
        kind="coordinates",
        uid=None,
        code=written,
        name=place.plane,
        label=written,
        detail=place.plane,
        network=None,
        longitude=place.longitude,
        latitude=place.latitude,
    )


def _best(hits: Iterable[SearchHit], network_code: str | None, limit: int) -> list[SearchHit]:
    def order(hit: SearchHit) -> tuple[Any, ...]:
        is_other = network_code is not None and hit.network not in (network_code, None)
        return (
            min(hit.rank, Rank.BEGINNING),
            is_other,
            hit.rank,
            _CLASS_ORDER.index(hit.class_name),
            len(hit.code),
            hit.code,
            str(hit.uid),
        )

    kept: dict[Any, SearchHit] = {}
    for hit in sorted(hits, key=order):
        kept.setdefault((hit.class_name, hit.uid or hit.code), hit)
    return list(kept.values())[:limit]
