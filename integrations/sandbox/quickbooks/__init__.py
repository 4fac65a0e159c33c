"""QuickBooks Online as simulated over the shared books: paths below /quickbooks."""
