"""A private PostgreSQL 15 cluster that listens on nothing but a unix socket."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from archiving import archive_command, backup_directory
from clone import Clone
from commands import stop_group
from console import StepError, say, step
from placement import (
    POSTGRES_PORT,
    POSTGRES_SOCKET_NAME,
    PostgresPlacement,
    make_private_directory,
    place_postgres,
)

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
# Owns the databases and all in them, and migrates; the application connects as the other, which owns nothing.
ROLE = "tarmoq"
APPLICATION_ROLE = "tarmoq_app"
DATABASE = "tarmoq"
TEMPLATE = "template_tarmoq"
# What lets tables behind the second wall use their indexes.
LEAKPROOF_FILE = Path(__file__).parents[1] / "sql" / "leakproof.sql"
EXTENSIONS = ("postgis", "pgrouting", "btree_gist", "pg_trgm")
# A recovery after a crash may take its time; a server that ends at once is tried again for a while.
START_SECONDS = 120
RETRY_SECONDS = 20
LOG_LIMIT_BYTES = 20_000_000

# Sized for 2 cores and 24 GB shared with the application. Nothing here trades safety for speed:
# fsync, full_page_writes and synchronous_commit keep the values under which a crash loses nothing.
SETTINGS = {
    "listen_addresses": "",
    "port": str(POSTGRES_PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "effective_cache_size": "8GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "effective_io_concurrency": "200",
    "jit": "off",
    "max_parallel_workers_per_gather": "1",
    # Monthly partitions: one statement may lock several hundred tables and indexes.
    "max_locks_per_transaction": "256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_lock_waits": "on",
    "log_min_duration_statement": "5s",
}


_MB = 1024 * 1024
LEAST_BUFFERS_MB, MOST_BUFFERS_MB = 512, 4096


def buffers_mb(memory_bytes: int) -> int:
    """Shared buffers for a machine: an eighth of its memory, for what edits of a large network touch again."""
    return min(MOST_BUFFERS_MB, max(LEAST_BUFFERS_MB, memory_bytes // 8 // _MB))


def _memory_bytes() -> int:
    """The machine's memory, or what a container may have of it."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    except (OSError, ValueError):
        # No limit: there is no such file, or it says max.
        return memory


