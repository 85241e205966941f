"""The commands that build the site, and what is carried from it."""

from pathlib import Path

import click

from commands import unchanged
from commands.building import build_if_changed, builder_of
from commands.key_files import state_of_keys
from commands.keys import demonstration_keys, has_publishers_key, publishers_signature
from commands.site import public_folder, this_site
from commands.withdrawals import remove_withdrawn


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=public_folder, help="Folder of the built site.")
@click.option("--again", is_flag=True, help="Build everything, also what has not changed.")
@click.option("--speech/--no-speech", default=True, help="Make speech of new texts too, or leave that for later.")
@click.option("--compress/--no-compress", default=True, help="Write compressed copies, which a web server needs.")
def build(out: Path, again: bool, speech: bool, compress: bool) -> None:
    """Check and build what changed since the last build, in all languages, into public/."""
    site = this_site()
    with site.report_problems():
        builder, signs = builder_of(site, out), has_publishers_key(site)
        builder.key_files = state_of_keys(site)
        comparison, changed = unchanged.take_comparison(out, site.today(), builder.key_files), None
        if comparison:
            builder.take_record(comparison.record, comparison.stored)
        if not builder.has_current_consents(site.today()):
            remove_withdrawn(site, out)  # before anything is read that may be broken, or a passphrase is asked for
        elif comparison:
            changed = comparison.changed_inputs()
        as_built = not again and builder.is_up_to_date(
            site.today(), speak=speech, compress=compress, sign=signs, changed=changed
        )
        if as_built or not build_if_changed(
            site,
            out,
            again=again,
            speak=speech,
            compress=compress,
            sign=publishers_signature(site),
            compared=not (again or signs),
        ):
            click.echo(unchanged.nothing_changed(out))


@click.command()
@click.option(
    "--out", type=click.Path(path_type=Path), default=lambda: this_site().root / "kit", help="Folder for the files."
)
def kit(out: Path) -> None:
    """Make the site for a memory card, and in each language leaflet, posters, pocket card and papers of events."""
    from sitegen.publish import kit as press_kit  # noqa: PLC0415 - loads Typst

    site = this_site()
    with site.report_problems():
        build_if_changed(site, site.public)
        keys = demonstration_keys(site)
        press_kit.make(site.root, site.public, out, keys=keys, today=site.today(), say=click.echo)
        click.echo(f"The kit is in {out}.")
