"""Findings and events joined: what happened, in order."""
