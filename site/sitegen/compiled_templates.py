"""Compiles the templates when it is loaded: once, in the process from which those are forked that draw pages."""

from contextlib import suppress

from sitegen.render import templates

with suppress(Exception):  # a template that is wrong is said where it is drawn
    templates.compile_all()
