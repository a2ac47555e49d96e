"""The sections that are kept as text: which of their lines still hold, under the identifiers of the export.

Each line that names an element is passed on with the element's identifier, or left out and listed when the
element is not in the export.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _

from gis_core.sentences import Sentence

_NODE_WORDS = ("NODE", "JUNC", "RESE", "TANK")
_LINK_WORDS = ("LINK", "PIPE", "PUMP", "VALV")
# Options that columns of the network state, and those that name files of another computer.
_STATED_OPTIONS = ("UNIT", "HEADL", "PATT")
_FILE_OPTION = "HYDR"


@dataclass
class SectionWriter:
    """Identifiers by code, as they are in the export; `left_out` collects what could not be passed on."""

    nodes: Mapping[str, str]
    links: Mapping[str, str]
    patterns: Mapping[str, str]
    curves: Mapping[str, str]
    left_out: list[dict[str, Any]] = field(default_factory=list)

    def lines(self, section: str, kept: list[str]) -> list[str]:
        """The lines of a section for the export."""
        if section == "rules":
            return list(self._rules(kept))
        passer: dict[str, Callable[[list[str]], str]] = {
            "controls": self._control,
            "energy": self._energy,
            "emitters": lambda tokens: self._node_first(tokens, pattern_at=2),
            "sources": lambda tokens: self._node_first(tokens, pattern_at=3),
            "mixing": self._node_first,
            "quality": self._quality,
            "reactions": self._reaction,
            "tags": self._tag,
            "labels": self._label,
            "report": self._report,
        }
        pass_on = passer.get(section)
        written = []
        for line in kept:
            tokens = _tokens(line)
            if not tokens:
                continue
            try:
                text = line if pass_on is None else pass_on(tokens)
            except _NotInExport as reason:
                self.left_out.append({"element": f"[{section.upper()}] {line[:120]}", "reason": str(reason)})
                continue
            if text:
                written.append(text)
        return written

    def leave_out(self, section: str, kept: list[str]) -> None:
        """List what a later EPANET knows: 2.2, and wntr, read no file that has such a section."""
        for line in kept:
            self.left_out.append(
                {
                    "element": f"[{section.upper()}] {line[:120]}",
                    "reason": Sentence(_("EPANET 2.2 knows no such section")),
                }
            )

    # --- references

    def _node(self, code: str) -> str:
        return _looked_up(self.nodes, code, "node")

    def _link(self, code: str) -> str:
        return _looked_up(self.links, code, "link")

    def _control(self, tokens: list[str]) -> str:
        """LINK x status IF NODE y ABOVE/BELOW z; LINK x status AT TIME t."""
        tokens[1] = self._link(tokens[1])
        if len(tokens) > 5 and tokens[3].upper() == "IF" and tokens[4].upper().startswith("NODE"):
            tokens[5] = self._node(tokens[5])
        return _joined(tokens)

    def _rules(self, kept: list[str]) -> Iterator[str]:
        """Rules whole: one clause that no longer holds changes what a rule means."""
        for rule in _split_rules(kept):
            try:
                written = [self._clause(_tokens(line)) for line in rule]
            except _NotInExport as reason:
                self.left_out.append({"element": f"[RULES] {rule[0][:120]}", "reason": str(reason)})
            else:
                yield from written
                yield ""

    def _clause(self, tokens: list[str]) -> str:
        if len(tokens) > 2 and tokens[0].upper() in ("IF", "AND", "OR", "THEN", "ELSE"):
            word = tokens[1].upper()
            if word.startswith(_NODE_WORDS):
                tokens[2] = self._node(tokens[2])
            elif word.startswith(_LINK_WORDS):
                tokens[2] = self._link(tokens[2])
            elif word.startswith("SYST"):
                tokens[4:] = _whole_clock(tokens[4:])
        return _joined(tokens)

    def _energy(self, tokens: list[str]) -> str:
        words = [token.upper() for token in tokens]
        if words[0].startswith("PUMP") and len(tokens) > 3:
            tokens[1] = self._link(tokens[1])
            if words[2].startswith("EFFI"):
                # Efficiency curves are a column of the pump; a plain number is not.
                return "" if tokens[3] in self.curves or not _is_number(tokens[3]) else _joined(tokens)
        if words[-2:-1] and words[-2].startswith("PATT"):
            tokens[-1] = _looked_up(self.patterns, tokens[-1], "pattern")
        return _joined(tokens)

    def _node_first(self, tokens: list[str], pattern_at: int | None = None) -> str:
        tokens[0] = self._node(tokens[0])
        if pattern_at is not None and len(tokens) > pattern_at:
            tokens[pattern_at] = _looked_up(self.patterns, tokens[pattern_at], "pattern")
        return _joined(tokens)

    def _quality(self, tokens: list[str]) -> str:
        """One node and its value; or two, which mean all between them and are passed on one by one."""
        if len(tokens) < 3:
            return self._node_first(tokens)
        low, high, value = tokens[:3]
        if low.isdigit() and high.isdigit():
            inside = [code for code in self.nodes if code.isdigit() and int(low) <= int(code) <= int(high)]
        else:
            inside = [code for code in self.nodes if low <= code <= high]
        return "\n".join(_joined([self.nodes[code], value]) for code in inside)

    def _reaction(self, tokens: list[str]) -> str:
        word = tokens[0].upper()
        if len(tokens) == 3 and word.startswith(("BULK", "WALL")):
            tokens[1] = self._link(tokens[1])
        elif len(tokens) == 3 and word.startswith("TANK"):
            tokens[1] = self._node(tokens[1])
        return _joined(tokens)

    def _tag(self, tokens: list[str]) -> str:
        if len(tokens) > 1:
            find = self._node if tokens[0].upper().startswith("NODE") else self._link
            tokens[1] = find(tokens[1])
        return _joined(tokens)

    def _label(self, tokens: list[str]) -> str:
        """x, y, the text in quotes, and perhaps the node it is anchored to."""
        if len(tokens) > 3 and tokens[3]:
            tokens[3] = self._node(tokens[3])
        text = f'"{tokens[2]}"' if len(tokens) > 2 else '""'
        return " ".join([*tokens[:2], text, *(_quoted(token) for token in tokens[3:4])])

    def _report(self, tokens: list[str]) -> str:
        word = tokens[0].upper()
        if word.startswith("FILE"):
            raise _NotInExport("it names a file of another computer")
        if word.startswith(("NODE", "LINK")) and len(tokens) > 1:
            if tokens[1].upper() in ("ALL", "NONE"):
                return _joined(tokens)
            find = self._node if word.startswith("NODE") else self._link
            return _joined([tokens[0], *(find(token) for token in tokens[1:])])
        return _joined(tokens)

    # --- options

    def options(self, kept: list[str]) -> list[str]:
        """Options as they were written, without those that the network's columns state."""
        written = []
        for line in kept:
            tokens = _tokens(line)
            words = [token.upper() for token in tokens]
            if len(words) < 2 or words[0].startswith(_STATED_OPTIONS):
                continue
            if words[0].startswith("DEMA") and words[1].startswith("MULT"):
                continue
            if words[0].startswith("EMIT") and words[1].startswith("BACK"):
                reason = Sentence(_("EPANET 2.2 knows no such option"))
                self.left_out.append({"element": f"[OPTIONS] {line[:120]}", "reason": reason})
                continue
            if words[0].startswith(_FILE_OPTION):
                reason = Sentence(_("it names a file of another computer"))
                self.left_out.append({"element": f"[OPTIONS] {line[:120]}", "reason": reason})
                continue
            if words[0].startswith("QUAL") and words[1].startswith("TRAC") and len(tokens) > 2:
                if tokens[2] not in self.nodes:
                    reason = Sentence(_("node {token} is not in the export"), token=tokens[2])
                    self.left_out.append({"element": f"[OPTIONS] {line[:120]}", "reason": reason})
                    continue
                tokens[2] = self.nodes[tokens[2]]
            written.append(_joined(tokens))
        return written


