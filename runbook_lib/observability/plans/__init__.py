"""Pure plans: facts and environment, as steps with their undo."""
