"""Where a leak is, by the network's EPANET model: signatures at the loggers, probabilities of pipes, what to close."""
