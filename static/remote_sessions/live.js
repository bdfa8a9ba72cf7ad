// While a charge goes on, its page is read again every few seconds and what changed is shown.
(() => {
  const story = () => document.getElementById("remote-session-story");

  async function follow() {
    const seconds = Number(story()?.dataset.follow);
    if (!seconds) return;
    await new Promise((done) => setTimeout(done, seconds * 1000));
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById("remote-session-story");
      if (fresh && fresh.outerHTML !== story().outerHTML) {
        document.querySelector("#content-main").replaceWith(page.querySelector("#content-main"));
      }
    } catch {
      // The server is away for a moment; the next round tries again.
    }
    follow();
  }

  document.addEventListener("DOMContentLoaded", follow);
})();
