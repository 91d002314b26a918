"""`make bench`: our deployment and rollback beside the plan's own manual commands, on one server, under one load."""
