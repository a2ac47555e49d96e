"""Ports, restarts, and telling our servers from others with the same process number."""

import fcntl
import os
import socket
import subprocess
import sys

import pytest


def test_a_port_is_in_use_while_somebody_listens(local_stack):
    processes = local_stack("processes")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        port = listener.getsockname()[1]
        assert not processes.port_is_free(port)
        with pytest.raises(local_stack("console").StepError, match=f"port {port} is in use") as caught:
            processes.require_free_port(port)
        assert f"PORT={port + 1}" in caught.value.remedy
    assert processes.port_is_free(port)


@pytest.mark.parametrize(("text", "port"), [(None, 8000), ("", 8000), ("1", 1), ("65535", 65535)])
def test_a_port_is_read(local_stack, text, port):
    assert local_stack("processes").parse_port(text) == port


@pytest.mark.parametrize("text", ["0", "65536", "-1", "80x", "8 0", "٨٠", "²"])
def test_what_is_no_port_is_refused(local_stack, text):
    with pytest.raises(local_stack("console").StepError, match="not a port"):
        local_stack("processes").parse_port(text)


def test_restarts_come_slower_and_old_deaths_are_forgotten(local_stack, clone):
    processes = local_stack("processes")
    assert [processes.back_off_seconds(deaths) for deaths in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert processes.back_off_seconds(50) == processes.LONGEST_BACK_OFF_SECONDS
    child = processes.Child("web", ["true"], clone.log / "web.log")
    assert [child.record_death(moment) for moment in (0.0, 1.0, 2.0)] == [1, 2, 3]
    assert child.record_death(2.0 + processes.DEATH_WINDOW_SECONDS) == 1


def test_a_child_that_keeps_dying_is_given_up_and_named(local_stack, clone):
    processes, console = local_stack("processes"), local_stack("console")
    child = processes.Child("worker", [sys.executable, "-c", "raise SystemExit(3)"], clone.log / "worker.log")
    supervisor = processes.Supervisor(clone, 1, [child], lambda: None)

    def watch_until_given_up() -> None:
        for _ in range(100):
            child.restart_at = 0.0
            if child.process is not None:
                child.process.wait()
            supervisor.watch_children()

    with pytest.raises(console.StepError, match=r"worker ended 3 times .*exit code 3") as caught:
        watch_until_given_up()
    assert caught.value.log == child.log


def test_a_stale_process_number_is_not_taken_for_the_server(local_stack, clone):
    """After kill -9 the number in the file may belong to any program, such as this one."""
    redis_server = local_stack("redis_server")
    server = redis_server.private_redis(clone)
    server.pid_file.write_text(str(os.getpid()))
    assert server.process_id() is None
    placement = local_stack("placement")
    user = placement.OperatingUser(None, os.geteuid(), frozenset())
    place = placement.PostgresPlacement(clone.local / "postgres", clone.local / "socket", user)
    cluster = local_stack("postgres_cluster").Cluster(place, clone.log / "postgres.log")
    cluster.data.mkdir(parents=True)
    (cluster.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    assert cluster.postmaster() is None
    # A program that works in the data directory is what a server looks like.
    with subprocess.Popen(["sleep", "60"], cwd=cluster.data) as sleeper:
        (cluster.data / "postmaster.pid").write_text(f"{sleeper.pid}\n")
        assert cluster.postmaster() == sleeper.pid
        sleeper.kill()


def test_shared_buffers_follow_the_machine(local_stack):
    gigabyte = 1024**3
    buffers_mb = local_stack("postgres_cluster").buffers_mb
    assert [buffers_mb(size * gigabyte) for size in (1, 4, 24, 256)] == [512, 512, 3072, 4096]


def test_a_lock_is_refused_while_another_process_holds_it(local_stack, clone):
    locks, console = local_stack("locks"), local_stack("console")
    path = locks.lock_path(clone, locks.RUN)
    code = f"import fcntl; f = open({str(path)!r}, 'w'); fcntl.flock(f, fcntl.LOCK_EX);"
    code += " print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "1\n"
        with (
            pytest.raises(console.StepError, match=f"already active .process {holder.pid}."),
            locks.held(clone, locks.RUN, refusal="already active"),
        ):
            pytest.fail("the lock was given twice")
        holder.kill()
    with locks.held(clone, locks.RUN, refusal="already active"):
        pass


def test_the_servers_are_stopped_only_by_their_last_user(local_stack, clone):
    locks = local_stack("locks")
    with locks.using_servers(clone) as ours:
        other = os.open(locks.lock_path(clone, locks.SERVERS), os.O_RDWR)
        fcntl.flock(other, fcntl.LOCK_SH)
        assert not locks.try_lock(ours)
        os.close(other)
        assert locks.try_lock(ours)


def test_the_kernels_list_of_locks_is_read(local_stack):
    lines = [
        "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF",
        "1: -> FLOCK  ADVISORY  WRITE 99 08:01:5678 0 EOF",
        "2: POSIX  ADVISORY  READ 77 08:01:5678 0 EOF",
        "3: FLOCK  ADVISORY  READ 55 08:01:15678 0 EOF",
        "4: FLOCK  ADVISORY  READ 56 08:01:5678 0 EOF",
    ]
    assert local_stack("locks").parse_holders(lines, 5678) == [1234, 56]


def test_a_step_that_outlives_us_keeps_the_next_set_up_waiting(local_stack, clone):
    """kill -9 of the set-up leaves its present program running; its lock has to stay with that program."""
    locks, commands = local_stack("locks"), local_stack("commands")
    code = "import os, sys; [os.fstat(int(word)) for word in sys.argv[1:]]; sys.exit(len(sys.argv) != 2)"
    with locks.setting_up(clone):
        numbers = [str(descriptor) for descriptor in commands.step_locks]
        commands.run_logged(clone, "step", [sys.executable, "-c", code, *numbers], failure="not inherited")
    assert not commands.step_locks
