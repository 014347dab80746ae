"""The steps of a day as plain functions: extract, enrich, transform, audit, publish, verify.

Whoever runs a day calls these, each from its module: what extracts needs nothing of what makes tables.
"""
