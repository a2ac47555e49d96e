"""Printed sheets of a pipeline: the chain of pipes, what stands on it, and how to find it."""

from assets.route_sheets.services.document import LANGUAGES, route_sheet_pdf
from assets.route_sheets.services.route import PipeRoute, RouteStep, route_between, route_of_pipes

__all__ = ["LANGUAGES", "PipeRoute", "RouteStep", "route_between", "route_of_pipes", "route_sheet_pdf"]
