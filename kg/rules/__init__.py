"""Extraction by rule: typography, the fixed phrases of mathematical prose, references. No network."""
