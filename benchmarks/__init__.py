"""Measurements against data whose answers are known, and of time. What they give stands in docs/."""
