"""Pure plans: facts and an environment in, a Plan out; nothing here opens a connection."""