class Cluster:
    """One cluster: where it lies, who runs it, and starting, stopping and filling it."""

    def __init__(
        self,
        placement: PostgresPlacement,
        log: Path,
        link: Path | None = None,
        *,
        start_seconds: float = START_SECONDS,
        archives: bool = True,
    ) -> None:
        self.placement = placement
        self.log = log
        self.link = link
        self.start_seconds = start_seconds
        self.archives = archives

    @property
    def data(self) -> Path:
        return self.placement.data

    @property
    def socket_directory(self) -> Path:
        return self.placement.socket_directory

    # --- state -----------------------------------------------------------------------------------------

    def exists(self) -> bool:
        """Whether a whole cluster is there: `data` gets its name only when initdb has ended well."""
        return (self.data / "global" / "pg_control").is_file()

    def postmaster(self) -> int | None:
        """The number of the running server process, or None.

        postmaster.pid survives kill -9 and its number may by now be another program's, even another
        clone's server. A server works in its own data directory, so that is what is compared.
        """
        try:
            number = int((self.data / "postmaster.pid").read_text().split()[0])
            works_in = Path(f"/proc/{number}/cwd").readlink()
        except (OSError, ValueError, IndexError):
            return None
        return number if works_in == self.data.resolve() else None

    def answers(self) -> bool:
        """Whether the server accepts a connection."""
        return self.postmaster() is not None and self.query("SELECT 1")[0] == 0

    def query(self, statement: str, *, database: str = "postgres", user: str = "postgres") -> tuple[int, str]:
        """Run SQL through psql: exit code, and rows with `|` between the columns (or the error)."""
        command = [
            str(PROGRAMS / "psql"),
            *("-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"),
            *("-h", str(self.socket_directory), "-p", str(POSTGRES_PORT), "-U", user, "-d", database),
            *("-c", statement),
        ]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                text=True,
                env=libpq_environment(),
                cwd="/",
                timeout=120,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return 1, str(error)
        return done.returncode, (done.stdout if done.returncode == 0 else done.stderr).strip()

    # --- making ----------------------------------------------------------------------------------------

    def create(self) -> None:
        """Run initdb beside the final place and move the result there: a half-made cluster is never used."""
        make_private_directory(self.placement.directory, self.placement.user)
        self._place_link()
        if self.exists():
            return
        if self.data.is_dir() and any(self.data.iterdir()):
            raise StepError(
                f"{self.data} holds files but is not a whole PostgreSQL cluster",
                remedy="nothing was deleted: move it away (or restore it from a backup), then try again",
            )
        with step(f"PostgreSQL: creating a private cluster in {self.placement.directory}"):
            making = self.placement.directory / "data.making"
            if making.exists():
                shutil.rmtree(making)
            self._run_as_owner(
                [
                    *(str(PROGRAMS / "initdb"), "--pgdata", str(making), "--username", "postgres"),
                    *("--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums"),
                    *("--auth-local", "trust", "--auth-host", "reject"),
                ],
                "initdb failed",
            )
            with (making / "postgresql.conf").open("a", encoding="utf-8") as stream:
                stream.write("\ninclude 'tarmoq.conf'\n")
            if self.data.is_dir():
                self.data.rmdir()
            making.rename(self.data)

    def _place_link(self) -> None:
        """Make `.local/postgres` lead to a cluster that has to lie outside the clone."""
        if self.link is None or self.link == self.placement.directory:
            return
        if self.link.is_symlink():
            if self.link.readlink() == self.placement.directory:
                return
            say(f"  note: {self.link} led to another clone's {self.link.readlink()}; that is left as it is")
            self.link.unlink()
        self.link.symlink_to(self.placement.directory)

    def _write_settings(self) -> None:
        """Write `tarmoq.conf`. Done at each start, because a clone that was moved has another socket."""
        settings = {
            **SETTINGS,
            "shared_buffers": f"{buffers_mb(_memory_bytes())}MB",
            "unix_socket_directories": str(self.socket_directory).replace("'", "''"),
            "archive_mode": "on" if self.archives else "off",
            "archive_command": archive_command(backup_directory(self.placement.directory)).replace("'", "''"),
        }
        text = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        path = self.data / "tarmoq.conf"
        making = self.data / "tarmoq.conf.making"
        making.write_text(text, encoding="utf-8")
        os.chown(making, self.placement.user.uid, -1)
        making.chmod(0o600)
        making.replace(path)

    def _run_as_owner(self, command: Sequence[str], failure: str) -> None:
        with self.log.open("ab") as stream:
            process = subprocess.Popen(
                command, stdout=stream, stderr=subprocess.STDOUT, **self._popen_arguments()
            )
        try:
            code = process.wait()
        except BaseException:
            stop_group(process)
            raise
        if code != 0:
            raise StepError(
                f"{failure} (exit code {code})", log=self.log, remedy="see the log, then try again"
            )

    def _popen_arguments(self) -> dict[str, Any]:
        """Who runs the program and where. The working directory is one that every user may enter.

        A session of its own keeps Ctrl-C in the terminal from reaching the server before the clients.
        """
        return {
            "stdin": subprocess.DEVNULL,
            "cwd": "/",
            "env": libpq_environment(),
            "start_new_session": True,
            **self.placement.user.process_arguments,
        }

    # --- starting and stopping -------------------------------------------------------------------------

    def start(self) -> bool:
        """Start the server when it is not running; whether this call started it."""
        if self.answers():
            return False
        if self.data.stat().st_uid != self.placement.user.uid:
            raise StepError(
                f"{self.data} belongs to another user",
                remedy="work as the user that made it, or with sudo (as root)",
            )
        with step("PostgreSQL: starting"):
            make_private_directory(self.socket_directory, self.placement.user)
            began = time.monotonic()
            while not self._try_to_start(began + self.start_seconds):
                # After kill -9 of the server its helpers need a moment to notice and to let go of the
                # shared memory; until then a new server refuses. Try again for a little while.
                if time.monotonic() > began + RETRY_SECONDS:
                    raise StepError(
                        "PostgreSQL does not start",
                        log=self.log,
                        remedy="see the end of the log; often the disk is full or a directory was closed",
                    )
                time.sleep(0.5)
        return True

    def _try_to_start(self, deadline: float) -> bool:
        """Launch the server (or wait for one that is still starting); whether it answers.

        An interrupt meanwhile takes back the launch: what nobody waited for would be left running.
        """
        process = None
        if self.postmaster() is None:
            self._remove_stale_files()
            self._write_settings()
            process = self._launch()
        try:
            self._wait_until_ready(process, deadline)
        except BaseException:
            if process is not None:
                process.send_signal(signal.SIGINT)
                process.wait(60)
            raise
        return self.answers()

    def _launch(self) -> subprocess.Popen[bytes]:
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as stream:
            return subprocess.Popen(
                [str(PROGRAMS / "postgres"), "-D", str(self.data)],
                stdout=stream,
                stderr=subprocess.STDOUT,
                **self._popen_arguments(),
            )

    def _wait_until_ready(self, process: subprocess.Popen[bytes] | None, deadline: float) -> None:
        """Wait until the server answers, ends, or the time (long enough for a recovery) is over."""
        while time.monotonic() < deadline:
            if process is not None and process.poll() is not None:
                return
            if process is None and self.postmaster() is None:
                return
            if self.answers():
                return
            time.sleep(0.05)

    def _remove_stale_files(self) -> None:
        """Remove what a killed server left. If its number is in use again, PostgreSQL would refuse."""
        for path in (
            self.data / "postmaster.pid",
            self.socket_directory / f"{POSTGRES_SOCKET_NAME}.lock",
            self.socket_directory / POSTGRES_SOCKET_NAME,
        ):
            path.unlink(missing_ok=True)

    def stop(self) -> bool:
        """Stop the server (open transactions are rolled back); whether it had been running."""
        if self.postmaster() is None:
            return False
        with step("PostgreSQL: stopping"):
            self._run_as_owner(
                [str(PROGRAMS / "pg_ctl"), "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", "90"],
                "PostgreSQL did not stop",
            )
        return True

    # --- contents --------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the roles, the template with the extensions, and the database, each only when missing.

        The migrating role is a member of the application's, so that tests may step down to it. The template is marked
        as one only when it is complete; an unmarked one was interrupted.
        """
        wanted = (
            f"SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{ROLE}'), "
            f"EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION_ROLE}'), "
            "EXISTS (SELECT FROM pg_auth_members link JOIN pg_roles whole ON whole.oid = roleid "
            "JOIN pg_roles part ON part.oid = link.member "
            f"WHERE whole.rolname = '{APPLICATION_ROLE}' AND part.rolname = '{ROLE}'), "
            f"EXISTS (SELECT FROM pg_database WHERE datname = '{TEMPLATE}' AND datistemplate), "
            f"EXISTS (SELECT FROM pg_database WHERE datname = '{TEMPLATE}'), "
            f"EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')"
        )
        role, application, member, template_whole, template_there, database = (
            value == "t" for value in self._sql(wanted).split("|")
        )
        if role and application and member and template_whole and database:
            self._mark_leakproof()
            return
        with step(f"PostgreSQL: making the roles, the template and the database {DATABASE}"):
            if not role:
                self._sql(f"CREATE ROLE {ROLE} LOGIN CREATEDB NOSUPERUSER NOCREATEROLE")
            if not application:
                self._sql(f"CREATE ROLE {APPLICATION_ROLE} LOGIN NOCREATEDB NOSUPERUSER NOCREATEROLE")
            if not member:
                self._sql(f"GRANT {APPLICATION_ROLE} TO {ROLE}")
            if not template_whole:
                if template_there:
                    self._sql(f"DROP DATABASE {TEMPLATE}")
                self._sql(f"CREATE DATABASE {TEMPLATE} OWNER {ROLE} TEMPLATE template0 ENCODING 'UTF8'")
                for extension in EXTENSIONS:
                    self._sql(f"CREATE EXTENSION IF NOT EXISTS {extension} CASCADE", database=TEMPLATE)
                self._sql(LEAKPROOF_FILE.read_text(encoding="utf-8"), database=TEMPLATE)
                # postgis_topology's and tiger's schemas are not wanted; spatial_ref_sys is read by all.
                self._sql(f"ALTER SCHEMA public OWNER TO {ROLE}", database=TEMPLATE)
                self._sql(f"ALTER DATABASE {TEMPLATE} IS_TEMPLATE true")
            if not database:
                self._sql(f"CREATE DATABASE {DATABASE} OWNER {ROLE} TEMPLATE {TEMPLATE}")

    def _mark_leakproof(self) -> None:
        """In a cluster of a former release, whose template has the extensions as they come."""
        marked = (
            "SELECT proleakproof FROM pg_proc WHERE oid = 'pg_catalog.textlike(text, text)'::regprocedure"
        )
        for database in (TEMPLATE, DATABASE):
            if self._sql(marked, database=database) == "f":
                self._sql(LEAKPROOF_FILE.read_text(encoding="utf-8"), database=database)

    def _sql(self, statement: str, *, database: str = "postgres") -> str:
        code, answer = self.query(statement, database=database)
        if code != 0:
            with self.log.open("a", encoding="utf-8") as stream:
                stream.write(f"{statement}\n{answer}\n")
            raise StepError(
                f"PostgreSQL refused: {answer}", log=self.log, remedy="see the log, then try again"
            )
        return answer


def libpq_environment() -> dict[str, str]:
    """The environment without libpq's variables, which would lead psql to another server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C.UTF-8", "PGCONNECT_TIMEOUT": "10"}


def private_cluster(clone: Clone) -> Cluster:
    """The cluster of this clone."""
    return Cluster(place_postgres(clone), clone.log / "postgres.log", clone.local / "postgres")
