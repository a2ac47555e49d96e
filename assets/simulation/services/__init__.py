"""Hydraulic simulation of the live network."""

from assets.simulation.services.simulating import LONGEST_HOURS, Simulation, simulate_network

__all__ = ["LONGEST_HOURS", "Simulation", "simulate_network"]
