"use strict";
// The dashboard. Texts come from specs and results and are never parsed as HTML: everything is built from nodes.

const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const STEPS = 200; // positions of a slider; the last one means no limit
const PREFIXES = {
  s: [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]],
  J: [[1, "J"], [1e-3, "mJ"], [1e-6, "µJ"], [1e-9, "nJ"]],
  B: [[1048576, "MiB"], [1024, "KiB"], [1, "B"]],
};
const WORDS = { pass: "meets them", undecided: "not certain", fail: "misses one", none: "not measured" };
const used = data.dimensions.filter((dimension) => dimension.range);
const state = { limits: {}, sort: "", down: false, target: "", layer: "" };

const byId = (id) => document.getElementById(id);

/** An element with attributes and children; a text child is shown as it stands. */
function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}

/** A number with three significant digits; thousands separated. */
function digits(value) {
  const size = Math.abs(value);
  if (size && size < 1e-3) return value.toPrecision(3);
  const places = size ? Math.max(0, 2 - Math.floor(Math.log10(size))) : 0;
  return value.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
}

/** A value with the unit that suits it: 31.2 ms. */
function quantity(value, unit) {
  const choices = PREFIXES[unit] || [[1, unit]];
  const [scale, symbol] = choices.find(([size]) => Math.abs(value) >= size) || choices[choices.length - 1];
  return `${digits(value / scale)}\u00a0${symbol}`;
}

/** A fraction as a percentage with one decimal. */
function percent(fraction) {
  return fraction && fraction < 0.0005 ? "<\u00a00.1\u00a0%" : `${(fraction * 100).toFixed(1)}\u00a0%`;
}

/** A figure as text: its value, and whether nothing bounds it from above. */
function figureText(figure) {
  if (!figure || figure.value === null) return "unknown";
  return (figure.high === null ? "at least " : "") + quantity(figure.value, figure.unit);
}

/** How a target stands against the limits that are set: the whole interval decides. */
function outcome(target) {
  const limits = Object.entries(state.limits);
  if (!Object.keys(target.figures).length) return "none";
  const each = limits.map(([dimension, limit]) => {
    const figure = target.figures[dimension];
    if (!figure || figure.value === null) return "undecided";
    if ((figure.low === null ? figure.value : figure.low) > limit) return "fail";
    return figure.high !== null && figure.high <= limit ? "pass" : "undecided";
  });
  return each.includes("fail") ? "fail" : each.includes("undecided") ? "undecided" : "pass";
}

/** A limit at a position of a slider, on a logarithmic scale; Infinity at the right end. */
function limitAt(dimension, position) {
  const [low, high] = dimension.range;
  return position >= STEPS ? Infinity : low * (high / low) ** (position / (STEPS - 1));
}

function positionOf(dimension, limit) {
  const [low, high] = dimension.range;
  const step = Math.round(((STEPS - 1) * Math.log(limit / low)) / Math.log(high / low));
  return Math.min(STEPS - 1, Math.max(0, step));
}

function setLimit(dimension, limit) {
  if (Number.isFinite(limit)) state.limits[dimension.id] = limit;
  else delete state.limits[dimension.id];
  const text = Number.isFinite(limit) ? `≤ ${quantity(limit, dimension.unit)}` : "no limit";
  byId(`limit-${dimension.id}`).textContent = text;
  byId(`slider-${dimension.id}`).setAttribute("aria-valuetext", text);
}

function buildSliders() {
  for (const dimension of used) {
    const id = `slider-${dimension.id}`;
    const slider = make("input", { type: "range", id, min: 0, max: STEPS, step: 1 });
    slider.addEventListener("input", () => {
      setLimit(dimension, limitAt(dimension, Number(slider.value)));
      showTargets();
    });
    const label = make("label", { for: id }, dimension.name, make("output", { id: `limit-${dimension.id}`, for: id }));
    byId("sliders").append(make("div", {}, label, slider));
  }
}

/** Set every limit: those of the spec, or none. */
function setAll(ofSpec) {
  for (const dimension of used) {
    const limit = ofSpec && dimension.limit !== null ? dimension.limit : Infinity;
    byId(`slider-${dimension.id}`).value = Number.isFinite(limit) ? positionOf(dimension, limit) : STEPS;
    setLimit(dimension, limit);
  }
  showTargets();
}

