"""Sage Intacct, simulated: the REST API v1 and the XML gateway 3.0 over the neutral books."""
