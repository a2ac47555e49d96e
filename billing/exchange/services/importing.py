"""Registers from files: every row is read, judged and reported on; then all is written, or nothing."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

from billing.exchange.selectors.kinds import RegisterKind
from billing.exchange.selectors.registers import may_import
from billing.exchange.services.account_rules import (
    AbsenceRules,
    AccountValueRules,
    BenefitRules,
    ContractServiceRules,
    GivenQuantityRules,
    QualityActRules,
    ResidentsRules,
    SubsidyRules,
)
from billing.exchange.services.ground import Ground
from billing.exchange.services.meter_rules import (
    InstallationRules,
    MeterMovementRules,
    MeterRules,
    MeterTypeRules,
    ReadingRules,
)
from billing.exchange.services.price_rules import (
    PenaltyTermsRules,
    ServiceValueRules,
    StreetRules,
    SuppliedServiceRules,
    TariffRules,
)
from billing.exchange.services.rules import Rules
from billing.exchange.services.sheet import RowOutcome, Sheet, SheetRow, sheet_of
from billing.exchange.services.subscriber_rules import SubscriberRules
from billing.models import SuppliedService
from gis_core.access import NotVisible
from gis_core.database.constraints import check_constraints_now
from gis_core.database.locks import AdvisoryLock, hold
from gis_core.database.refusals import saying_refusals
from gis_core.models import Division, User
from gis_core.sentences import COUNT, Sentence
from gis_core.services.audit import record_change
from gis_core.table_reading import read_table

MOST_ROWS = 200_000
# Of the protocol that is kept beside the counts; whoever imports gets all of it.
_MOST_KEPT = 1_000

RULES: dict[str, type[Rules]] = {
    "subscribers": SubscriberRules,
    "meters": MeterRules,
    "installations": InstallationRules,
    "readings": ReadingRules,
    "residents": ResidentsRules,
    "account_values": AccountValueRules,
    "benefits": BenefitRules,
    "absences": AbsenceRules,
    "subsidies": SubsidyRules,
    "quality_acts": QualityActRules,
    "given_quantities": GivenQuantityRules,
    "contract_services": ContractServiceRules,
    "tariffs": TariffRules,
    "service_values": ServiceValueRules,
    "penalty_terms": PenaltyTermsRules,
    "meter_types": MeterTypeRules,
    "meter_movements": MeterMovementRules,
    "services": SuppliedServiceRules,
    "streets": StreetRules,
}


@dataclass
class ImportReport:
    """The protocol of an import: what became of each row. `is_written` is False for a trial, and for a refused file."""

    kind: RegisterKind
    file: str
    sha256: str
    enterprise: str | None
    is_trial: bool
    skips_refused: bool
    encoding: str
    sheet: Sheet
    is_written: bool = False
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return self.sheet.counts()

    @property
    def summary(self) -> Sentence:
        """What happened, in one sentence."""
        refused = self.counts[RowOutcome.REFUSED]
        if self.is_written:
            return Sentence(_("The file was imported."))
        if refused and not self.skips_refused:
            return Sentence(
                ngettext_lazy(
                    "{count} row is refused; nothing is written.",
                    "{count} rows are refused; nothing is written.",
                    COUNT,
                ),
                count=refused,
            )
        if self.is_trial and self.counts[RowOutcome.CREATED] + self.counts[RowOutcome.CHANGED]:
            return Sentence(_("A trial: nothing was written. The import would do what stands here."))
        return Sentence(_("The file says nothing new; nothing was written."))

    def as_dict(self) -> dict[str, Any]:
        """Texts are sentences that the reader's language can be put on."""
        return {
            "kind": self.kind.name,
            "file": self.file,
            "sha256": self.sha256,
            "enterprise": self.enterprise,
            "encoding": self.encoding,
            "dry_run": self.is_trial,
            "skip_refused": self.skips_refused,
            "written": self.is_written,
            "rows": len(self.sheet.rows),
            "counts": self.counts,
            "message": self.summary,
            "warnings": self.sheet.warnings,
            "lines": self.lines,
        }


