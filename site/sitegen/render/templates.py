"""The templates of the site's blocks, in the forms' Jinja environment."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader
from markupsafe import Markup

from forms.core.i18n import SOURCE_LANGUAGE
from forms.core.rendering.environment import environment

TEMPLATES = Path(__file__).parents[2] / "theme"


@cache
def _environment(language: str) -> Environment:
    base = environment(language)
    assert base.loader is not None  # noqa: S101 - the forms' environment always has one
    return base.overlay(loader=ChoiceLoader([FileSystemLoader(TEMPLATES), base.loader]))


def compile_all() -> int:
    """Compile every template, for all languages; return how many. Raises TemplateError for one that is not valid."""
    source = _environment(SOURCE_LANGUAGE)
    return len([source.get_template(name) for name in source.list_templates(["html"])])


def render(language: str, template: str, **context: Any) -> Markup:
    """Render a template of site/theme in one language."""
    return Markup(_environment(language).get_template(template).render(**context))  # noqa: S704 - autoescaped
