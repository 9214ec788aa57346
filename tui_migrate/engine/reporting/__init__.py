"""The report of a run: from journal, vault and what the audit keeps, to a ``report.document``."""
