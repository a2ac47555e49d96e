"""Set-up and running of one clone: `python3 gis_core/local_stack VERB`, usually through make.

Needs nothing but Python 3.11's standard library, since it makes the environment that has the rest.
"""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import application
import application_database
import backups
import bill_of_materials
import checks
import doctor
import external_servers
import front_end
import locks
import placement
import processes
import python_environment
import servers
import system_packages
from clone import Clone, this_clone
from commands import application_environment, run_on_terminal
from console import Interrupted, StepError, report_failure, say, step
from mosquitto_server import private_mosquitto


def install(clone: Clone) -> None:
    """Packages, `.venv` and pages: everything that does not need the servers."""
    system_packages.install(clone)
    python_environment.install(clone)
    front_end.build(clone)


@contextmanager
def prepared(clone: Clone, *, migrated: bool = True) -> Iterator[servers.Started]:
    """Everything set up and the servers up during the block.

    Afterwards the servers that were started here are stopped, unless another program began to use them.
    """
    started = servers.Started()
    with ExitStack() as stack:
        with locks.setting_up(clone):
            install(clone)
            descriptor = stack.enter_context(locks.using_servers(clone))
            stack.callback(stop_what_was_started, clone, started, descriptor)
            servers.start(clone, started=started)
            if migrated:
                application.prepare(clone)
        yield started


def stop_what_was_started(clone: Clone, started: servers.Started, descriptor: int) -> None:
    """Stop the servers that this call started when it is their last user."""
    ignore_interrupts()
    if started.any and locks.try_lock(descriptor):
        servers.stop(clone, only=started)


