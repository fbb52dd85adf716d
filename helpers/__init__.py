"""The code behind the notebooks. Start with attention.py, then model.py; README.md is the map."""
