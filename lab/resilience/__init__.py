"""Long resilience tests on a lab server: every failure that operators fear, caused on purpose, case by case."""
