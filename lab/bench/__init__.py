"""`make bench`: the runbooks compared with the plan's manual commands, on one server, under one load."""
