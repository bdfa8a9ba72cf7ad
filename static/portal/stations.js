// The stations on a map. Tiles come from the server that the operator of this site has set; with
// none set nothing is fetched, and the stations stand on plain ground.
(() => {
  const map = document.getElementById("map");
  const TILE = 256;
  const MOST_ZOOM = 18;
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

  function drawPoints() {
    return points
      .map((point) => ({ point, spot: place(point.at) }))
      .filter(({ spot }) => spot.left > -20 && spot.top > -20 && spot.left < map.clientWidth + 20 && spot.top < map.clientHeight + 20)
      .slice(0, 1500)
      .map(({ point, spot }) => {
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
    map.replaceChildren(...drawTiles(), ...drawPoints(), controls(), credit());
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
      fit();
      listen();
      draw();
    })
    .catch(() => {});
})();
