"""Unfinished translations of stories whose consent was withdrawn: they go with it (decision 0079)."""

from pathlib import Path

from sitegen.content.consent import consent_names, consent_table
from sitegen.content.page_reader import DRAFTS_FOLDER
from sitegen.layers import lookup
from sitegen.publish.withdrawals.cleaning import remove_each


def remove(content: Path) -> list[str]:
    """Remove the drafts of all withdrawn stories; return their names inside content/. Raises OSError, after all others.

    The pages themselves stay, as before: nobody sees them, and a person says what else is in them.
    """
    rows = consent_table.read_leniently(content).rows
    stories = {consent_names.story_name(row.get("story") or "") for row in rows if row.get("withdrawn_on")} - {""}
    drafts = [file for file in lookup.every(content, DRAFTS_FOLDER, "*.md") if file.layer.label == lookup.OWN]
    found = sorted(file.path for file in drafts if _page_of(file.name) in stories)
    remove_each(found)
    return [path.relative_to(content).as_posix() for path in found]


def _page_of(draft: str) -> str:
    """Return the page of a draft as consents name it: "stories/x" of "drafts/ta/stories/x.md"."""
    return "/".join(draft.casefold().removesuffix(".md").split("/")[2:])
