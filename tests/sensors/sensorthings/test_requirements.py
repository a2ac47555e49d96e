"""Each requirement of 18-088 that the service declares has tests that hold it, and no more is declared."""

import importlib

import pytest

from sensors.sensorthings.api.conformance import CONFORMANCE

_PREFIX = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
_ENTITIES = [
    "thing",
    "location",
    "historical-location",
    "datastream",
    "sensor",
    "observed-property",
    "observation",
    "feature-of-interest",
]
_CONTROL = "reading.an_entity_has_control_information_properties_and_links"
_PATHS = "reading.paths_lead_through_entities_to_any_depth"
_OPTIONS = "reading.top_skip_and_count"
_CUD = "create-update-delete"
# Names of tests by module, without `test_`.
TESTED: dict[str, list[str]] = {
    "datamodel/entity-control-information/common-control-information": [_CONTROL],
    **{
        f"datamodel/{entity}/properties": [_CONTROL, "writing.what_is_mandatory_must_be_there"]
        for entity in _ENTITIES
    },
    **{f"datamodel/{entity}/relations": [_CONTROL, _PATHS] for entity in _ENTITIES},
    "resource-path/resource-path-to-entities": [
        "reading.the_root_lists_the_sets_and_the_requirements",
        "reading.properties_and_their_values",
        "reading.a_path_through_what_does_not_belong_together_leads_nowhere",
        _PATHS,
    ],
    "request-data/status-code": [
        "reading.what_is_not_there_is_404",
        "writing.only_what_is_possible_is_allowed",
    ],
    "request-data/query-status-code": [_OPTIONS, "hostile.extremes"],
    # Filter, count and order come before skip and top; expand and select after.
    "request-data/order": ["reading.expand_nests_with_options", _OPTIONS],
    "request-data/expand": [
        "reading.expand_puts_entities_inside",
        "reading.expand_nests_with_options",
    ],
    "request-data/select": ["reading.select_gives_what_was_asked_for_only"],
    "request-data/orderby": [
        "reading.orderby",
        "reading.observations_are_ordered_by_whatever_is_wanted",
    ],
    "request-data/top": [_OPTIONS],
    "request-data/skip": [_OPTIONS],
    "request-data/count": [_OPTIONS],
    "request-data/filter": ["filters.filters_go_ways_to_other_entities", "filters.texts_and_json"],
    "request-data/built-in-filter-operations": ["filters.results_compare_and_compute"],
    "request-data/built-in-query-functions": [
        "filters.texts_and_json",
        "filters.dates",
        "filters.places",
        "filters.times_compare_as_half_open_intervals",
    ],
    "request-data/pagination": [
        "reading.pages_neither_skip_nor_repeat",
        "reading.a_set_has_a_hundred_entities_on_a_page",
    ],
    f"{_CUD}/create-entity": [
        "writing.what_is_posted_is_there",
        "writing.what_is_mandatory_must_be_there",
    ],
    f"{_CUD}/link-to-existing-entities": ["writing.links_go_to_entities_that_exist"],
    f"{_CUD}/deep-insert": ["writing.a_deep_insert_makes_all_or_nothing"],
    f"{_CUD}/deep-insert-status-code": ["writing.a_deep_insert_makes_all_or_nothing"],
    f"{_CUD}/update-entity": [
        "writing.patch_changes_what_it_names_and_keeps_a_version",
        "writing.a_change_makes_no_new_entities",
    ],
    f"{_CUD}/update-entity-put": ["writing.put_sets_the_rest_to_its_default"],
    f"{_CUD}/update-entity-jsonpatch": ["writing.json_patch"],
    f"{_CUD}/delete-entity": ["writing.delete_takes_with_it_what_cannot_be_without"],
    f"{_CUD}/historical-location-auto-creation": ["writing.places_are_remembered"],
    f"{_CUD}/historical-location-manual-creation": ["writing.places_are_remembered"],
    "multi-datastream/properties": [_CONTROL],
    "multi-datastream/relations": ["multi_datastreams.relations_lead_both_ways"],
    "multi-datastream/constraints": [
        "multi_datastreams.results_are_arrays_of_as_many_values",
        "multi_datastreams.lengths_must_agree",
        "multi_datastreams.an_observation_has_one_stream",
    ],
    "data-array/data-array": [
        "data_arrays.each_row_is_answered",
        "data_arrays.observations_come_as_data_arrays_too",
    ],
}


def test_each_declared_requirement_is_tested_and_no_other() -> None:
    assert {f"{_PREFIX}{name}" for name in TESTED} == set(CONFORMANCE)


@pytest.mark.parametrize("requirement", TESTED)
def test_the_tests_exist(requirement: str) -> None:
    for name in TESTED[requirement]:
        module, _, function = name.partition(".")
        found = importlib.import_module(f"tests.sensors.sensorthings.test_{module}")
        assert callable(getattr(found, f"test_{function}"))
