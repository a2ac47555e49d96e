"""Rows of the inputs of charges, and raw SQL against their guards; see test_database_guards.py."""

from datetime import date
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange

from billing.models import (
    Absence,
    AccountValue,
    Benefit,
    BenefitService,
    BillingParameters,
    Contract,
    ContractService,
    GivenQuantity,
    QualityAct,
    QuantityFactor,
    ServiceValue,
    Subsidy,
    SubsidyService,
    SuppliedService,
)
from tests.world import World

FROM = date(2026, 3, 1)


def add_charge_inputs(world: World, since: date = FROM) -> None:
    """A row of each register; sewerage follows the water, waste is by residents, connecting is charged once."""
    services = (
        ("sewerage", "m3", "of_service", "cold_water"),
        ("upkeep", "m2", "area", None),
        ("connecting", "time", "one_off", None),
        ("waste", "person", "residents", None),
    )
    for position, (code, unit, basis, base) in enumerate(services, start=20):
        SuppliedService.objects.create(
            code=code, name=code.title(), unit=unit, basis=basis, base_id=base, position=position
        )
    account, days = world.account(0), DateRange(since, None)
    contract = Contract.objects.get(account=account)
    for code in ("sewerage", "waste"):
        ContractService.objects.create(contract=contract, service_id=code, validity=days)
    ServiceValue.objects.create(
        enterprise=world.enterprise,
        service_id="cold_water",
        kind="norm",
        valid_from=since,
        value=Decimal(150),
    )
    BillingParameters.objects.create(enterprise=world.enterprise, valid_from=since)
    AccountValue.objects.create(account=account, kind="residents", valid_from=since, value=Decimal(3))
    GivenQuantity.objects.create(
        account=account, service_id="connecting", month=since, charged_on=since, quantity=Decimal(1)
    )
    Absence.objects.create(account=account, validity=days, residents=1)
    benefit = Benefit.objects.create(
        account=account, kind="veteran", validity=days, share_percent=Decimal(50)
    )
    BenefitService.objects.create(benefit=benefit, service_id="cold_water")
    QualityAct.objects.create(account=account, service_id="cold_water", validity=days, percent=Decimal(10))
    subsidy = Subsidy.objects.create(account=account, month=since, amount=Decimal(1000))
    SubsidyService.objects.create(subsidy=subsidy, service_id="cold_water", account=account, month=since)
    QuantityFactor.objects.create(
        installation=world.installations[0], valid_from=since, value=Decimal("0.98")
    )


_ALIEN_ACCOUNT = "(SELECT id FROM billing_account WHERE number = '17005')"


def _set(table: str, change: str, where: str = "true") -> str:
    return f"UPDATE billing_{table} SET {change} WHERE {where}"


def _again(table: str, columns: str, select: str | None = None) -> str:
    return f"INSERT INTO billing_{table} ({columns}) SELECT {select or columns} FROM billing_{table}"


def _tariff(columns: str, values: str) -> str:
    return (
        f"INSERT INTO billing_tariff (enterprise_id, service, subscriber_class, validity, {columns}) "
        f"SELECT enterprise_id, service, subscriber_class, daterange('2020-01-01', '2020-02-01'), {values} "
        "FROM billing_tariff LIMIT 1"
    )


