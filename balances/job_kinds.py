"""Long work of the balances that is done by workers, and the tasks that do it."""

BALANCE_JOB = "compute balances"

TASKS = {BALANCE_JOB: "balances.tasks.run_balance_job"}
