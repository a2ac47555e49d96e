"""What the constraints of the registers mean to a person. What is not here is told in the database's own words."""

from contextlib import AbstractContextManager

from gis_core.database import refusals

MEANINGS: refusals.Meanings = {
    "assets_parcel_cadastral_number_key": ("taken", "There is a parcel with this cadastral number already."),
    "assets_building_cadastral_number_key": (
        "taken",
        "There is a building with this cadastral number already.",
    ),
    "survey_point_code_in_division": (
        "taken",
        "There is a survey point with this code in the division already.",
    ),
    "survey_point_is_as_accurate_as_its_class": (
        "accuracy",
        "The measured accuracy is worse than the class allows, or is missing for a class that promises one.",
    ),
    "survey_point_accuracies_positive": ("accuracy", "An accuracy is a positive number of metres."),
    "parcel_cadastral_number_form": ("bad_cadastral_number", "A cadastral number is digits with colons."),
    "building_cadastral_number_form": ("bad_cadastral_number", "A cadastral number is digits with colons."),
    "parcel_drawing_is_valid": ("bad_geometry", "The drawing of a parcel is a valid polygon on earth."),
    "building_drawing_is_valid": ("bad_geometry", "The drawing of a building is a valid polygon on earth."),
    "building_on_parcel_of_its_division": ("other_division", "The parcel is of another division."),
    "leak_times_in_order": (
        "bad_times",
        "The times of a leak follow one another: reported, located, repaired.",
    ),
    "leak_number_in_network": ("taken", "There is a leak with this number in the network already."),
    "inspection_next_is_later": ("bad_times", "The next inspection is later than this one."),
    "document_linked_once": ("taken", "The document is linked to it already."),
    "document_link_within_its_branch": (
        "other_division",
        "The document is of another part of the divisions.",
    ),
}


def saying_refusals() -> AbstractContextManager[None]:
    """As gis_core.database.refusals.saying_refusals, with what the registers' constraints mean."""
    return refusals.saying_refusals(MEANINGS)