CHARGE_INPUT_ATTACKS: dict[str, list[str]] = {
    "supplied_service_code_form": [
        "INSERT INTO billing_suppliedservice (code, name, unit, basis, position, is_water) "
        "VALUES ('Gas!', 'Gas', 'm3', 'fixed', 90, false)"
    ],
    "supplied_service_basis_known": [_set("suppliedservice", "basis = 'whim'", "code = 'upkeep'")],
    "supplied_service_follows_by_its_basis": [
        _set("suppliedservice", "basis = 'fixed'", "code = 'sewerage'")
    ],
    "supplied_service_does_not_follow_itself": [
        _set("suppliedservice", "base_id = 'sewerage'", "code = 'sewerage'")
    ],
    "supplied_service_of_water_is_volume": [_set("suppliedservice", "is_water = true", "code = 'upkeep'")],
    "supplied_service_stays_what_it_is": [
        _set("suppliedservice", "unit = 'l'", "code = 'cold_water'"),
        _set("suppliedservice", "base_id = 'upkeep'", "code = 'sewerage'"),
    ],
    "contract_service_validity_not_empty": [_set("contractservice", "validity = 'empty'")],
    "contract_has_a_service_once_at_a_time": [
        _again(
            "contractservice",
            "contract_id, service_id, validity",
            "contract_id, service_id, daterange('2026-05-01', NULL)",
        )
    ],
    "contract_service_needs_no_point": [
        _set("contractservice", f"service_id = '{code}'") for code in ("cold_water", "connecting")
    ],
    "contract_service_point_basis_known": [_set("contractservicepoint", "basis = 'whim'")],
    "service_value_once_a_day": [
        _again("servicevalue", "enterprise_id, service_id, subscriber_class, kind, valid_from, value")
    ],
    "service_value_kind_known": [_set("servicevalue", "kind = 'whim'")],
    "service_value_class_known": [_set("servicevalue", "subscriber_class = 'king'")],
    "service_value_not_negative": [_set("servicevalue", "value = -1")],
    "billing_parameters_once_a_month": [
        _again(
            "billingparameters",
            "enterprise_id, valid_from, absence_minimum_days, average_months, average_at_most_months",
        )
    ],
    "billing_parameters_from_first_day": [_set("billingparameters", "valid_from = '2026-03-02'")],
    "billing_parameters_plausible": [_set("billingparameters", "average_months = 61")],
    "account_value_once_a_day": [_again("accountvalue", "account_id, kind, valid_from, value, document")],
    "account_value_kind_known": [_set("accountvalue", "kind = 'whim'")],
    "account_value_names_its_service": [
        _set("accountvalue", "kind = 'norm'"),
        _set("accountvalue", "service_id = 'cold_water'"),
    ],
    "account_value_not_negative": [_set("accountvalue", "value = -1")],
    "account_value_of_whole_residents": [_set("accountvalue", "value = 2.5")],
    "given_quantity_once_a_month": [
        _again("givenquantity", "account_id, service_id, month, charged_on, quantity, document")
    ],
    "given_quantity_month_is_first_day": [_set("givenquantity", "month = '2026-03-02'")],
    "given_quantity_not_negative": [_set("givenquantity", "quantity = -1")],
    "given_quantity_charged_in_its_month": [_set("givenquantity", "charged_on = '2026-04-01'")],
    "given_quantity_fits_its_service": [
        _set("givenquantity", "charged_on = NULL"),
        _set("givenquantity", "service_id = 'upkeep', charged_on = NULL"),
        _set("givenquantity", "service_id = 'cold_water'"),
    ],
    "absence_validity_not_empty": [_set("absence", "validity = 'empty'")],
    "benefit_validity_not_empty": [_set("benefit", "validity = daterange(NULL, '2026-01-01')")],
    "benefit_share_plausible": [_set("benefit", "share_percent = 100.01")],
    "benefit_lists_a_service_once": [_again("benefitservice", "benefit_id, service_id")],
    "quality_act_validity_not_empty": [_set("qualityact", "validity = 'empty'")],
    "quality_act_percent_plausible": [_set("qualityact", "percent = 101")],
    "subsidy_month_is_first_day": [_set("subsidy", "month = '2026-03-02'")],
    "subsidy_amount_not_negative": [_set("subsidy", "amount = -1")],
    "subsidy_of_a_service_once_a_month": [
        "WITH other AS (INSERT INTO billing_subsidy (account_id, month, amount, document) "
        "SELECT account_id, month, 1, '' FROM billing_subsidy RETURNING *) "
        "INSERT INTO billing_subsidyservice (subsidy_id, service_id, account_id, month) "
        "SELECT id, 'cold_water', account_id, month FROM other"
    ],
    "subsidy_service_of_account": [
        _set("subsidyservice", f"account_id = {_ALIEN_ACCOUNT}"),
        _set("subsidyservice", "month = '2026-04-01'"),
    ],
    "quantity_factor_once_a_day": [_again("quantityfactor", "installation_id, valid_from, value")],
    "quantity_factor_not_negative": [_set("quantityfactor", "value = -1")],
    "meter_multiplier_positive": [_set("meter", "multiplier = 0", "serial = 'S1'")],
    "register_is_installed_once_at_a_time": [
        "INSERT INTO billing_meterinstallation (uid, meter_id, service_point_id, register, validity) SELECT "
        "gen_random_uuid(), meter_id, service_point_id, register, validity FROM billing_meterinstallation LIMIT 1"
    ],
    "tariff_is_of_one_form": [
        _tariff("price_per_m3, form", "1, 'whim'"),
        _tariff("price_per_m3, form", "NULL, 'price'"),
        _tariff("price_per_m3, part_prices", "1, '{1}'"),
        _tariff("form", "'components'"),
        _tariff("form, part_prices", "'registers', '{1}'"),
        _tariff("form, part_prices, block_limits", "'blocks', '{1}', '{5}'"),
    ],
    "tariff_limits_are_of_blocks": [_tariff("price_per_m3, per_resident", "1, true")],
    "tariff_parts_are_plausible": [
        _tariff("form, part_prices, block_limits", f"'blocks', '{prices}', '{limits}'")
        for prices, limits in (
            ("{1,-1}", "{5}"),
            ("{1,NaN}", "{5}"),
            ("{1,NULL}", "{5}"),
            ("{1,2}", "{0}"),
            ("{1,2,3}", "{5,5}"),
        )
    ]
    + [
        _tariff("form, part_prices, part_names", f"'registers', '{{1,2}}', '{names}'")
        for names in ("{day,day}", '{day,""}')
    ],
    "tariff_service_known": [
        _tariff("price_per_m3", "1").replace(
            "SELECT enterprise_id, service,", "SELECT enterprise_id, 'wine',"
        )
    ],
}
_LINE = (
    "INSERT INTO billing_invoiceline (invoice_id, service_id, kind, is_volume, vat_included, consumption_month, "
    "consumption_from, consumption_to, quantity, price, share_percent, vat_percent, net, vat, is_reversal) "
    "SELECT invoice_id, {service}, '{kind}', false, {included}, consumption_month, consumption_from, consumption_to, "
    "{quantity}, {price}, {share}, 12, {net}, {vat}, false FROM billing_invoiceline LIMIT 1"
)


