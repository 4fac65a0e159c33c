"""Simulated ledgers with true double-entry books, each speaking its ledger's real protocol.

A process of its own that imports nothing from the rest of the project: `python -m integrations.sandbox --port 8900`.
"""
