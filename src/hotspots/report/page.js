"use strict";
// The table and the map show one selection; either side may change it, by mouse, touch or keys.
(() => {
  const rows = [...document.querySelectorAll("tbody.spot")];
  const pickers = [...document.querySelectorAll("select[data-by]")];
  const said = document.getElementById("said");
  const views = JSON.parse(document.getElementById("views")?.textContent ?? "{}");
  const other = (n) => rows.length - 1 - n; // the map draws the hottest last, so on top
  let map = null;

  const show = (chosen, scroll) => {
    rows.forEach((row, n) => {
      const on = chosen.includes(n);
      row.classList.toggle("on", on);
      row.querySelector("button").setAttribute("aria-pressed", String(on));
      if (on && scroll) row.scrollIntoView({ block: "nearest" });
    });
    if (said) said.textContent = chosen.length ? rows[chosen[0]].dataset.say : "";
  };
  const move = ([west, south, east, north]) => {
    map.plot.x_range.setv({ start: west, end: east });
    map.plot.y_range.setv({ start: south, end: north });
  };
  const pick = (n) => {
    const again = rows[n].classList.contains("on");
    const chosen = again ? [] : [n];
    if (map) map.source.selected.indices = chosen.map(other);
    show(chosen, false);
  };
  const filter = () => {
    const wanted = Object.fromEntries(pickers.map((p) => [p.dataset.by, p.value]));
    const shown = rows.map((row) =>
      Object.entries(wanted).every(([by, value]) => !value || row.dataset[by] === value));
    rows.forEach((row, n) => { row.hidden = !shown[n]; });
    if (map) {
      map.source.selected.indices = [];
      map.views.forEach((view) => { view.filter.booleans = [...shown].reverse(); });
      move(views[wanted.lpt || ""] ?? views[""]);
    }
    show([], false);
  };

  rows.forEach((row, n) => row.addEventListener("click", () => pick(n)));
  pickers.forEach((picker) => picker.addEventListener("change", filter));
  addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((d) => { d.open = true; });
    if (map) map.plot.toolbar.visible = false;
  });
  addEventListener("afterprint", () => { if (map) map.plot.toolbar.visible = true; });

  const item = document.getElementById("map-item");
  if (item && window.Bokeh) {
    Bokeh.embed.embed_item(JSON.parse(item.textContent)).then((found) => {
      const doc = found.model ? found.model.document : found.roots[0].model.document;
      const plot = doc.get_model_by_name("map");
      const marks = plot.renderers.filter((r) => r.data_source.name === "hotspots");
      map = { plot, source: marks[0].data_source, views: marks.map((r) => r.view) };
      map.source.selected.properties.indices.change.connect(() =>
        show([...map.source.selected.indices].map(other), true));
      // Until the map is clicked, the wheel and a finger scroll the page, not the map.
      const box = document.getElementById("map");
      const tools = ["PanTool", "WheelZoomTool"].map((type) =>
        plot.toolbar.tools.find((tool) => tool.type === type));
      const wake = (on) => tools.forEach((tool) => { tool.active = on; });
      box.addEventListener("pointerdown", () => wake(true));
      document.addEventListener("pointerdown", (event) => {
        if (!box.contains(event.target)) wake(false);
      });
      box.addEventListener("mouseleave", () => wake(false));
      filter();
    });
  } else if (pickers.length) {
    filter();
  }
})();
