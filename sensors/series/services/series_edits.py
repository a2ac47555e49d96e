"""Changing final values: each change is an edit with a code, a reason and a user; raw values stay as they came."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.translation import gettext_noop as _

from gis_core.errors import ReportedError
from gis_core.models import User
from gis_core.sentences import Sentence
from gis_core.services.audit import record_change
from sensors.models import Datastream, SeriesEdit
from sensors.series.services.observation_arrays import instant_of, microseconds

Correction = tuple[datetime, float | None]

MANUAL_CODES = {SeriesEdit.Code.EDITED, SeriesEdit.Code.DELETED, SeriesEdit.Code.RESTORED}


@transaction.atomic
def edit_series(
    *,
    datastream: Datastream,
    corrections: Sequence[Correction],
    code: str,
    reason: str,
    acting_user: User | None,
    method: str = "",
) -> SeriesEdit:
    """Set final values at instants (None: there is none), in the datastream's unit, as one edit.

    `code` is one of SeriesEdit.Code; `edited`, `deleted` and `restored` are a person's word and stand over whatever a
    feed brings later, `estimated` gives way to it. Raises ReportedError (`no_values`, `no_reason`, `bad_value`).
    """
    _refuse_bad(corrections, reason)
    edit = SeriesEdit.objects.create(
        datastream=datastream,
        division_id=datastream.division_id,
        code=code,
        reason=reason.strip()[:300],
        method=method,
        made_by=acting_user,
    )
    _write_corrections(edit, corrections)
    times = [time for time, _value in corrections]
    record_change(
        acting_user=acting_user,
        action=f"series {code}",
        subject=datastream,
        subject_id=datastream.code,
        division=datastream.division,
        new_values={
            "edit": str(edit.uid),
            "reason": edit.reason,
            "values": len(corrections),
            "first": min(times).isoformat(),
            "last": max(times).isoformat(),
        },
    )
    return edit


@transaction.atomic
def undo_series_edit(*, edit: SeriesEdit, reason: str, acting_user: User | None) -> SeriesEdit:
    """Bring back what was final before the edit, at all its instants, as an edit of its own."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT correction.time, before.value "
            "  FROM sensors_correction correction "
            "  LEFT JOIN LATERAL sensors_final(ARRAY[correction.datastream_id], correction.time, "
            "      correction.time + interval '1 microsecond', correction.made_at - interval '1 microsecond'"
            "  ) before ON true "
            " WHERE correction.edit_id = %s AND correction.datastream_id = %s ORDER BY 1",
            [edit.pk, edit.datastream_id],
        )
        earlier = [(time, value) for time, value in cursor.fetchall()]
    return edit_series(
        datastream=edit.datastream,
        corrections=earlier,
        code=SeriesEdit.Code.RESTORED,
        reason=reason,
        acting_user=acting_user,
    )


def _refuse_bad(corrections: Sequence[Correction], reason: str) -> None:
    if not corrections:
        raise ReportedError(Sentence(_("An edit names at least one value.")), code="no_values")
    if not reason.strip():
        raise ReportedError(Sentence(_("An edit needs a reason.")), code="no_reason")
    if any(value is not None and not abs(value) <= 1e100 for _time, value in corrections):
        raise ReportedError(Sentence(_("A value is a number of at most 1e100.")), code="bad_value")


def _write_corrections(edit: SeriesEdit, corrections: Sequence[Correction]) -> None:
    last_word = dict(corrections)
    times = sorted(last_word)
    months = {instant_of(microseconds(time)).strftime("%Y-%m-01") for time in times}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sensors_make_partition(month::timestamp AT TIME ZONE 'UTC') FROM unnest(%s::date[]) AS month",
            [sorted(months)],
        )
        cursor.execute(
            "INSERT INTO sensors_correction (datastream_id, time, edit_id, value, is_manual, fills_gap, made_at) "
            "SELECT edit.datastream_id, given.time, edit.id, given.value, %s, raw.time IS NULL, edit.made_at "
            "  FROM sensors_seriesedit edit "
            " CROSS JOIN unnest(%s::timestamptz[], %s::float8[]) AS given (time, value) "
            "  LEFT JOIN sensors_raw(ARRAY[%s]::bigint[], %s, %s::timestamptz + interval '1 microsecond', "
            "                        'infinity') raw ON raw.time = given.time "
            " WHERE edit.id = %s",
            [
                edit.code in MANUAL_CODES,
                times,
                [last_word[time] for time in times],
                edit.datastream_id,
                times[0],
                times[-1],
                edit.pk,
            ],
        )
