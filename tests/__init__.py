"""Tests of Obit; see CONTRIBUTING."""
