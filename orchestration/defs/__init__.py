"""Dagster's definitions, by stage: ingest, transform, export; and what starts them."""
