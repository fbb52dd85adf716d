"""The code behind the notebooks. Start with attention.py, then model.py: the rest serves these two."""
