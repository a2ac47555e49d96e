"""What the constraints of work orders mean to a person."""

from contextlib import AbstractContextManager

from django.utils.translation import gettext_noop as _

from gis_core.database import refusals

MEANINGS: refusals.Meanings = {
    "work_order_number_in_network": (
        "taken",
        _("There is a work order with this number in the network already."),
    ),
    "work_order_has_a_title": ("bad_values", _("A work order has a title.")),
    "work_order_impossible_says_why": ("reason_missing", _("Say why the work is impossible.")),
    "work_order_time_plausible": ("bad_values", _("The time spent is at most 1,000 hours.")),
    "work_material_quantity_positive": ("bad_values", _("The quantity of a material is above zero.")),
    "work_material_is_named": ("bad_values", _("A material has a name and a unit.")),
    "valve_operation_turns_plausible": ("bad_values", _("The turns are from 0 to 2,000.")),
}


def saying_refusals() -> AbstractContextManager[None]:
    """As gis_core.database.refusals.saying_refusals, with what the constraints of work orders mean."""
    return refusals.saying_refusals(MEANINGS)
