"""What nothing uses is deleted: functions, classes, methods, properties and imports, as vulture finds them."""

import re

from vulture import Vulture

from tests.architecture.test_layout import ROOT

PACKAGES = ("gis_core", "assets", "sensors", "billing", "balances", "frontend_map", "fixtures", "manage.py")
KINDS = {"function", "class", "method", "property", "import", "unreachable_code"}
# Found by name or by decorator, not by a call: what Django, its administration, the REST framework, its description
# and Celery look for; the verbs of make; what a grammar's rules are called; what templates and addresses name.
CALLED_BY_NAME = re.compile(
    r"Command|\w+Admin|\w+Config|\w+Middleware|\w+Scheme|TokenAuthentication|"
    r"(get|has|validate|select)_\w+|authenticate_header|database_forwards|decode_cursor|migration_name_fragment|"
    r"add_arguments|list|retrieve|create|destroy|partial_update|to_representation|__call__|verb_\w+"
)
BY_OTHERS = {
    # Actions of viewsets, by their decorator's address.
    "assets/isolation/api/outages.py": {"reschedule", "recompute", "finish", "subscribers_csv"},
    # Rules of grammars.
    "assets/ogc/selectors/cql2_reading.py": {
        *(
            "not_in",
            "negative",
            "positive",
            "negative_number",
            "false",
            "bbox",
            "line_string",
            "multi_line_string",
        ),
    },
    "sensors/sensorthings/selectors/grammar.py": {"negation", "membership", "held_in"},
    # Filters by name, and an action by its decorator's address.
    "assets/work_orders/api/views.py": {"of_viewer", "repair_leak"},
    "assets/validation/api/views.py": {"in_bbox"},
    "billing/cash_desk/api/views.py": {"print_slip"},
    "billing/api/viewsets.py": {"confirm", "decide", "withdraw"},
    "billing/api/circumstances.py": {"end_absence", "end_benefit"},
    "sensors/regulators/api/views.py": {"confirm", "withdraw"},
    "gis_core/messages/api/views.py": {"resend", "give_up"},
    # Methods of the standard library's server.
    "fixtures/sandboxes/sms_gateway.py": {"do_GET", "do_POST", "daemon_threads", "log_message"},
    # Templates.
    "balances/selectors/loss_summary.py": {"limit_share"},
    "frontend_map/loss_summary.py": {"limit_share"},
    "frontend_map/sensor_reads.py": {"shown_streams", "more_streams"},
    "frontend_map/templatetags/alarms.py": {"alarm_words"},
    "frontend_map/templatetags/figures.py": {"month_name", "translated", "browser_name", "told_here"},
    # Annotations in quotes.
    "gis_core/admin.py": {"ModelForm", "save_formset", "response_add", "user_change_password"},
    # Settings by dotted name.
    "gis_core/api/renderers.py": {"CountingJsonRenderer"},
    "gis_core/services/tokens.py": {"TokensEndWithPassword", "password_changed"},
    "gis_core/services/passwords.py": {"OneTimePasswordsEnd", "OwnWordsValidator", "password_changed"},
    "gis_core/password_login.py": {"LimitedPasswordBackend", "process_exception"},
    "gis_core/registers_site.py": {"RegistersSite", "sidebar", "password_change"},
    # Middleware, signals and gunicorn, by name.
    "gis_core/busy.py": {"process_exception"},
    "gis_core/answer_budget.py": {"process_exception"},
    "gis_core/celery_app.py": {"limit_jobs"},
    "gis_core/web_worker.py": {"HealthFirstWorker", "init_process", "enqueue_req"},
    # Django's forms and views, and what describes the API.
    "frontend_map/views/me.py": {"clean_new_password1"},
    "frontend_map/views/session.py": {"form_invalid", "form_valid"},
    "gis_core/api/schema_view.py": {"_get_version_parameter"},
    # The REST framework, by name.
    "balances/api/leak_events.py": {"to_representation"},
    "gis_core/admin_base.py": {"ModelForm"},
}


def test_nothing_is_unused() -> None:
    vulture = Vulture()
    vulture.scavenge([str(ROOT / name) for name in (*PACKAGES, "tests")], exclude=["*/node_modules/*"])
    unused = []
    for item in vulture.get_unused_code(min_confidence=60):
        name = item.filename.relative_to(ROOT).as_posix()
        is_task = name.endswith("/tasks.py")
        is_known = CALLED_BY_NAME.fullmatch(item.name) or item.name in BY_OTHERS.get(name, set()) or is_task
        if (
            item.typ in KINDS
            and not name.startswith("tests/")
            and "/migrations/" not in name
            and not is_known
        ):
            unused.append(f"{name}:{item.first_lineno} {item.typ} {item.name}")
    assert unused == []


def test_the_exceptions_are_there() -> None:
    """An exception for what is gone would hide what comes under its name."""
    for name, names in BY_OTHERS.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        assert [missing for missing in names if missing not in text] == []
