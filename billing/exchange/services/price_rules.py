"""Prices, norms, the nomenclature and streets."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext_noop as _

from billing.exchange.services.rules import Rules
from billing.exchange.services.sheet import RowOutcome, RowRefused, SheetRow
from billing.models import InvoiceLine, PenaltyTerms, ServiceValue, SuppliedService, Tariff
from gis_core.models import Street
from gis_core.sentences import Sentence

_Basis = SuppliedService.Basis
_CONSUMED = (_Basis.METER, _Basis.NORM, _Basis.SHARE)
_Form = Tariff.Form


class _OfEnterprise(Rules):
    """Rows of an enterprise, or of a division of it."""

    def division_of(self, row: SheetRow) -> int | None:
        """The division's key; None for the whole enterprise, which only who works in all of it may change."""
        if row["division"] is not None:
            division = self.ground.division(row)
            return None if division.pk == self.ground.enterprise.division_id else division.pk
        if self.ground.own_division.pk != self.ground.enterprise.division_id:
            raise RowRefused("division", Sentence(_("name your division: the whole enterprise is not yours")))
        return None

    def stored_rows(self) -> Iterable[Any]:
        return self.model._default_manager.filter(enterprise=self.ground.enterprise)


class TariffRules(_OfEnterprise):
    model = Tariff
    identity = ("division_id", "service", "subscriber_class", "validity")
    columns = {
        "validity": "first_day",
        "form": "form",
        "price_per_m3": "price",
        "part_names": "part_names",
        "part_prices": "part_prices",
        "block_limits": "block_limits",
        "per_resident": "per_resident",
        "vat_included": "vat_included",
    }
    defaults = {"form": _Form.PRICE.value, "per_resident": False, "vat_included": False}

    def understand(self, row: SheetRow) -> None:
        service = self.ground.service(row)
        form = row["form"] or _Form.PRICE.value
        _require_form(row, form, service)
        row.fields = {
            "enterprise_id": self.ground.enterprise.pk,
            "division_id": self.division_of(row),
            "service": service.pk,
            "subscriber_class": row["subscriber_class"],
            "validity": self.validity(row),
            "form": form,
            "price_per_m3": row["price"],
            "part_names": list(row["part_names"] or ()),
            "part_prices": list(row["part_prices"] or ()),
            "block_limits": list(row["block_limits"] or ()),
            "per_resident": row["per_resident"],
            "vat_included": row["vat_included"],
        }

    def check(self) -> None:
        self.refuse_overlaps(("division_id", "service", "subscriber_class"))
        changed = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CHANGED]
        repriced = [row for row in changed if set(row.changes) - {"first_day"}]
        billed = set(
            InvoiceLine.objects.filter(tariff__in=[row.stored.pk for row in repriced])
            .order_by()
            .values_list("tariff_id", flat=True)
            .distinct()
        )
        for row in repriced:
            if row.stored.pk in billed:
                row.refuse(
                    sorted(set(row.changes) - {"first_day"})[0],
                    Sentence(_("this price was billed and stays; give it a last day and add a new one")),
                )


def _require_form(row: SheetRow, form: str, service: SuppliedService) -> None:
    """What the database asks of a tariff's form, told by column."""
    wrong: tuple[str, str] | None
    if form == _Form.PRICE:
        wrong = _wrong_in_price(row)
    elif row["price"] is not None:
        wrong = ("price", _("stays empty where the tariff has parts"))
    else:
        wrong = _wrong_in_blocks(row, service) if form == _Form.BLOCKS else _wrong_in_parts(row)
    if wrong is None and row["per_resident"] and form != _Form.BLOCKS:
        wrong = ("per_resident", _("only limits of blocks are for each resident"))
    if wrong is not None:
        column, reason = wrong
        raise RowRefused(column, Sentence(reason))


def _wrong_in_price(row: SheetRow) -> tuple[str, str] | None:
    if row["price"] is None:
        return "price", _("is required")
    if row["part_prices"] or row["part_names"] or row["block_limits"]:
        return "part_prices", _("a tariff of one price has no parts")
    return None


def _wrong_in_blocks(row: SheetRow, service: SuppliedService) -> tuple[str, str] | None:
    limits = row["block_limits"] or ()
    if row["part_names"] or len(row["part_prices"] or ()) != len(limits) + 1:
        return "block_limits", _("there is one limit less than prices, and no names")
    if any(limit <= before for before, limit in pairwise((0, *limits))):
        return "block_limits", _("limits rise from above zero")
    if service.basis not in (*_CONSUMED, _Basis.OF_SERVICE):
        return "form", _("blocks are for services whose quantity is consumed")
    return None


def _wrong_in_parts(row: SheetRow) -> tuple[str, str] | None:
    prices, names = row["part_prices"] or (), row["part_names"] or ()
    if not prices or len(prices) != len(names) or row["block_limits"]:
        return "part_names", _("there are as many names as prices, and no limits")
    return None


class ServiceValueRules(_OfEnterprise):
    model = ServiceValue
    identity = ("division_id", "service_id", "subscriber_class", "kind", "valid_from")
    columns = {"value": "value"}

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "enterprise_id": self.ground.enterprise.pk,
            "division_id": self.division_of(row),
            "service_id": self.ground.service(row).pk,
            "subscriber_class": row["subscriber_class"] or "",
            "kind": row["kind"],
            "valid_from": row["valid_from"],
            "value": row["value"],
        }