// --- candidates ---

const COLUMNS = [
  { id: "name", title: "candidate", key: (target) => target.name },
  { id: "outcome", title: "these budgets", key: (target) => ["pass", "undecided", "fail", "none"].indexOf(outcome(target)) },
  { id: "standing", title: "contracts of the spec", key: (target) => data.targets.indexOf(target) },
  ...used.map((dimension) => ({
    id: dimension.id, title: dimension.name, number: true,
    key: (target) => (target.figures[dimension.id] || {}).value ?? Infinity,
  })),
  { id: "evidence", title: "evidence", key: (target) => target.evidence },
];

function buildTable() {
  const row = make("tr");
  for (const column of COLUMNS) {
    const button = make("button", { type: "button" }, column.title);
    button.addEventListener("click", () => {
      state.down = state.sort === column.id && !state.down;
      state.sort = column.id;
      showTargets();
    });
    row.append(make("th", { scope: "col", class: column.number ? "number" : null, "data-column": column.id }, button));
  }
  byId("table").tHead.append(row);
  const seen = [...new Set(data.targets.map((target) => target.evidence))].sort();
  byId("evidence").append(...seen.map((name) => make("option", { value: name }, name)));
  for (const id of ["search", "evidence", "only"]) byId(id).addEventListener("input", showTargets);
}

function listed() {
  const wanted = byId("search").value.trim().toLowerCase();
  const evidence = byId("evidence").value;
  const found = data.targets.filter(
    (target) =>
      [target.name, target.title, target.core].some((text) => text.toLowerCase().includes(wanted)) &&
      (!evidence || target.evidence === evidence) &&
      (!byId("only").checked || outcome(target) === "pass"),
  );
  const column = COLUMNS.find((one) => one.id === state.sort);
  if (!column) return found;
  const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  found.sort((a, b) => order(column.key(a), column.key(b)) * (state.down ? -1 : 1));
  return found;
}

/** A figure's interval and the limit on the scale of its slider. */
function rangeBar(dimension, figure) {
  const [low, high] = dimension.range;
  const at = (value) => (96 * Math.log(Math.min(Math.max(value, low), high) / low)) / Math.log(high / low) + 2;
  const svg = draw("svg", { class: "bar", width: 100, height: 12, "aria-hidden": "true" });
  svg.append(draw("line", { x1: 2, x2: 98, y1: 6, y2: 6, stroke: "#c9c9c9" }));
  const start = at(figure.low ?? figure.value);
  const end = figure.high === null ? 98 : at(figure.high);
  const open = figure.high === null ? "2 2" : null;
  svg.append(draw("line", { x1: start, x2: Math.max(end, start + 1), y1: 6, y2: 6, stroke: "#00568a", "stroke-width": 4, "stroke-dasharray": open }));
  svg.append(draw("circle", { cx: at(figure.value), cy: 6, r: 3, fill: "#00568a" }));
  const limit = state.limits[dimension.id];
  if (limit !== undefined) svg.append(draw("line", { x1: at(limit), x2: at(limit), y1: 0, y2: 12, stroke: "#1a1a1a", "stroke-width": 2 }));
  return svg;
}

