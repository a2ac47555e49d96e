"""`manage.py charge_penalties --enterprise CODE --month YYYY-MM`: bill what overdue debts cost up to a month's end."""

from billing.management.run_command import MonthRunCommand
from billing.services.penalties import charge_penalties


class Command(MonthRunCommand):
    help = "Post the penalties that overdue debts still lack up to a month's end; a second run posts nothing."
    bill = staticmethod(charge_penalties)
