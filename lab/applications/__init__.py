"""The applications that a lab server can have; each but the first one has its sources in a folder here."""
