"""Xero's Accounting API 2.0 over the neutral books."""
