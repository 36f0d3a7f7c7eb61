"""Dashboards, session pages, and the routes that change a status."""
