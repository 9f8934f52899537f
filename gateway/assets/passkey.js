// Passkeys: asks the portal for options, the browser for a credential, and sends the form with it.
(() => {
  "use strict";

  // An invitation's token stands behind the # of its link, which no server sees: it goes on in a form.
  const handed = document.querySelector("form[data-handed]");
  if (handed && location.hash.length > 1) {
    handed.querySelector("[name=token]").value = decodeURIComponent(location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
    handed.submit();
    return;
  }

  if (!window.PublicKeyCredential || !navigator.credentials) {
    document.querySelectorAll("[data-lacks-passkeys]").forEach((note) => { note.hidden = false; });
    return;
  }
  document.querySelectorAll("[data-needs-passkeys]").forEach((part) => { part.hidden = false; });

  const bytes = (text) => {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0)).buffer;
  };
  const text = (buffer) => {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  };
  const withBytes = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

  const parsed = {
    create: (options) => PublicKeyCredential.parseCreationOptionsFromJSON?.(options) ?? {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: withBytes(options.excludeCredentials),
    },
    get: (options) => PublicKeyCredential.parseRequestOptionsFromJSON?.(options) ?? {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: withBytes(options.allowCredentials),
    },
  };

  const written = (credential) => {
    if (credential.toJSON) return credential.toJSON();
    const answer = credential.response;
    const response = { clientDataJSON: text(answer.clientDataJSON) };
    if (answer.attestationObject) {
      response.attestationObject = text(answer.attestationObject);
      response.transports = answer.getTransports?.() ?? [];
    } else {
      response.authenticatorData = text(answer.authenticatorData);
      response.signature = text(answer.signature);
      if (answer.userHandle) response.userHandle = text(answer.userHandle);
    }
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response,
    };
  };

  document.querySelectorAll("form[data-passkey]").forEach((form) => {
    const said = form.querySelector("[data-said]");
    const say = (sentence) => {
      said.textContent = sentence;
      said.hidden = !sentence;
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      say("");
      try {
        const answer = await fetch(form.dataset.options, {
          method: "POST",
          body: new URLSearchParams(new FormData(form)),
        });
        if (!answer.ok) throw new Error(String(answer.status));
        const begun = await answer.json();
        if (begun.problem) {
          say(begun.problem);
          return;
        }
        const kind = form.dataset.passkey;
        const whole = JSON.parse(begun.options);
        const publicKey = parsed[kind](whole.publicKey ?? whole);
        const credential = await navigator.credentials[kind]({ publicKey });
        form.querySelector("[name=ceremony]").value = begun.ceremony;
        form.querySelector("[name=credential]").value = JSON.stringify(written(credential));
        form.submit();
      } catch {
        // Cancelled, no passkey of this portal on the device, or the connection broke.
        say(form.dataset.failed);
      } finally {
        button.disabled = false;
      }
    });
  });
})();
