"""Heads on an encoder: labels of texts, entities in them, answers to queries."""
