// @ts-check
// Draws a run's curves, and draws them again while it learns.

const EVERY_MS = 2000;
const place = /** @type {HTMLElement | null} */ (document.querySelector("[data-curves]"));
/** @type {Map<HTMLElement, any>} */
const charts = new Map();

/** @param {string} name */
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @param {HTMLElement} box @param {any[]} points */
function columns(box, points) {
  const name = box.dataset.curve ?? "";
  const measured = points.filter((point) => point[name] !== null);
  const bound = Number(box.dataset.bound);
  return [measured.map((p) => p.step), measured.map((p) => p[name]), measured.map(() => bound)];
}

/** @param {any} UPlot @param {HTMLElement} box @param {any[]} data */
function draw(UPlot, box, data) {
  const { low, high, bound } = box.dataset;
  const axis = { stroke: token("--quiet"), grid: { stroke: token("--line"), width: 1 }, ticks: { show: false }, font: "12px sans-serif" };
  /** @param {unknown} _ @param {number} least @param {number} most */
  const range = (_, least, most) => {
    if (low !== undefined) return [Number(low), Number(high)];
    const [from, to] = [Math.min(least, Number(bound)), Math.max(most, Number(bound))];
    const room = (to - from) * 0.12 || 0.05;
    return [from - room, to + room];
  };
  return new UPlot({
    width: box.clientWidth, height: 200, legend: { show: false }, cursor: { show: false },
    scales: { x: { time: false }, y: { range } },
    axes: [axis, { ...axis, size: 56 }],
    series: [{}, { stroke: token("--accent"), width: 2, points: { show: data[0].length < 12, fill: token("--accent") } }, { stroke: token("--quiet"), width: 1, dash: [4, 4], points: { show: false } }],
  }, data, box);
}

/** @param {any} UPlot @param {any[]} points */
function show(UPlot, points) {
  if (!place || !points.length) return;
  place.hidden = false;
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-curve]"))) {
    const data = columns(box, points);
    const chart = charts.get(box);
    if (chart) chart.setData(data);
    else if (data[0].length) charts.set(box, draw(UPlot, box, data));
    box.dataset.points = String(data[0].length);
  }
}

async function start() {
  const script = /** @type {HTMLElement | null} */ (document.querySelector("script[data-uplot]"));
  if (!place || !script) return;
  const { default: UPlot } = await import(new URL(script.dataset.uplot ?? "", location.href).href);
  /** @type {any[]} */
  let points = [];
  const refresh = async () => {
    try {
      const answer = await fetch(place.dataset.curves ?? "");
      if (answer.ok) {
        points = (await answer.json()).points;
        show(UPlot, points);
      }
    } catch {
      // The connection is away; the next time will tell.
    }
    if (document.querySelector("[data-run-under-way]")) setTimeout(refresh, EVERY_MS);
  };
  const again = () => {
    for (const chart of charts.values()) chart.destroy();
    charts.clear();
    show(UPlot, points);
  };
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-lights"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  addEventListener("resize", () => {
    for (const [box, chart] of charts) chart.setSize({ width: box.clientWidth, height: 200 });
  });
  await refresh();
}

start().catch(console.error);
