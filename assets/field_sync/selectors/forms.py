"""What an inspection asks, by the kind of what is inspected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from assets.models import NodeKind
from assets.models.condition import PIPE_KIND
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence

_K = NodeKind


@dataclass(frozen=True)
class Question:
    """One line of a form: a yes or no, a number in a unit, or one of some words."""

    key: str
    label: str
    unit: str = ""
    words: tuple[str, ...] = ()
    is_number: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For the page, in the reader's language."""
        form = "number" if self.is_number else "choice" if self.words else "truth"
        return {
            "key": self.key,
            "label": _(self.label),
            "form": form,
            "unit": self.unit,
            "words": [[word, _(word)] for word in self.words],
        }


_LEAKING = Question("leaking", gettext_noop("Is it leaking?"))
_ACCESS = Question("accessible", gettext_noop("Can it be reached?"))
_VALVE = (
    _ACCESS,
    Question("operable", gettext_noop("Does it turn?")),
    Question("turns", gettext_noop("Turns from open to closed"), is_number=True),
    Question("cover_sound", gettext_noop("Is the cover there and sound?")),
    _LEAKING,
)
_CHAMBER = (
    Question("cover_sound", gettext_noop("Is the cover there and sound?")),
    Question("blocked", gettext_noop("Is it blocked?")),
    Question("water_level_m", gettext_noop("Water level"), unit="m", is_number=True),
)
_STORE = (
    Question("level_m", gettext_noop("Water level"), unit="m", is_number=True),
    Question("overflow_sound", gettext_noop("Is the overflow free?")),
    Question("locked", gettext_noop("Is it locked?")),
    _LEAKING,
)
_METER = (
    _ACCESS,
    Question("sealed", gettext_noop("Is the seal whole?")),
    Question("index_m3", gettext_noop("Index"), unit="m³", is_number=True),
    _LEAKING,
)
_MACHINE = (
    Question("running", gettext_noop("Is it running?")),
    Question("quiet", gettext_noop("Does it run quietly?")),
    _LEAKING,
)
_ELECTRIC = (
    Question("locked", gettext_noop("Is it locked?")),
    Question("quiet", gettext_noop("Does it run quietly?")),
    Question("damaged", gettext_noop("Is it damaged?")),
)
_OTHER = (_ACCESS, Question("damaged", gettext_noop("Is it damaged?")))
_FORMS: dict[str, tuple[Question, ...]] = {
    _K.VALVE: _VALVE,
    _K.REGULATOR: _VALVE,
    _K.HYDRANT: (
        _ACCESS,
        Question("flows", gettext_noop("Does water come out?")),
        Question("pressure_kpa", gettext_noop("Pressure"), unit="kPa", is_number=True),
        _LEAKING,
    ),
    _K.BULK_METER: _METER,
    _K.METERING_STATION: _METER,
    _K.TANK: _STORE,
    _K.RESERVOIR: _STORE,
    _K.MANHOLE: _CHAMBER,
    _K.HEAT_CHAMBER: _CHAMBER,
    _K.PUMP: _MACHINE,
    _K.PUMPING_STATION: _MACHINE,
    _K.LIFT_STATION: _MACHINE,
    _K.TRANSFORMER: _ELECTRIC,
    _K.SWITCH: _ELECTRIC,
    _K.SUBSTATION: _ELECTRIC,
    _K.SERVICE_CABINET: _ELECTRIC,
    PIPE_KIND: (
        Question("exposed", gettext_noop("Is it exposed?")),
        Question(
            "corrosion",
            gettext_noop("Corrosion"),
            words=(gettext_noop("none"), gettext_noop("slight"), gettext_noop("heavy")),
        ),
        Question("depth_m", gettext_noop("Depth of cover"), unit="m", is_number=True),
        _LEAKING,
    ),
}


def form_of_kind(kind: str) -> tuple[Question, ...]:
    """The questions for a kind of node, or for pipes."""
    return _FORMS.get(kind, _OTHER)


def forms_of_all_kinds() -> dict[str, list[dict[str, Any]]]:
    """Every form by its kind, in the active language; "" is that of kinds without one of their own."""
    shown = {str(kind): [question.as_dict() for question in form] for kind, form in _FORMS.items()}
    return {**shown, "": [question.as_dict() for question in _OTHER]}


def findings_of(kind: str, answers: Mapping[str, Any], remark: str) -> str:
    """Answers to a form as the text of an inspection's findings, a line each; raises ReportedError (bad_answer)."""
    questions = {question.key: question for question in form_of_kind(kind)}
    lines = []
    for key, answer in answers.items():
        question = questions.get(key)
        if question is None:
            raise ReportedError(
                Sentence(_("The form of a {kind} does not ask {key}."), kind=kind, key=repr(key)),
                code="bad_answer",
            )
        if answer is None:
            continue
        lines.append(f"{_(question.label)} {_answer_in_words(question, answer)}")
    return "\n".join([*lines, remark.strip()]).strip()


def _answer_in_words(question: Question, answer: Any) -> str:
    if question.is_number:
        if isinstance(answer, bool) or not isinstance(answer, int | float) or not abs(answer) < 1e9:
            raise ReportedError(
                Sentence(gettext_noop("{question}: give a number."), question=_(question.label)),
                code="bad_answer",
            )
        return f"{answer:g} {question.unit}".strip()
    if question.words:
        if answer not in question.words:
            raise ReportedError(
                Sentence(
                    gettext_noop("{question}: one of {words}."),
                    question=_(question.label),
                    words=", ".join(question.words),
                ),
                code="bad_answer",
            )
        return _(str(answer))
    if not isinstance(answer, bool):
        raise ReportedError(
            Sentence(gettext_noop("{question}: yes or no."), question=_(question.label)), code="bad_answer"
        )
    return _("yes") if answer else _("no")
