"""The units of docs/systemd: systemd accepts them, and they run what `make run` runs."""

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.test_layout import ROOT

UNITS = ROOT / "docs" / "systemd"
INSTALLED = "/opt/tarmoq"
LOCAL_STACK = ROOT / "gis_core" / "local_stack"
# What production runs beside `make run`'s processes: one for each drop folder.
BESIDE = {"watch-folder"}
# What is asked of a worker that has no neighbours; in production it may have some.
ALONE = {"--without-mingle", "--without-gossip"}

KEYS = {
    "Unit": {"Description", "Documentation", "PartOf", "After", "Wants", "StartLimitIntervalSec"},
    "Service": {
        *("Type", "User", "Group", "WorkingDirectory", "Environment", "EnvironmentFile", "ExecStart"),
        *("Restart", "RestartSec", "KillMode", "KillSignal", "TimeoutStopSec", "UMask"),
        *("StateDirectory", "StateDirectoryMode", "ReadWritePaths", "NoNewPrivileges", "ProtectSystem"),
        *("ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables", "ProtectKernelModules"),
        *("ProtectControlGroups", "RestrictSUIDSGID", "RestrictRealtime", "LockPersonality"),
        *("RestrictAddressFamilies", "CapabilityBoundingSet"),
    },
    "Timer": {"OnCalendar", "Persistent", "RandomizedDelaySec"},
    "Install": {"WantedBy", "DefaultInstance"},
}
TRUTHS = {
    *("NoNewPrivileges", "ProtectHome", "PrivateTmp", "PrivateDevices", "ProtectKernelTunables"),
    *("ProtectKernelModules", "ProtectControlGroups", "RestrictSUIDSGID", "RestrictRealtime"),
    *("LockPersonality", "Persistent"),
}
MAY_REPEAT = {"Environment", "EnvironmentFile"}
# The same for every process.
ALWAYS = {
    "User": "tarmoq",
    "WorkingDirectory": INSTALLED,
    "Restart": "always",
    "KillMode": "mixed",
    "KillSignal": "SIGTERM",
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "PrivateTmp": "yes",
    "ReadWritePaths": f"{INSTALLED}/.local",
    "CapabilityBoundingSet": "",
}

Sections = dict[str, dict[str, list[str]]]


def parse(text: str) -> Sections:
    """A unit by section and key. Stricter than systemd, which passes over what it does not know."""
    sections: Sections = {}
    section: dict[str, list[str]] | None = None
    name = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            name = heading[1]
            if name not in KEYS or name in sections:
                raise ValueError(f"line {number}: section {name}")
            section = sections[name] = {}
            continue
        key, equals, value = line.partition("=")
        if section is None or not equals or key not in KEYS[name] or line.endswith("\\"):
            raise ValueError(f"line {number}: {line}")
        values = section.setdefault(key, [])
        values.append(value)
        if len(values) > 1 and key not in MAY_REPEAT:
            raise ValueError(f"line {number}: {key} twice")
        if key.endswith("Sec") and not value.isdigit():
            raise ValueError(f"line {number}: {value!r} are not seconds")
        if key in TRUTHS and value not in ("yes", "no"):
            raise ValueError(f"line {number}: {value!r} is neither yes nor no")
    return sections


def unit_files() -> list[Path]:
    kinds = ("*.service", "*.timer", "*.target", "*.target.d/*.conf")
    return sorted(path for kind in kinds for path in UNITS.glob(kind))


def services(*, timed: bool = False) -> dict[str, Sections]:
    """The services by the name of their process: those that go on, or those that a timer of their name starts."""
    return {
        path.stem.removeprefix("tarmoq-").removesuffix("@"): parse(path.read_text(encoding="utf-8"))
        for path in sorted(UNITS.glob("*.service"))
        if path.with_suffix(".timer").exists() == timed
    }


def words_of(service: Sections) -> list[str]:
    return shlex.split(service["Service"]["ExecStart"][0])


@pytest.mark.parametrize("path", unit_files(), ids=[path.name for path in unit_files()])
def test_a_unit_says_only_what_is_known(path: Path) -> None:
    assert parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        "[Service]\nRestrat=always",
        "[Servce]\nType=simple",
        "Type=simple",
        "[Service]\nUser=a\nUser=b",
        "[Service]\nPrivateTmp=perhaps",
        "[Service]\nTimeoutStopSec=soon",
        "[Unit]\nUser=tarmoq",
    ],
)
def test_the_parser_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"^line \d"):
        parse(text)


@pytest.mark.parametrize("name", sorted(services()))
def test_every_service_is_restarted_confined_and_let_end(name: str) -> None:
    service = services()[name]
    said = service["Service"]
    assert {key: said[key] for key in ALWAYS} == {key: [value] for key, value in ALWAYS.items()}
    assert said["EnvironmentFile"][0] == "/etc/tarmoq/tarmoq.env"
    assert "DJANGO_SETTINGS_MODULE=gis_core.settings.production" in said["Environment"][0]
    assert int(said["TimeoutStopSec"][0]) >= 30
    assert service["Unit"]["StartLimitIntervalSec"] == ["0"]
    assert service["Unit"]["PartOf"] == service["Install"]["WantedBy"] == ["tarmoq.target"]
    program = words_of(service)[0]
    assert program.startswith(f"{INSTALLED}/.venv/bin/")
    assert (Path(sys.prefix) / "bin" / Path(program).name).exists()


