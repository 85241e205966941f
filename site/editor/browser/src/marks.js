// How the few marks of our texts look while they are written; their colours stand in editor.css.
import { Language, defineLanguageFacet, languageDataProp, syntaxHighlighting } from "@codemirror/language";
import { styleTags, tagHighlighter, Tag, tags } from "@lezer/highlight";
import { parser } from "@lezer/markdown";

const block = Tag.define();
const note = Tag.define();

const here = (cx, pattern, pos) => pattern.exec(cx.slice(pos, cx.end));

// [[ number: 112 ]], [link](page.md){ .button }, !!! note "Title", and the line of a speech bubble.
const ours = {
  defineNodes: [{ name: "OurBlock", style: block }, { name: "OurNote", style: note }],
  parseInline: [
    { name: "OurBlock", before: "Link", parse: (cx, next, pos) => {
      const found = next === 91 && here(cx, /^\[\[ *[a-z][^\[\]\n]*\]\]/, pos);
      return found ? cx.addElement(cx.elt("OurBlock", pos, pos + found[0].length)) : -1;
    } },
    { name: "OurLooks", before: "Emphasis", parse: (cx, next, pos) => {
      const found = next === 123 && here(cx, /^\{:? *[.#][^{}\n]*\}/, pos);
      return found ? cx.addElement(cx.elt("OurNote", pos, pos + found[0].length)) : -1;
    } },
    { name: "OurNote", before: "Emphasis", parse: (cx, next, pos) => {
      const begins = pos === cx.offset || cx.slice(pos - 1, pos) === "\n";
      const found = begins && here(cx, /^(?:!!! .*|: {3})/, pos);
      return found ? cx.addElement(cx.elt("OurNote", pos, pos + found[0].length)) : -1;
    } },
  ],
};

const data = defineLanguageFacet({});
const styled = parser.configure([ours, {
  props: [
    styleTags({ "HeaderMark ListMark EmphasisMark LinkMark QuoteMark": tags.processingInstruction }),
    languageDataProp.add({ Document: data }),
  ],
}]);

const looks = tagHighlighter([
  { tag: tags.heading, class: "mark-heading" },
  { tag: tags.strong, class: "mark-strong" },
  { tag: tags.emphasis, class: "mark-emphasis" },
  { tag: [tags.link, tags.url], class: "mark-link" },
  { tag: tags.processingInstruction, class: "mark-sign" },
  { tag: [block, note], class: "mark-block" },
]);

export const marks = [new Language(data, styled, [], "markdown").extension, syntaxHighlighting(looks)];
