// Small comforts on top of pages that work without them: drafts saved while one types, copying, live states.
"use strict";
(() => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));

  // Drafts: the form's own answer as JSON says where it lives now and which version it is.
  for (const form of document.querySelectorAll("form[data-autosave]")) {
    const line = form.querySelector("[data-saved]");
    let timer, busy = false, dirty = false;
    const save = async () => {
      if (busy) { dirty = true; return; }
      busy = true; dirty = false;
      const body = new FormData(form);
      body.set("lanjut", "otomatis");
      try {
        const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
        if (answer.ok) {
          const saved = await answer.json();
          form.elements.version.value = saved.version;
          if (saved.action && !form.action.endsWith(saved.action)) {
            form.action = saved.action;
            history.replaceState(null, "", saved.action);
          }
          if (line) line.textContent = saved.text;
        } else if (answer.status !== 409 && line) {
          line.textContent = "";
        }
      } catch { if (line) line.textContent = ""; }
      busy = false;
      if (dirty) save();
    };
    form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(save, 1200); });
    form.addEventListener("submit", async (event) => {
      clearTimeout(timer);
      dirty = false;
      if (!busy) return;
      event.preventDefault(); // a save is under way; its answer brings the version to go on from
      while (busy) await wait(50);
      form.requestSubmit(event.submitter);
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    const before = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent.trim());
      button.textContent = button.dataset.done;
      await wait(2500);
      button.textContent = before;
    });
  }

  // Polling with ETags; quiet while the tab is hidden.
  const poll = async (url, seconds, seen) => {
    let tag = "";
    for (;;) {
      await wait(seconds * 1000);
      if (document.hidden) continue;
      try {
        const answer = await fetch(url, { headers: tag ? { "If-None-Match": tag } : {} });
        if (answer.status === 401 || answer.redirected) return;
        if (answer.ok) {
          tag = answer.headers.get("ETag") || "";
          if (seen(await answer.json()) === false) return;
        }
      } catch { /* the next round tries again */ }
    }
  };
  const payment = document.querySelector("[data-payment]");
  if (payment && ["1", "2"].includes(payment.dataset.state)) {
    poll(payment.dataset.payment, 2, (now) => {
      if (String(now.state) === payment.dataset.state) return true;
      location.reload();
      return false;
    });
  }
  const badge = document.querySelector("[data-unread]");
  if (badge) {
    poll("/kotak-masuk/jumlah", 8, (now) => {
      badge.querySelector("[data-number]").textContent = now.unread;
      badge.hidden = !now.unread;
    });
  }
})();
