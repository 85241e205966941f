// The field for a page's text: CodeMirror in the place of the plain one, which stays behind it as what is sent.
import { defaultKeymap, history, historyKeymap, isolateHistory, redo, undo } from "@codemirror/commands";
import { EditorSelection, EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { marks } from "./marks.js";
import { problems } from "./problems.js";

// Return the field that stands in for a textarea from now on. nonce: of the styles that it may add; words: its sentences.
export const fieldFor = (plain, { nonce, label, words }) => {
  const told = problems(words);
  const mirrored = EditorView.updateListener.of((update) => {
    if (!update.docChanged) return;
    plain.value = update.state.doc.toString(); // what is sent, also where this script fails a moment later
    plain.dispatchEvent(new Event("input", { bubbles: true }));
  });
  const view = new EditorView({
    state: EditorState.create({
      doc: plain.value,
      selection: EditorSelection.single(plain.selectionStart, plain.selectionEnd),
      extensions: [
        EditorView.cspNonce.of(nonce),
        history(),
        marks,
        told.extension,
        mirrored,
        // Tab leads on to the next button, as in a plain field: nobody is held in here.
        keymap.of([...told.keys, ...defaultKeymap, ...historyKeymap]),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({
          "aria-labelledby": label, lang: plain.lang, spellcheck: "true", autocorrect: "on", autocapitalize: "sentences",
        }),
        EditorView.perLineTextDirection.of(true),
      ],
    }),
  });
  const hadFocus = document.activeElement === plain;
  plain.before(view.dom);
  plain.hidden = true;
  if (hadFocus) view.focus();
  return {
    node: view.contentDOM,
    get value() { return view.state.doc.toString(); },
    get from() { return view.state.selection.main.from; },
    get to() { return view.state.selection.main.to; },
    // Put words in the place of a stretch as one step of undo, and choose a stretch of what stands then.
    put(words, from, to, chosenFrom, chosenTo) {
      view.dispatch({
        changes: { from, to, insert: words },
        selection: EditorSelection.single(chosenFrom, chosenTo),
        annotations: isolateHistory.of("full"),
        userEvent: "input.button",
        scrollIntoView: true,
      });
      view.focus();
    },
    show: (found) => told.show(view, found),
    goTo: (number) => told.goTo(view, number),
    undo: () => { undo(view); view.focus(); },
    redo: () => { redo(view); view.focus(); },
  };
};
