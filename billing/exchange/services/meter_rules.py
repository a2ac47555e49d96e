"""Meters, where they hang, and what is read from them."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from billing.exchange.services.rules import BATCH, Rules, Span
from billing.exchange.services.sheet import RowOutcome, RowRefused, SheetRow
from billing.models import (
    Meter,
    MeterInstallation,
    MeterMovement,
    MeterType,
    Reading,
    ServicePoint,
)
from billing.services.meters import refused_move
from billing.services.readings import ImportedReading, reason_among, require_fitting
from gis_core.database.scope import EVERYTHING, working_in
from gis_core.errors import ReportedError
from gis_core.sentences import Sentence, Word

_Kind = MeterMovement.Kind


def refuse_meter(serial: str) -> RowRefused:
    """Why a meter is not found: that it is another division's is not told."""
    return RowRefused("meter", Sentence(_("there is no meter {serial} here"), serial=serial))


class MeterRules(Rules):
    model = Meter
    identity = ("serial",)
    columns = {
        "model_name": "model",
        "digits": "digits",
        "multiplier": "multiplier",
        "division_id": "division",
    }
    defaults = {"digits": 5, "multiplier": Decimal(1), "division_id": None}

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "serial": row["meter"],
            "model_name": row["model"],
            "digits": row["digits"],
            "multiplier": row["multiplier"],
            "division_id": self.ground.division(row).pk if row["division"] is not None else None,
        }

    def stored_rows(self) -> Iterable[Any]:
        serials = {row.fields["serial"] for row in self.sheet.taken()}
        return self.ground.scoped(Meter.objects.filter(serial__in=serials))

    def check(self) -> None:
        new = {row.fields["serial"]: row for row in self.sheet.taken() if row.stored is None}
        for serial in serials_taken(new):
            new[serial].refuse("meter", Sentence(_("the number {serial} cannot be used"), serial=serial))
        for row in new.values():
            if row.fields.get("division_id") is None:
                row.fields["division_id"] = self.ground.own_division.pk
        recounted = {row for row in self.sheet.taken() if set(row.changes) & {"digits", "multiplier"}}
        meters = [row.stored.pk for row in recounted]
        read = set(
            Reading.objects.filter(installation__meter__in=meters).values_list(
                "installation__meter", flat=True
            )
        )
        for row in self.sheet.taken():
            if "division" in row.changes:
                row.refuse("division", Sentence(_("an import does not move a meter to another division")))
            elif row in recounted and row.stored.pk in read:
                row.refuse(
                    "digits", Sentence(_("the meter has readings: its digits stay, and its multiplier"))
                )


def serials_taken(serials: Iterable[str]) -> set[str]:
    """Which of the numbers a meter has, wherever it is: they are unique in the whole installation."""
    with working_in(EVERYTHING):
        return set(Meter.objects.filter(serial__in=list(serials)).values_list("serial", flat=True))


