"""The words of a file and ours: what the texts of a column mean among our kinds and values, in every language we speak.

Another utility's file says "задвижка" or "GATE" where we say valve. What is recognised is offered to whoever imports;
what is not is for them to choose, and nothing is translated that the mapping does not say.
"""

import re
from functools import cache
from typing import Any

import pandas as pd
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from assets.exchange.services.export.geo_schema import PIPE_LAYER, LayerColumn, details_of, line_details
from assets.exchange.services.geo_import.mapping import folded
from assets.exchange.services.geo_import.rows import LINE_COLUMNS, NODE_COLUMNS, PLURALS, text_of_cell
from assets.models import Lifecycle, MaterialLife, NodeKind

# A column of more words than these is one of names, not of kinds.
MOST_WORDS = 40
LONGEST_WORD = 60
KINDS = {PIPE_LAYER: "pipe"} | dict(NodeKind.choices)
FLAGS = {"true": "yes", "false": "no"}


def folded_word(word: str) -> str:
    """A word as words are compared: as a name is, and without what separates its parts."""
    return re.sub("[_-]", " ", re.sub("[‘ʻ’]", "'", folded(word)))


def words_of_columns(rows: pd.DataFrame) -> dict[str, list[str]]:
    """The different texts of each column that has few, as they stand in the file, the most frequent first."""
    found = {}
    for name in rows.columns:
        texts = pd.Series([text_of_cell(value) for value in rows[name]], dtype=object).dropna()
        counts = texts.map(str.strip).value_counts()
        words = [str(word) for word in counts.index if word]
        if 0 < len(words) <= MOST_WORDS and max(map(len, words)) <= LONGEST_WORD:
            found[str(name)] = words
    return found


def choices_of(kind: str) -> dict[str, list[str]]:
    """The values that an attribute of this kind is chosen from, by attribute; of materials the words that are usual."""
    details = details_of(kind)
    of_nodes = (details,) if details else ()
    tables = line_details() if kind == PIPE_LAYER else of_nodes
    columns: tuple[LayerColumn, ...] = LINE_COLUMNS if kind == PIPE_LAYER else NODE_COLUMNS
    found = {column.name: values for column in columns if (values := _usual_choices(column))}
    for table in tables:
        for column in table.columns:
            choices = table.model._meta.get_field(column.name).choices or ()
            values = [str(value) for value, _label in choices if value] or _usual_choices(column)
            if values:
                found[column.name] = values
    return found


def choice_labels() -> dict[str, str]:
    """Every value that is chosen from a list, in the words of the language that is spoken."""
    values = {value for kind in KINDS for choices in choices_of(kind).values() for value in choices}
    return {value: gettext(_label_of(value)) for value in sorted(values)}


def kinds_meant(words: list[str]) -> dict[str, str]:
    """Those of the words that name one of our kinds, in any language."""
    known = _words_of(tuple(KINDS.items())) | {folded_word(plural): kind for plural, kind in PLURALS.items()}
    return {word: known[folded_word(word)] for word in words if folded_word(word) in known}


def known_values(target: str, choices: list[str]) -> dict[str, str]:
    """The choice that each known word means; of materials no trade name (PE100), which stays as it is."""
    if target == "material":
        lives = MaterialLife.objects.order_by("code")
        return {
            folded_word(name): life.names[0] for life in lives for name in life.names if not name.isascii()
        }
    return _words_of(tuple((choice, _label_of(choice)) for choice in choices))


def values_meant(known: dict[str, str], words: list[str]) -> dict[str, str]:
    """Those of the words that mean one of the choices without being it."""
    meant = {word: known[folded_word(word)] for word in words if folded_word(word) in known}
    return {word: value for word, value in meant.items() if word != value}


def column_of_kinds(words: dict[str, list[str]]) -> str:
    """The column whose words are kinds, at least half of them; "" where there is none."""
    shares = {name: len(kinds_meant(texts)) / len(texts) for name, texts in words.items()}
    best = max(shares, key=lambda name: shares[name], default="")
    return best if best and shares[best] >= 0.5 else ""


def _usual_choices(column: LayerColumn) -> list[str]:
    if column.kind == "bool":
        return list(FLAGS)
    if column.name == "lifecycle":
        return list(Lifecycle.values)
    if column.name == "status":
        return ["open", "closed"]
    if column.name == "material":
        return [life.names[0] for life in MaterialLife.objects.order_by("code")]
    return []


def _label_of(choice: str) -> str:
    return FLAGS.get(choice, choice.replace("_", " "))


@cache
def _words_of(choices: tuple[tuple[str, Any], ...]) -> dict[str, str]:
    """Each choice by itself, by its label, and by its label in every language."""
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            found |= {folded_word(gettext(str(label))): value for value, label in choices}
    found |= {folded_word(str(label)): value for value, label in choices}
    return found | {folded_word(value): value for value, _label in choices}
