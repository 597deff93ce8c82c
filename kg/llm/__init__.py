"""Extraction by language model, over any OpenAI-compatible endpoint."""