@pytest.mark.parametrize("name", ["backup", "backup-verify"])
def test_what_a_timer_starts_ends_and_is_confined(name: str) -> None:
    service = services(timed=True)[name]["Service"]
    assert service["Type"] == ["oneshot"]
    assert "Restart" not in service
    # The owner of the cluster, whose files it reads.
    assert service["User"] == ["postgres"]
    assert service["ExecStart"][0].startswith(f"{INSTALLED}/.venv/bin/python manage.py backup")
    assert service["NoNewPrivileges"] == service["PrivateTmp"] == ["yes"]
    timer = parse((UNITS / f"tarmoq-{name}.timer").read_text(encoding="utf-8"))
    assert timer["Timer"]["Persistent"] == ["yes"]
    assert timer["Install"]["WantedBy"] == ["timers.target"]


@pytest.fixture
def supervised() -> dict[str, list[str]]:
    """The commands of `make run` by process."""
    sys.path.append(str(LOCAL_STACK))
    try:
        clone: Any = importlib.import_module("clone").Clone(Path(INSTALLED))
        children = importlib.import_module("processes").children_of(clone, 8000)
    finally:
        sys.path.remove(str(LOCAL_STACK))
    return {child.name: [str(word) for word in child.command] for child in children}


def faults_of_processes(supervised: dict[str, list[str]], units: dict[str, Sections]) -> list[str]:
    """How the units differ from what `make run` supervises."""
    faults = [f"{name} has no unit" for name in sorted(supervised.keys() - units.keys())]
    faults += [
        f"{name} is not a process of make run" for name in sorted(units.keys() - supervised.keys() - BESIDE)
    ]
    for name in sorted(supervised.keys() & units.keys()):
        ours, theirs = supervised[name], words_of(units[name])
        if theirs[0] != ours[0]:
            faults.append(f"{name} runs {theirs[0]} and not {ours[0]}")
        missing = {word for word in ours if word.startswith("-")} - ALONE - set(theirs)
        # What is run stands before the first option, but for Celery, whose application is an option.
        commands = {word for word in ours[1:6] if re.fullmatch(r"[a-z_.]+(:[a-z]+)?", word)} - {"gthread"}
        faults += [f"{name} lacks {word}" for word in sorted(missing | (commands - set(theirs)))]
    return faults


def test_the_units_run_what_make_run_runs(supervised: dict[str, list[str]]) -> None:
    assert faults_of_processes(supervised, services()) == []


def test_a_process_without_a_unit_is_a_fault(supervised: dict[str, list[str]]) -> None:
    """The control: the test above would see it."""
    python = f"{INSTALLED}/.venv/bin/python"
    assert faults_of_processes({**supervised, "new": [python, "manage.py", "new"]}, services()) == [
        "new has no unit"
    ]
    changed = {**supervised, "poll": [python, "manage.py", "ask", "--often"]}
    assert faults_of_processes(changed, services()) == ["poll lacks --often", "poll lacks ask"]
    without_poll = {name: words for name, words in supervised.items() if name != "poll"}
    assert faults_of_processes(without_poll, services()) == ["poll is not a process of make run"]


def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """By systemd itself, on a copy whose programs and folders are those of this clone."""
    program = shutil.which("systemd-analyze")
    assert program, "systemd-analyze is missing: make setup installs Debian's package systemd"
    shutil.copytree(UNITS, tmp_path, dirs_exist_ok=True)
    names = []
    for path in sorted(tmp_path.rglob("*")):
        if path.suffix in (".service", ".timer", ".target", ".conf"):
            text = path.read_text(encoding="utf-8")
            text = text.replace(f"{INSTALLED}/.venv", sys.prefix).replace(INSTALLED, str(ROOT))
            path.write_text(text, encoding="utf-8")
        if path.suffix in (".service", ".timer", ".target"):
            names.append(str(path))
    done = _verify(program, names)
    assert (done.returncode, _of_ours(done.stderr)) == (0, [])
    broken = tmp_path / "tarmoq-broken.service"
    broken.write_text("[Service]\nExecStart=/nowhere/at-all\nRestrat=always\n", encoding="utf-8")
    done = _verify(program, [str(broken)])
    assert done.returncode != 0
    assert len(_of_ours(done.stderr)) >= 2


def _verify(program: str, names: list[str]) -> subprocess.CompletedProcess[str]:
    command = [program, "verify", "--man=no", "--recursive-errors=no", *names]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _of_ours(text: str) -> list[str]:
    """What is said of our units; those of the host may have faults of their own."""
    return [line for line in text.splitlines() if "tarmoq" in line]


def test_the_example_of_the_environment_is_complete_and_holds_no_secret() -> None:
    text = (UNITS / "tarmoq.env.example").read_text(encoding="utf-8")
    named = {}
    for line in text.splitlines():
        if pair := re.fullmatch(r"(#?)([A-Z_]+)=(.*)", line):
            named[pair[2]] = pair[1]
            assert pair[3] == "", f"{pair[2]} has a value"
    sources = [ROOT / "gis_core" / "settings" / name for name in ("base.py", "production.py")]
    settings = "".join(path.read_text(encoding="utf-8") for path in sources)
    read = set(re.findall(r'environ(?:ment)?\.get\("(\w+)"', settings))
    required = set(re.findall(r'required\("(\w+)"', settings))
    # Production refuses the one that opens a division to everybody.
    assert (read | required) - {"STA_ANONYMOUS_DIVISION"} <= named.keys()
    assert {name for name, mark in named.items() if not mark} == required
