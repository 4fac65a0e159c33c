"""British English: the day first, the clock of twenty-four hours."""
