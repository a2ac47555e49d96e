"""Why EPANET 2.2 would not run a model that can be stored: its rules (`rules.c`), and what only later EPANETs know.

These are warnings, not errors: the network is worth having, and the rules are kept as text for whoever mends them.
"""

from collections.abc import Iterator

from django.utils.translation import gettext_noop as _

from assets.exchange.services.epanet_import.inp_entries import ModelEntries
from assets.exchange.services.epanet_import.inp_options import parse_number
from assets.exchange.services.epanet_import.inp_text import Findings, InpLine, InpText
from gis_core.sentences import Sentence, Word

_WORDS = ("RULE", "IF", "AND", "OR", "THEN", "ELSE", "PRIORITY")
_NODES = ("NODE", "JUNC", "RESE", "TANK")
_LINKS = ("LINK", "PIPE", "PUMP", "VALV")
# EPANET knows a word by its beginning.
_OF_NODES = ("DEMA", "HEAD", "GRADE", "LEVEL", "PRES", "FILL", "DRAIN")
_OF_LINKS = ("FLOW", "STATUS", "SETT", "POWER")
_OF_SYSTEM = ("DEMA", "TIME", "CLOCK")
_RELATIONS = ("=", "<>", "<=", ">=", "<", ">", "IS", "NOT", "BELOW", "ABOVE")
_STATES = ("OPEN", "CLOS", "ACTIVE")
_WILL_NOT_RUN = Word(_("EPANET 2.2 will not run it"))
# Clause: word, object, name, attribute, relation, value; of the system: no name, and perhaps AM or PM.
_CLAUSE_TOKENS, _SYSTEM_TOKENS = (6,), (5, 6)


def check_for_engine(text: InpText, entries: ModelEntries, findings: Findings) -> None:
    """Warn of every line for which EPANET 2.2 refuses to run the model."""
    for rule in _rules(text.lines("RULES"), findings):
        _check_rule(rule, entries, findings)
    _check_later(text, entries, findings)


def _rules(lines: list[InpLine], findings: Findings) -> Iterator[list[InpLine]]:
    """The lines of each rule, its name first."""
    rule: list[InpLine] = []
    for line in lines:
        if not line.tokens:
            continue
        if line.tokens[0].upper().startswith("RULE"):
            if rule:
                yield rule
            rule = [line]
        elif rule:
            rule.append(line)
        else:
            findings.warning(
                line.number,
                "rule",
                Sentence(_("there is no RULE above it; {will_not_run}"), will_not_run=_WILL_NOT_RUN),
            )
    if rule:
        yield rule


def _check_rule(rule: list[InpLine], entries: ModelEntries, findings: Findings) -> None:
    head = rule[0]
    label = f"rule {head.tokens[1]}" if len(head.tokens) > 1 else "rule"
    if len(head.tokens) > 2:
        reason: str = Sentence(
            _("each clause of a rule stands in a line of its own (IF, AND, OR, THEN, ELSE, PRIORITY)")
        )
        findings.warning(
            head.number,
            label,
            Sentence(_("{reason}; {will_not_run}"), reason=reason, will_not_run=_WILL_NOT_RUN),
        )
        return
    seen, part = set(), ""
    for line in rule[1:]:
        word = next((word for word in _WORDS if line.tokens[0].upper().startswith(word)), "")
        seen.add(word)
        part = word if word in ("IF", "THEN", "ELSE") else part
        reason = "" if word == "PRIORITY" else _clause_reason(line.tokens, word, part, entries)
        if reason:
            findings.warning(
                line.number,
                label,
                Sentence(_("{reason}; {will_not_run}"), reason=reason, will_not_run=_WILL_NOT_RUN),
            )
    missing = [word for word in ("IF", "THEN") if word not in seen]
    if missing:
        findings.warning(
            head.number,
            label,
            Sentence(
                _("it has no {missing}; {will_not_run}"),
                missing=" and no ".join(missing),
                will_not_run=_WILL_NOT_RUN,
            ),
        )


def _clause_reason(tokens: list[str], word: str, part: str, entries: ModelEntries) -> str:
    """What is wrong with one clause; "" for nothing."""
    kind = tokens[1].upper()[:4] if len(tokens) > 1 else ""
    is_system, is_link, is_node = kind == "SYST", kind in _LINKS, kind in _NODES
    reasons = (
        (
            not word,
            Sentence(_("{token} is not one of {words}"), token=tokens[0][:40], words=", ".join(_WORDS)),
        ),
        (not part, Sentence(_("{word} stands before IF"), word=word)),
        (not kind, Sentence(_("the clause is incomplete"))),
        (
            len(tokens) not in (_SYSTEM_TOKENS if is_system else _CLAUSE_TOKENS),
            Sentence(_("the clause has {count} words; a clause has 6"), count=len(tokens)),
        ),
        (part != "IF" and not is_link, Sentence(_("a rule acts on pipes, pumps and valves only"))),
        (not (is_system or is_link or is_node), Sentence(_("it looks at nothing that EPANET knows"))),
        (
            not is_system
            and (len(tokens) < 3 or tokens[2] not in (entries.links if is_link else entries.nodes)),
            Sentence(_("it names {token}, which is not in the model"), token=" ".join(tokens[1:3])[:60]),
        ),
    )
    return next((reason for is_wrong, reason in reasons if is_wrong), "") or _words_reason(tokens, part, kind)


def _words_reason(tokens: list[str], part: str, kind: str) -> str:
    """What is wrong with the attribute, the relation or the value of a clause that is otherwise whole."""
    attribute, relation, value = (token.upper() for token in (tokens[2:5] if kind == "SYST" else tokens[3:6]))
    known = _OF_SYSTEM if kind == "SYST" else _OF_LINKS if kind in _LINKS else _OF_NODES
    if not attribute.startswith(known):
        return Sentence(
            _("{attribute} is not one of {known}"), attribute=attribute[:40], known=", ".join(known)
        )
    if part == "IF" and relation not in _RELATIONS:
        return Sentence(
            _("{relation} is not one of {relations}"), relation=relation[:40], relations=", ".join(_RELATIONS)
        )
    is_value = value.startswith(_STATES) or parse_number(value) is not None or kind == "SYST"
    return (
        ""
        if is_value
        else Sentence(
            _("{value} is neither a number nor one of {states}"), value=value[:40], states=", ".join(_STATES)
        )
    )


def _check_later(text: InpText, entries: ModelEntries, findings: Findings) -> None:
    """What EPANET 2.3 brought: sections, options and a valve that 2.2 stops at."""
    later = Word(_("which EPANET 2.2 does not know (2.3 does); it is left out of exports and runs"))
    for line in text.lines("LEAKAGE"):
        if line.tokens:
            findings.warning(
                line.number, "section [LEAKAGE]", Sentence(_("it states leakage, {later}"), later=later)
            )
            break
    for line in text.lines("OPTIONS"):
        words = [token.upper() for token in line.tokens]
        if len(words) > 1 and words[0].startswith("EMIT") and words[1].startswith("BACK"):
            findings.warning(
                line.number, "option EMITTER BACKFLOW", Sentence(_("it is an option {later}"), later=later)
            )
    for link in entries.links.values():
        if link.valve_type == "PCV":
            reason = Sentence(
                _(
                    "a PCV is a valve which EPANET 2.2 does not know (2.3 does); exports and runs make a "
                    "TCV of it"
                )
            )
            findings.warning(link.line, link.label, reason)
