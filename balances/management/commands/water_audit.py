"""`manage.py water_audit FILE.csv` or `--zone Z --period YYYY`: water balances of audits, with UARL and ILI."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext_noop as _

from balances.audit.audit_files import audits_of_file
from balances.audit.selectors.zone_audits import AuditAssumptions, ZoneAudit, pressure_loggers, zone_audit
from balances.audit.water_balance import UARL_FORMS, water_balance
from balances.management.options import period_argument
from balances.selectors.zones_by_code import zone_by_code
from gis_core.commands import ReportingCommand
from gis_core.errors import ReportedError
from gis_core.selectors.organisation import user_by_name
from gis_core.sentences import Sentence
from sensors.series.services.roll_ups import refresh_roll_ups

_MOST_BYTES = 200_000_000
_STATED = (
    "unauthorized_percent",
    "data_handling_percent",
    "customer_meter_error_percent",
    "average_pressure_m",
    "hours_per_day",
)


class Command(ReportingCommand):
    help = "Water balances (IWA, AWWA M36) of a file of audits, or of a zone and year from the system's own data."

    def add_options(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", type=Path, help="CSV or XLSX, a row an audit")
        parser.add_argument("--zone", help="code of a zone")
        parser.add_argument("--network", help="its network, where several have such a zone")
        parser.add_argument("--period", type=period_argument, help="with --zone: YYYY or YYYY-MM")
        parser.add_argument("--uarl-form", choices=UARL_FORMS, help="with --zone; iwa if absent")
        for name in _STATED:
            parser.add_argument(f"--{name.replace('_', '-')}", type=float, help="with --zone: assumed")
        parser.add_argument("--user", help="with --zone: whose view; all if absent")

    def report(self, **options: Any) -> dict[str, Any]:
        path, code, period = options["file"], options["zone"], options["period"]
        stated = {name: options[name] for name in (*_STATED, "uarl_form") if options[name] is not None}
        if (path is None) == (code is None) or (code is None) != (period is None):
            raise CommandError("give a FILE, or --zone and --period", returncode=2)
        if code is None:
            if stated or options["network"]:
                raise CommandError("assumptions go with --zone; a file states its own figures", returncode=2)
            return {
                "audits": [asdict(water_balance(given)) for given in audits_of_file(_read(path), path.name)]
            }
        assumptions = AuditAssumptions(**stated)
        _check(assumptions)
        zone = zone_by_code(code, options["network"], viewer=user_by_name(options["user"]))
        refresh_roll_ups(streams=pressure_loggers(zone.network))
        return {"audits": [zone_document(zone_audit(zone, period, assumptions))]}

    def describe(self, result: dict[str, Any]) -> str:
        return "\n".join(map(_line, result["audits"]))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ReportedError(Sentence(_("{file} is too large."), file=path.name), code="too_large")
        return path.read_bytes()
    except OSError as error:
        raise ReportedError(
            Sentence(_("{file} cannot be read: {reason}."), file=str(path), reason=error.strerror or "error"),
            code="unreadable_file",
        ) from error


def _check(assumptions: AuditAssumptions) -> None:
    percents = (
        assumptions.unauthorized_percent,
        assumptions.data_handling_percent,
        assumptions.customer_meter_error_percent,
    )
    if not all(-50 <= percent <= 50 for percent in percents):
        raise CommandError("percentages lie between -50 and 50", returncode=2)
    if assumptions.average_pressure_m is not None and not 0 < assumptions.average_pressure_m < 1000:
        raise CommandError("the average pressure is in metres, above 0", returncode=2)


def zone_document(audit: ZoneAudit) -> dict[str, Any]:
    """The audit's answer with what it stands on; volumes in m3."""
    given = audit.given
    return {
        **asdict(audit.result),
        "zone_code": audit.zone.code,
        "network": audit.zone.network.code,
        "period_start": audit.period.since.isoformat(),
        "period_end": audit.period.until.isoformat(),
        "months": audit.months,
        "sufficient_months": audit.sufficient_months,
        "volume_unit": given.volume_unit,
        "volumes": {name: None if value is None else str(value) for name, value in given.volumes.items()},
        "mains_km": given.mains_length,
        "connections": given.connections,
        "pressure_m": given.average_pressure,
        "assumptions": asdict(audit.assumptions),
    }


def _line(audit: dict[str, Any]) -> str:
    names = ("authorized", "apparent_losses", "real_losses", "nrw", "nrw_percent", "uarl", "ili")
    figures = ", ".join(
        f"{name} {'-' if audit[name] is None else format(audit[name], '.6g')}" for name in names
    )
    return f"{audit['audit_id']}: {figures} {' '.join(audit['flags'])}".rstrip()
