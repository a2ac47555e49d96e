"""Raw SQL that moves meters to where they cannot be (26_meter_stock.sql): one hangs at a point, another is new."""

_HUNG = "(SELECT id FROM billing_meter WHERE serial = 'S0')"
_NEW = "(SELECT id FROM billing_meter WHERE serial = 'NEW')"
_METER = (
    "INSERT INTO billing_meter (uid, division_id, serial, model_name, digits) "
    "SELECT gen_random_uuid(), division_id, 'NEW', 'SGV-15', 5 FROM billing_meter WHERE serial = 'S0'; "
)


def moved(*moves: tuple[str, str], meter: str = _NEW, **other: str) -> str:
    """A new meter and what is done with it: (kind, day) in turn; what is given fits not."""
    given = {
        "division": f"(SELECT division_id FROM billing_meter WHERE id = {meter})",
        "holder": "CASE '{kind}' WHEN 'issued' THEN 'crew 1' ELSE '' END",
        "is_fit": "CASE '{kind}' WHEN 'verified' THEN true END",
        "valid_until": "NULL",
        "document": "'act 1'",
    } | other
    return _METER + "".join(
        "INSERT INTO billing_metermovement (meter_id, division_id, kind, happened_on, holder, is_fit, valid_until, "
        f"document) VALUES ({meter}, {given['division']}, '{kind}', '{day}', "
        f"{given['holder'].replace('{kind}', kind)}, {given['is_fit'].replace('{kind}', kind)}, "
        f"{given['valid_until']}, {given['document']}); "
        for kind, day in moves
    )


_RECEIVED, _ISSUED = ("received", "2026-01-02"), ("issued", "2026-01-03")
_RETURNED, _VERIFIED = ("returned", "2026-01-04"), ("verified", "2026-01-05")
_WRITTEN_OFF = ("written_off", "2026-01-06")
HUNG = (
    "INSERT INTO billing_meterinstallation (uid, meter_id, service_point_id, register, validity) "
    f"SELECT gen_random_uuid(), {_NEW}, id, '', daterange('{{first}}', {{last}}) FROM billing_servicepoint "
    "WHERE code = 'SP-17000'"
)
# The point's own meter is taken down first.
_TAKEN_DOWN = (
    "UPDATE billing_meterinstallation SET validity = daterange(lower(validity), '2026-02-01') "
    f"WHERE meter_id = {_HUNG}; "
)
_TAKE_BACK = "UPDATE billing_metermovement SET taken_back_at = now()"
# Received, hung for some days, and returned: so it hung.
_HUNG_AND_RETURNED = (
    moved(_RECEIVED)
    + _TAKEN_DOWN
    + HUNG.format(first="2026-02-01", last="'2026-02-05'")
    + "; "
    + moved(("returned", "2026-02-05")).removeprefix(_METER)
)
_REMARKED = (
    "INSERT INTO billing_meterremark (installation_id, division_id, noted_on, text) SELECT installation.id, "
    "{division}, '{day}', '{text}' FROM billing_meterinstallation installation "
    f"WHERE installation.meter_id = {_HUNG} LIMIT 1; "
)


def remarked(day: str = "2026-01-05", text: str = "no access", division: str = "point.division_id") -> str:
    """A remark at the meter that hangs."""
    if division == "point.division_id":
        division = "(SELECT division_id FROM billing_servicepoint point WHERE point.id = service_point_id)"
    return _REMARKED.format(day=day, text=text, division=division)


