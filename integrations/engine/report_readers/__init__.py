"""What each ledger calls a report, as flat rows: a label, a level, a kind, values by column."""
