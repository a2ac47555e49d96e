"""Long work of the network that is done by workers, and the tasks that do it."""

EDIT_NETWORK = "edit network"
EXPORT_ELEMENTS = "export elements"
EXPORT_NETWORK = "export network"
IMPORT_NETWORK = "import network"
SIMULATE_NETWORK = "simulate network"
UNDO_EDIT = "undo edit"
VALIDATE_NETWORK = "validate network"

TASKS = {
    EDIT_NETWORK: "assets.editing.tasks.edit_network",
    EXPORT_ELEMENTS: "assets.workbench.tasks.export_elements",
    EXPORT_NETWORK: "assets.exchange.tasks.export_network",
    IMPORT_NETWORK: "assets.exchange.tasks.import_network",
    SIMULATE_NETWORK: "assets.simulation.tasks.simulate_network",
    UNDO_EDIT: "assets.editing.tasks.undo_edit",
    VALIDATE_NETWORK: "assets.validation.tasks.validate_network",
}
