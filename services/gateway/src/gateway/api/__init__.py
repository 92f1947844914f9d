"""The REST API below /api/v1: a table of routes onto the services' RPCs, the gateway's own routes, and their OpenAPI."""
