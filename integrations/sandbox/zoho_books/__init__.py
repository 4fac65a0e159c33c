"""Zoho Books, REST API v3."""
