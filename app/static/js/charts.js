// Charts: each figure carries its data as JSON beside its table; this draws it with ECharts (SVG) in the
// colours of the current theme. Numbers arrive as exact decimal strings and are only drawn here, never
// computed with. Without JavaScript the table is what is seen.

/* global echarts */

const locale = document.documentElement.dataset.locale || "en";
const still = matchMedia("(prefers-reduced-motion: reduce)");
const drawn = new Map();

// Colours are light-dark() values: let the browser resolve them on a real element.
function palette() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const read = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => read(`--chart-${n}`)),
    grid: read("--chart-grid"),
    text: read("--chart-text"),
    strong: read("--text"),
    mark: read("--chart-mark"),
    surface: read("--surface"),
    line: read("--line"),
  };
  probe.remove();
  return colours;
}

function formatter(spec) {
  const options = spec.currency
    ? { style: "currency", currency: spec.currency, maximumFractionDigits: spec.digits ?? undefined }
    : { maximumFractionDigits: spec.digits ?? 2 };
  const exact = new Intl.NumberFormat(locale, options);
  const short = new Intl.NumberFormat(locale, {
    notation: "compact",
    maximumFractionDigits: 2,
    ...(spec.currency ? { style: "currency", currency: spec.currency, minimumFractionDigits: 0 } : {}),
  });
  return { exact: (value) => exact.format(value), short: (value) => short.format(value) };
}

// Tooltips are built as elements: the page's policy forbids style attributes in markup.
function tip(title, rows) {
  const box = document.createElement("div");
  box.className = "chart-tip";
  const head = document.createElement("b");
  head.textContent = title;
  box.append(head);
  for (const [name, text] of rows) {
    const row = document.createElement("span");
    const label = document.createElement("i");
    label.textContent = name;
    const value = document.createElement("i");
    value.textContent = text;
    row.append(label, value);
    box.append(row);
  }
  return box;
}

function frame(colours) {
  return {
    animation: !still.matches,
    animationDuration: 250,
    aria: { enabled: true },
    color: colours.series,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colours.text },
    tooltip: {
      backgroundColor: colours.surface,
      borderColor: colours.line,
      padding: [8, 12],
      textStyle: { color: colours.strong, fontSize: 13 },
    },
  };
}

function series(one, index, spec, colours, format) {
  const kind = one.kind || "line";
  const out = {
    name: one.name,
    type: kind === "bar" ? "bar" : "line",
    data: one.values.map((value, at) => {
      const y = value === null ? null : Number(value);
      return spec.kind === "curve" ? [Number(spec.x[at]), y] : y;
    }),
    symbol: one.values.length > 40 || spec.kind === "curve" ? "none" : "circle",
    symbolSize: 5,
    step: kind.startsWith("step") ? "end" : false,
    lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][index % 3] },
    barMaxWidth: 28,
    itemStyle: kind === "bar" ? { borderRadius: [3, 3, 0, 0] } : {},
    stack: one.stack || undefined,
    emphasis: { focus: "none", disabled: true },
  };
  if (kind.endsWith("area")) {
    out.areaStyle = { opacity: 0.12 };
    out.lineStyle.type = "solid";
  }
  if (index === 0 && spec.marks && spec.marks.length) {
    out.markLine = {
      silent: true,
      symbol: "none",
      lineStyle: { color: colours.mark, type: "dashed", width: 1.5 },
      label: { show: false },
      data: spec.marks.map((mark) => ({ yAxis: Number(mark.value) })),
    };
  }
  return out;
}

// Names of bars are words, not a scale: none may be left out. They are broken to the width of their bars, and
// stand upright where that is too little for words. Only where not even a line of text fits, some are left out.
function barNames(spec, width) {
  const each = (width - 90) / spec.x.length;
  if (each < 14) {
    return { hideOverlap: true, rotate: 90 };
  }
  return each >= 84
    ? { interval: 0, width: each - 8, overflow: "break", lineHeight: 15 }
    : { interval: 0, rotate: 90, width: 110, overflow: "truncate" };
}

