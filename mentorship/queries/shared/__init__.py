"""Reads that several rooms need."""
