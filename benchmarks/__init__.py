"""Measurements, each beside rivals on the same questions in the same run."""