class InstallationRules(Rules):
    model = MeterInstallation
    identity = ("meter_id", "register", "service_point_id", "validity")
    columns = {"validity": "installed_on"}
    _end_column = "removed_on"

    def read(self) -> None:
        texts_in = self.ground.texts_in
        meters = self.ground.scoped(Meter.objects.filter(serial__in=texts_in("meter")))
        points = self.ground.scoped(ServicePoint.objects.filter(code__in=texts_in("service_point")))
        self._meters = dict(meters.values_list("serial", "pk"))
        self._points = dict(points.values_list("code", "pk"))
        super().read()

    def understand(self, row: SheetRow) -> None:
        if row["meter"] not in self._meters:
            raise refuse_meter(row["meter"])
        if row["service_point"] not in self._points:
            raise RowRefused(
                "service_point",
                Sentence(_("there is no service point {code} here"), code=row["service_point"]),
            )
        # The day of removal is the first without it; its last index is read then.
        if row["removed_on"] is not None and row["removed_on"] <= row["installed_on"]:
            raise RowRefused(
                "removed_on",
                Sentence(
                    _("{last} does not lie after {first}"), last=row["removed_on"], first=row["installed_on"]
                ),
            )
        row.fields = {
            "meter_id": self._meters[row["meter"]],
            "register": row["register"] or "",
            "service_point_id": self._points[row["service_point"]],
            "validity": DateRange(row["installed_on"], row["removed_on"]),
        }

    def stored_rows(self) -> Iterable[Any]:
        meters = {row.fields["meter_id"] for row in self.sheet.taken()}
        points = {row.fields["service_point_id"] for row in self.sheet.taken()}
        # A meter may have hung where the bringer does not look: it hangs in one place all the same.
        with working_in(EVERYTHING):
            of_meters = list(MeterInstallation.objects.filter(meter__in=meters))
            of_points = list(MeterInstallation.objects.filter(service_point__in=points))
        return {one.pk: one for one in [*of_meters, *of_points]}.values()

    def check(self) -> None:
        self.refuse_overlaps(("meter_id",), "installed_on", apart=_are_registers_of_a_point)
        self.refuse_overlaps(("service_point_id",), "installed_on", apart=_are_of_a_meter)
        changed = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CHANGED]
        last = dict(
            Reading.objects.filter(installation__in=[row.stored.pk for row in changed])
            .order_by()
            .values("installation")
            .annotate(last=Max("read_on"))
            .values_list("installation", "last")
        )
        for row in changed:
            removed_on, read_on = row.fields["validity"].upper, last.get(row.stored.pk)
            if removed_on is not None and read_on is not None and read_on > removed_on:
                row.refuse("removed_on", Sentence(_("it was read there on {day}"), day=read_on))
        self._refuse_written_off()

    def _refuse_written_off(self) -> None:
        said = [row for row in self.sheet.taken() if row.outcome != RowOutcome.UNCHANGED]
        gone = dict(
            MeterMovement.objects.filter(
                meter__in={row.fields["meter_id"] for row in said},
                kind=_Kind.WRITTEN_OFF,
                taken_back_at=None,
            ).values_list("meter_id", "happened_on")
        )
        for row in said:
            day, last = gone.get(row.fields["meter_id"]), row.fields["validity"].upper
            if day is not None and (last is None or last > day):
                row.refuse("meter", Sentence(_("the meter was written off on {day}"), day=day))

    def write(self) -> None:
        # What else was done with meters on these days: the database looks at it once, for all of them.
        try:
            with transaction.atomic():
                super().write()
        except IntegrityError as error:
            raise refused_move(error, "meter") or error from error


def _are_registers_of_a_point(one: Span, other: Span) -> bool:
    is_same_point = one.value_of("service_point_id") == other.value_of("service_point_id")
    return is_same_point and one.value_of("register") != other.value_of("register")


def _are_of_a_meter(one: Span, other: Span) -> bool:
    return bool(one.value_of("meter_id") == other.value_of("meter_id"))


class MeterTypeRules(Rules):
    model = MeterType
    identity = ("name",)
    columns = {"digits": "digits", "verification_months": "verification_months"}
    defaults = {"digits": 5}

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "name": row["model"],
            "digits": row["digits"],
            "verification_months": row["verification_months"],
        }

    def stored_rows(self) -> Iterable[Any]:
        return MeterType.objects.all()


class MeterMovementRules(Rules):
    """Movements are only added: one that is there is left as it is, and one that says otherwise is refused."""

    model = MeterMovement
    identity = ("meter_id", "kind", "happened_on")
    columns = {
        "holder": "holder",
        "is_fit": "is_fit",
        "valid_until": "valid_until",
        "document": "document",
    }

    def read(self) -> None:
        meters = self.ground.scoped(Meter.objects.filter(serial__in=self.ground.texts_in("meter")))
        self._meters = {
            serial: (pk, division) for serial, pk, division in meters.values_list("serial", "pk", "division")
        }
        super().read()

    def understand(self, row: SheetRow) -> None:
        if row["meter"] not in self._meters:
            raise refuse_meter(row["meter"])
        kind = row["kind"]
        if (kind == _Kind.ISSUED) != bool(row["holder"]):
            raise RowRefused("holder", Sentence(_("is needed where a meter is issued, and only there")))
        if (kind == _Kind.VERIFIED) != (row["is_fit"] is not None):
            raise RowRefused("is_fit", Sentence(_("is needed where a meter is verified, and only there")))
        if kind == _Kind.WRITTEN_OFF and not row["document"]:
            raise RowRefused("document", Sentence(_("say why it is written off")))
        if row["happened_on"] > timezone.localdate():
            raise RowRefused("happened_on", Sentence(_("{day} lies ahead"), day=row["happened_on"]))
        if row["valid_until"] is not None and not (row["is_fit"] and row["valid_until"] > row["happened_on"]):
            raise RowRefused("valid_until", Sentence(_("lies after a verification that found the meter fit")))
        meter, division = self._meters[row["meter"]]
        row.fields = {
            "meter_id": meter,
            "division_id": division,
            "kind": kind,
            "happened_on": row["happened_on"],
            "holder": row["holder"] or "",
            "is_fit": row["is_fit"],
            "valid_until": row["valid_until"],
            "document": row["document"] or "",
        }

    def stored_rows(self) -> Iterable[Any]:
        meters = {row.fields["meter_id"] for row in self.sheet.taken()}
        return MeterMovement.objects.filter(meter__in=meters, taken_back_at=None)

    def check(self) -> None:
        for row in self.sheet.taken():
            if row.changes:
                row.refuse(sorted(row.changes)[0], Sentence(_("movements stay as they were entered")))

    def write(self) -> None:
        new = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CREATED]
        # In the order of the days: what follows on what is looked at once, for all of them.
        rows = [
            MeterMovement(**row.fields, made_by=self.ground.user)
            for row in sorted(new, key=lambda row: row.fields["happened_on"])
        ]
        try:
            with transaction.atomic():
                MeterMovement.objects.bulk_create(rows)
        except IntegrityError as error:
            raise refused_move(error, "meter") or error from error


