// What the script uses of a browser beyond the language it is written in (es2020). Where one thing is lacking, or was taken away
// by somebody who guards against fingerprinting, the form stays as it is: the server's way needs none of it. What only photos and
// recordings need is here too, so that nothing is lost half-way. tests/journeys/test_features.py holds the list complete.
const USED = {
  "": "isSecureContext BigInt queueMicrotask DOMException atob btoa scrollTo TransformStream Blob File Image Audio CustomEvent"
    + " Response",
  crypto: "getRandomValues subtle",
  Object: "hasOwn",
  URL: "createObjectURL revokeObjectURL",
  location: "reload",
  Event: "preventDefault",
  Document: "createElement querySelector getElementById activeElement dispatchEvent",
  DocumentFragment: "querySelector",
  Element: "append prepend before after remove replaceWith replaceChildren closest matches insertAdjacentHTML scrollIntoView classList"
    + " querySelector querySelectorAll setAttribute removeAttribute addEventListener cloneNode appendChild getBoundingClientRect",
  HTMLElement: "focus click dataset hidden",
  HTMLFormElement: "submit reset",
  HTMLSelectElement: "selectedOptions",
  HTMLInputElement: "files inputMode",
  HTMLTemplateElement: "content",
  HTMLMediaElement: "canPlayType play pause load",
  HTMLCanvasElement: "getContext toBlob",
  CanvasRenderingContext2D: "fillRect drawImage getImageData",
  NodeList: "forEach",
  DOMTokenList: "toggle",
  CSSStyleDeclaration: "setProperty removeProperty",
  FileReader: "readAsDataURL readAsArrayBuffer",
  XMLHttpRequest: "open send setRequestHeader upload timeout",
  TextEncoder: "encode",
  TextDecoder: "decode",
  ReadableStream: "pipeThrough getReader",
  Response: "arrayBuffer",
  DataTransfer: "items",
  DataTransferItemList: "add",
};

// The first that this window lacks, or nothing.
export function lacking(here) {
  for (const [holder, names] of Object.entries(USED)) {
    const there = holder ? here[holder] : here;
    if (!there) return holder;
    const proto = there.prototype || {};
    const lost = names.split(" ").find((name) => !(name in proto) && !there[name]);
    if (lost) return `${holder}.${lost}`;
  }
  return undefined;
}