def _line(kind: str, **changes: str) -> str:
    values = {
        "service": "'cold_water'",
        "included": "false",
        "quantity": "1",
        "price": "100",
        "share": "NULL",
        "net": "100",
        "vat": "12",
        **changes,
    }
    return _LINE.format(kind=kind, **values)


_AMOUNT = {"quantity": "NULL", "price": "NULL"}
CHARGE_INPUT_ATTACKS |= {
    "invoice_line_kind_known": [_line("whim")],
    "invoice_line_volume_is_consumed": [_line("area").replace("'area', false", "'area', true")],
    # Of the kinds of lines; the plain ones are attacked with a whole invoice.
    "invoice_line_explains_itself": [
        _line("area", net="99"),
        _line("area", service="NULL"),
        _line("area", share="50"),
        _line("norm", included="true"),
        _line("benefit", share="50", net="50", vat="6"),
        _line("benefit", net="-50", vat="-6"),
        _line("quality", **_AMOUNT),
        _line("quality", service="NULL", net="-1", vat="0", **_AMOUNT),
        _line("subsidy", service="NULL", net="-1", vat="-1", **_AMOUNT),
        _line("subsidy", net="-1", vat="0", **_AMOUNT),
        _line("subsidy", service="NULL", net="-1", vat="0"),
    ],
    "priced_account_to_first_day": [_set("pricedaccount", "priced_to = '2026-01-02'")],
    "repricing_from_first_day": [
        "INSERT INTO billing_repricing (enterprise_id, from_month) SELECT id, '2026-01-02' FROM gis_core_enterprise"
    ],
}
CHARGE_INPUT_WRITING_FUNCTIONS = ("note_repricing",)
CHARGE_INPUT_WORDS = {
    "supplied_service_does_not_follow_itself": "supplied_service_follows_consumption",
    "supplied_service_stays_what_it_is": "supplied_service_stays_what_it_is|supplied_service_follows_consumption",
    # PostgreSQL asks constraints of a row in the order of their names.
    "account_value_names_its_service": "account_value_names_its_service|account_value_of_whole_residents",
    "given_quantity_month_is_first_day": "given_quantity_charged_in_its_month|given_quantity_month_is_first_day",
    "tariff_is_of_one_form": "tariff_is_of_one_form|billing_tariff_form|tariff_limits",
    "register_is_installed_once_at_a_time": "register_is_installed_once_at_a_time",
}
CHARGE_INPUT_TARGETS = {"subsidy_of_account"}
