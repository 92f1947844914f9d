"""Leaks: opened by citizens' reports, each repaired by a work order, closed for everybody who reported it."""
