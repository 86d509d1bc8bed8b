// data-chart-url: draw the Plotly figure found there, in the colours of the page's theme.
// The figure's traces name a colour of the theme in `meta`; a table beside it says the same.
const colour = (name) =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

const draw = (box, figure) => {
  const traces = figure.data.map((trace) => ({ ...trace, marker: { color: colour(trace.meta) } }));
  const axis = { gridcolor: colour("line"), linecolor: colour("line"), fixedrange: true };
  const layout = {
    ...figure.layout,
    xaxis: { ...figure.layout.xaxis, ...axis, nticks: box.clientWidth < 480 ? 3 : 8, tickangle: 0 },
    yaxis: { ...figure.layout.yaxis, ...axis },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: colour("ink"), family: getComputedStyle(document.body).fontFamily, size: 13 },
    legend: { orientation: "h", x: 0, y: 1.04, yanchor: "bottom", traceorder: "normal" },
    margin: { t: 56, r: 8, b: 40, l: 48 },
    height: 280,
  };
  Plotly.react(box, traces, layout, { displayModeBar: false, responsive: true });
};

for (const box of document.querySelectorAll("[data-chart-url]")) {
  fetch(box.dataset.chartUrl, { headers: { Accept: "application/json" } })
    .then((answer) => (answer.ok ? answer.json() : Promise.reject(answer.status)))
    .then((figure) => {
      draw(box, figure);
      new MutationObserver(() => draw(box, figure)).observe(document.documentElement, {
        attributeFilter: ["data-bs-theme"],
      });
    })
    .catch(() => box.replaceChildren("The chart could not be drawn; the table has the numbers."));
}
