"""The pages about ledgers: connections, their records, sync runs, postings, failures."""
