"""Imports what staff bring: Word documents, web pages, workbooks, photos and recordings."""
