"""Records a native reader's name under a translation, and the English that it was made from (decision 0045)."""

from sitegen.content import translations

from editor import front_matter
from editor.editor import Editor


def confirm(
    editor: Editor, who: str, language: str, name: str, *, followed: bool = False, signed: bool = False
) -> None:
    """Record the English from which a translation was made (followed) or read (signed), and commit it."""
    with editor.store.lock:
        state = editor.content_cache.current_except(editor.store.page(language, name))
        if state.context:
            translations.confirm(editor.content, name, language, editor.store.languages, editor.today(),
                                 followed=followed, signed=signed)  # fmt: skip
            editor.store.record_external_changes(who, f"Remember {language}/{name}")


def sign(editor: Editor, who: str, reader: str, language: str, name: str) -> None:
    """Write the name of a reader under a translation. who: the author of the save."""
    with editor.store.lock:
        path = editor.store.page(language, name)
        text, base = editor.store.read(path)
        lines, body = front_matter.split(text)
        values = {"reviewed_by": reader, "reviewed_on": editor.today()}
        signed = front_matter.join(front_matter.with_values(lines, values), body)
        editor.store.replace(path, signed, base, who, f"Read {language}/{name}")
        confirm(editor, who, language, name, signed=True)