class PenaltyTermsRules(_OfEnterprise):
    model = PenaltyTerms
    identity = ("division_id", "subscriber_class", "valid_from")
    columns = {
        "daily_percent": "daily_percent",
        "grace_days": "grace_days",
        "cap_percent": "cap_percent",
    }

    def understand(self, row: SheetRow) -> None:
        row.fields = {
            "enterprise_id": self.ground.enterprise.pk,
            "division_id": self.division_of(row),
            "subscriber_class": row["subscriber_class"] or "",
            "valid_from": row["valid_from"],
            "daily_percent": row["daily_percent"],
            "grace_days": row["grace_days"],
            "cap_percent": row["cap_percent"],
        }

    def stored_rows(self) -> Iterable[Any]:
        return PenaltyTerms.objects.filter(enterprise=self.ground.enterprise, is_withdrawn=False)

    def check(self) -> None:
        changed = [row for row in self.sheet.taken() if row.outcome == RowOutcome.CHANGED]
        charged = set(
            InvoiceLine.objects.filter(penalty_terms__in=[row.stored.pk for row in changed])
            .order_by()
            .values_list("penalty_terms_id", flat=True)
            .distinct()
        )
        for row in changed:
            if row.stored.pk in charged:
                row.refuse(
                    sorted(row.changes)[0],
                    Sentence(_("these terms were charged and stay; add new ones from a later day")),
                )


class SuppliedServiceRules(Rules):
    model = SuppliedService
    identity = ("code",)
    columns = {
        "name": "name",
        "unit": "unit",
        "basis": "basis",
        "base_id": "base",
        "position": "position",
        "is_water": "is_water",
    }
    defaults = {"is_water": False}

    def understand(self, row: SheetRow) -> None:
        code = row["code"].casefold()
        if not (code[0].isascii() and code[0].isalpha()) or not all(
            sign.isascii() and (sign.isalnum() or sign == "_") for sign in code
        ):
            raise RowRefused("code", Sentence(_("a code has small Latin letters, digits and lines")))
        follows = row["basis"] == _Basis.OF_SERVICE
        if follows != (row["base"] is not None):
            raise RowRefused(
                "base",
                Sentence(_("is needed where a service follows another"))
                if follows
                else Sentence(_("stays empty unless the service follows another")),
            )
        if row["is_water"] and (row["basis"] not in _CONSUMED or row["unit"] != "m3"):
            raise RowRefused("is_water", Sentence(_("water is counted in m3, by meter, norm or share")))
        row.fields = {
            "code": code,
            "name": row["name"],
            "unit": row["unit"],
            "basis": row["basis"],
            "base_id": row["base"] and row["base"].casefold(),
            "position": row["position"],
            "is_water": row["is_water"],
        }

    def stored_rows(self) -> Iterable[Any]:
        return SuppliedService.objects.all()

    def check(self) -> None:
        self._refuse_taken_positions()
        bases = {stored.code: stored.basis for stored in self.candidates}
        bases |= {row.fields["code"]: row.fields["basis"] for row in self.sheet.taken()}
        used = self._in_use()
        for row in self.sheet.taken():
            base, code = row.fields.get("base_id"), row.fields["code"]
            if base is not None and (base == code or bases.get(base) not in _CONSUMED):
                row.refuse("base", Sentence(_("{service} has no quantity of its own"), service=base))
            if set(row.changes) & {"unit", "basis", "base", "is_water"} and code in used:
                row.refuse(
                    "basis",
                    Sentence(_("{service} has prices or followers, and stays what it is"), service=code),
                )

    def _refuse_taken_positions(self) -> None:
        rows = self.sheet.taken()
        named = {row.fields["code"] for row in rows}
        places = {stored.position: stored.code for stored in self.candidates if stored.code not in named}
        # Who stays where it was comes before who wants to go there.
        for row in sorted(rows, key=lambda row: row.stored is None or "position" in row.changes):
            place, code = row.fields.get("position", row.stored and row.stored.position), row.fields["code"]
            if places.setdefault(place, code) != code:
                row.refuse("position", Sentence(_("is that of {service} already"), service=places[place]))

    def _in_use(self) -> set[str]:
        changed = [row.fields["code"] for row in self.sheet.taken() if row.outcome == RowOutcome.CHANGED]
        priced = Tariff.objects.filter(service__in=changed).order_by().values_list("service", flat=True)
        return {*priced.distinct(), *(stored.base_id for stored in self.candidates if stored.base_id)}

    def write(self) -> None:
        # Followers come after what they follow.
        self.sheet.rows.sort(key=lambda row: row.fields.get("base_id") is not None)
        super().write()
        self.sheet.rows.sort(key=lambda row: row.number)


class StreetRules(Rules):
    model = Street
    identity = ("division_id", "code")
    columns = {"name": "name"}

    def understand(self, row: SheetRow) -> None:
        if len(row["code"]) > 40:
            raise RowRefused("code", Sentence(_("is longer than {longest} characters"), longest=40))
        row.fields = {
            "division_id": self.ground.division(row).pk,
            "code": row["code"],
            "name": row["name"],
        }

    def stored_rows(self) -> Iterable[Any]:
        divisions = {row.fields["division_id"] for row in self.sheet.taken()}
        return Street.objects.filter(division_id__in=divisions)

    def check(self) -> None:
        named = {row.stored.pk for row in self.sheet.taken() if row.stored is not None}
        taken = {
            (stored.division_id, stored.name): stored.code
            for stored in self.candidates
            if stored.pk not in named
        }
        for row in self.sheet.taken():
            key = (row.fields["division_id"], row.fields["name"])
            if taken.setdefault(key, row.fields["code"]) != row.fields["code"]:
                row.refuse("name", Sentence(_("is that of the street {code} already"), code=taken[key]))
