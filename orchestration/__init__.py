"""When things run and in what order.

Thin by rule: no SQL logic (models/), no templates (exports/), no thresholds (YAML and seeds), no reading (ingest/).
"""
