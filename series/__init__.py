"""Runs the notebooks, makes web pages of them and packs the course. Readers need `helpers/` only, never this."""