class _NotInExport(Exception):
    """A line names something that is not in the export; says what."""


def _looked_up(names: Mapping[str, str], code: str, what: str) -> str:
    if code not in names:
        raise _NotInExport(f"{what} {code} is not in the export")
    return names[code]


def _tokens(line: str) -> list[str]:
    tokens: list[str] = []
    for index, part in enumerate(line.split('"')):
        tokens.extend([part] if index % 2 else part.split())
    return tokens


def _quoted(token: str) -> str:
    return f'"{token}"' if not token or any(character.isspace() for character in token) else token


def _joined(tokens: list[str]) -> str:
    return " ".join(_quoted(token) for token in tokens)


def _split_rules(kept: list[str]) -> Iterator[list[str]]:
    rule: list[str] = []
    for line in kept:
        if line.upper().startswith("RULE") and rule:
            yield rule
            rule = []
        if line.strip():
            rule.append(line)
    if rule:
        yield rule


def _whole_clock(time: list[str]) -> list[str]:
    """A time such as `8 AM` with its minutes and seconds, which wntr wants where EPANET does not."""
    if len(time) == 2 and time[1].upper() in ("AM", "PM") and time[0].replace(":", "").isdigit():
        parts = [*time[0].split(":"), "00", "00"][:3]
        return [":".join(parts), time[1]]
    return time


def _is_number(token: str) -> bool:
    try:
        float(token)
    except ValueError:
        return False
    return True
