// Makes pages smoother; every page is whole without it.
(() => {
  "use strict";

  const fetchPart = async (address) => {
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    if (!answer.ok) throw new Error(String(answer.status));
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    return holder.content;
  };

  // A new listing comes in on top.
  const list = document.querySelector("[data-live]");
  if (list && window.EventSource) {
    const news = document.querySelector("[data-live-news]");
    const keep = Number(list.dataset.keep) || 40;
    const old = (subject) => list.querySelector(`[data-subject="${CSS.escape(subject)}"]`);
    const events = new EventSource(list.dataset.live);
    events.addEventListener("listing", async (event) => {
      const change = JSON.parse(event.data);
      if (change.action === "withdrawn") {
        old(change.subject)?.remove();
        return;
      }
      let card;
      try {
        card = (await fetchPart(change.card)).firstElementChild;
      } catch {
        return; // gone again, or the portal is restarting
      }
      if (!card) return;
      const before = old(change.subject);
      if (before) {
        card.classList.remove("arrived");
        card.querySelector(".new")?.remove();
        before.replaceWith(card);
        return;
      }
      list.querySelector(".empty")?.remove();
      list.prepend(card);
      const cards = list.querySelectorAll(".card");
      if (cards.length > keep) cards[cards.length - 1].remove();
      if (news) news.textContent = `${news.dataset.liveNews} ${card.querySelector("h3")?.textContent ?? ""}`;
    });
  }

  // A part of the page that is fetched again: on an event, or while something is under way.
  const part = document.querySelector("[data-part]");
  const busy = () => part.contains(document.activeElement) && document.activeElement !== part;
  const renew = async () => {
    const open = [...part.querySelectorAll("details")].map((details) => details.open);
    const fresh = await fetchPart(part.dataset.part);
    if (busy() && !part.querySelector("[data-still]")) return;
    part.replaceChildren(fresh);
    part.querySelectorAll("details").forEach((details, at) => { if (open[at]) details.open = true; });
    offerCopies();
  };
  if (part?.dataset.events && window.EventSource) {
    let last = 0;
    let waiting = false;
    new EventSource(part.dataset.events).addEventListener("network", () => {
      if (waiting) return;
      waiting = true;
      // At most once a second, however much happens.
      setTimeout(() => {
        waiting = false;
        last = Date.now();
        renew().catch(() => {});
      }, Math.max(0, last + 1000 - Date.now()));
    });
  } else if (part?.hasAttribute("data-pending")) {
    let tries = 0;
    const again = () => {
      renew()
        .catch(() => {})
        .finally(() => {
          tries += 1;
          if (part.querySelector("[data-still]") && tries < 240) setTimeout(again, tries < 40 ? 400 : 2000);
        });
    };
    setTimeout(again, 400);
  }

  // What is being typed is completed.
  document.querySelectorAll("input[data-suggest]").forEach((input) => {
    let timer = 0;
    let asked = "";
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const text = input.value.trim();
        // A word that was chosen from the list, or what was asked already.
        if (text.length < 1 || text === asked || [...input.list.options].some((one) => one.value === text)) return;
        asked = text;
        try {
          const answer = await fetch(`${input.dataset.suggest}?q=${encodeURIComponent(text)}`);
          if (!answer.ok || input.value.trim() !== text) return;
          const { items } = await answer.json();
          input.list.replaceChildren(...items.map((word) => new Option(word, word)));
        } catch {
          // Typing goes on without it.
        }
      }, 150);
    });
  });

  // Fields that were left empty don't stand in the address.
  document.querySelectorAll("form.find").forEach((form) => {
    const fields = () => [...form.elements].filter((field) => field.name && !field.value);
    form.addEventListener("submit", () => {
      fields().forEach((field) => { field.disabled = true; });
    });
    window.addEventListener("pageshow", () => fields().forEach((field) => { field.disabled = false; }));
  });

  // Commands can be copied.
  function offerCopies() {
    if (!navigator.clipboard) return;
    document.querySelectorAll("pre[data-copy]").forEach((block) => {
      if (block.querySelector("button")) return;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = block.dataset.copy;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(block.querySelector("code").textContent);
        button.textContent = block.dataset.copied;
        setTimeout(() => { button.textContent = block.dataset.copy; }, 2000);
      });
      block.append(button);
    });
  }
  offerCopies();

  // A proof file may be dropped anywhere on its field.
  const drop = document.querySelector("[data-drop]");
  if (drop) {
    const input = drop.querySelector("input");
    for (const kind of ["dragenter", "dragover"]) {
      drop.addEventListener(kind, (event) => {
        event.preventDefault();
        drop.classList.add("over");
      });
    }
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      if (event.dataTransfer.files.length) input.files = event.dataTransfer.files;
    });
  }
})();
