"""Singo: the services that a kelurahan gives, from the citizen charter to the signed letter."""