function showTargets() {
  for (const head of byId("table").tHead.querySelectorAll("th")) {
    const sorted = head.dataset.column === state.sort;
    if (sorted) head.setAttribute("aria-sort", state.down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
  const focused = document.activeElement && document.activeElement.dataset.target;
  const rows = listed().map((target) => {
    const button = make("button", { type: "button", "data-target": target.name, "aria-pressed": String(target.name === state.target) }, target.name);
    button.addEventListener("click", () => showTarget(target.name));
    const result = outcome(target);
    const [passed, undecided, failed] = target.standing;
    const counts = [[passed, "pass"], [undecided, "undecided"], [failed, "fail"]].filter(([number]) => number);
    const cells = used.map((dimension) => {
      const figure = target.figures[dimension.id];
      const cell = make("td", { class: "number" }, figureText(figure));
      if (figure && figure.value !== null) cell.append(rangeBar(dimension, figure));
      return cell;
    });
    return make("tr", { class: target.name === state.target ? "chosen" : null },
      make("th", { scope: "row" }, button, make("span", { class: "detail" }, target.title)),
      make("td", {}, make("span", { class: `mark ${result}` }, WORDS[result])),
      make("td", {}, counts.map(([number, word]) => `${number} ${word}`).join(", ") || "none"),
      ...cells,
      make("td", { class: "word" }, target.evidence));
  });
  byId("table").tBodies[0].replaceChildren(...rows);
  if (focused !== undefined) {
    const again = [...byId("table").querySelectorAll("[data-target]")].find((one) => one.dataset.target === focused);
    if (again) again.focus();
  }
  showAnswer();
}

/** The exact rule of the decision tree: the first by the preference that meets every limit for certain. */
function showAnswer() {
  const candidates = data.ranking.map((name) => data.targets.find((target) => target.name === name));
  const meeting = candidates.filter((target) => target && outcome(target) === "pass");
  const wish = data.preference.join(", then ");
  const count = `${meeting.length} of ${data.targets.length} candidates ${meeting.length === 1 ? "meets" : "meet"} these budgets for certain`;
  byId("answer").textContent = meeting.length ? `${count}. By the preference ${wish}: ${meeting[0].name}.` : `${count}.`;
}

// --- one candidate ---

function showTarget(name) {
  state.target = name;
  state.layer = "";
  const target = data.targets.find((one) => one.name === name);
  byId("detail-title").textContent = target.name;
  const facts = [["hardware", `${target.title}, ${target.core}`]];
  if (target.clock) facts.push(["clock", `${digits(target.clock / 1e6)}\u00a0MHz`]);
  if (target.latency) facts.push(["latency", `${target.latency}, ${target.evidence}`]);
  for (const dimension of data.dimensions) {
    const figure = target.figures[dimension.id];
    if (figure && figure.basis && dimension.id !== "latency") {
      const evidence = figure.value === null ? "" : `, ${figure.evidence}`;
      facts.push([dimension.name, `${figureText(figure)}${evidence}: ${figure.basis}`]);
    }
  }
  for (const one of target.baselines || []) facts.push([one.name, `${figureText(one.figure)}, ${one.figure.evidence}, same inputs`]);
  for (const note of target.notes) facts.push(["note", note]);
  if (target.missing) facts.push(["not measured", target.missing]);
  const list = make("dl", {}, ...facts.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]));
  const rows = target.verdicts.map((verdict) => make("tr", {},
    make("th", { scope: "row" }, verdict.label),
    make("td", {}, make("span", { class: `mark ${verdict.outcome}` }, verdict.outcome),
      ...(verdict.outcome === "pass" ? [] : [make("span", { class: "detail" }, verdict.reason)])),
    make("td", { class: "number" }, verdict.limit),
    make("td", { class: "number" }, verdict.figure),
    make("td", { class: "number" }, verdict.outcome === "undecided" ? "" : verdict.margin ?? ""),
    make("td", { class: "word" }, verdict.evidence)));
  byId("facts").replaceChildren(list);
  if (rows.length) {
    const heads = ["contract", "outcome", "limit", "figure", "margin", "evidence"].map((text, place) =>
      make("th", { scope: "col", class: place > 1 && place < 5 ? "number" : null }, text));
    byId("facts").append(make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows))));
  }
  const said = target.statements.map((statement) => {
    const item = make("li", {}, `${statement.text} `);
    const link = make("button", { type: "button" }, "Figures");
    link.addEventListener("click", () => { chooseLayer(statement.layer); byId("counters").focus(); });
    item.append(link);
    return item;
  });
  if (said.length) byId("facts").append(make("h3", {}, "Why"), make("ul", {}, ...said));
  showBars(target);
  showCounters(target);
  showTargets();
}

