"""Complaints: from a report on the street to a repair and the reporter's satisfaction, with clocks in working days."""
