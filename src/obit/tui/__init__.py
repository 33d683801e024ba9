"""The terminal viewer behind `obit view`."""
