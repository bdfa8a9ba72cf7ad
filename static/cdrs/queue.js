// One box chooses all held CDRs of the page; without this script each has its own.
(() => {
  const all = document.querySelector(".queue-all");
  if (!all) return;
  const boxes = [...document.querySelectorAll('input[name="cdr"]')];
  all.hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => { box.checked = all.checked; }));
  boxes.forEach((box) => box.addEventListener("change", () => {
    const chosen = boxes.filter((each) => each.checked).length;
    all.checked = chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  }));
})();
