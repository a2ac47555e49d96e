"""Long work of the balances that is done by workers, and the tasks that do it."""

BALANCE_JOB = "compute balances"
LEAK_SEARCH_JOB = "detect leaks"

TASKS = {
    BALANCE_JOB: "balances.tasks.run_balance_job",
    LEAK_SEARCH_JOB: "balances.leak_detection.tasks.run_leak_search_job",
}
