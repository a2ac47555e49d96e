"""The database and the brokers together: private ones that we start, or others that were named to us."""

from __future__ import annotations

import os
from dataclasses import dataclass

import backups
import environment_file
import external_servers
from clone import Clone
from console import say
from mosquitto_server import DEMONSTRATION, DEMONSTRATION_URL, PRODUCT, private_mosquitto
from placement import POSTGRES_PORT
from postgres_cluster import APPLICATION_ROLE, ROLE, private_cluster
from redis_server import private_redis


@dataclass
class Started:
    """Which private servers this call started; those that were up before are left up afterwards."""

    postgres: bool = False
    redis: bool = False
    mosquitto: bool = False

    @property
    def any(self) -> bool:
        return self.postgres or self.redis or self.mosquitto


def uses_private_database() -> bool:
    return not os.environ.get("DATABASE_URL")


def uses_private_broker() -> bool:
    return not os.environ.get("CELERY_BROKER_URL")


def uses_private_mqtt() -> bool:
    return not os.environ.get("MQTT_URL")


def start(clone: Clone, *, started: Started | None = None) -> Started:
    """Start what is private and not running, check what is not ours, and write `.local/environment`.

    `started` is filled as the servers come up, so that a caller that is interrupted knows what to stop.
    """
    clone.make_directories()
    started = started if started is not None else Started()
    values: dict[str, str] = {}
    if uses_private_database():
        cluster = private_cluster(clone)
        cluster.create()
        started.postgres = not cluster.answers()
        cluster.start()
        cluster.prepare()
        for name, user in (("DATABASE_URL", APPLICATION_ROLE), ("DATABASE_MIGRATION_URL", ROLE)):
            values[name] = environment_file.database_url(cluster.socket_directory, POSTGRES_PORT, user=user)
        values |= backups.write_configuration(clone, cluster)
    else:
        external_servers.check_database(external_servers.migrating_address())
        if external_servers.migrating_address() != os.environ["DATABASE_URL"]:
            external_servers.check_database(os.environ["DATABASE_URL"])
    if uses_private_broker():
        redis = private_redis(clone)
        started.redis = not redis.answers()
        redis.start()
        values["CELERY_BROKER_URL"] = environment_file.broker_url(redis.socket_path)
    else:
        external_servers.check_broker(os.environ["CELERY_BROKER_URL"])
    if uses_private_mqtt():
        mosquitto = private_mosquitto(clone)
        if mosquitto.lets_everybody_in():
            mosquitto.stop()
        started.mosquitto = not mosquitto.answers()
        mosquitto.start()
        values["MQTT_URL"] = mosquitto.url_of(PRODUCT)
        values[DEMONSTRATION_URL] = mosquitto.url_of(DEMONSTRATION)
    else:
        external_servers.check_mqtt(os.environ["MQTT_URL"])
    environment_file.update(clone.environment_file, values)
    return started


def all_running(clone: Clone) -> bool:
    """Whether every private server that this clone needs has its process (cheap enough for every second)."""
    if uses_private_database() and private_cluster(clone).postmaster() is None:
        return False
    if uses_private_mqtt() and private_mosquitto(clone).process_id() is None:
        return False
    return not uses_private_broker() or private_redis(clone).process_id() is not None


def stop(clone: Clone, *, only: Started | None = None) -> bool:
    """Stop the private servers (all, or those in `only`); whether any had been running."""
    stopped = False
    if (only is None or only.redis) and clone.run.is_dir():
        stopped = private_redis(clone).stop() or stopped
    if (only is None or only.mosquitto) and clone.run.is_dir():
        stopped = private_mosquitto(clone).stop() or stopped
    if (only is None or only.postgres) and (clone.local / "postgres" / "data").exists():
        stopped = private_cluster(clone).stop() or stopped
    return stopped


def describe(clone: Clone) -> None:
    """Say in a line each what the application will use."""
    values = {**environment_file.read(clone.environment_file), **os.environ}
    for title, name, private in (
        ("database", "DATABASE_URL", uses_private_database()),
        ("broker  ", "CELERY_BROKER_URL", uses_private_broker()),
        ("MQTT    ", "MQTT_URL", uses_private_mqtt()),
    ):
        origin = "private, in .local" if private else f"from {name} in the environment"
        say(f"  {title}  {external_servers.without_password(values.get(name, ''))}  ({origin})")
