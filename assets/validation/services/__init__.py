"""Validation of networks: a catalogue of checks, runs over dirty ground or all of it, findings and their repair."""

from assets.validation.services.catalogue import CATALOGUE, Check
from assets.validation.services.running import ValidationResult, parse_bbox, validate_network

__all__ = ["CATALOGUE", "Check", "ValidationResult", "parse_bbox", "validate_network"]
