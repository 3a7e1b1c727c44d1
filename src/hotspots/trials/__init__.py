"""Trials of patrols: who gets them by lot, and whether the answer can be found at all."""
