// Follows what is under way on this page without loading it anew; without this script the page refreshes itself.
"use strict";
(() => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  const follow = async (part) => {
    while (part.dataset.follow) {
      await wait(2000);
      if (document.hidden) continue;
      try {
        const answer = await fetch(location.href);
        if (!answer.ok || answer.redirected) return;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-follow]");
        if (!fresh) return;
        part.replaceChildren(...fresh.childNodes);
        part.dataset.follow = fresh.dataset.follow;
      } catch { /* the next round tries again */ }
    }
  };
  for (const part of document.querySelectorAll("[data-follow]")) follow(part);
})();
