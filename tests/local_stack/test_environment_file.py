"""The file that carries the private servers' addresses to the settings."""

import stat
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest


def test_an_update_keeps_other_values_and_the_secret(local_stack, clone):
    environment_file = local_stack("environment_file")
    path = clone.environment_file
    first = environment_file.update(path, {"DATABASE_URL": "a", "CELERY_BROKER_URL": "b"})
    second = environment_file.update(path, {"DATABASE_URL": "c=d"})
    assert second == {**first, "DATABASE_URL": "c=d"}
    assert environment_file.read(path) == second
    assert len(first["TARMOQ_SECRET_KEY"]) >= 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in clone.local.iterdir() if item.name.startswith("environment")] == [
        "environment"
    ]


def test_two_clones_have_different_secrets(local_stack, tmp_path):
    environment_file = local_stack("environment_file")
    secrets = {environment_file.update(tmp_path / name, {})["TARMOQ_SECRET_KEY"] for name in ("a", "b")}
    assert len(secrets) == 2


def test_comments_blank_lines_and_lines_without_a_value_are_passed_over(local_stack, tmp_path):
    environment_file = local_stack("environment_file")
    assert environment_file.parse("# A=1\n\n B = 2 \nnonsense\nC=x=y\n") == {"B": "2", "C": "x=y"}
    assert environment_file.read(tmp_path / "missing") == {}


@pytest.mark.parametrize("directory", ["/work/a", "/home/a b/ў&c?d#e%f"])
def test_the_addresses_carry_any_path(local_stack, directory):
    environment_file = local_stack("environment_file")
    database = urlsplit(environment_file.database_url(Path(directory), 5432, user="tarmoq"))
    assert (database.scheme, database.username, database.path) == ("postgis", "tarmoq", "/tarmoq")
    assert parse_qs(database.query) == {"host": [directory], "port": ["5432"]}
    broker = urlsplit(environment_file.broker_url(Path(directory) / "redis.sock"))
    assert (broker.scheme, unquote(broker.path)) == ("redis+socket", f"{directory}/redis.sock")


def test_messages_and_command_lines_carry_no_password(local_stack):
    external_servers = local_stack("external_servers")
    address = "postgis://user:p%40ss@host:5433/name?sslmode=require"
    assert "p%40ss" not in external_servers.without_password(address)
    bare, password = external_servers.split_password(external_servers.libpq_address(address))
    assert (bare, password) == ("postgresql://user@host:5433/name?sslmode=require", "p@ss")


def test_an_address_of_another_database_is_refused(local_stack):
    with pytest.raises(local_stack("console").StepError, match="not a PostGIS address"):
        local_stack("external_servers").libpq_address("mysql://host/name")