/** A bar for each layer, split by cause where the counters tell; widths are shares of the slowest layer. */
function showBars(target) {
  const box = byId("bars");
  const layers = target.layers.filter((layer) => layer.seconds !== null);
  byId("attribution-note").textContent = layers.length
    ? `Layers of an inference on ${target.name}, in order. ${layers.some((layer) => layer.causes) ? "Colours are causes of cycles; the parts of a layer add up to it exactly." : "No counter here tells causes apart."}`
    : `Nothing was observed on ${target.name}.`;
  const seen = data.causes.filter((cause) => layers.some((layer) => layer.causes && layer.causes[cause.name]));
  byId("legend").replaceChildren(...seen.map((cause) => make("span", {},
    draw("svg", { width: 12, height: 12 }, draw("rect", { width: 12, height: 12, fill: cause.colour, stroke: "#1a1a1a", "stroke-width": cause.hatched ? 1 : 0 })), cause.name)));
  const width = Math.max(320, Math.min(1100, box.clientWidth || 900));
  const names = Math.min(150, width * 0.32), row = 24, reach = width - names - 70;
  const most = Math.max(...layers.map((layer) => layer.seconds), 0);
  const total = layers.reduce((sum, layer) => sum + layer.seconds, 0);
  const svg = draw("svg", { width, height: row * layers.length + 4, role: "group", "aria-label": `Layers of ${target.name}` });
  layers.forEach((layer, place) => {
    const long = most ? (reach * layer.seconds) / most : 0;
    const share = percent(total ? layer.seconds / total : 0);
    const spoken = `${layer.name}: ${quantity(layer.seconds, "s")}, ${share}`;
    const group = draw("g", { class: "layer", role: "button", tabindex: place ? -1 : 0, "aria-pressed": "false", "aria-label": spoken, "data-layer": layer.name });
    const cut = Math.max(4, Math.floor(names / 7));
    const label = layer.name.length > cut ? `${layer.name.slice(0, cut - 1)}…` : layer.name;
    group.append(draw("rect", { class: "frame", x: 1, y: place * row + 1, width: width - 2, height: row - 2, fill: "transparent" }));
    group.append(draw("text", { x: names - 8, y: place * row + 16, "text-anchor": "end" }, label));
    let left = names;
    const parts = layer.causes ? seen.filter((cause) => layer.causes[cause.name]) : [{ name: "", colour: "#56B4E9" }];
    const whole = layer.causes ? Object.values(layer.causes).reduce((sum, cycles) => sum + cycles, 0) : 1;
    for (const cause of parts) {
      const part = layer.causes ? layer.causes[cause.name] / whole : 1;
      const piece = draw("rect", { x: left, y: place * row + 4, width: Math.max(0, long * part), height: row - 8, fill: cause.colour, stroke: cause.hatched ? "#1a1a1a" : "none", "data-cause": cause.name });
      const text = cause.name ? `${spoken}\n${cause.name}: ${Math.round(layer.causes[cause.name]).toLocaleString("en")} cycles, ${percent(part)}` : spoken;
      piece.addEventListener("pointermove", (event) => { tip(text, event.clientX, event.clientY); markCause(layer, cause.name); });
      group.append(piece);
      if (long * part > 7 * cause.name.length + 8 && cause.name) {
        group.append(draw("text", { class: cause.dark ? "inside light" : "inside", x: left + 5, y: place * row + 16 }, cause.name));
      }
      left += long * part;
    }
    group.append(draw("text", { x: names + long + 6, y: place * row + 16 }, share));
    group.addEventListener("pointerleave", () => { hideTip(); markCause(null, ""); });
    group.addEventListener("focus", () => {
      const box = group.getBoundingClientRect();
      const causes = layer.causes ? Object.entries(layer.causes).map(([name, cycles]) => `${name} ${percent(cycles / whole)}`).join("\n") : "";
      tip(causes ? `${spoken}\n${causes}` : spoken, box.left + names, box.bottom);
    });
    group.addEventListener("blur", hideTip);
    group.addEventListener("click", () => toggleLayer(layer.name));
    group.addEventListener("keydown", (event) => barKey(event, group));
    svg.append(group);
  });
  box.replaceChildren(svg);
}

/** Arrow keys walk through the bars, Enter and the space bar choose, Escape puts the hint away. */
function barKey(event, group) {
  const groups = [...byId("bars").querySelectorAll(".layer")];
  const place = groups.indexOf(group);
  const next = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: groups.length - 1 }[event.key];
  if (next !== undefined && groups[next]) {
    groups.forEach((one, index) => one.setAttribute("tabindex", index === next ? 0 : -1));
    groups[next].focus();
  } else if (event.key === "Enter" || event.key === " ") {
    toggleLayer(group.dataset.layer);
  } else if (event.key === "Escape") {
    hideTip();
  } else {
    return;
  }
  event.preventDefault();
}

