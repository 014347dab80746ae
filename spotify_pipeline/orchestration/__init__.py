"""Dagster: thin adapters over the steps. The only package that imports it, besides definitions.py and the CLI."""
