// What `check` says, at its line: a sign beside it, the sentence below the field while the cursor stands there, F8 leads on.
import { forEachDiagnostic, lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorSelection } from "@codemirror/state";
import { EditorView, showPanel, ViewPlugin } from "@codemirror/view";

const at = (state) => {
  const here = state.doc.lineAt(state.selection.main.head);
  const found = [];
  forEachDiagnostic(state, (one, from) => { if (from >= here.from && from <= here.to) found.push(one.message); });
  return found.join(" ");
};

const lines = (state) => {
  const found = new Set();
  forEachDiagnostic(state, (_, from) => found.add(state.doc.lineAt(from).number));
  return [...found].sort((one, other) => one - other);
};

const goTo = (view, number) => {
  const line = view.state.doc.line(Math.max(1, Math.min(number, view.state.doc.lines)));
  view.dispatch({ selection: EditorSelection.cursor(line.from), effects: EditorView.scrollIntoView(line.from, { y: "center" }) });
  view.focus();
};

export const problems = (words) => {
  // The sentence of the cursor's line: a live region, so that a screen reader says it when the cursor comes there.
  const sentence = () => {
    const dom = document.createElement("div");
    dom.className = "field-says";
    dom.setAttribute("role", "status");
    const draw = (state) => {
      const said = at(state);
      if (dom.textContent !== said) dom.textContent = said;
      dom.hidden = !said;
    };
    return (view) => { draw(view.state); return { dom, update: (update) => draw(update.state) }; };
  };

  const next = (view) => {
    const wrong = lines(view.state);
    if (!wrong.length) return false;
    const here = view.state.doc.lineAt(view.state.selection.main.head).number;
    goTo(view, wrong.find((number) => number > here) ?? wrong[0]);
    return true;
  };

  // While a letter is being put together (Tamil, Odia and others by a phone's keyboard), nothing is drawn into its line.
  let waiting = null;
  const put = (view, found) => {
    const { doc } = view.state;
    view.dispatch(setDiagnostics(view.state, found.filter((one) => one.line && one.line <= doc.lines).map((one) => {
      const line = doc.line(one.line);
      return { from: line.from, to: line.to, severity: "error", message: `${words.line.replace("%d", one.line)}: ${one.what} ${one.todo}` };
    })));
  };
  const patient = ViewPlugin.define(() => ({
    update: (update) => {
      if (!waiting || !update.docChanged) return;
      waiting = null; // what was said of a text that is another by now: it is asked anew
    },
  }), {
    eventHandlers: {
      compositionend: (_, view) => setTimeout(() => {
        const found = waiting;
        waiting = null;
        if (found) put(view, found);
      }),
    },
  });

  return {
    extension: [lintGutter(), patient, showPanel.of(sentence())],
    keys: [{ key: "F8", run: next }],
    goTo,
    show: (view, found) => {
      if (view.composing) waiting = found;
      else put(view, found);
    },
  };
};
