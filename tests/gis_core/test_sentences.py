"""Sentences: English where they are kept, the reader's language where they are read; every one is translated."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import ngettext_lazy

from assets.models import Pipe
from assets.validation.services.catalogue import CATALOGUE, explanation_in_words
from gis_core.errors import ReportedError
from gis_core.models import Division, Job, User
from gis_core.sentences import COUNT, MOST_TOLD, Figure, Sentence, Word, Words, in_words, told, told_in
from tests.world import make_world

ROOT = Path(__file__).parents[2]
APPS = ("assets", "balances", "billing", "gis_core", "sensors")
LANGUAGES = ["uz", "uz-cyrl", "ru"]
FORM = "Pipe {pipe} is {lifecycle}: there is nothing to isolate."
PLACE = re.compile(r"(?<!{){(\w+)}")

# Where refusals are raised that no page can meet, and why they are in English only.
ONLY_PROGRAMS = {
    "gis_core/local_stack/": "the making of a clone, at a developer's terminal",
    "gis_core/settings/": "read at start, before there is an asker",
    "gis_core/database/former_release.py": "`manage.py migrate`, of a database of another release",
    "gis_core/database/installing.py": "`manage.py migrate`",
    "gis_core/database/rights.py": "`manage.py migrate`",
    "sensors/feeds/services/unlinked_files.py": "`manage.py watch_folder` only",
    "gis_core/database/template.py": "the tests' own databases",
    "gis_core/commands.py": "what commands say at a terminal",
    "/management/": "what commands say at a terminal",
    "gis_core/services/backups.py": "`manage.py backup` only",
    "sensors/sensorthings/": "SensorThings, an interface of programs whose errors have a form of their own",
    "assets/ogc/": "OGC API Features, an interface of GIS programs; its one HTML form shows no refusals",
    "assets/editing/services/valve_layer.py": "`manage.py import_valves` only",
    "assets/registers/services/cadastre_import.py": "`manage.py import_cadastre` only",
    "assets/zones/services/zone_design.py": "the demonstration's recipe only",
    "sensors/feeds/services/datastream_import.py": "`manage.py import_datastreams` only",
    "sensors/feeds/services/folders.py": "`manage.py watch_folder` only",
    "sensors/series/services/packing.py": "`manage.py pack_observations` and a nightly task, which nobody asks for",
    "gis_core/messages/services/webhooks.py": "kept with a notification for whoever runs the server",
}
# Calls that carry a text to a person, and which of their arguments it is.
REFUSALS = {
    "ReportedError": 0,
    "StaleVersion": 0,
    "refusal": 1,
    "refuse_geometry": 1,
    "BadMessage": 1,
    "UnfitFile": 0,
    "Refused": 0,
    "ValidationError": 0,
    "PermissionDenied": 0,
    "ParseError": 0,
    "Throttled": 0,
    "AuthenticationFailed": 0,
    "InvalidCredentials": 0,
    "TooManyGuesses": 0,
    "DeviceError": 0,
    "NoTarget": 1,
    "remark": 1,
    "_say": 1,
    "_unreadable": 1,
    "_unwritable": 1,
    "_bad_bbox": 1,
    "_refuse_position": 2,
}


def modules(apps: tuple[str, ...] = APPS) -> Iterator[tuple[str, ast.Module]]:
    for app in apps:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


def name_of(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def marked_in(node: ast.expr) -> Iterator[tuple[str, str]]:
    """The messages that an expression marks for translation, each with its plural or ""."""
    if isinstance(node, ast.IfExp):
        yield from marked_in(node.body)
        yield from marked_in(node.orelse)
    elif isinstance(node, ast.Call) and name_of(node.func) in ("_", "gettext_noop"):
        yield ast.literal_eval(node.args[0]), ""
    elif isinstance(node, ast.Call) and name_of(node.func) == "ngettext_lazy":
        yield ast.literal_eval(node.args[0]), ast.literal_eval(node.args[1])


def forms() -> Iterator[tuple[str, str]]:
    """The forms of all sentences that our code makes, and what it says of constraints and of checks."""
    for path, module in modules():
        if any(part in f"/{path}" for part in ONLY_PROGRAMS):
            continue
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or name_of(node.func) not in ("Sentence", "said", "Word"):
                continue
            found = list(marked_in(node.args[0])) if node.args else []
            is_word = name_of(node.func) == "Word" or isinstance(node.args[0], ast.Name)
            assert found or is_word, f"{path}:{node.lineno}: not marked for translation"
            yield from found
        if path.endswith("refusals.py"):
            yield from (
                each for node in ast.walk(module) if isinstance(node, ast.Call) for each in marked_in(node)
            )
    with translation.override("en"):
        yield from (
            (str(text), "") for check in CATALOGUE.values() for text in (check.title, check.explanation)
        )


def has_words(form: str) -> bool:
    """Whether a form says anything itself: `{element}: {reason}` is the same in every language."""
    return re.search(r"[A-Za-z]{2}", PLACE.sub("", form)) is not None


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated_with_all_its_values(language: str) -> None:
    found = {form for form in forms() if has_words(form[0])}
    assert len(found) > 900
    missing, lost = [], []
    with translation.override(language):
        for one, many in found:
            ways = [translation.ngettext(one, many, count) for count in (1, 2, 5, 21)] if many else []
            for way in ways or [translation.gettext(one)]:
                if way in (one, many):
                    missing.append(one)
                elif not set(PLACE.findall(way)) ^ set(PLACE.findall(many or one)) <= (
                    {COUNT} if many else set()
                ):
                    lost.append((one, way))
    assert missing == []
    assert lost == []


def untold(path: str, module: ast.Module) -> Iterator[str]:
    """Where a text goes to a person as it stands, in English for everybody."""

    def texts(node: ast.expr) -> Iterator[ast.expr]:
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            yield node
        elif isinstance(node, ast.IfExp):
            yield from texts(node.body)
            yield from texts(node.orelse)
        elif isinstance(node, ast.BinOp):
            yield from texts(node.left)
        elif isinstance(node, ast.Dict):
            yield from (each for value in node.values for each in texts(value))
        elif isinstance(node, ast.List | ast.Tuple):
            yield from (each for value in node.elts for each in texts(value))

    for node in ast.walk(module):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call) and name_of(node.func) in REFUSALS:
            place = REFUSALS[name_of(node.func)]
            given = [
                *node.args[place : place + 1],
                *(word.value for word in node.keywords if word.arg == "detail"),
            ]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            given = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "reason"]
        for text in (each for value in given for each in texts(value)):
            said = "".join(
                part.value
                for part in ast.walk(text)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            )
            # One word is a code for programs.
            if " " in said.strip() and re.search(r"[A-Za-z]{2}", said):
                yield f"{path}:{text.lineno}: {said}"


def test_every_refusal_that_a_person_can_meet_is_a_sentence() -> None:
    found = [
        place
        for path, module in modules((*APPS, "frontend_map"))
        if not any(part in f"/{path}" for part in ONLY_PROGRAMS)
        for place in untold(path, module)
    ]
    assert found == []


def test_what_only_programs_meet_is_still_there() -> None:
    known = [f"/{path}" for path, _module in modules((*APPS, "frontend_map"))]
    assert [part for part in ONLY_PROGRAMS if not any(part in path for path in known)] == []


def test_a_sentence_is_english_and_speaks_the_readers_language() -> None:
    made = Sentence(FORM, pipe="P-1", lifecycle=Word("planned"))
    nested = Sentence("Operation {index}: {message}", index=2, message=made)
    assert made == "Pipe P-1 is planned: there is nothing to isolate."
    with translation.override("ru"):
        assert in_words(made) == "Трубу P-1 отключать незачем, её состояние: запланирована."
        assert in_words(nested).endswith(": запланирована.")
        assert in_words(Words(["planned", "removed"])).count(", ") == 1
        assert in_words("as it is") == "as it is"
        error = ReportedError(made, code="x", details=[{"element": "P-1", "reason": made, "line": 3}])
        assert error.as_dict()["error"]["details"][0]["reason"] == in_words(made)
        # What is logged stays English.
        assert error.message == made == str(error)


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (1, "1 demand was deleted with it", "вместе с ним удалён 1 отбор"),
        (3, "3 demands were deleted with it", "вместе с ним удалены 3 отбора"),
        (12, "12 demands were deleted with it", "вместе с ним удалено 12 отборов"),
    ],
)
def test_words_follow_their_count(count: int, english: str, russian: str) -> None:
    forms_of = ngettext_lazy(
        "{count} demand was deleted with it", "{count} demands were deleted with it", COUNT
    )
    with translation.override("ru"):
        made = Sentence(forms_of, count=count)
        assert made == english
        assert in_words(made) == russian == told(english)
    with translation.override("uz-cyrl"):
        assert told(english) == f"у билан бирга {count} та истеъмол ўчирилди"


def test_figures_have_the_marks_of_the_reader() -> None:
    made = Figure(1234567.5, ",.1f")
    assert made == "1,234,567.5"
    with translation.override("ru"):
        assert in_words(made).split() == ["1", "234", "567,5"]


@pytest.mark.parametrize(
    ("kept", "russian"),
    [
        (
            "Operation 2: Pipe P-1 is planned: there is nothing to isolate.",
            "Операция 2: Трубу P-1 отключать незачем, её состояние: запланирована.",
        ),
        ("its elevation 12x is not a number", "высота 12x: не число"),
        ("its roughness -1 is negative", "roughness -1: меньше нуля"),
        (
            "the critical point never reported; schedule from 08:00",
            "критическая точка ни разу не сообщала; расписание с 08:00",
        ),
        # Codes that are words of ours stay codes.
        ("There is no zone pump.", "Зоны pump нет."),
        ("nothing of ours, it seems", "nothing of ours, it seems"),
        ("", ""),
    ],
)
def test_what_was_kept_in_english_is_told_in_the_readers_language(kept: str, russian: str) -> None:
    with translation.override("ru"):
        assert told(kept) == russian
    assert told(kept) == kept


def test_a_kept_list_is_told_up_to_a_bound() -> None:
    rows = [{"row": row, "reason": "it crosses itself"} for row in range(MOST_TOLD + 1)]
    with translation.override("ru"):
        shown = told_in({"refused": rows, "rows": 3})
    assert shown["rows"] == 3
    assert [row["reason"] for row in (shown["refused"][0], shown["refused"][-1])] == [
        "пересекает себя",
        "it crosses itself",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_is_told_with_all_its_values(language: str) -> None:
    for code, check in CATALOGUE.items():
        with translation.override("en"):
            form = str(check.explanation)
        values = {name: f"X-{place}" for place, name in enumerate(dict.fromkeys(PLACE.findall(form)))}
        kept = form.format(**values)
        with translation.override(language):
            shown = explanation_in_words(code, kept)
        assert shown != kept, code
        assert all(value in shown for value in values.values()), (code, shown)
    assert explanation_in_words("orphan_node", "words of an earlier release") == "words of an earlier release"


def test_a_job_tells_in_the_askers_language_why_it_failed(
    district: Division, make_user: Callable[..., User]
) -> None:
    user = make_user("engineer", district)
    job = Job.objects.create(
        kind="import network",
        division=district,
        created_by=user,
        state=Job.State.FAILED,
        error="The file net.gpkg has no rows.",
        result={
            "error": {"code": "file_unreadable", "message": "The file net.gpkg has no rows.", "details": []}
        },
    )
    client = Client()
    client.force_login(user)
    for language, said in (
        ("en", "The file net.gpkg has no rows."),
        ("ru", "Файл net.gpkg: не содержит строк."),
    ):
        answer = client.get(f"/api/v1/jobs/{job.uid}/", headers={"accept-language": language}).json()
        assert answer["error"] == said
        assert answer["result"]["error"]["message"] == said
    job.refresh_from_db()
    assert job.error == "The file net.gpkg has no rows."


def test_a_refusal_comes_in_the_language_that_was_asked_for(
    district: Division, make_user: Callable[..., User]
) -> None:
    world = make_world(district)
    pipe = world.pipes["P2"]
    Pipe.objects.filter(pk=pipe.pk).update(lifecycle="out_of_service")
    client = Client()
    client.force_login(make_user("engineer", district))
    said = {
        language: client.get(
            f"/api/v1/pipes/{pipe.uid}/isolation/", headers={"accept-language": language}
        ).json()["error"]["message"]
        for language in ("en", "ru", "uz")
    }
    assert said["en"] == "Pipe P2 is out of service: there is nothing to isolate."
    assert "Трубу P2 отключать незачем" in said["ru"]
    assert said["uz"].startswith("P2 quvurini ajratib bo‘lmaydi")


def test_a_malformed_request_is_refused_in_the_language_that_was_asked_for(
    district: Division, make_user: Callable[..., User]
) -> None:
    client = Client()
    client.force_login(make_user("engineer", district))

    def said(address: str, language: str | None) -> str:
        headers = {} if language is None else {"accept-language": language}
        return str(client.get(address, headers=headers).json())

    assert "Unknown parameter." in said("/api/v1/networks/?colour=red", None)
    assert "Неизвестный параметр." in said("/api/v1/networks/?colour=red", "ru")
    assert "Noma’lum parametr." in said("/api/v1/networks/?colour=red", "uz")
    # Of the library's own words too.
    changed = client.post(
        "/api/v1/plans/", {}, content_type="application/json", headers={"accept-language": "uz"}
    )
    assert changed.status_code == 400
    assert "Bu maydon to‘ldirilishi shart." in str(changed.json())


def test_what_is_wrong_with_a_field_is_said_at_the_field(
    district: Division, make_user: Callable[..., User]
) -> None:
    world = make_world(district)
    client = Client()
    client.force_login(make_user("engineer", district))
    answer = client.patch(
        f"/api/v1/pipes/{world.pipes['P2'].uid}/",
        {"diameter_m": 5000},
        content_type="application/json",
        headers={"accept-language": "ru", "if-match": '"1"'},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["reason"].startswith("Должно быть от")
