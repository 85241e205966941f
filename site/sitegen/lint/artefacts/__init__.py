"""Artefacts: remains of Markdown, Word, phones or spreadsheets that readers would see on a page."""
