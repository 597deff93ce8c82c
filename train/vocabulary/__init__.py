"""Vocabularies: trained from raw text, or an existing one extended by LaTeX macros."""
