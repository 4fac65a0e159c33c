"""The one double-entry core under all simulated ledgers: money, tax, journal, store, history."""