function toggleLayer(name) {
  chooseLayer(state.layer === name ? "" : name);
}

/** Show the counters of a layer, or of the whole inference for an empty name. */
function chooseLayer(name) {
  state.layer = name;
  showCounters(data.targets.find((one) => one.name === state.target));
}

/** The counters of the chosen layer, or of the whole inference; the bar they belong to is framed. */
function showCounters(target) {
  const layer = target.layers.find((one) => one.name === state.layer);
  for (const group of byId("bars").querySelectorAll(".layer")) {
    group.setAttribute("aria-pressed", String(Boolean(layer) && group.dataset.layer === layer.name));
  }
  byId("counters-title").textContent = layer ? `Counters of ${layer.name} on ${target.name}` : `Counters of an inference on ${target.name}`;
  const counters = (layer ? layer.counters : target.counters) || [];
  if (!counters.length) {
    byId("counters").replaceChildren(make("p", {}, "No counter was observed."));
    return;
  }
  const whole = (figure) => (figure === null ? "" : figure.toLocaleString("en", { maximumFractionDigits: 1 }));
  const rows = counters.map((counter) => {
    const most = counter.high === null ? "no upper bound" : counter.value === null || counter.high > counter.value ? `at most ${whole(counter.high)}` : "";
    const row = make("tr", { "data-counter": counter.name },
      make("th", { scope: "row" }, counter.name),
      make("td", { class: "number" }, counter.value === null ? "unknown" : whole(counter.value)),
      make("td", { class: "number" }, most),
      make("td", { class: "number" }, layer && layer.macs && counter.value !== null ? digits(counter.value / layer.macs) : ""),
      make("td", { class: "word" }, counter.evidence));
    row.addEventListener("pointerenter", () => markBars(causeOf(counter.name)));
    row.addEventListener("pointerleave", () => markBars(""));
    return row;
  });
  const heads = ["counter", "count", "bound", "per MAC", "evidence"].map((text, place) => make("th", { scope: "col", class: place > 0 && place < 4 ? "number" : null }, text));
  byId("counters").replaceChildren(make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows)));
}

const causeOf = (counter) => data.counters_of_causes.find((pair) => pair.counters.includes(counter))?.cause || "";

/** Mark the counters that a part of a bar is the sum of, while its layer or the whole inference is shown. */
function markCause(layer, cause) {
  const pair = data.counters_of_causes.find((one) => one.cause === cause);
  const shown = layer && (state.layer === "" || state.layer === layer.name);
  for (const row of byId("counters").querySelectorAll("tr[data-counter]")) {
    row.classList.toggle("hot", Boolean(shown && pair && pair.counters.includes(row.dataset.counter)));
  }
}

/** Mark the parts of the bars that a counter goes into. */
function markBars(cause) {
  for (const piece of byId("bars").querySelectorAll("[data-cause]")) {
    piece.classList.toggle("hot", Boolean(cause) && piece.dataset.cause === cause);
  }
}

function tip(text, x, y) {
  const box = byId("tip");
  box.textContent = text;
  box.hidden = false;
  box.style.left = `${Math.max(4, Math.min(x + 12, window.innerWidth - box.offsetWidth - 8))}px`;
  box.style.top = `${Math.max(4, Math.min(y + 14, window.innerHeight - box.offsetHeight - 8))}px`;
}

function hideTip() {
  byId("tip").hidden = true;
}

// --- start ---

buildSliders();
buildTable();
byId("reset").addEventListener("click", () => setAll(true));
byId("free").addEventListener("click", () => setAll(false));
state.target = data.targets.length ? data.targets[0].name : "";
setAll(true);
if (state.target) showTarget(state.target);
let drawnAt = window.innerWidth;
window.addEventListener("resize", () => {
  if (window.innerWidth === drawnAt || !state.target) return;
  drawnAt = window.innerWidth;
  const target = data.targets.find((one) => one.name === state.target);
  showBars(target);
  showCounters(target);
});
document.documentElement.dataset.ready = String(Math.round(performance.now()));
