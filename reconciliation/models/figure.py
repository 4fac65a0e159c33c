"""What the lines of an account come to, day by day, kept by the database itself."""

from typing import ClassVar

from django.db import models

from reconciliation.models.bank import BankAccount, BankLine
from tenants.models import Tenant, TenantOwned


class DayFigure(TenantOwned):
    """So many lines of an account, a day, a status and a currency came, or went (then all figures are negative).

    A statement on bank lines that changes any of it adds rows in the same transaction (triggers of migration 0014), so
    that nobody waits for anybody and the sum of a day's rows is always what its lines are. Rows are only ever added by
    the database, and folded together by `services.figures`.
    """

    # The index below begins with it.
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+", editable=False, db_index=False)
    bank_account = models.ForeignKey(BankAccount, on_delete=models.CASCADE, related_name="figures")
    booked_on = models.DateField()
    status = models.CharField(max_length=20, choices=BankLine.Status)
    currency = models.CharField(max_length=3)
    lines = models.IntegerField()
    money = models.DecimalField(max_digits=24, decimal_places=6, help_text="Of all of them, unsigned.")
    net = models.DecimalField(
        max_digits=24, decimal_places=6, help_text="Signed, of those that the bank delivered: without parts."
    )
    is_folded = models.BooleanField(default=False, help_text="Already the sum of others.")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["tenant", "bank_account", "booked_on"], name="day_figure_by_day"),
            # Whose there are enough of to be folded; the sweeper asks every few seconds.
            models.Index(fields=["tenant"], name="day_figure_to_fold", condition=models.Q(is_folded=False)),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.get_status_display()}: {self.lines}"
