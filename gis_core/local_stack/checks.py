"""`make check`: every gate runs, each in one line, and one failure is enough for exit code 1."""

from __future__ import annotations

import difflib
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import front_end
import vulnerabilities
from clone import Clone
from commands import application_environment, run_logged
from console import StepError, say, tail

SHOWN_LINES = 80


@dataclass(frozen=True)
class Gate:
    """One gate: its name, its command, and what it needs in the environment."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    afterwards: Callable[[Clone], str] | None = None
    why_skipped: Callable[[Clone], str] | None = None


def checks_of(clone: Clone) -> list[Gate]:
    """All gates. The secrets for the production settings are made up and serve nothing else."""
    python = clone.tool("python")
    pages = front_end.directory(clone)
    production = {
        "DJANGO_SETTINGS_MODULE": "gis_core.settings.production",
        "TARMOQ_SECRET_KEY": secrets.token_urlsafe(64),
        "TARMOQ_ALLOWED_HOSTS": "tarmoq.example",
        "DATABASE_URL": "postgis://tarmoq:throwaway@database.example/tarmoq?sslmode=verify-full",
        "CELERY_BROKER_URL": "rediss://broker.example/0",
    }
    return [
        Gate("ruff", [clone.tool("ruff"), "check", "."]),
        Gate("format", [clone.tool("ruff"), "format", "--check", "."]),
        Gate("mypy", [clone.tool("mypy")]),
        Gate("mypy-local", local_types_command(clone), environment={"MYPYPATH": str(own_directory())}),
        Gate("imports", [clone.tool("lint-imports")]),
        Gate("tsc", front_end.tool(clone, "typescript/bin/tsc", "--project", str(pages))),
        Gate("eslint", front_end.tool(clone, "eslint/bin/eslint.js", *front_end.linted(clone))),
        Gate("migrations", [python, "manage.py", "makemigrations", "--check", "--dry-run"]),
        Gate(
            "deployment",
            [python, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
            environment=production,
        ),
        Gate("openapi", openapi_command(clone), afterwards=compare_openapi),
        Gate(
            "known holes",
            [],
            afterwards=vulnerabilities.complaints,
            why_skipped=vulnerabilities.why_skipped,
        ),
    ]


def own_directory() -> Path:
    return Path(__file__).parent


def local_types_command(clone: Clone) -> list[str]:
    """mypy for this directory: its modules are top-level ones and need no plugin of the application's."""
    options = ["--strict", "--config-file=", "--explicit-package-bases"]
    return [clone.tool("mypy"), *options, str(own_directory())]


def openapi_parts(clone: Clone) -> dict[Path, str]:
    """The committed description as the one just made wants it: the addresses, and the schemas that they name."""
    text = compacted((clone.local / "openapi.yaml").read_text(encoding="utf-8"))
    paths, mark, components = text.partition("\ncomponents:\n")
    docs = clone.root / "docs"
    return {
        docs / "openapi.yaml": paths + "\n",
        docs / "openapi_schemas.yaml": mark.lstrip("\n") + components,
    }


def openapi_command(clone: Clone) -> list[str]:
    """The command that writes the API's description to `.local/openapi.yaml`."""
    target = str(clone.local / "openapi.yaml")
    return [
        clone.tool("python"),
        "manage.py",
        "spectacular",
        "--validate",
        "--fail-on-warn",
        "--file",
        target,
    ]


def compacted(description: str) -> str:
    """A YAML text with its innermost lists and objects in one line each: half as long, and as good to compare."""
    description = re.sub(
        r"security:\n *- apiToken: \[\]\n *- cookieAuth: \[\]\n",
        "security: [apiToken: [], cookieAuth: []]\n",
        description,
    )
    lines: list[str] = []
    for line in description.splitlines():
        # A list of plain words, each in a line of its own, is joined to the key above.
        word = re.fullmatch(r" *- ([\w./:-]+)", line)
        opened = re.fullmatch(r"( *)(\w+): \[([^\]]*)\]", lines[-1]) if lines else None
        key = re.fullmatch(r" *(?:enum|required|tags):", lines[-1]) if lines else None
        if word and key:
            lines[-1] += f" [{word[1]}]"
        elif word and opened and opened[2] in ("enum", "required", "tags"):
            lines[-1] = f"{opened[1]}{opened[2]}: [{opened[3]}, {word[1]}]"
        else:
            lines.append(line)
    return _with_single_contents_joined("\n".join(_with_plain_entries_joined(lines)) + "\n")


