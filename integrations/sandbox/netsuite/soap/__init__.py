"""SuiteTalk SOAP: what legacy tax, files and deletions still need it for."""
