"""Runs the notebooks, makes pages and slides of them, packs the course. No learner needs it."""
