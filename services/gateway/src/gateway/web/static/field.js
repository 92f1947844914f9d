// Work in the field: positions, distances, steppers, and the board that stays fresh; every page works without this script.
"use strict";
(() => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const locate = () => new Promise((done, fail) => {
    if (!navigator.geolocation) fail(new Error("none"));
    else navigator.geolocation.getCurrentPosition(done, fail, { enableHighAccuracy: true, timeout: 6000, maximumAge: 30000 });
  });

  // Forms that tell where one stands: asked for when the form is sent, and sent without it when there is none.
  for (const form of document.querySelectorAll("form[data-locate]")) {
    const line = form.querySelector("[data-position]");
    if (!line) continue;
    let asked = false;
    form.addEventListener("submit", async (event) => {
      if (asked) return;
      event.preventDefault();
      asked = true;
      line.textContent = line.dataset.wait;
      try {
        const { coords } = await locate();
        form.elements.lat.value = coords.latitude.toFixed(6);
        form.elements.lon.value = coords.longitude.toFixed(6);
        line.textContent = line.dataset.got;
      } catch { line.textContent = line.dataset.none; }
      form.requestSubmit(event.submitter);
    });
  }

  // A button that writes the present position into its form.
  for (const button of document.querySelectorAll("[data-here]")) {
    const form = button.closest("form"), line = form.querySelector("[data-position]");
    button.hidden = !navigator.geolocation;
    button.addEventListener("click", async () => {
      line.textContent = line.dataset.wait;
      try {
        const { coords } = await locate();
        form.elements.lat.value = coords.latitude.toFixed(6);
        form.elements.lon.value = coords.longitude.toFixed(6);
        line.textContent = line.dataset.got;
      } catch { line.textContent = line.dataset.none; }
    });
  }

  // Distances of the orders in a list, as the crow flies.
  const near = document.querySelector("[data-near]");
  if (near && navigator.geolocation) {
    const text = near.querySelector("span"), before = text.textContent, rad = Math.PI / 180;
    const format = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    near.hidden = false;
    near.addEventListener("click", async () => {
      text.textContent = near.dataset.wait;
      try {
        const { coords } = await locate();
        for (const place of document.querySelectorAll("[data-lat]")) {
          const north = (place.dataset.lat - coords.latitude) * rad;
          const east = (place.dataset.lon - coords.longitude) * rad * Math.cos(coords.latitude * rad);
          const metres = Math.hypot(north, east) * 6371000;
          place.textContent = metres < 1000
            ? near.dataset.metres.replace("#", format.format(Math.round(metres / 10) * 10))
            : near.dataset.kilometres.replace("#", format.format(metres / 1000));
        }
        text.textContent = before;
      } catch { text.textContent = near.dataset.none; }
    });
  }

  for (const button of document.querySelectorAll("[data-step]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = button.parentElement.querySelector("input");
      input.value = Math.min(999, Math.max(0, (Number.parseInt(input.value, 10) || 0) + Number(button.dataset.step)));
    });
  }

  // The board: asked for every 10 seconds with its ETag; focus inside it stays where it was.
  const board = document.querySelector("[data-board]");
  if (board) {
    const line = document.querySelector("[data-board-line]");
    line.textContent = line.dataset.live;
    let tag = "";
    const round = async () => {
      const answer = await fetch(board.dataset.board, { cache: "no-store", headers: tag ? { "If-None-Match": tag } : {} });
      if (answer.redirected || (!answer.ok && answer.status !== 304)) throw new Error("away");
      line.textContent = line.dataset.live;
      if (answer.status === 304) return;
      tag = answer.headers.get("ETag") || "";
      const focused = board.contains(document.activeElement) ? document.activeElement.getAttribute("href") : "";
      board.innerHTML = await answer.text();
      if (focused) [...board.querySelectorAll("a")].find((link) => link.getAttribute("href") === focused)?.focus();
    };
    const follow = async () => {
      for (;;) {
        await wait(10000);
        if (document.hidden) continue;
        try { await round(); } catch { line.textContent = line.dataset.lost; }
      }
    };
    follow();
  }
})();
