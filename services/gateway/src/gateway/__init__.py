"""The gateway: who a person is, the one URL, the inbox of notices, the log of who looked at whose data."""
