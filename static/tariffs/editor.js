// Prices a tariff while it is typed, and moves rows without leaving the page. The server does it
// all; without this script the same buttons send the whole form.
(() => {
  const form = document.querySelector(".tariff-editor");
  const preview = document.getElementById("tariff-preview");
  const WAIT_MS = 350;
  let timer = 0;
  let latest = 0;

  document.documentElement.classList.add("tariff-scripted");

  async function ask(command) {
    const mine = ++latest;
    const body = new FormData(form);
    body.set("do", command);
    const answer = await fetch(form.dataset.preview, { method: "POST", body, credentials: "same-origin" });
    if (!answer.ok || mine !== latest) return null;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    preview.replaceChildren(...told.querySelector('[data-part="preview"]').childNodes);
    return told.querySelector("#tariff-content");
  }

  // Only what stands beside the fields: whoever types keeps the cursor.
  function tell(content) {
    if (!content) return;
    content.querySelectorAll(".tariff-error, .tariff-notes, #tariff-general").forEach((fresh) => {
      const key = fresh.id ? `#${CSS.escape(fresh.id)}` : `[data-notes="${CSS.escape(fresh.dataset.notes)}"]`;
      const old = form.querySelector(key);
      if (old) old.replaceChildren(...fresh.childNodes);
    });
    content.querySelectorAll("[aria-describedby]").forEach((fresh) => {
      const old = fresh.id && document.getElementById(fresh.id);
      if (old) old.toggleAttribute("aria-invalid", fresh.hasAttribute("aria-invalid"));
      if (old && fresh.hasAttribute("aria-invalid")) old.setAttribute("aria-invalid", "true");
    });
  }

  async function change(button) {
    const content = await ask(button.value);
    if (!content) return;
    const [word, key] = button.value.split(":");
    const opened = [...form.querySelectorAll(".tariff-when[open]")].map((each) => each.closest("li").id);
    const had = new Set([...form.querySelectorAll(".tariff-element")].map((each) => each.id));
    document.getElementById("tariff-content").replaceWith(content);
    opened.forEach((id) => document.getElementById(id)?.querySelector(".tariff-when").setAttribute("open", ""));
    focus(content, word, key, had);
  }

  function focus(content, word, key, had) {
    const fresh = [...content.querySelectorAll(".tariff-element")].find((each) => !had.has(each.id));
    const row = fresh ?? (key && content.querySelector(`#e-${CSS.escape(key)}`));
    const same = [...content.querySelectorAll("button")].find((each) => each.value === `${word}:${key}` && !each.disabled);
    let target = fresh ? fresh.querySelector("select") : same ?? row?.querySelector("button:not([disabled])");
    if (word === "add-component" && row) target = [...row.querySelectorAll(".tariff-component select")].pop();
    target ??= content.querySelector('[aria-current="true"], [value="add-element"]');
    target?.focus();
  }

  form.addEventListener("input", (event) => {
    if (["reason", "active_from", "active_to"].includes(event.target.name)) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => ask("").then(tell).catch(() => {}), WAIT_MS);
  });

  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button || button.value === "save") return;
    event.preventDefault();
    window.clearTimeout(timer);
    const done = button.value === "preview" ? ask("").then(tell) : change(button);
    done.catch(() => form.submit());
  });
})();
