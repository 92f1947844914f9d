"""What operators see: rules, alerts and dashboards, written from code."""
