"""Markdown to HTML with links resolved: MkDocs with Material, or Python-Markdown alone. mkdocs.yml says which."""
