"""The registers as one place: grouped by subject in the words of the trade, with the way back to the pages."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext_lazy
from unfold.sites import UnfoldAdminSite

# What an administrator looks after, by subject; the rest is written by the system and only looked at.
SUBJECTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        gettext_noop("People and access"),
        (
            "gis_core.User",
            "gis_core.RoleAssignment",
            "gis_core.ApiToken",
            "gis_core.OpenSession",
            "gis_core.AuditEvent",
        ),
    ),
    (
        gettext_noop("Divisions and enterprises"),
        ("gis_core.Division", "gis_core.Street", "gis_core.Enterprise"),
    ),
    (
        gettext_noop("Subscribers and meters"),
        (
            "billing.Subscriber",
            "billing.Account",
            "billing.Contract",
            "billing.ServicePoint",
            "billing.Meter",
            "billing.MeterType",
            "billing.MeterMovement",
            "billing.Reading",
        ),
    ),
    (
        gettext_noop("Prices and bills"),
        (
            "billing.Tariff",
            "billing.VatRate",
            "billing.PenaltyTerms",
            "billing.ConsumptionProfile",
            "billing.BillingMonth",
            "billing.BillingRun",
            "billing.Invoice",
            "billing.Payment",
        ),
    ),
    (
        gettext_noop("Networks and land"),
        (
            "assets.Network",
            "assets.Zone",
            "assets.Parcel",
            "assets.Building",
            "assets.SurveyPoint",
            "assets.Document",
            "assets.PriceListItem",
        ),
    ),
    (
        gettext_noop("Condition and leaks"),
        (
            "assets.LeakRecord",
            "assets.Inspection",
            "assets.Verification",
            "assets.VerificationPolicy",
            "assets.MaterialLife",
            "balances.ZoneBalance",
            "balances.UnbilledConsumption",
        ),
    ),
    (
        gettext_noop("Devices and alarms"),
        (
            "sensors.Thing",
            "sensors.Datastream",
            "sensors.FeedSource",
            "sensors.QualityRule",
            "sensors.AlarmRule",
            "sensors.Alarm",
            "sensors.NotificationChannel",
            "sensors.Regulator",
        ),
    ),
    (
        gettext_noop("Work of the system"),
        ("gis_core.Job", "axes.AccessAttempt", "axes.AccessFailureLog", "axes.AccessLog"),
    ),
)
OTHERS = gettext_noop("Details, to look at only")


class RegistersSite(UnfoldAdminSite):
    """Django's administration with its models grouped by subject, each called in the reader's language."""

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """There is one log-in, with its limits and second factors. Who is logged in has nothing to see here."""
        if request.user.is_authenticated:
            raise Http404
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """One changes one's password on one's own page."""
        return redirect("/me/#password")

    def get_urls(self) -> list[Any]:
        return [path("colours.css", self.colours, name="colours"), *super().get_urls()]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The theme's, without colours: it would write them into the page, where our policy takes no styles."""
        return {**super().each_context(request), "colors": None}

    def colours(self, request: HttpRequest) -> HttpResponse:
        """The theme's colours as a stylesheet."""
        context = super().each_context(request)
        names = {
            f"--color-{name}-{weight}": value
            for name, weights in context["colors"].items()
            for weight, value in weights.items()
        }
        if context["border_radius"]:
            names["--border-radius"] = context["border_radius"]
        rules = "".join(f"{name}: {value};" for name, value in names.items())
        response = HttpResponse(f":root {{{rules}}}", content_type="text/css")
        response["Cache-Control"] = "private, max-age=3600"
        return response

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        if app_label is not None:
            return apps
        models = {model["model"]._meta.label: model for app in apps for model in app["models"]}
        for model in models.values():
            model["name"] = capfirst(str(model["model"]._meta.verbose_name_plural))
        groups = []
        for position, (subject, labels) in enumerate(SUBJECTS):
            held = [models.pop(label) for label in labels if label in models]
            groups.append(_group(position, subject, held))
        groups.append(_group(len(SUBJECTS), OTHERS, sorted(models.values(), key=lambda model: model["name"])))
        return [group for group in groups if group["models"]]


def _group(position: int, subject: str, models: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": _(subject),
        "app_label": f"subject-{position}",
        "app_url": "",
        "has_module_perms": True,
        "models": models,
    }


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups beside every register, after the way back."""
    groups: list[dict[str, Any]] = [
        {"items": [{"title": _("Back to Tarmoq"), "icon": "arrow_back", "link": "/"}]}
    ]
    for group in admin.site.get_app_list(request):
        items = [{"title": model["name"], "link": model["admin_url"]} for model in group["models"]]
        groups.append({"title": group["name"], "separator": True, "collapsible": True, "items": items})
    return groups


def translate_names(models: Any) -> None:
    """Let the names of models and of their columns follow the reader's language: they are messages in English."""
    for model in models:
        options = model._meta
        # Contexts, since the same words stand elsewhere in another case: "3 zones".
        options.verbose_name = pgettext_lazy("register", str(options.verbose_name))
        options.verbose_name_plural = pgettext_lazy("register", str(options.verbose_name_plural))
        for column in options.concrete_fields:
            column.verbose_name = pgettext_lazy("column", str(column.verbose_name))
