"""The technical frame that all three services stand on; no domain word in it."""
