// While something goes on, its page is read again every few seconds and what changed is shown.
(() => {
  const story = () => document.querySelector("[data-live]");
  const shown = (page) => page.querySelector("#content-main");

  async function follow() {
    const seconds = Number(story()?.dataset.follow);
    if (!seconds) return;
    await new Promise((done) => setTimeout(done, seconds * 1000));
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.querySelector("[data-live]");
      // At its end the buttons above change too, which are not part of what is shown here.
      if (fresh && !fresh.dataset.follow) return location.reload();
      if (fresh && shown(page).textContent !== shown(document).textContent) {
        shown(document).replaceWith(shown(page));
      }
    } catch {
      // The server is away for a moment; the next round tries again.
    }
    follow();
  }

  document.addEventListener("DOMContentLoaded", follow);
})();
