"""Translating: pages paragraph by paragraph, drafts, the glossary, and the words of the interface."""
