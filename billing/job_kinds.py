"""Long work of billing that is done by workers, and the tasks that do it."""

BILLING_JOB = "run billing"
PRINT_BILLS = "print bills"

TASKS = {BILLING_JOB: "billing.tasks.run_billing_job", PRINT_BILLS: "billing.tasks.print_bills_job"}
