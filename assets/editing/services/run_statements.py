"""Controls, rules and other statements about runs that name elements, and edits after which they mean another thing.

They are kept as text, as the model stated them: an edit cannot know what they are to say afterwards, but it can tell.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from django.db import connection

from assets.models import DEVICE_KINDS, Edit, Network

_NODE_WORDS = ("NODE", "JUNC", "RESE", "TANK")
_LINK_WORDS = ("LINK", "PIPE", "PUMP", "VALV")
# Sections whose lines begin with an element's name.
_OF_NODES = ("emitters", "sources", "mixing")
_MOST_SHOWN = 80
MOST_REMARKS = 100

Named = tuple[bool, str]  # whether it is a link, and its code


def statements_by_element(engine_options: Mapping[str, Any]) -> dict[Named, list[str]]:
    """What is stated about each element, in words such as `rule night` or `control LINK 1 OPEN AT TIME 3`."""
    found: dict[Named, list[str]] = {}
    for named, statement in _statements(engine_options):
        if statement not in found.setdefault(named, []):
            found[named].append(statement)
    return found


def _statements(engine_options: Mapping[str, Any]) -> Iterator[tuple[Named, str]]:
    yield from _of_controls(engine_options.get("controls") or [])
    yield from _of_rules(engine_options.get("rules") or [])
    yield from _of_sections(engine_options.get("sections") or {})


def _of_controls(lines: Sequence[str]) -> Iterator[tuple[Named, str]]:
    for line in lines:
        words = _words(line)
        statement = f"the control {line[:_MOST_SHOWN]}"
        if len(words) > 1:
            yield (True, words[1]), statement
        if len(words) > 5 and words[4].upper().startswith("NODE"):
            yield (False, words[5]), statement


def _of_rules(lines: Sequence[str]) -> Iterator[tuple[Named, str]]:
    rule = "a rule"
    for line in lines:
        words = _words(line)
        if len(words) > 1 and words[0].upper().startswith("RULE"):
            rule = f"the rule {words[1][:_MOST_SHOWN]}"
        for word, code in pairwise(words):
            kind = word.upper()[:4]
            if kind in _LINK_WORDS or kind in _NODE_WORDS:
                yield (kind in _LINK_WORDS, code), rule


def _of_sections(sections: Mapping[str, Sequence[str]]) -> Iterator[tuple[Named, str]]:
    for section in _OF_NODES:
        for line in sections.get(section) or []:
            yield (False, next(iter(_words(line)), "")), f"a line of [{section.upper()}]"
    for line in sections.get("leakage") or []:
        yield (True, next(iter(_words(line)), "")), "a line of [LEAKAGE]"
    for line in sections.get("energy") or []:
        words = _words(line)
        if len(words) > 2 and words[0].upper().startswith("PUMP"):
            yield (True, words[1]), "a line of [ENERGY]"


def _words(line: str) -> list[str]:
    words: list[str] = []
    for index, part in enumerate(line.split('"')):
        words.extend([part] if index % 2 else part.split())
    return words


def remarks_on_statements(network: Network, edit: Edit) -> list[dict[str, Any]]:
    """For each element that the edit split, merged, renamed or took out of service: what statement names it."""
    stated = statements_by_element(network.engine_options or {})
    if not stated:
        return []
    remarks: dict[tuple[str, str], dict[str, Any]] = {}
    for kind, code, what in _changed(edit):
        # Pumps and valves are nodes of ours and links of EPANET's.
        statements = stated.get((kind == "pipe" or kind in DEVICE_KINDS, code), [])
        if not statements:
            continue
        element = f"{kind} {code}"
        more = len(statements) - 3
        shown = ", ".join(statements[:3]) + (f" and {more} more" if more > 0 else "")
        reason = f"{shown} name{'' if len(statements) > 1 else 's'} it, and it is {what}"
        remarks[element, what] = {"element": element, "reason": reason}
    return list(remarks.values())[:MOST_REMARKS]


def _changed(edit: Edit) -> Iterator[tuple[str, str, str]]:
    """The kind of each element that is no longer as it was, the code it had, and what the edit did to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT 'pipe', ancestor_code,
                   CASE relation WHEN 'split' THEN 'split; ' || descendant_code || ' is a part of it'
                       WHEN 'merge' THEN 'merged into ' || descendant_code ELSE 'replaced by ' || descendant_code END
              FROM assets_lineage
             WHERE edit_id = %(edit)s AND element = 'pipe' AND ancestor_code <> descendant_code
            UNION ALL
            SELECT coalesce(change.before ->> 'kind', 'pipe'), change.before ->> 'code',
                   CASE WHEN change.operation = 'D' THEN 'deleted'
                        WHEN coalesce(pipe.code, node.code) <> change.before ->> 'code'
                        THEN 'called ' || coalesce(pipe.code, node.code) || ' now'
                        ELSE replace(coalesce(pipe.lifecycle, node.lifecycle), '_', ' ') END
              FROM assets_rowchange change
              LEFT JOIN assets_pipe pipe ON change.table_name = 'assets_pipe' AND pipe.id = change.row_id
              LEFT JOIN assets_node node ON change.table_name = 'assets_node' AND node.id = change.row_id
             WHERE change.edit_id = %(edit)s AND change.operation IN ('U', 'D')
               AND change.table_name IN ('assets_pipe', 'assets_node')
               AND (change.operation = 'D'
                    OR coalesce(pipe.code, node.code) <> change.before ->> 'code'
                    OR change.before ->> 'lifecycle' = 'in_service'
                       AND coalesce(pipe.lifecycle, node.lifecycle) <> 'in_service')
            """,
            {"edit": edit.pk},
        )
        yield from cursor.fetchall()
