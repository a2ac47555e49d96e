"""Long work of billing that is done by workers, and the tasks that do it."""

BILLING_JOB = "run billing"

TASKS = {BILLING_JOB: "billing.tasks.run_billing_job"}
