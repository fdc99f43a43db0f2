"""Recipes: functions that return a Recipe, one file a domain."""
