"use strict";
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const scopes = new Map(page.scopes.map((scope) => [scope.id, scope]));
  const select = document.getElementById("scope");
  const drawn = new Map(); // by panel: what Vega has drawn there

  const make = (name, attributes = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  };
  const toScope = (id) => (id ? `#playlist-${id}` : "#all");
  const inSpotify = (url, ...children) =>
    make("a", { href: url, rel: "noreferrer noopener", target: "_blank" }, ...children);
  const isSafe = (url) => typeof url === "string" && url.startsWith("https://open.spotify.com/");
  const isolated = (text) => make("bdi", {}, text);
  const number = (value) => value.toLocaleString("en");

  // Tables

  const cell = (value) => {
    if (value === null || value === undefined) return make("td", {});
    if (typeof value === "number") return make("td", { class: "number" }, number(value));
    if (typeof value === "string") return make("td", {}, isolated(value));
    const name = isolated(value.text);
    const link = value.scope ? make("a", { href: toScope(value.scope) }, name) : isSafe(value.url) ? inSpotify(value.url, name) : name;
    return make("th", { scope: "row" }, link, ...(value.note ? [make("small", {}, isolated(value.note))] : []));
  };
  const table = (panel, title) => {
    const first = panel.rows[0] || [];
    const heads = panel.head.map((text, column) =>
      make("th", { scope: "col", class: typeof first[column] === "number" ? "number" : "" }, text));
    const rows = panel.rows.map((row, index) => {
      const line = make("tr", {}, ...row.map(cell));
      if (panel.bars.length) {
        line.firstChild.classList.add("barred");
        line.firstChild.style.setProperty("--bar", panel.bars[index]);
      }
      return line;
    });
    return make("table", { class: panel.bars.length ? "bars" : "" },
      make("caption", { class: "visually-hidden" }, title), make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  };

  // Charts

  const sources = (panel) => Object.fromEntries(Object.entries(panel.data).map(([name, { fields, rows }]) =>
    [name, rows.map((row) => Object.fromEntries(fields.map((field, index) => [field, row[index]])))]));
  // Cells are square, and as large as there is room for.
  const squares = {
    calendar: (room, data) => Math.max(12, Math.min(30, Math.floor((room - 44) / new Set(data.rows.map((row) => row.week)).size))),
    overlap: (room, data) => Math.max(14, Math.min(32, Math.floor((room - Math.min(190, room * 0.42)) / data.names.length))),
  };
  const draw = async (section, panel) => {
    const name = section.dataset.panel;
    const target = section.querySelector(".chart");
    drawn.get(name)?.finalize();
    drawn.delete(name);
    target.replaceChildren();
    const datasets = sources(panel);
    const isEmpty = !Object.values(datasets).some((rows) => rows.length);
    section.querySelector(".scroller").hidden = isEmpty;
    if (isEmpty) return;
    const spec = structuredClone(page.charts[name]);
    spec.datasets = datasets;
    // Without rows a source would only widen the scales that it shares.
    spec.layer = spec.layer.filter((layer) => !(layer.data && datasets[layer.data.name]?.length === 0));
    const room = name === "coverage" && !datasets.names.length ? 0 : target.parentElement.clientWidth;
    if (squares[name]) {
      const step = { step: squares[name](room, datasets) };
      Object.assign(spec, { width: step, height: step });
    } else if (name === "coverage") {
      spec.height = Math.max(1, datasets.names.length) * (room && room < 640 ? 40 : 24);
    }
    for (const parameter of spec.params || []) if (parameter.name === "room") parameter.value = room;
    const canvas = make("div"); // Vega calls what it draws in a document, but here it is an image with a description
    target.append(canvas);
    drawn.set(name, await vegaEmbed(canvas, spec, { renderer: "svg", actions: false, ast: true, tooltip: { theme: "custom" } }));
    const scroller = target.parentElement;
    scroller.scrollLeft = scroller.scrollWidth; // the newest days
    if (scroller.scrollWidth > scroller.clientWidth) scroller.tabIndex = 0; // for whoever scrolls with keys
    else scroller.removeAttribute("tabindex");
  };

  // What is shown

  const sparkline = (steps) => {
    const [width, height, edge] = [150, 26, 3];
    const namespace = "http://www.w3.org/2000/svg";
    const shape = (name, attributes) => {
      const element = document.createElementNS(namespace, name);
      for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
      return element;
    };
    const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "sparkline", "aria-hidden": "true" });
    const x = (day) => ((day * width) / page.days).toFixed(1);
    const read = steps.filter(([, , state]) => state === "read");
    const [low, high] = [Math.min(...read.map((step) => step[3])), Math.max(...read.map((step) => step[3]))];
    const y = (items) => (high === low ? height / 2 : height - edge - ((items - low) / (high - low)) * (height - 2 * edge)).toFixed(1);
    let path = "";
    let end = -1;
    for (const [first, last, state, items] of steps) {
      if (state === "read") {
        path += `${first === end ? "L" : "M"}${x(first)} ${y(items)}L${x(last + 1)} ${y(items)}`;
        end = last + 1;
      } else {
        svg.append(shape("rect", { x: x(first), y: 4, width: x(last + 1) - x(first), height: height - 8, class: `gap ${state}` }));
      }
    }
    svg.append(shape("path", { d: path, class: "line" }));
    return svg;
  };
  const directory = (lines) => {
    const heads = ["Playlist", "Items, day by day", "Items", "Came", "Went", "Last read", "Spotify"];
    const kinds = ["", "", "number", "number", "number", "date", "out"];
    const rows = lines.map(([id, name, url, items, lastRead, came, went, steps, inDetail]) => {
      const link = isSafe(url) ? inSpotify(url, "↗") : "";
      if (link) link.setAttribute("aria-label", `${name} in Spotify`);
      return make("tr", {},
        make("th", { scope: "row" }, inDetail ? make("a", { href: toScope(id) }, isolated(name)) : isolated(name)),
        make("td", { class: "spark" }, sparkline(steps)),
        make("td", { class: "number" }, items === null ? "–" : number(items)),
        make("td", { class: "number came" }, came ? `+${number(came)}` : "·"),
        make("td", { class: "number went" }, went ? `−${number(went)}` : "·"),
        make("td", { class: "date" }, lastRead === null ? "never" : lastRead),
        make("td", { class: "out" }, link));
    });
    return make("table", { class: "directory" },
      make("caption", { class: "visually-hidden" }, "The playlists"),
      make("thead", {}, make("tr", {}, ...heads.map((text, index) => make("th", { scope: "col", class: kinds[index] }, text)))),
      make("tbody", {}, ...rows));
  };
  const fillDirectory = (section) => {
    const [inDetail, others] = [true, false].map((wanted) => page.directory.filter((line) => line[8] === wanted));
    section.querySelector(".summary").textContent = others.length
      ? `The ${inDetail.length} of ${page.directory.length} playlists that have changed most recently. Choose one to see it in detail.`
      : `${page.directory.length} playlists, each with its length day by day. Choose one to see it in detail.`;
    const list = section.querySelector(".list");
    list.replaceChildren(directory(inDetail));
    if (others.length) {
      list.append(make("details", {}, make("summary", {}, `${others.length} more, whose changes are older or unknown`), directory(others)));
    }
  };
  const fill = (section, panel) => {
    section.querySelector(".summary").textContent = panel.summary;
    section.querySelector(".legend").replaceChildren(...panel.legend.map(([mark, meaning]) =>
      make("li", {}, make("span", { class: `mark ${mark}`, "aria-hidden": "true" }), meaning)));
    const details = section.querySelector("details");
    details.hidden = !panel.rows.length;
    details.open = panel.bars.length > 0; // a list that is its own chart
    details.classList.toggle("plain", details.open);
    section.querySelector(".list").replaceChildren(...(panel.rows.length ? [table(panel, section.querySelector("h3").textContent)] : []));
  };
  let current = 0;
  const show = async () => {
    const turn = ++current;
    const id = decodeURIComponent(location.hash).replace(/^#(playlist-)?/, "");
    const scope = scopes.get(id) || scopes.get("");
    document.body.dataset.state = "drawing";
    select.value = scope.id;
    document.getElementById("scope-name").replaceChildren(isolated(scope.name));
    const link = document.getElementById("scope-link");
    link.hidden = !isSafe(scope.url);
    if (!link.hidden) link.href = scope.url;
    document.getElementById("tiles").replaceChildren(...scope.tiles.map(([label, value, note]) =>
      make("div", {}, make("dt", {}, label), make("dd", { class: "value" }, value), make("dd", { class: "note" }, note))));
    const sections = [...document.querySelectorAll("[data-panel]")];
    for (const section of sections) {
      const panel = scope.panels[section.dataset.panel];
      section.hidden = !(panel || (section.dataset.panel === "directory" && scope.id === ""));
      if (panel) fill(section, panel);
    }
    for (const section of sections) { // one after the other, so that the page answers meanwhile
      const panel = scope.panels[section.dataset.panel];
      if (!panel || !section.querySelector(".chart")) continue;
      await draw(section, panel);
      if (turn !== current) return;
    }
    document.body.dataset.state = scope.id || "all";
  };

  for (const scope of [...page.scopes].sort((one, other) => (one.id ? 1 : 0) - (other.id ? 1 : 0) || one.name.localeCompare(other.name))) {
    select.append(make("option", { value: scope.id }, scope.name));
  }
  select.addEventListener("change", () => { location.hash = toScope(select.value); });
  window.addEventListener("hashchange", async () => {
    if (location.hash === "#main") return;
    await show();
    document.getElementById("status").textContent = document.getElementById("scope-name").textContent;
    window.scrollTo(0, 0);
  });

  let width = document.documentElement.clientWidth;
  let waiting;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      if (document.documentElement.clientWidth === width) return;
      width = document.documentElement.clientWidth;
      show();
    }, 150);
  });

  const themes = { "": "as the system", light: "light", dark: "dark" };
  const button = document.getElementById("theme");
  const setTheme = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    button.setAttribute("aria-label", `Colours: ${themes[theme]}`);
    button.title = button.getAttribute("aria-label");
    button.textContent = { "": "◐", light: "☀", dark: "☾" }[theme];
    try { localStorage.setItem("playlist-history-theme", theme); } catch { /* a browser may keep nothing for files */ }
  };
  button.addEventListener("click", () => {
    const order = Object.keys(themes);
    setTheme(order[(order.indexOf(document.documentElement.dataset.theme || "") + 1) % order.length]);
  });
  try {
    const kept = localStorage.getItem("playlist-history-theme");
    if (kept in themes) setTheme(kept);
  } catch { /* as above */ }

  document.body.classList.toggle("long", page.days > 150); // a calendar of many weeks needs the whole width
  fillDirectory(document.getElementById("panel-directory"));
  show();
})();
