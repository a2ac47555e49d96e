"""`manage.py make_cyrillic_catalogues`: the Uzbek catalogues in Cyrillic letters, from those in Latin ones."""

import gettext
import subprocess
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management.base import CommandParser

from frontend_map.uzbek_cyrillic import cyrillic_of
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError

# Django's own words (months, days, the administration) come with ours: it has no Uzbek in Cyrillic letters.
_DJANGO = (
    "conf/locale/uz",
    "contrib/admin/locale/uz",
    "contrib/auth/locale/uz",
    "contrib/humanize/locale/uz",
)
_HEADER = (
    "# Made from uz by manage.py make_cyrillic_catalogues; changed there, not here.\n"
    'msgid ""\nmsgstr ""\n"Language: uz_Cyrl\\n"\n"MIME-Version: 1.0\\n"\n'
    '"Content-Type: text/plain; charset=UTF-8\\n"\n'
    '"Content-Transfer-Encoding: 8bit\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n'
)


def catalogue_of(sources: list[Path]) -> str:
    """The text of a catalogue in Cyrillic letters: the messages of compiled Latin ones, the first of a kind holds."""
    messages: dict[Any, str] = {}
    for source in sources:
        with source.open("rb") as stream:
            latin = gettext.GNUTranslations(stream)._catalog  # type: ignore[attr-defined]
        for key, translation in latin.items():
            if key and translation:
                messages.setdefault(key, translation)
    return _HEADER + "".join(_entry(key, messages[key]) for key in sorted(messages, key=str))


def _entry(key: Any, latin: str) -> str:
    """One message; a plural's key is a pair of the message and its form. What no code looks up by is left out."""
    message, is_plural = (key[0], True) if isinstance(key, tuple) else (key, False)
    context, has_context, bare = message.rpartition("\x04")
    lines = [f"msgctxt {_quoted(context)}"] if has_context else []
    lines.append(f"msgid {_quoted(bare)}")
    if is_plural:
        # Uzbek has one form; the English plural is not kept in compiled catalogues, and nothing looks it up.
        lines += [f"msgid_plural {_quoted(bare)}", f"msgstr[0] {_quoted(cyrillic_of(latin))}"]
    else:
        lines.append(f"msgstr {_quoted(cyrillic_of(latin))}")
    return "\n" + "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def catalogues() -> dict[Path, list[Path]]:
    """Each Cyrillic catalogue of ours, with the compiled Latin ones that it is made from."""
    base = Path(settings.BASE_DIR)
    package = Path(django.__file__).parent
    compiled = "LC_MESSAGES/django.mo"
    return {
        base / "frontend_map/locale/uz_Cyrl/LC_MESSAGES/django.po": [
            base / "frontend_map/locale/uz" / compiled,
            *(package / name / compiled for name in _DJANGO),
        ],
        base / "assets/locale/uz_Cyrl/LC_MESSAGES/django.po": [base / "assets/locale/uz" / compiled],
    }


class Command(ReportingCommand):
    help = "Make the Uzbek catalogues in Cyrillic letters from those in Latin ones, and compile them."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="only say whether they are current")

    def report(self, **options: Any) -> dict[str, Any]:
        stale = []
        for target, sources in catalogues().items():
            text = catalogue_of([source for source in sources if source.exists()])
            if target.exists() and target.read_text(encoding="utf-8") == text:
                continue
            stale.append(str(target.relative_to(settings.BASE_DIR)))
            if not options["check"]:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
                # gettext's own program, as for every other catalogue.
                subprocess.run(["msgfmt", "-o", target.with_suffix(".mo"), target], check=True)  # noqa: S603, S607
        if stale and options["check"]:
            raise ReportedError(f"Not current: {', '.join(stale)}.", code="stale")
        return {"made": stale}

    def describe(self, result: dict[str, Any]) -> str:
        return f"Made: {', '.join(result['made']) or 'nothing, all are current'}."
