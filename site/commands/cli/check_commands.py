"""The commands that say what is wrong, what waits for a person, and what a language lacks."""

import click
from sitegen.build import go_live_list
from sitegen.checks import plain_english, translation_progress
from sitegen.checks.go_live import blocking
from sitegen.content import settings
from sitegen.content.pages import AllPages
from sitegen.languages import adding, gaps, untranslated, word_files
from sitegen.lint import report as reports
from sitegen.media import short_clips, staff_recordings
from sitegen.publish import page_weight

from commands.building import build_if_changed, prepared
from commands.keys import demonstration_keys, unprotected_keys
from commands.site import Site, this_site
from forms.core import portal as portals
from forms.core.i18n import extraction
from forms.core.problem import Problem, Problems


@click.command()
@click.option("--weight", is_flag=True, help="Build, and show what a first visit to each page costs.")
@click.option("--go-live", is_flag=True, help="List what is open before people rely on the site.")
@click.option("--recordings", is_flag=True, help="List the texts that nobody has recorded.")
def check(weight: bool, go_live: bool, recordings: bool) -> None:
    """Say what endangers people, what is wrong with pages and tables, and what waits for a person."""
    site = this_site()
    with site.report_problems():
        if weight:
            weigh(site)
        elif go_live:
            list_go_live(site)
        elif recordings:
            list_recordings(site, prepared(site)[0].library)
        else:
            list_problems(site)


def list_problems(site: Site) -> None:
    """Print what is wrong and what waits for a person; raise a summary where anything is wrong."""
    _, report = prepared(site)
    click.echo("\n".join(reports.lines(report.problems, report.warnings)))
    if report.problems:
        raise reports.summary(report.problems)
    click.echo(f"Nothing is wrong. {len(report.warnings)} things wait for a person.")


def weigh(site: Site) -> None:
    """Print the table of weights; raise Problems for pages over the budget."""
    build_if_changed(site, site.public)
    found = page_weight.visits(site.public, portals.read(site.handover).language_codes())
    click.echo("\n".join(page_weight.table(found)))
    over = page_weight.problems(found)
    if over:
        raise Problems(over)


def list_go_live(site: Site) -> None:
    """Print what is open before the site is for real; raise Problem while anything of it endangers people."""
    keys, unprotected = demonstration_keys(site), unprotected_keys(site)
    items = go_live_list(site.root, keys=keys, today=site.today(), unprotected=unprotected)
    click.echo("\n".join(f"  {item}" for item in items))
    must = len(blocking(items))
    if must:
        what = f"{must} things endanger people (MUST), and {len(items) - must} more are open."
        raise Problem("go-live", what, "While demonstration: false, nothing is built until those are done.")
    click.echo(f"Nothing endangers people. {len(items)} things are open.")


def list_recordings(site: Site, library: AllPages) -> None:
    """Print the texts of each language that nobody has recorded."""
    recordings = staff_recordings.find(site.content)
    for language, pages in library.by_language.items():
        for key in staff_recordings.unrecorded(language, pages, recordings):
            click.echo(f"  content/media/{staff_recordings.FOLDER}/{language}/{key}.m4a")


@click.command()
def words() -> None:
    """Show what each language still lacks; bring the interface words (*/*/i18n/*.po) up to date."""
    site = this_site()
    with site.report_problems():
        for domain in extraction.DOMAINS:
            extraction.update(extraction.translated_languages(domain), domain)
        word_files.bring_up_to_date(site.content)
        context, _ = prepared(site)
        names = {language.code: language.name for language in context.portal.languages}
        recordings = staff_recordings.find(site.content)
        found = translation_progress.progress(context.library, recordings)
        click.echo("\n".join(translation_progress.table(found, names)))
        click.echo("\nRecord these first (content/media/audio/<language>/<name>.m4a):")
        click.echo("\n".join(short_clips.missing_first_clips(context.tables, context.library, recordings)))
        click.echo("\nPlain English, as advice:")
        click.echo("\n".join(f"  {line}" for line in plain_english.advice(context.library)) or "  Nothing to say.")


@click.command("add-language")
@click.argument("code")
@click.option("--name", default="", help="What its readers call it, where the program does not know.")
def add_language(code: str, name: str) -> None:
    """Add a language to the site: its line, folder, words and columns. Like: add-language bn

    Say it again to make what is still missing, and to see what is left to translate.
    """
    site = this_site()
    with site.report_problems():
        click.echo("\n".join(adding.add(site.content, site.root / "site" / "schemas", code, name)))
        voice = settings.voices(site.content).get(code, "")
        click.echo("\n".join([*gaps.in_program(code), *gaps.on_machine(code, voice)]))
        context, _ = prepared(site)
        missing = untranslated.find(context.library, context.tables, code, context.portal.words.get(code, ""))
        click.echo(f"To translate into {code}:")
        click.echo("\n".join(untranslated.summary(missing)))
        listing = site.root / ".build" / f"to-translate-{code}.txt"
        listing.write_text(untranslated.listing(missing), encoding="utf-8")
        click.echo(f"All of it by name: {listing.relative_to(site.root)}")
