"""How likely each place is: a matched filter of the observed changes with the signatures, size not below zero."""

from dataclasses import dataclass

import numpy as np

from balances.leak_location.signatures import Floats

# What a model errs by: a share of the change itself, and some millimetres whatever it is.
_MODEL_ERROR_SHARE = 0.15
_MODEL_ERROR_M = 0.003
_LEAST_SIZE_ERROR_SHARE = 0.3


@dataclass(frozen=True)
class ObservedChange:
    """Unexpected pressure at a given inflow since a leak began: a row a part of the day, a column a logger, m.

    `covariance` is that of its noise, by logger, of one row; NaN where nothing is known.
    """

    drops: Floats
    covariance: Floats


def place_likelihoods(
    observed: ObservedChange, signatures: Floats, size_m3h: float, size_error_m3h: float
) -> tuple[Floats, Floats]:
    """Log-likelihood and most likely size, m3/h, of each place. `signatures`: parts x loggers x places, m per m3/h.

    The size is normal about what inflow said of it and marginalised; offsets of loggers have gone by taking changes.
    """
    error = max(size_error_m3h, _LEAST_SIZE_ERROR_SHARE * size_m3h)
    places = signatures.shape[2]
    precision = np.full(places, 1 / error**2)
    pull = np.full(places, size_m3h / error**2)
    for part, drops in enumerate(observed.drops):
        known = np.isfinite(drops)
        if not known.any():
            continue
        model = (_MODEL_ERROR_SHARE * drops[known]) ** 2 + _MODEL_ERROR_M**2
        weights = np.linalg.inv(observed.covariance[np.ix_(known, known)] + np.diag(model))
        there = signatures[part][known]
        weighed = weights @ there
        precision += (there * weighed).sum(axis=0)
        pull += weighed.T @ drops[known]
    size = np.clip(pull / precision, 0.0, None)
    likelihood = np.where(pull > 0, 0.5 * pull**2 / precision, 0.0) - 0.5 * np.log(precision)
    return likelihood, size


def shares(likelihood: Floats, weights: Floats) -> Floats:
    """Probabilities that sum to one, of places of these weights (lengths)."""
    best = likelihood.max()
    raw = np.exp(likelihood - best) * weights
    return np.asarray(raw / raw.sum())