class ReadingRules(Rules):
    """Readings are judged as those that are entered by hand; what is implausible is kept and waits."""

    model = Reading
    identity = ("installation_id", "read_on")
    columns = {}

    def read(self) -> None:
        hanging = MeterInstallation.objects.select_for_update(of=("self",)).select_related(
            "meter", "service_point"
        )
        rows = hanging.filter(meter__serial__in=self.ground.texts_in("meter")).order_by("pk")
        self._hanging: dict[tuple[str, str], list[MeterInstallation]] = defaultdict(list)
        self._installations = {}
        for one in self.ground.scoped(rows, "service_point__division"):
            self._hanging[one.meter.serial, one.register].append(one)
            self._installations[one.pk] = one
        super().read()

    def understand(self, row: SheetRow) -> None:
        installation = self._installation(row)
        try:
            require_fitting(installation, row["read_on"], row["index_m3"])
        except ReportedError as error:
            column = "read_on" if error.code == "day" else "index_m3"
            raise RowRefused(column, error.message) from error  # type: ignore[arg-type]
        row.fields = {
            "installation_id": installation.pk,
            "division_id": installation.service_point.division_id,
            "read_on": row["read_on"],
            "index_m3": row["index_m3"],
            "source": Reading.Source.IMPORT,
        }

    def _installation(self, row: SheetRow) -> MeterInstallation:
        there = self._hanging[row["meter"], row["register"] or ""]
        if row["service_point"] is not None:
            there = [one for one in there if one.service_point.code == row["service_point"]]
        if not there:
            raise refuse_meter(row["meter"])
        day = row["read_on"]
        # On the day of an exchange a meter may be read at two points: it counts for where it hangs from then on.
        found = [one for one in there if _hung(one, day)] or [
            one for one in there if one.validity.upper == day
        ]
        if not found:
            raise RowRefused("read_on", Sentence(_("The meter was not installed on {read_on}."), read_on=day))
        return found[0]

    def stored_rows(self) -> Iterable[Any]:
        ids = {row.fields["installation_id"] for row in self.sheet.taken()}
        return Reading.objects.filter(installation__in=ids)

    def _match(self) -> None:
        """A reading that was entered once, whatever was decided about it, is not entered again."""
        alike = {(one.installation_id, one.read_on, one.index_m3): one for one in self.candidates}
        for row in self.sheet.taken():
            row.stored = alike.get((row.fields["installation_id"], row["read_on"], row["index_m3"]))

    def _compare(self, row: SheetRow) -> None:
        row.outcome = RowOutcome.CREATED if row.stored is None else RowOutcome.UNCHANGED
        if row.stored is not None and row.stored.state != Reading.State.ACCEPTED:
            row.note = Sentence(
                _("was entered before: {state}"), state=Word(Reading.State(row.stored.state).label)
            )

    def check(self) -> None:
        known: dict[int, dict[date, Decimal]] = defaultdict(dict)
        for one in self.candidates:
            if one.state == Reading.State.ACCEPTED:
                known[one.installation_id][one.read_on] = one.index_m3
        new = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CREATED]
        for row in sorted(new, key=lambda row: (row.fields["installation_id"], row["read_on"])):
            pk = row.fields["installation_id"]
            reason = reason_among(
                self._installations[pk], known[pk], ImportedReading(pk, row["read_on"], row["index_m3"])
            )
            row.fields["state"] = Reading.State.QUEUED if reason else Reading.State.ACCEPTED
            row.fields["queue_reason"] = reason
            if reason:
                row.note = Sentence(_("waits for a decision: {reason}"), reason=Word(reason))
            else:
                known[pk][row["read_on"]] = row["index_m3"]

    def write(self) -> None:
        new = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CREATED]
        Reading.objects.bulk_create([Reading(**row.fields) for row in new], batch_size=BATCH)


def _hung(installation: MeterInstallation, day: date) -> bool:
    validity = installation.validity
    return bool(validity.lower <= day and (validity.upper is None or day < validity.upper))
