"""Long work of the network that is done by workers, and the tasks that do it."""

IMPORT_NETWORK = "import network"
SIMULATE_NETWORK = "simulate network"
VALIDATE_NETWORK = "validate network"

TASKS = {
    IMPORT_NETWORK: "assets.exchange.tasks.import_network",
    SIMULATE_NETWORK: "assets.simulation.tasks.simulate_network",
    VALIDATE_NETWORK: "assets.validation.tasks.validate_network",
}
