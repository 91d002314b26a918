"""Long proofs on the lab: what a user would fear most, done on purpose, case by case. `python -m lab.resilience`."""
