// Draws every <canvas data-chart="{…}">: annotation/api/plots.py says what the document holds.
"use strict";

(() => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const language = document.documentElement.lang || "en";
  const drawn = new Map();

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  // The style sheet writes colours as #rrggbb.
  const faint = name => `${colour(name)}47`;

  const writer = plot => {
    const share = plot.unit === "share";
    const format = new Intl.NumberFormat(language, {
      style: share ? "percent" : "decimal",
      maximumFractionDigits: share ? 1 : plot.digits,
    });
    return value => (value === null || value === undefined ? "–" : format.format(value));
  };

  const line = (series, plot) => ({
    type: "line",
    label: series.label,
    data: series.values,
    borderColor: colour(series.colour),
    backgroundColor: colour(series.colour),
    borderDash: series.dashed ? [6, 4] : [],
    borderWidth: 2,
    pointRadius: plot.labels.length > 40 || series.dashed ? 0 : 3,
    stepped: series.stepped ? "after" : false,
    spanGaps: true,
  });

  const bound = (series, values, fill) => ({
    type: "line",
    label: null,
    data: values,
    borderWidth: 0,
    pointRadius: 0,
    spanGaps: true,
    backgroundColor: faint(series.colour),
    fill,
  });

  const bar = series => ({
    type: "bar",
    label: series.label,
    data: series.values,
    backgroundColor: colour(series.colour),
    maxBarThickness: 40,
  });

  const interval = series => ({
    type: "bar",
    label: null,
    data: series.low.map((low, i) => (low === null ? null : [low, series.high[i]])),
    backgroundColor: colour("interval"),
    barThickness: 8,
    borderRadius: 4,
    borderSkipped: false,
    grouped: false,
    order: 1,
  });

  const point = series => ({
    ...line(series, { labels: [] }),
    showLine: false,
    pointRadius: 6,
    pointBorderColor: colour("card"),
    pointBorderWidth: 1.5,
    order: 0,
  });

  const layers = {
    lines: (series, plot) => {
      const ranged = series.low.length > 0;
      const band = ranged ? [bound(series, series.high, "+1"), bound(series, series.low, false)] : [];
      return [line(series, plot), ...band];
    },
    bars: series => [bar(series)],
    stacked: series => [bar(series)],
    points: series => (series.low.length ? [point(series), interval(series)] : [line({ ...series, dashed: true }, { labels: [] })]),
  };

  const tooltip = (plot, write) => item => {
    const series = plot.series.find(one => one.label === item.dataset.label);
    const low = series && series.low[item.dataIndex];
    const range = low === null || low === undefined ? "" : ` (${write(low)} – ${write(series.high[item.dataIndex])})`;
    return `${item.dataset.label} ${write(item.dataset.data[item.dataIndex])}${range}`;
  };

  const options = plot => {
    const write = writer(plot);
    const stacked = plot.kind === "stacked";
    const ink = { color: colour("soft"), font: { family: getComputedStyle(document.body).fontFamily } };
    return {
      animation: still.matches ? false : { duration: 300 },
      responsive: true,
      maintainAspectRatio: false,
      interaction: { mode: "index", intersect: false },
      scales: {
        x: { stacked, grid: { display: false }, ticks: { ...ink, maxRotation: 0, autoSkipPadding: 16 } },
        y: {
          stacked,
          min: plot.lowest === null ? undefined : plot.lowest,
          max: plot.highest === null ? undefined : plot.highest,
          grid: { color: colour("line") },
          ticks: { ...ink, callback: value => write(value), maxTicksLimit: 7 },
        },
      },
      plugins: {
        legend: {
          display: plot.series.length > 1,
          align: "start",
          labels: { ...ink, boxWidth: 14, filter: item => Boolean(item.text) },
        },
        tooltip: {
          filter: item => Boolean(item.dataset.label),
          callbacks: { label: tooltip(plot, write) },
        },
      },
    };
  };

  const draw = canvas => {
    const plot = JSON.parse(canvas.dataset.chart);
    const datasets = plot.series.flatMap(series => layers[plot.kind](series, plot));
    if (drawn.has(canvas)) drawn.get(canvas).destroy();
    const chart = new Chart(canvas, { type: "line", data: { labels: plot.labels, datasets }, options: options(plot) });
    drawn.set(canvas, chart);
  };

  const drawAll = (within, again) => {
    for (const canvas of [...drawn.keys()].filter(one => !one.isConnected)) {
      drawn.get(canvas).destroy();
      drawn.delete(canvas);
    }
    for (const canvas of within.querySelectorAll("canvas[data-chart]")) if (again || !drawn.has(canvas)) draw(canvas);
  };

  const paper = on => {
    // Paper is white, whatever the screen is.
    document.documentElement.classList.toggle("paper", on);
    for (const canvas of drawn.keys()) draw(canvas);
    for (const chart of drawn.values()) chart.resize();
  };

  document.addEventListener("DOMContentLoaded", () => drawAll(document, false));
  // Parts of the page come in later, where their figures had to be worked out first.
  document.addEventListener("htmx:load", () => drawAll(document, false));
  dark.addEventListener("change", () => drawAll(document, true));
  addEventListener("beforeprint", () => paper(true));
  addEventListener("afterprint", () => paper(false));
})();
