"""Registering things and their datastreams."""

from django.db import transaction

from assets.models import Attachment
from gis_core.models import Division, User
from gis_core.services.audit import record_change
from sensors.models import Datastream, Thing
from sensors.series.units import unit_factor


@transaction.atomic
def add_thing(
    *, code: str, name: str, division: Division, attachment: Attachment | None, acting_user: User | None
) -> Thing:
    """Register a device of the field; an attachment's division must be the thing's."""
    thing = Thing.objects.create(code=code, name=name, division=division, attachment=attachment)
    record_change(
        acting_user=acting_user,
        action="add thing",
        subject=thing,
        subject_id=code,
        division=division,
        new_values={"name": name, "attachment": str(attachment.uid) if attachment else None},
    )
    return thing


@transaction.atomic
def add_datastream(
    *,
    thing: Thing,
    code: str,
    observed_property: str,
    unit: str,
    kind: str,
    interval_s: int,
    acting_user: User | None,
    name: str = "",
    time_zone: str = "Asia/Tashkent",
) -> Datastream:
    """Register an observed property of a thing; its values stay in `unit`.

    Raises ReportedError (`unknown_unit`, `unknown_property`) with the list of what is known.
    """
    stream = Datastream.objects.create(
        thing=thing,
        division=thing.division,
        code=code,
        observed_property=observed_property,
        unit=unit,
        unit_factor=unit_factor(observed_property, unit),
        kind=kind,
        interval_s=interval_s,
        name=name,
        time_zone=time_zone,
    )
    record_change(
        acting_user=acting_user,
        action="add datastream",
        subject=stream,
        subject_id=code,
        division=thing.division,
        new_values={"property": observed_property, "unit": unit, "interval_s": interval_s},
    )
    return stream
