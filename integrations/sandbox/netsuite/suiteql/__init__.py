"""SuiteQL: the ledger's tables as an in-memory database, its dialect rewritten for it."""