METER_CONTROLS = {
    "a remark at a meter that hangs": remarked(),
    "a receipt taken back, and entered again of its day and of another": moved(_RECEIVED)
    + f"{_TAKE_BACK}; "
    + moved(("received", "2026-01-01"), _ISSUED).removeprefix(_METER)
    + f"{_TAKE_BACK} WHERE happened_on = '2026-01-01' AND taken_back_at IS NULL; "
    + moved(_RECEIVED).removeprefix(_METER),
    "a write-off taken back, and the meter hung": moved(_WRITTEN_OFF)
    + f"{_TAKE_BACK}; "
    + _TAKEN_DOWN
    + HUNG.format(first="2026-02-01", last="NULL"),
    "a meter through the store, hung and written off": moved(_RECEIVED, _ISSUED, _RETURNED, _VERIFIED)
    + _TAKEN_DOWN
    + HUNG.format(first="2026-02-01", last="'2026-02-05'")
    + "; "
    + moved(("returned", "2026-02-05"), ("written_off", "2026-02-06")).removeprefix(_METER),
    "a meter that hangs, verified": moved(_VERIFIED, meter=_HUNG),
    "a meter without movements, given to another division": _METER
    + "UPDATE billing_meter SET division_id = (SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA') "
    "WHERE serial = 'NEW'",
}
METER_ATTACKS = {
    "meter_moves_as_allowed": [
        # Issued twice, or before it came; returned by nobody; received again; after it was written off.
        moved(_ISSUED, ("issued", "2026-01-04")),
        moved(("received", "2026-01-05"), _ISSUED),
        moved(_RETURNED),
        moved(_ISSUED, ("received", "2026-01-04")),
        moved(_WRITTEN_OFF, ("returned", "2026-01-07")),
        moved(_WRITTEN_OFF, ("verified", "2026-01-07")),
        # While it hangs.
        *(
            moved((kind, "2026-01-15"), meter=_HUNG)
            for kind in ("issued", "returned", "written_off", "received")
        ),
    ],
    "meter_is_hung_as_allowed": [
        moved(_WRITTEN_OFF) + _TAKEN_DOWN + HUNG.format(first="2026-02-01", last="NULL"),
        # On days on which it went through hands.
        moved(_RECEIVED, ("issued", "2026-02-10"))
        + _TAKEN_DOWN
        + HUNG.format(first="2026-02-01", last="NULL"),
    ],
    "meter_hangs_as_allowed": [
        # Taken down, written off, and said to have hung on.
        moved(_RECEIVED)
        + _TAKEN_DOWN
        + HUNG.format(first="2026-02-01", last="'2026-02-05'")
        + "; "
        + moved(("written_off", "2026-02-06")).removeprefix(_METER)
        + f"UPDATE billing_meterinstallation SET validity = '[2026-02-01,)' WHERE meter_id = {_NEW}",
        # Said to have been another meter's days: it comes back from where it never hung.
        f"{_HUNG_AND_RETURNED}UPDATE billing_meterinstallation SET meter_id = {_HUNG} WHERE meter_id = {_NEW}",
    ],
    "meter_hung_as_its_moves_say": [
        f"{_HUNG_AND_RETURNED}DELETE FROM billing_meterinstallation WHERE meter_id = {_NEW}"
    ],
    "meter_moves_back_as_allowed": [
        moved(_RECEIVED, _ISSUED, _RETURNED) + f"{_TAKE_BACK} WHERE kind = 'issued'"
    ],
    "metermovement_taken_back_once": [
        f"{moved(_RECEIVED)}UPDATE billing_metermovement SET happened_on = '2026-01-01'",
        f"{moved(_RECEIVED)}UPDATE billing_metermovement SET taken_back_at = now(), document = 'x'",
        f"{moved(_RECEIVED)}{_TAKE_BACK}; {_TAKE_BACK}",
        f"{moved(_RECEIVED)}{_TAKE_BACK}; UPDATE billing_metermovement SET taken_back_at = NULL",
    ],
    "meter_remark_while_installed": [
        remarked("2001-01-01"),
        remarked(division="(SELECT id FROM gis_core_division ORDER BY level LIMIT 1)"),
    ],
    "meterremark_is_append_only": [
        f"{remarked()}UPDATE billing_meterremark SET text = 'x'",
        f"{remarked()}DELETE FROM billing_meterremark",
        "TRUNCATE billing_meterremark",
    ],
    "meter_remark_once": [remarked() * 2],
    "meter_remark_says_something": [remarked(text="")],
    "meter_movement_taken_back_when": [
        f"{_METER}INSERT INTO billing_metermovement (meter_id, division_id, kind, happened_on, taken_back_by_id) "
        f"SELECT id, division_id, 'received', '2026-01-02', (SELECT min(id) FROM gis_core_user) "
        f"FROM billing_meter WHERE id = {_NEW}"
    ],
    "meter_movement_is_of_its_meter": [
        f"{_METER}INSERT INTO billing_metermovement (meter_id, division_id, kind, happened_on, taken_back_at) "
        f"SELECT id, division_id, 'received', '2026-01-02', now() FROM billing_meter WHERE id = {_NEW}",
        moved(("received", "2099-01-01")),
        moved(_RECEIVED, division="(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"),
    ],
    "metermovement_is_append_only": [
        f"{moved(_RECEIVED)}DELETE FROM billing_metermovement",
        "TRUNCATE billing_metermovement",
    ],
    "moved_meter_stays_in_division": [
        moved(_RECEIVED)
        + "UPDATE billing_meter SET division_id = (SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA') "
        "WHERE serial = 'NEW'"
    ],
    "meter_movement_once": [moved(_VERIFIED, _VERIFIED)],
    "meter_movement_kind_known": [moved(("lost", "2026-01-02"))],
    "meter_movement_names_holder": [moved(_ISSUED, holder="''"), moved(_RECEIVED, holder="'crew 1'")],
    "meter_movement_verification_says_what": [
        moved(_VERIFIED, is_fit="NULL::boolean"),
        moved(_RECEIVED, is_fit="true"),
    ],
    "meter_movement_valid_after_verification": [
        moved(_VERIFIED, valid_until="'2026-01-05'"),
        moved(_VERIFIED, valid_until="'2026-05-05'", is_fit="false"),
    ],
    "meter_movement_write_off_says_why": [moved(_WRITTEN_OFF, document="''")],
    **{
        guard: [f"INSERT INTO billing_metertype (name, digits, verification_months) VALUES ({values})"]
        for guard, values in (
            ("meter_type_named", "'', 5, NULL"),
            ("meter_type_digits_plausible", "'SGV-15', 2, NULL"),
            ("meter_type_interval_plausible", "'SGV-15', 5, 0"),
        )
    },
}
METER_WORDS = dict.fromkeys(("metermovement_is_append_only", "meterremark_is_append_only"), "append-only")
