"""`manage.py run_billing --enterprise CODE --month YYYY-MM`: bill an enterprise for a month."""

from billing.management.run_command import MonthRunCommand
from billing.services.runs import run_billing


class Command(MonthRunCommand):
    help = "Post the invoices that an enterprise still lacks for a month; a second run posts nothing."
    bill = staticmethod(run_billing)