// Times of a day are read by hours, each at its first time, which need not be a whole hour: as many as fit.
function clockHours(spec, width) {
  const hour = (index) => parseInt(spec.x[index], 10);
  const begins = (index) => (index ? hour(index) !== hour(index - 1) : spec.x[0].startsWith("00:00"));
  const most = Math.max(1, Math.floor((width - 60) / 52));
  const hours = spec.x.filter((_text, index) => begins(index)).length;
  const every = [1, 2, 3, 4, 6, 12, 24].find((step) => hours / step <= most) || 24;
  return { hideOverlap: true, interval: (index) => begins(index) && hour(index) % every === 0 };
}

// The lines that the legend breaks into, by the usual width of a letter: the chart begins below them.
function legendLines(spec, width) {
  let lines = 1;
  let used = 0;
  for (const { name } of [...spec.series, ...(spec.marks || [])]) {
    const one = 30 + 7 * name.length;
    if (used && used + one > width) {
      lines += 1;
      used = 0;
    }
    used += one;
  }
  return lines;
}

// A mark is named in the legend: at the line its name would cover what is drawn there.
function markNames(spec, colours, format) {
  return (spec.marks || []).map((mark) => ({
    name: `${mark.name} ${format.exact(Number(mark.value))}`,
    type: "line",
    data: [],
    lineStyle: { type: "dashed" },
    itemStyle: { color: colours.mark },
  }));
}

function axes(spec, colours, format, { clientHeight: height, clientWidth: width }) {
  const text = { color: colours.text, fontSize: 12 };
  const named = spec.x_name && spec.kind !== "curve" && spec.series.some((one) => one.kind === "bar");
  const highest = Math.max(0, ...(spec.marks || []).map((mark) => Number(mark.value)));
  const legend = spec.series.length > 1 || highest > 0;
  return {
    grid: { left: 8, right: 24, top: legend ? 18 + 22 * legendLines(spec, width) : 20, bottom: 8, containLabel: true },
    legend: {
      show: legend,
      top: 0,
      left: 0,
      icon: "roundRect",
      itemWidth: 14,
      itemHeight: 3,
      textStyle: { color: colours.text, fontSize: 12 },
    },
    xAxis: {
      type: spec.kind === "curve" ? "value" : "category",
      data: spec.kind === "curve" ? undefined : spec.x,
      max: spec.kind === "curve" ? Number(spec.x[spec.x.length - 1]) : undefined,
      boundaryGap: spec.kind !== "curve" && spec.series.some((one) => one.kind === "bar"),
      axisLine: { lineStyle: { color: colours.grid } },
      axisTick: { show: false },
      splitLine: { show: false },
      axisLabel: {
        ...text,
        ...(spec.clock ? clockHours(spec, width) : named ? barNames(spec, width) : { hideOverlap: true }),
        formatter: spec.kind === "curve" ? format.plain : undefined,
      },
    },
    yAxis: {
      type: "value",
      min: spec.floor === undefined ? undefined : Number(spec.floor),
      // A mark above all data must still be seen.
      max: highest ? (extent) => (highest > extent.max ? Math.ceil(highest * 1.1) : null) : undefined,
      axisLine: { show: false },
      axisLabel: { ...text, formatter: format.short },
      splitLine: { lineStyle: { color: colours.grid } },
      // What is counted in whole units has no marks between them.
      minInterval: !spec.currency && spec.series.every((one) => one.values.every((value) => Number.isInteger(Number(value)))) ? 1 : undefined,
      splitNumber: height < 200 ? 3 : 5,
    },
  };
}

