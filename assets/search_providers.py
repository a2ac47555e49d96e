"""What can be found beside the network itself: told by the apps above to this one, which may not import them.

An app registers its provider when it starts (`AppConfig.ready`), as in `assets.consumer_providers`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol
from uuid import UUID

from gis_core.access import Viewer


class Rank(IntEnum):
    """How well a hit answers what was typed, the best first."""

    EXACT = 0
    SAME_SPELLING = 1
    BEGINNING = 2
    WORDS = 3
    WITHIN = 4
    SIMILAR = 5


@dataclass(frozen=True)
class SearchText:
    """What was typed, and what `search_key` and `search_words` (gis_core/sql/install/20_search.sql) make of it.

    `keys` has more than one member where the letters can be meant otherwise (Cyrillic that looks like Latin).
    `is_position`: it can be read as a place on earth.
    """

    typed: str
    keys: tuple[str, ...]
    words: tuple[str, ...]
    is_position: bool = False

    @property
    def key(self) -> str:
        """The first reading of what was typed."""
        return self.keys[0]

    @property
    def longest_word(self) -> str:
        """The word that narrows the search most."""
        return max(self.words, key=len)


@dataclass(frozen=True)
class SearchHit:
    """Something found: an element, or whatever a provider knows.

    `label` and `detail` are its two lines in a list; `page` is the name of the page that shows it and its arguments,
    None for what is shown on the map. Longitude and latitude (degrees, WGS 84) are None where it has no place.
    """

    rank: Rank
    class_name: str
    kind: str
    uid: UUID | None
    code: str
    name: str
    label: str
    detail: str
    network: str | None
    longitude: float | None
    latitude: float | None
    page: tuple[str, str] | None = None


class SearchProvider(Protocol):
    """Finds what the viewer may see, at most `limit` hits. `similar`: what was typed has no match, so what is alike."""

    def __call__(
        self, viewer: Viewer, text: SearchText, /, *, limit: int, similar: bool
    ) -> Sequence[SearchHit]: ...


_providers: dict[str, SearchProvider] = {}


def register_search_provider(name: str, provider: SearchProvider) -> None:
    """Declare who finds the things called `name`; the last registration holds."""
    _providers[name] = provider


def found_by_providers(
    viewer: Viewer, text: SearchText, *, limit: int, similar: bool = False
) -> list[SearchHit]:
    """The hits of all providers, in the order of their names."""
    return [
        hit
        for _name, provider in sorted(_providers.items())
        for hit in provider(viewer, text, limit=limit, similar=similar)
    ]
