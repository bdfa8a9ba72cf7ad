// Shows what a tariff would cost while it is typed. Without it the page works by its button.
(() => {
  const form = document.querySelector(".tariff-editor");
  const preview = document.getElementById("tariff-preview");
  const WAIT_MS = 400;
  let timer = 0;
  let latest = 0;

  async function show() {
    const mine = ++latest;
    const answer = await fetch(form.dataset.preview, {
      method: "POST",
      body: new FormData(form),
      credentials: "same-origin",
    });
    if (answer.ok && mine === latest) {
      preview.innerHTML = await answer.text();
    }
  }

  form.addEventListener("input", (event) => {
    if (event.target.name === "content" || event.target.name === "ocpi_version") {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => show().catch(() => {}), WAIT_MS);
    }
  });
})();
