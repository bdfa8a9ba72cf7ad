// The stations on a map. Tiles come from the server that the operator of this site has set; with
// none set nothing is fetched, and the stations stand on plain ground.
(() => {
  const map = document.getElementById("map");
  const TILE = 256;
  const MOST_ZOOM = 18;
  const MOST_POINTS = 1500;
  const MOST_NAMES = 150;
  const LETTER = 7.2;
  const layer = document.createElement("div");
  let points = [];
  let zoom = 6;
  let centre = { x: 0.5, y: 0.5 };

  const project = (lat, lon) => {
    const sin = Math.sin((Math.min(Math.max(lat, -85), 85) * Math.PI) / 180);
    return { x: (lon + 180) / 360, y: 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) };
  };
  const size = () => TILE * 2 ** zoom;
  const place = (at) => ({
    left: (at.x - centre.x) * size() + map.clientWidth / 2,
    top: (at.y - centre.y) * size() + map.clientHeight / 2,
  });

  function fit() {
    const all = points.map((point) => point.at);
    const xs = all.map((at) => at.x);
    const ys = all.map((at) => at.y);
    const [left, right] = [Math.min(...xs), Math.max(...xs)];
    const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
    centre = { x: (left + right) / 2, y: (top + bottom) / 2 };
    const wide = map.clientWidth / TILE / Math.max(right - left, 1e-5);
    const high = map.clientHeight / TILE / Math.max(bottom - top, 1e-5);
    zoom = Math.max(1, Math.min(15, Math.floor(Math.log2(Math.min(wide, high) * 0.85))));
  }

  function drawTiles() {
    const pattern = map.dataset.tiles;
    if (!pattern) return [];
    const tiles = [];
    const count = 2 ** zoom;
    const first = { x: centre.x * count - map.clientWidth / 2 / TILE, y: centre.y * count - map.clientHeight / 2 / TILE };
    for (let x = Math.floor(first.x); x <= first.x + map.clientWidth / TILE; x += 1) {
      for (let y = Math.max(0, Math.floor(first.y)); y <= Math.min(count - 1, first.y + map.clientHeight / TILE); y += 1) {
        const tile = new Image();
        tile.alt = "";
        tile.draggable = false;
        tile.referrerPolicy = "no-referrer";
        tile.src = pattern.replace("{z}", zoom).replace("{x}", ((x % count) + count) % count).replace("{y}", y);
        tile.style.left = `${(x - first.x) * TILE}px`;
        tile.style.top = `${(y - first.y) * TILE}px`;
        tiles.push(tile);
      }
    }
    return tiles;
  }

  function visible() {
    return points
      .map((point) => ({ point, spot: place(point.at) }))
      .filter(({ spot }) => spot.left > -20 && spot.top > -20 && spot.left < map.clientWidth + 20 && spot.top < map.clientHeight + 20)
      .slice(0, MOST_POINTS);
  }

  function drawPoints(shown) {
    return shown.map(({ point, spot }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "point";
      button.title = `${point.name} (${point.operator}): ${point.available} of ${point.evses} available`;
      button.setAttribute("aria-label", button.title);
      button.style.left = `${spot.left}px`;
      button.style.top = `${spot.top}px`;
      button.addEventListener("click", () => open(point));
      return button;
    });
  }

  // Names beside the points, as long as there is room: none lies on another name or point.
  function drawNames(shown) {
    const taken = shown.map(({ spot }) => ({ left: spot.left - 9, right: spot.left + 9, top: spot.top - 9, bottom: spot.top + 9 }));
    const names = [];
    shown.slice(0, MOST_NAMES).forEach(({ point, spot }) => {
      const left = spot.left + 12;
      const box = { left, right: left + point.name.length * LETTER, top: spot.top - 9, bottom: spot.top + 9 };
      if (taken.some((other) => box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom)) return;
      taken.push(box);
      const name = document.createElement("span");
      name.className = "name";
      name.setAttribute("aria-hidden", "true");
      name.textContent = point.name;
      name.style.left = `${left}px`;
      name.style.top = `${spot.top}px`;
      names.push(name);
    });
    return names;
  }

  function open(point) {
    if (document.getElementById(`station-${point.id}`)) {
      window.location.hash = `station-${point.id}`;
    } else {
      window.location.search = `?q=${encodeURIComponent(point.name)}`;
    }
  }

  function controls() {
    const box = document.createElement("div");
    box.className = "controls";
    [["+", "Zoom in", 1], ["−", "Zoom out", -1]].forEach(([sign, label, step]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = sign;
      button.setAttribute("aria-label", label);
      button.addEventListener("click", () => { change(step); });
      box.append(button);
    });
    return box;
  }

  function credit() {
    const text = document.createElement("span");
    text.className = "credit";
    text.textContent = map.dataset.tiles ? map.dataset.credit : "";
    return text;
  }

  function draw() {
    const shown = visible();
    layer.replaceChildren(...drawTiles(), ...drawNames(shown), ...drawPoints(shown));
  }

  function change(step) {
    zoom = Math.max(1, Math.min(MOST_ZOOM, zoom + step));
    draw();
  }

  function pan(dx, dy) {
    centre = { x: centre.x - dx / size(), y: centre.y - dy / size() };
    draw();
  }

  function listen() {
    let last = null;
    map.addEventListener("pointerdown", (event) => {
      if (event.target.tagName !== "BUTTON") last = event;
    });
    window.addEventListener("pointermove", (event) => {
      if (!last) return;
      pan(event.clientX - last.clientX, event.clientY - last.clientY);
      last = event;
    });
    window.addEventListener("pointerup", () => { last = null; });
    map.addEventListener("wheel", (event) => {
      event.preventDefault();
      change(event.deltaY < 0 ? 1 : -1);
    }, { passive: false });
    map.tabIndex = 0;
    map.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
      if (moves[event.key] && event.target === map) {
        event.preventDefault();
        pan(...moves[event.key]);
      }
    });
    window.addEventListener("resize", draw);
  }

  fetch(map.dataset.points + window.location.search)
    .then((answer) => answer.json())
    .then((data) => {
      points = data.points.map((point) => ({ ...point, at: project(point.lat, point.lon) }));
      if (!points.length) return;
      map.hidden = false;
      map.replaceChildren(layer, controls(), credit());
      fit();
      listen();
      draw();
    })
    .catch(() => {});
})();
