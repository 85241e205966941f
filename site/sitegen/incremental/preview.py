"""A page as it would be published with another text, everything else as it was last built."""

from dataclasses import replace
from pathlib import Path

from sitegen.content import phone_numbers
from sitegen.content.pages import Source, split
from sitegen.incremental import record
from sitegen.incremental.drawn import Drawn, load
from sitegen.render.engine import markdown_engine
from sitegen.render.language_pages import draw_pages

FOLDER = Path(".build") / "preview"
"""Where pictures go that the built site does not have yet."""


def preview(root: Path, language: str, name: str, text: str, drawn: Drawn | None = None) -> str | None:
    """Return the whole page of this text, front matter included; None where nothing was built yet. Raises Problem.

    name: like "stories/one.md"; drawn: what pages were drawn from, read anew without it (a tenth of a second for 5,000
    pages). Nothing of it is kept or published, and nothing is checked but that the page holds nothing active.
    """
    last = record.load(root) if drawn is None else None
    drawn = drawn or (load(root, last) if last else None)
    if drawn is None:
        return None
    context, where = drawn.context, f"content/{language}/{name}"
    page = Source(name, language, *split(text, where), file=where)
    pages = {**context.library.by_language[language], name: page}
    library = replace(context.library, by_language={**context.library.by_language, language: pages})
    audio, pictures = context.audio_pipeline, context.image_pipeline
    context = replace(
        context, language=language,
        library=phone_numbers.in_library(library, phone_numbers.dialled(context.tables["helplines"])),
        audio_pipeline=audio and replace(audio, out=root / FOLDER / audio.out.name, making=False),
        image_pipeline=pictures and replace(pictures, out=root / FOLDER / pictures.out.name),
    )  # fmt: skip
    return next(page.html for page in draw_pages(root, context, [name], markdown_engine))
