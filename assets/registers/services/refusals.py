"""What the constraints of the registers mean to a person. What is not here is told in the database's own words."""

from contextlib import AbstractContextManager

from django.utils.translation import gettext_noop as _

from gis_core.database import refusals

# A number stands once in its division; what another division registered is not told.
UNUSABLE_NUMBER = _("This cadastral number cannot be used: it is digits with colons, and stands once.")
_CADASTRAL_NUMBER = ("bad_cadastral_number", UNUSABLE_NUMBER)

MEANINGS: refusals.Meanings = {
    "parcel_number_in_division": _CADASTRAL_NUMBER,
    "building_number_in_division": _CADASTRAL_NUMBER,
    "survey_point_code_in_division": (
        "taken",
        _("There is a survey point with this code in the division already."),
    ),
    "survey_point_is_as_accurate_as_its_class": (
        "accuracy",
        _(
            "The measured accuracy is worse than the class allows, or is missing for a class "
            "that promises one."
        ),
    ),
    "survey_point_accuracies_positive": ("accuracy", _("An accuracy is a positive number of metres.")),
    "parcel_cadastral_number_form": _CADASTRAL_NUMBER,
    "building_cadastral_number_form": _CADASTRAL_NUMBER,
    "parcel_drawing_is_valid": ("bad_geometry", _("The drawing of a parcel is a valid polygon on earth.")),
    "building_drawing_is_valid": (
        "bad_geometry",
        _("The drawing of a building is a valid polygon on earth."),
    ),
    "building_on_parcel_of_its_division": ("other_division", _("The parcel is of another division.")),
    "leak_times_in_order": (
        "bad_times",
        _("The times of a leak follow one another: reported, located, repaired."),
    ),
    "leak_number_in_network": ("taken", _("There is a leak with this number in the network already.")),
    "inspection_next_is_later": ("bad_times", _("The next inspection is later than this one.")),
    "document_linked_once": ("taken", _("The document is linked to it already.")),
    "document_link_within_its_branch": (
        "other_division",
        _("The document is of another part of the divisions."),
    ),
}


def saying_refusals() -> AbstractContextManager[None]:
    """As gis_core.database.refusals.saying_refusals, with what the registers' constraints mean."""
    return refusals.saying_refusals(MEANINGS)
