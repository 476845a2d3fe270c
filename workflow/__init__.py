"""Recipes, and the commands that carry them out."""
