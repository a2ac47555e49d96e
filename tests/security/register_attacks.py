"""Raw SQL against the guards of the registers (assets/sql/registers.sql); see test_database_guards.py."""

ALIEN = "(SELECT id FROM gis_core_division WHERE code = 'ZANGIOTA')"
_N1 = "(SELECT id FROM assets_network WHERE code = 'N1')"
_N2 = "(SELECT id FROM assets_network WHERE code = 'N2')"
ALIEN_NODE = f"(SELECT id FROM assets_node WHERE code = 'A' AND network_id = {_N2})"
ALIEN_PIPE = f"(SELECT id FROM assets_pipe WHERE code = 'P2' AND network_id = {_N2})"
NODE = f"(SELECT id FROM assets_node WHERE code = 'A' AND network_id = {_N1})"
PIPE = f"(SELECT id FROM assets_pipe WHERE code = 'P1' AND network_id = {_N1})"


def _set(table: str, column: str, value: str) -> str:
    return f"UPDATE assets_{table} SET {column} = {value}"


def _fact(table: str, **changes: str) -> str:
    """A new inspection or verification like the stored one, with columns changed."""
    values = {
        "uid": "gen_random_uuid()",
        "network_id": "network_id",
        "division_id": "division_id",
        "node_id": "node_id",
        "recorded_at": "now()",
        **(
            {
                "inspected_on": "'2025-01-01'",
                "inspector": "'X'",
                "method": "'visual'",
                "grade": "2",
                "findings": "''",
            }
            if table == "inspection"
            else {
                "verified_on": "'2025-01-01'",
                "verified_by_id": "verified_by_id",
                "method": "'visual'",
                "position_confirmed": "false",
                "remark": "''",
            }
        ),
        **changes,
    }
    columns, selected = ", ".join(values), ", ".join(values.values())
    return f"INSERT INTO assets_{table} ({columns}) SELECT {selected} FROM assets_{table} LIMIT 1"


def _line(**changes: str) -> str:
    values = {
        "pipe_id": PIPE,
        **dict.fromkeys(("conductor", "placing", "pressure_class", "circuit", "flow_regime"), "''"),
        **changes,
    }
    # PLACING is a word of SQL.
    columns = ", ".join(f'"{name}"' for name in values)
    return f"INSERT INTO assets_linedetail ({columns}) SELECT {', '.join(values.values())}"


def _power(table: str, **changes: str) -> str:
    values: dict[str, str] = {"node_id": NODE, "node_kind": f"'{table}'"}
    if table == "transformer":
        values |= {"rated_kva": "100", "primary_kv": "10", "secondary_kv": "0.4"}
    else:
        values |= {"switch_type": "'fuse'", "status": "'open'"}
    values |= changes
    return f"INSERT INTO assets_{table}detail ({', '.join(values)}) SELECT {', '.join(values.values())}"


def _node(kind: str) -> str:
    return (
        "INSERT INTO assets_node (uid, network_id, division_id, kind, code, geom, lifecycle) "
        f"SELECT gen_random_uuid(), network_id, division_id, '{kind}', 'new', geom, 'planned' "
        f"FROM assets_node WHERE id = {NODE}"
    )


_WHOLE_FILE = (
    "UPDATE assets_document SET stored_name = 'x' || {}, file_name = 'x', content_type = 'x', size_bytes = 1, "
    "sha256 = repeat('a', 64)"
)
_BOW_TIE = "ST_GeomFromText('MULTIPOLYGON(((0 0, 1 1, 0 1, 1 0, 0 0)))', 4326)"
_ALIEN_DOCUMENT = (
    "INSERT INTO assets_document (uid, division_id, title, kind, reference_number, issued_by, stored_name, file_name, "
    f"content_type, sha256, created_at) SELECT gen_random_uuid(), {ALIEN}, 'alien', 'other', '', '', '', '', '', '', "
    "now(); "
)
_ALIEN_DOCUMENT_ID = "(SELECT id FROM assets_document WHERE title = 'alien')"

