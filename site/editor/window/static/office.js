// Passkeys. Without this file, or where the browser knows none, a passphrase is the way in.
(() => {
  "use strict";
  if (!window.PublicKeyCredential) return;

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const named = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const asked = (told) => ({
    ...told,
    challenge: bytes(told.challenge),
    ...(told.user && { user: { ...told.user, id: bytes(told.user.id) } }),
    ...(told.excludeCredentials && { excludeCredentials: named(told.excludeCredentials) }),
    ...(told.allowCredentials && { allowCredentials: named(told.allowCredentials) }),
  });

  const answer = (found) => {
    const response = {};
    ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"].forEach((name) => {
      if (found.response[name]) response[name] = text(found.response[name]);
    });
    return JSON.stringify({ id: found.id, rawId: text(found.rawId), type: found.type, response });
  };

  document.querySelectorAll("[data-passkey]").forEach((form) => {
    const button = form.querySelector("button");
    const said = form.querySelector("[data-said]");
    form.hidden = false;
    const post = async (to, more) => {
      const sent = new URLSearchParams(new FormData(form));
      if (more) sent.set("answer", more);
      const got = await fetch(to, { method: "POST", body: sent });
      if (got.redirected) location.assign(got.url); // it must be shown again that it is you
      return got.json();
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      said.textContent = "";
      try {
        const told = await post(form.dataset.ask);
        if (told.problem) {
          said.textContent = told.problem;
          button.disabled = false;
          return;
        }
        const publicKey = asked(told);
        const found = form.dataset.passkey === "new"
          ? await navigator.credentials.create({ publicKey })
          : await navigator.credentials.get({ publicKey });
        const done = await post(form.dataset.send, answer(found));
        if (done.to) location.assign(done.to);
        else said.textContent = done.problem || form.dataset.failed;
      } catch {
        said.textContent = form.dataset.failed;
      }
      button.disabled = false;
    });
  });
})();
