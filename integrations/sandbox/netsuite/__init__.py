"""NetSuite: REST records, SuiteQL and SOAP over the shared books."""
