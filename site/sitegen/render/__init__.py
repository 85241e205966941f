"""Pages from content: the Markdown engine, blocks, layout, search index, calendars."""
