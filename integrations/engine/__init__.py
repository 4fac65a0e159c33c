"""The connector engine: manifests compiled into plain functions, and one client that speaks to ledgers."""