def import_register(
    *,
    kind: RegisterKind,
    data: bytes,
    file: str,
    enterprise: str,
    is_trial: bool,
    skips_refused: bool,
    acting_user: User | None,
    most_rows: int = MOST_ROWS,
) -> ImportReport:
    """Bring a register in from a file of CSV or XLSX; a trial does the same and takes all of it back.

    A file with a refused row changes nothing, unless `skips_refused`. Rows that say what is stored are left alone.
    Raises NotVisible where the register is not the user's to bring, ReportedError where the file is not one of it, or
    the database refuses what the rows say together.
    """
    if acting_user is not None and not may_import(acting_user, kind):
        raise NotVisible("the register is not the user's to bring")
    table = read_table(data, file, most_rows=most_rows)
    sheet = sheet_of(kind, table, file)
    report = ImportReport(
        kind,
        file,
        hashlib.sha256(data).hexdigest(),
        None,
        is_trial,
        skips_refused,
        table.encoding,
        sheet,
    )
    with saying_refusals({}):
        ground = Ground(kind, sheet.rows, enterprise, acting_user)
        report.enterprise = ground.enterprise.code if kind.is_of_enterprise else None
        # Of two files at once, the second is compared with what the first one has written.
        hold(AdvisoryLock.REGISTER_IMPORT, report.enterprise or "")
        rules = RULES[kind.name](sheet, ground)
        rules.read()
        counts = sheet.counts()
        may_write = skips_refused or not counts[RowOutcome.REFUSED]
        report.lines = [line for row in sheet.rows for line in _lines_of(row, kind)]
        if may_write and counts[RowOutcome.CREATED] + counts[RowOutcome.CHANGED]:
            _write(rules, report, ground, acting_user)
    return report


def _write(rules: Rules, report: ImportReport, ground: Ground, acting_user: User | None) -> None:
    """Write the rows; for a trial in a savepoint that is rolled back, so that the database judges the same."""
    try:
        with saying_refusals({}):
            rules.write()
            if report.is_trial:
                check_constraints_now()
                raise _TrialDone
            report.is_written = True
            _keep_protocol(report, ground, acting_user)
    except _TrialDone:
        pass


class _TrialDone(Exception):
    """A trial has seen what it wanted to see."""


def _keep_protocol(report: ImportReport, ground: Ground, acting_user: User | None) -> None:
    division: Division | None = None
    if report.kind.is_of_enterprise:
        division = ground.enterprise.division
    elif not report.kind.is_everybodys:
        division = ground.own_division
    record_change(
        acting_user=acting_user,
        action="import register",
        subject=ground.enterprise if report.kind.is_of_enterprise else SuppliedService(),
        subject_id=f"{report.kind.name} {report.enterprise or ''}".strip(),
        division=division,
        new_values={
            "register": report.kind.name,
            "file": report.file,
            "sha256": report.sha256,
            "counts": report.counts,
            "skip_refused": report.skips_refused,
            "lines": [
                {name: value if isinstance(value, int | dict) else str(value) for name, value in line.items()}
                for line in report.lines[:_MOST_KEPT]
            ],
        },
    )


def _lines_of(row: SheetRow, kind: RegisterKind) -> list[dict[str, Any]]:
    """The lines of the protocol of one row: none of one that is unchanged and of which nothing is to be said."""
    named = " ".join(str(row[column]) for column in kind.key if row[column] is not None)[:200]
    line: dict[str, Any] = {"row": row.number, "outcome": row.outcome.value, "key": named}
    if row.refusals:
        return [{**line, "column": column, "reason": reason} for column, reason in row.refusals]
    note = {"column": "", "reason": row.note or ""}
    if row.outcome == RowOutcome.CHANGED:
        changes = {name: list(pair) for name, pair in row.changes.items()}
        return [{**line, **note, "changes": changes}]
    return [{**line, **note}] if row.note or row.outcome == RowOutcome.CREATED else []
