"""`manage.py poll`: values from Modbus TCP devices and OPC UA servers, until it is stopped."""

import asyncio
import signal
import sys
from typing import Any

from django.core.management.base import CommandParser

from gis_core.commands import ReportingCommand
from sensors.feeds.services.polling import PollingWorker, supervise


class Command(ReportingCommand):
    help = (
        "Poll the active Modbus and OPC UA sources (docs/feeds.md), each at its interval. The work is "
        "done by a process of "
        "its own, which is started again when it dies. Runs until SIGTERM or Ctrl-C."
    )

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("--source", action="append", default=[], help="code of a source; all when absent")
        parser.add_argument("--worker", action="store_true", help="do the work in this process, unsupervised")
        parser.add_argument("--restarted", action="store_true", help="the worker before this one died")

    def report(self, **options: Any) -> dict[str, Any]:
        if options["worker"]:
            worker = PollingWorker(codes=options["source"], is_restart=options["restarted"])
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda _number, _frame: worker.stop())
            asyncio.run(worker.run())
            return {"restarts": 0}
        stopping = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _frame: stopping.append(number))
        command = [sys.executable, sys.argv[0], "poll", "--worker"]
        for code in options["source"]:
            command += ["--source", code]
        return {"restarts": supervise(command, lambda: bool(stopping))}
