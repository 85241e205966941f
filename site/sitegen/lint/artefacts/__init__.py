"""Remains of Markdown, Word, phones and spreadsheets that readers would see."""