function lines(spec, colours, canvas) {
  const format = formatter(spec);
  format.plain = (value) => new Intl.NumberFormat(locale, { notation: "compact" }).format(value);
  const option = { ...frame(colours), ...axes(spec, colours, format, canvas) };
  option.series = spec.series.map((one, index) => series(one, index, spec, colours, format));
  option.series.push(...markNames(spec, colours, format));
  option.tooltip.trigger = "axis";
  option.tooltip.formatter = (points) => {
    const title =
      spec.kind === "curve"
        ? new Intl.NumberFormat(locale).format(points[0].value[0]) + (spec.x_name ? ` ${spec.x_name}` : "")
        : points[0].name;
    return tip(
      title,
      points.map((point) => {
        const value = Array.isArray(point.value) ? point.value[1] : point.value;
        return [point.seriesName, value === null || value === undefined ? "–" : format.exact(value)];
      }),
    );
  };
  return option;
}

function sankey(spec, colours, width) {
  const format = formatter(spec);
  const labels = new Map(spec.nodes.map((node) => [node.id, node.name]));
  const narrow = width < 560;
  const last = Math.max(...spec.nodes.map((node) => node.depth));
  const option = frame(colours);
  // The reveal from the left would show a half-drawn flow for a moment: not worth it.
  option.animation = false;
  const perColumn = [0, 1, 2].map((depth) => spec.nodes.filter((node) => node.depth === depth).length);
  option.tooltip.formatter = (item) => {
    const value = format.exact(item.value);
    if (item.dataType === "edge") {
      return tip(`${labels.get(item.data.source)} → ${labels.get(item.data.target)}`, [[spec.value_name, value]]);
    }
    return tip(labels.get(item.name), [[spec.value_name, value]]);
  };
  option.series = [
    {
      type: "sankey",
      left: 4,
      right: narrow ? 4 : 230,
      top: 8,
      bottom: 8,
      nodeWidth: 12,
      nodeGap: Math.max(3, Math.min(12, 240 / Math.max(...perColumn))),
      draggable: false,
      layoutIterations: 32,
      emphasis: { focus: narrow ? "none" : "adjacency" },
      label: {
        show: true,
        color: colours.strong,
        fontSize: narrow ? 10 : 12,
        width: narrow ? 92 : 220,
        overflow: "truncate",
        formatter: (node) => (narrow ? labels.get(node.name) : `${labels.get(node.name)}  ${node.value < 1e5 ? format.exact(node.value) : format.short(node.value)}`),
      },
      lineStyle: { color: "source", opacity: 0.28, curveness: 0.5 },
      data: spec.nodes.map((node) => ({
        name: node.id,
        depth: node.depth,
        itemStyle: { color: colours.series[node.tone ?? 0], borderWidth: 0 },
        label: narrow && node.depth === last ? { position: "left" } : {},
      })),
      links: spec.links.map((link) => ({ source: link.source, target: link.target, value: Number(link.value) })),
    },
  ];
  return option;
}

function draw(figure) {
  const canvas = figure.querySelector(".chart-canvas");
  const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  drawn.get(figure)?.dispose();
  const chart = echarts.init(canvas, null, { renderer: "svg" });
  const colours = palette();
  chart.setOption(spec.kind === "sankey" ? sankey(spec, colours, canvas.clientWidth) : lines(spec, colours, canvas));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", figure.dataset.label);
  drawn.set(figure, chart);
  const table = figure.querySelector("details");
  if (table && !figure.dataset.ready) {
    table.open = false;
    figure.dataset.ready = "yes";
  }
}

function drawAll(within = document) {
  for (const figure of within.querySelectorAll("figure.chart")) {
    draw(figure);
  }
}

let timer;
function redrawSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    for (const figure of [...drawn.keys()]) {
      if (figure.isConnected) {
        draw(figure);
      } else {
        drawn.get(figure).dispose();
        drawn.delete(figure);
      }
    }
  }, 60);
}

let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth !== width) {
    width = innerWidth;
    redrawSoon();
  }
});
document.addEventListener("themechange", redrawSoon);
document.addEventListener("htmx:afterSettle", (event) => drawAll(event.target));
drawAll();
document.fonts?.ready.then(redrawSoon);