REGISTER_ATTACKS: dict[str, list[str]] = {
    # -- commodities
    "node_kind_fits_commodity": [_node("busbar"), _node("manhole")],
    "node_new_kind_fits_commodity": [f"UPDATE assets_node SET kind = 'pole' WHERE id = {NODE}"],
    "network_commodity_stays": ["UPDATE assets_network SET commodity = 'gas' WHERE code = 'N1'"],
    "commodity_kind_once": [
        "INSERT INTO assets_commoditykind (commodity, kind) SELECT commodity, kind FROM assets_commoditykind"
    ],
    "commodity_kind_is_a_kind": [
        "INSERT INTO assets_commoditykind (commodity, kind) VALUES ('gas', 'teapot')"
    ],
    "commodity_kind_of_a_commodity": [
        "INSERT INTO assets_commoditykind (commodity, kind) VALUES ('beer', 'pump')"
    ],
    "line_fits_commodity": [_line(voltage_kv="10"), _line(conductor="'AS'"), _line(circuit="'supply'")],
    "changed_line_fits_commodity": [f"{_line()}; UPDATE assets_linedetail SET pressure_class = 'low'"],
    "line_voltage_plausible": [_line(voltage_kv="-1"), _line(voltage_kv="'NaN'")],
    "line_phases_plausible": [_line(phases="4")],
    "line_placing_known": [_line(placing="'orbit'")],
    "line_pressure_class_known": [_line(pressure_class="'huge'")],
    "line_circuit_known": [_line(circuit="'short'")],
    "line_flow_regime_known": [_line(flow_regime="'up'")],
    "transformer_detail_of_its_kind": [_power("transformer")],
    "transformer_kind": [_power("transformer", node_kind="'junction'")],
    "transformer_ratings_positive": [_power("transformer", rated_kva="0")],
    "transformer_losses_plausible": [_power("transformer", load_loss_kw="-1")],
    "switch_detail_of_its_kind": [_power("switch")],
    "switch_kind": [_power("switch", node_kind="'junction'")],
    "switch_status_known": [_power("switch", status="'ajar'")],
    "switch_type_known": [_power("switch", switch_type="'knife'")],
    "switch_current_plausible": [_power("switch", rated_current_a="0")],
    # -- facts
    **{
        f"{table}_{guard}": attacks
        for table in ("inspection", "verification")
        for guard, attacks in {
            "of_one_asset": [_fact(table, node_id="NULL"), _fact(table, pipe_id=PIPE)],
            "method_known": [_fact(table, method="'dream'")],
            "network_division": [_fact(table, division_id=ALIEN)],
            "node_in_network": [_fact(table, node_id=ALIEN_NODE)],
            "pipe_in_network": [_fact(table, node_id="NULL", pipe_id=ALIEN_PIPE)],
            "not_copied_from_itself": [_fact(table, id="99", copied_from_id="99")],
            "stays": [
                f"DELETE FROM assets_{table}",
                _set(table, "method", "'other'" if table == "inspection" else "'photo'"),
                _set(table, "uid", "gen_random_uuid()"),
                _set(table, "copied_from_id", "id + 1"),
                f"UPDATE assets_{table} SET node_id = NULL, pipe_id = {PIPE}",
                _set(
                    table, "node_id", f"(SELECT id FROM assets_node WHERE code = 'B' AND network_id = {_N1})"
                ),
            ],
            "is_not_truncated": [f"TRUNCATE assets_{table}", f"TRUNCATE assets_{table} CASCADE"],
        }.items()
    },
    "inspection_grade_known": [_fact("inspection", grade="6"), _fact("inspection", grade="0")],
    "inspection_next_is_later": [_fact("inspection", next_due_on="'2025-01-01'")],
    "verification_policy_once": [
        "INSERT INTO assets_verificationpolicy (commodity, kind, interval_months) "
        "SELECT commodity, kind, 1 FROM assets_verificationpolicy"
    ],
    "verification_policy_interval_plausible": [_set("verificationpolicy", "interval_months", "0")],
    "verification_policy_kind_known": [_set("verificationpolicy", "kind", "'teapot'")],
    "verification_policy_commodity_known": [_set("verificationpolicy", "commodity", "'beer'")],
    # -- what is drawn
    "drawing_template_once": [
        "INSERT INTO assets_drawingtemplate (uid, division_id, commodity, kind, name, place, material, valve_type, "
        'conductor, "placing", pressure_class, circuit, flow_regime) SELECT gen_random_uuid(), division_id, commodity, '
        'kind, name, place, material, valve_type, conductor, "placing", pressure_class, circuit, flow_regime '
        "FROM assets_drawingtemplate"
    ],
    "drawing_template_has_a_name": [_set("drawingtemplate", "name", "''")],
    "drawing_template_commodity_known": [_set("drawingtemplate", "commodity", "'beer'")],
    "drawing_template_diameter_positive": [
        _set("drawingtemplate", "diameter_m", value) for value in ("0", "-1", "100", "'NaN'")
    ],
    "drawing_template_voltage_plausible": [
        _set("drawingtemplate", "voltage_kv", value) for value in ("0", "2000", "'NaN'")
    ],
    "drawing_template_words_known": [
        _set("drawingtemplate", column, "'X'")
        for column in ("valve_type", '"placing"', "pressure_class", "circuit", "flow_regime")
    ],
    "drawing_template_kind_of_its_commodity": [
        _set("drawingtemplate", "kind", "'teapot'"),
        _set("drawingtemplate", "kind", "'pole'") + " WHERE commodity = 'water'",
    ],
    "material_life_plausible": [_set("materiallife", "life_years", "0")],
    "material_life_code_form": [_set("materiallife", "code", "'A B'")],
    "material_life_has_names": [_set("materiallife", "names", "'{}'")],
    # -- leaks
    "leak_network_division": [_set("leakrecord", "division_id", ALIEN)],
    "leak_attachment_in_network": [
        f"INSERT INTO assets_attachment (uid, network_id, division_id, node_id) SELECT gen_random_uuid(), {_N2}, "
        f"{ALIEN}, {ALIEN_NODE}; UPDATE assets_leakrecord SET attachment_id = (SELECT max(id) FROM assets_attachment)"
    ],
    "leak_number_in_network": [_set("leakrecord", "number", "'X'")],
    "leak_number_not_empty": [_set("leakrecord", "number", "''")],
    "leak_source_known": [_set("leakrecord", "source", "'rumour'")],
    "leak_kind_known": [_set("leakrecord", "kind", "'flood'")],
    "leak_cause_known": [_set("leakrecord", "cause", "'fate'")],
    "leak_loss_plausible": [_set("leakrecord", "estimated_loss_m3h", "-1")],
    "leak_times_fit_state": [
        _set("leakrecord", "state", "'repaired'"),
        _set("leakrecord", "located_at", "now()"),
        _set("leakrecord", "state", "'lost'"),
    ],
    "leak_times_in_order": [
        "UPDATE assets_leakrecord SET state = 'located', located_at = reported_at - interval '1 second'"
    ],
    # -- land
    "parcel_cadastral_number_form": [_set("parcel", "cadastral_number", "'A' || id")],
    "parcel_number_in_division": [_set("parcel", "cadastral_number", "'10:01'")],
    "building_number_in_division": [_set("building", "cadastral_number", "'10:01'")],
    "parcel_land_use_known": [_set("parcel", "land_use", "'moon'")],
    "parcel_drawing_is_valid": [
        _set("parcel", "geom", _BOW_TIE),
        _set("parcel", "geom", "ST_GeomFromText('MULTIPOLYGON EMPTY', 4326)"),
        _set("parcel", "geom", "ST_Translate(geom, 300, 0)"),
    ],
    "parcel_refers_within_its_branch": [
        f"{_ALIEN_DOCUMENT} UPDATE assets_parcel SET source_document_id = {_ALIEN_DOCUMENT_ID}"
    ],
    "building_cadastral_number_form": [_set("building", "cadastral_number", "'A' || id")],
    "building_purpose_known": [_set("building", "purpose", "'castle'")],
    "building_storeys_plausible": [_set("building", "storeys", "0")],
    "building_year_plausible": [_set("building", "year_built", "1")],
    "building_drawing_is_valid": [_set("building", "geom", _BOW_TIE)],
    "building_on_parcel_of_its_division": [_set("building", "division_id", ALIEN)],
    "building_refers_within_its_branch": [
        f"{_ALIEN_DOCUMENT} UPDATE assets_building SET source_document_id = {_ALIEN_DOCUMENT_ID}"
    ],
    "survey_point_code_in_division": [_set("surveypoint", "code", "'X'")],
    "survey_point_code_not_empty": [_set("surveypoint", "code", "''")],
    "survey_point_method_known": [_set("surveypoint", "method", "'eye'")],
    "survey_point_is_on_earth": [
        _set("surveypoint", "geom", "ST_SetSRID(ST_MakePoint(500, 0), 4326)"),
        _set("surveypoint", "geom", "ST_GeomFromText('POINT EMPTY', 4326)"),
    ],
    "survey_point_is_as_accurate_as_its_class": [
        _set("surveypoint", "accuracy_class", "'A'"),
        _set("surveypoint", "accuracy_class", "'F'"),
        _set("surveypoint", "horizontal_accuracy_m", "NULL"),
        _set("surveypoint", "vertical_accuracy_m", "2"),
    ],
    "survey_point_accuracies_positive": [_set("surveypoint", "horizontal_accuracy_m", "-1")],
    "survey_point_refers_within_its_branch": [_set("surveypoint", "node_id", ALIEN_NODE)],
    # -- documents
    "document_has_a_title": [_set("document", "title", "''")],
    "document_kind_known": [_set("document", "kind", "'rumour'")],
    "document_file_is_whole": [_set("document", "stored_name", "'x'")],
    "document_file_stored_once": [_WHOLE_FILE.format("''")],
    "document_file_stays": [
        f"{_WHOLE_FILE.format('id')}; UPDATE assets_document SET sha256 = repeat('b', 64)",
        f"{_WHOLE_FILE.format('id')}; UPDATE assets_document SET stored_name = '', file_name = '', "
        "content_type = '', size_bytes = NULL, sha256 = ''",
    ],
    "document_linked_once": [
        "UPDATE assets_documentlink SET document_id = (SELECT min(document_id) FROM assets_documentlink)"
    ],
    "document_link_in_division": [_set("documentlink", "division_id", ALIEN)],
    "document_link_points_to_one": [
        _set("documentlink", "pipe_id", "NULL"),
        _set("documentlink", "node_id", NODE),
        _set("documentlink", "network_id", "NULL"),
    ],
    "document_link_node_in_network": [
        f"UPDATE assets_documentlink SET pipe_id = NULL, node_id = {ALIEN_NODE}"
    ],
    "document_link_pipe_in_network": [_set("documentlink", "pipe_id", ALIEN_PIPE)],
    "document_link_within_its_branch": [
        f"UPDATE assets_documentlink SET network_id = {_N2}, pipe_id = {ALIEN_PIPE}"
    ],
}

# What the triggers say, and guards behind another that refuses first.
REGISTER_WORDS = {
    "network_commodity_known": "stays a network of",
    "network_commodity_stays": "stays a network of",
    "node_kind_fits_commodity": "does not stand",
    "node_new_kind_fits_commodity": "does not stand",
    "line_fits_commodity": "its network's commodity only|network''s commodity only",
    "changed_line_fits_commodity": "commodity only",
    "line_voltage_plausible": "assets_linedetail_voltage_kv_finite",
    **dict.fromkeys(
        (
            "inspection_stays",
            "verification_stays",
            "inspection_is_not_truncated",
            "verification_is_not_truncated",
        ),
        "append-only",
    ),
    **dict.fromkeys(
        (
            "parcel_refers_within_its_branch",
            "building_refers_within_its_branch",
            "survey_point_refers_within_its_branch",
            "document_link_within_its_branch",
        ),
        "of another branch",
    ),
    "document_file_stays": "the file of a document stays",
    "document_link_node_in_network": "of another branch|is not present",
    "parcel_drawing_is_valid": "assets_parcel_area_m2_finite",
}
# Keys that only serve as targets of composite foreign keys.
REGISTER_TARGETS = {"attachment_in_network", "parcel_in_division", "document_in_division"}