def ignore_interrupts() -> None:
    """From here on we are stopping: a second Ctrl-C must not leave half of it running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def verb_setup(clone: Clone, arguments: list[str]) -> int:
    """install what is missing, build, migrate; leaves nothing running that was not"""
    with prepared(clone):
        pass
    say("set up; make run starts everything")
    return 0


def verb_up(clone: Clone, arguments: list[str]) -> int:
    """start the private PostgreSQL, Redis and Mosquitto"""
    with locks.setting_up(clone), locks.using_servers(clone):
        system_packages.install(clone)
        servers.start(clone)
        application_database.clone_template_if_empty(clone)
    servers.describe(clone)
    say("up; make down stops the private servers")
    return 0


def verb_device(clone: Clone, arguments: list[str]) -> int:
    """give a device a password at the private broker: make device ARGS=CODE"""
    if len(arguments) != 1:
        raise StepError(
            "name one device", remedy="make device ARGS=CODE, the code of its datastream or regulator"
        )
    if not servers.uses_private_mqtt():
        raise StepError(
            "the broker of MQTT_URL is not ours", remedy="make the login there: docs/feeds.md says how"
        )
    with locks.setting_up(clone), locks.using_servers(clone):
        servers.start(clone)
        broker, password = private_mosquitto(clone), secrets.token_urlsafe(24)
        broker.add_login(arguments[0], password)
    say(f"  broker    {processes.HOST}:{broker.port}\n  name      {arguments[0]}\n  password  {password}")
    say("the password is shown once; what it may do: docs/mosquitto/tarmoq.acl")
    return 0


def verb_down(clone: Clone, arguments: list[str]) -> int:
    """stop the private PostgreSQL, Redis and Mosquitto"""
    if not clone.local.is_dir():
        say("down; nothing had been made yet")
        return 0
    with locks.setting_up(clone), locks.stopping_servers(clone):
        stopped = servers.stop(clone)
    say("down" if stopped else "down; nothing was running")
    return 0


def verb_run(clone: Clone, arguments: list[str]) -> int:
    """set up as needed and run everything until Ctrl-C"""
    port = processes.parse_port(os.environ.get("PORT"))
    refusal = "make run is already active in this clone"
    with locks.held(clone, locks.RUN, refusal=refusal, remedy="use that one, or end it with Ctrl-C"):
        processes.require_free_port(port)
        (clone.run / "port").write_text(f"{port}\n")
        with prepared(clone):
            application.load_demonstration(clone)
            # Nobody else's database or broker is told what invented devices measure.
            is_ours = servers.uses_private_database() and servers.uses_private_mqtt()
            children = processes.children_of(clone, port, with_demonstration=is_ours)
            supervisor = processes.Supervisor(clone, port, children, lambda: mend_servers(clone))
            try:
                supervisor.start()
                say(f"\n  address  http://{processes.HOST}:{port}/")
                application.describe_users()
                say("  stop     Ctrl-C\n")
                supervisor.watch()
            except (KeyboardInterrupt, Interrupted):
                say()
            finally:
                ignore_interrupts()
                supervisor.stop()
    say("stopped")
    return 0


def mend_servers(clone: Clone) -> None:
    """Start a private server that died beneath the running application."""
    if servers.all_running(clone):
        return
    say("\n  a private server has ended unexpectedly; starting it again")
    with locks.setting_up(clone):
        servers.start(clone)


def verb_test(clone: Clone, arguments: list[str]) -> int:
    """set up as needed and run the tests (ARGS goes to pytest, which then runs alone)"""
    environment = application_environment()
    environment.pop("TARMOQ_PROVE", None)
    # Whoever names tests means those of Python.
    return run_tests(clone, [clone.tool("pytest"), *arguments], environment, also_pages=not arguments)


def verb_prove(clone: Clone, arguments: list[str]) -> int:
    """the tests with random and killing ones in full, and their figures printed"""
    environment = application_environment({"TARMOQ_PROVE": "1"})
    # In one process: the figures that workers print would be lost. In full some take longer than tests may.
    return run_tests(
        clone, [clone.tool("pytest"), "-n", "0", "-s", "--timeout", "0", *arguments], environment
    )


def verb_bench(clone: Clone, arguments: list[str]) -> int:
    """the benchmarks"""
    return run_tests(
        clone, [clone.tool("python"), "-m", "tests.bench", *arguments], application_environment()
    )


def run_tests(
    clone: Clone, command: list[str], environment: dict[str, str], *, also_pages: bool = False
) -> int:
    """Run a program on the test database; only one at a time, since they would share it.

    `also_pages`: the unit tests of the pages' programs run before it, and their failure is ours too.
    """
    refusal = "tests or benchmarks are already running in this clone"
    with locks.held(clone, locks.TESTS, refusal=refusal, remedy="wait for them to end"), prepared(clone):
        if not servers.uses_private_database():
            external_servers.check_test_template(external_servers.migrating_address())
        pages_passed = front_end.unit_tests(clone) if also_pages else True
        say(f"  running {Path(command[0]).name} {' '.join(command[1:])}")
        code = run_on_terminal(clone, command, environment=environment)
        if not pages_passed:
            say("FAILED: the front end's unit tests, see above")
        return code if pages_passed else code or 1


def verb_check(clone: Clone, arguments: list[str]) -> int:
    """style and types of Python and TypeScript, import contracts, migrations, deployment settings, API description"""
    with prepared(clone, migrated=False):
        return checks.run_all(clone)


def verb_openapi(clone: Clone, arguments: list[str]) -> int:
    """write docs/openapi.yaml"""
    with prepared(clone, migrated=False):
        checks.write_openapi(clone)
    return 0


def verb_sbom(clone: Clone, arguments: list[str]) -> int:
    """write what the product is made of, as CycloneDX, to .local/sbom"""
    with prepared(clone, migrated=False):
        bill_of_materials.write(clone)
    return 0


def verb_doctor(clone: Clone, arguments: list[str]) -> int:
    """what is installed, running, free, reachable; --json for programs"""
    parser = argparse.ArgumentParser(prog="doctor")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    clone.require_access()
    return doctor.report(clone, processes.parse_port(os.environ.get("PORT")), as_json=options.json)


def verb_restore(clone: Clone, arguments: list[str]) -> int:
    """restore a backup into a new cluster: ARGS='--into FOLDER --at 2026-11-29T12:00:00+05:00'"""
    with locks.setting_up(clone):
        return backups.restore(clone, arguments)


def verb_clean(clone: Clone, arguments: list[str]) -> int:
    """stop the private servers and delete everything that was made, the data too"""
    with ExitStack() as stack:
        if clone.local.is_dir():
            refusal = "make run is active in this clone"
            stack.enter_context(
                locks.held(clone, locks.RUN, refusal=refusal, remedy="end it with Ctrl-C first")
            )
            stack.enter_context(locks.setting_up(clone))
            stack.enter_context(locks.stopping_servers(clone))
            servers.stop(clone)
        with step("deleting .local, .venv, node_modules and the built pages"):
            front_end.remove(clone)
            for path in (clone.virtual_environment, *placement.outside_directories(clone), clone.local):
                if path.is_symlink():
                    path.unlink()
                elif path.exists():
                    shutil.rmtree(path)
    return 0


VERBS: dict[str, Callable[[Clone, list[str]], int]] = {
    name.removeprefix("verb_"): function
    for name, function in list(globals().items())
    if name.startswith("verb_")
}


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise Interrupted(signal_number)


def main(words: list[str]) -> int:
    """Run one verb; the exit code."""
    if not words or words[0] not in VERBS:
        say("\n".join(f"  make {name:<8} {function.__doc__}" for name, function in VERBS.items()))
        return 0 if not words or words[0] in {"help", "--help", "-h"} else 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    # A shell starts background programs with SIGINT ignored; asked to end, we want to end all the same.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    clone = this_clone()
    try:
        return VERBS[words[0]](clone, words[1:])
    except StepError as failure:
        report_failure(failure)
        return 1
    except OSError as error:
        # Full disks and closed directories can strike anywhere; a trace would not tell what to do.
        report_failure(
            StepError(f"{words[0]}: {error}", remedy="make doctor shows space; see who owns the path")
        )
        return 1
    except KeyboardInterrupt:
        say("\ninterrupted; the same command goes on from here")
        return 130
    except Interrupted as interruption:
        say("\ninterrupted; the same command goes on from here")
        return 128 + interruption.signal_number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