def _with_single_contents_joined(text: str) -> str:
    """What is said of nearly every request, answer and parameter, each in a line: a content, a place and its schema."""
    text = re.sub(
        r"content:\n +application/json:\n +schema: (\{[^{}\n]*\})\n(?! +(?:application|multipart|text)/)",
        r"content: {application/json: {schema: \1}}\n",
        text,
    )
    text = re.sub(
        r"((?:application|multipart)/[\w.+-]+):\n +schema: (\{[^{}\n]*\})\n", r"\1: {schema: \2}\n", text
    )
    return re.sub(
        r"- in: (query|path)\n +name: (\w+)\n +schema: (\{[^{}\n]*\})\n(?! +(?:required|description|explode|style):)",
        r"- {in: \1, name: \2, schema: \3}\n",
        text,
    )


_PLAIN_ENTRY = re.compile(
    r" *((?:type|format|readOnly|writeOnly|nullable|minimum|maximum|minLength|maxLength|default|deprecated|\$ref): "
    r"[\w'#/.-]+)"
)
_KEY_ALONE = re.compile(r"[ -]*[\w'{}.-]+:")
_LONGEST_JOINED = 110


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _with_plain_entries_joined(lines: list[str]) -> list[str]:
    """`schema:` and the few plain lines below it as one: `schema: {type: string, format: uuid}`."""
    joined: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        entries = _plain_entries_below(lines, at) if _KEY_ALONE.fullmatch(line) else []
        whole = f"{line} {{{', '.join(entries)}}}"
        if entries and len(whole) <= _LONGEST_JOINED:
            joined.append(whole)
            at += 1 + len(entries)
        else:
            joined.append(line)
            at += 1
    return joined


def _plain_entries_below(lines: list[str], at: int) -> list[str]:
    """All entries of the object that the key in a line opens, if each is a plain one; else none."""
    above = len(lines[at]) - len(lines[at].lstrip(" -"))
    entries: list[str] = []
    for line in lines[at + 1 :]:
        if _depth(line) <= above:
            break
        found = _PLAIN_ENTRY.fullmatch(line)
        if found is None:
            return []
        entries.append(found[1])
    return entries


def compare_openapi(clone: Clone) -> str:
    """The differences between the committed description and the present one; empty when there is none."""
    parts = openapi_parts(clone)
    missing = [path for path in parts if not path.is_file()]
    if missing:
        return f"{missing[0]} is missing: make openapi writes it"
    differences = (
        line
        for path, present in parts.items()
        for line in difflib.unified_diff(
            path.read_text(encoding="utf-8").splitlines(),
            present.splitlines(),
            f"docs/{path.name} (committed)",
            "the API as it is (make openapi writes it)",
            lineterm="",
            n=2,
        )
    )
    return "\n".join(differences)


def write_openapi(clone: Clone) -> None:
    """Write the API's description to docs/openapi.yaml and docs/openapi_schemas.yaml."""
    run_logged(
        clone,
        "openapi",
        openapi_command(clone),
        failure="the API's description could not be made",
        remedy="correct what the log names, then try again",
    )
    for path, text in openapi_parts(clone).items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        say(f"  wrote {path}")


def run_check(clone: Clone, check: Gate) -> str | None:
    """Run one gate; what it complained about, or None when it is content."""
    try:
        if check.command:
            run_logged(
                clone,
                f"check-{check.name}",
                check.command,
                failure=check.name,
                environment=application_environment(check.environment),
            )
    except StepError as failure:
        return tail(clone.log / f"check-{check.name}.log", SHOWN_LINES) or failure.message
    complaint = check.afterwards(clone) if check.afterwards else ""
    return "\n".join(complaint.splitlines()[:SHOWN_LINES]) or None


def run_all(clone: Clone) -> int:
    """Run every gate, show the output of those that failed, and return the exit code."""
    failed = []
    skipped = []
    for check in checks_of(clone):
        reason = check.why_skipped(clone) if check.why_skipped else ""
        if reason:
            skipped.append(check.name)
            say(f"  {check.name:<12} SKIPPED {reason}")
            continue
        began = time.monotonic()
        complaint = run_check(clone, check)
        seconds = time.monotonic() - began
        say(f"  {check.name:<12} {'FAILED' if complaint else 'ok':<7} {seconds:5.1f} s")
        if complaint:
            failed.append(check.name)
            for line in complaint.splitlines():
                say(f"    | {line}")
    if failed:
        say(f"\nFAILED: {', '.join(failed)}   (whole output in {clone.log}/check-NAME.log)")
        return 1
    say(
        f"\nall checks passed but for those SKIPPED: {', '.join(skipped)}"
        if skipped
        else "\nall checks passed"
    )
    return 0
