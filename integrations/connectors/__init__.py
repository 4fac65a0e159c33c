"""Connectors as data: one folder a ledger, read by `integrations.engine.manifest`."""
