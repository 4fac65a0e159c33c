"""Use cases: take a document in, map it, change what words mean and decide about it."""
