"""Pages for translating: paragraph by paragraph, words and cells, and packs for native readers."""
