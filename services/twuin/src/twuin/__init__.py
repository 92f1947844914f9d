"""The water utility: network, connections, metering, tariffs, billing, payments."""
