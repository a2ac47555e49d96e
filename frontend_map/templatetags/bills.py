"""Lines of bills in words."""

from django import template

from billing.printing.selectors.words import charged_for, line_kind, service_name
from billing.selectors.bill_lines import explained

register = template.Library()
register.filter("explained", explained)
register.filter("service_name", service_name)
register.filter("charged_for", charged_for)
register.filter("line_kind", line_kind)
