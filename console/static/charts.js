// Draws the tables of the overview with Observable Plot: each cell with a name is a bar or a dot, with that name, that leads where the
// cell's link leads. The table stays below, for those who would rather read it, and for browsers without scripts.

const { Plot } = window;
const HEIGHT = 240;
const KEYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--of-${name}`).trim();

/** What a table says: a point for each cell with a name. */
function points(part) {
  const data = [...part.querySelectorAll('td[data-name]')].map(cell => ({
    row: cell.closest('tr').querySelector('th[scope="row"]').textContent.trim(),
    name: cell.dataset.name,
    colour: colour(cell.dataset.of),
    of: cell.dataset.of,
    value: Number.parseFloat(cell.textContent),
    shown: cell.textContent.trim(),
    href: cell.querySelector('a')?.getAttribute('href'),
  })).filter(point => Number.isFinite(point.value));
  const headers = [...part.querySelectorAll('th[scope="row"]')];
  return Object.assign(data, { rows: [...new Set(headers.map(header => header.textContent.trim()))] });
}

/** Every row of the table, also those of which nothing is drawn. */
const rows = data => data.rows;
const shortened = (text, most) => text.length > most ? `${text.slice(0, most - 1)}…` : text;
const channels = { fill: 'colour', href: 'href', ariaLabel: 'name', title: 'name' };

/** Days side by side, of which some are named where there are many. */
function days(data, width, unit) {
  const every = Math.ceil(rows(data).length / Math.max(Math.floor(width / 56), 1));
  return {
    height: HEIGHT,
    marginLeft: 44 + 8 * unit.length,
    marginRight: 8,
    x: { label: null, domain: rows(data), padding: 0.28, ticks: rows(data).filter((_, place) => place % every === 0), tickSize: 0 },
    y: { label: null, grid: true, ticks: 4, nice: true, zero: true, tickSize: 0, tickFormat: value => `${value}${unit}` },
  };
}

const CHARTS = {
  columns: (data, width) => ({
    ...days(data, width, ''),
    marks: [
      Plot.barY(data.filter(point => point.value), Plot.stackY({ x: 'row', y: 'value', ...channels, tip: true })),
      Plot.ruleY([0], { stroke: '#aab5c2' }),
    ],
  }),
  lines: (data, width, unit) => {
    const chart = days(data, width, unit);
    return {
      ...chart,
      x: { ...chart.x, type: 'point', padding: 0.5 },
      marks: [
        Plot.line(data, { x: 'row', y: 'value', z: 'of', stroke: 'colour', strokeWidth: 2, curve: 'monotone-x', ariaHidden: 'true' }),
        Plot.dot(data, { x: 'row', y: 'value', r: 4, stroke: '#fff', ...channels, tip: true }),
        Plot.ruleY([0], { stroke: '#aab5c2' }),
      ],
    };
  },
  bars: (data, width) => {
    const labels = rows(data);
    const above = labels.some(label => label.length > 10);
    const tall = above ? 46 : 30;
    const [insetTop, insetBottom] = above ? [24, 10] : [9, 9];
    const sums = labels.map(row => ({ row, sum: data.filter(each => each.row === row).reduce((sum, each) => sum + each.value, 0) }));
    const linked = labels.map(row => data.find(each => each.row === row) ?? { row });
    const end = Math.max(...sums.map(each => each.sum), 1);
    return {
      height: labels.length * tall,
      marginLeft: above ? 0 : 118,
      marginRight: 48,
      marginTop: 0,
      marginBottom: 0,
      x: { axis: null, domain: [0, end] },
      y: { axis: null, domain: labels, padding: 0 },
      marks: [
        Plot.barX(labels, { x1: 0, x2: end, y: label => label, fill: '#edf1f6', insetTop, insetBottom, r: 3, ariaHidden: 'true' }),
        Plot.barX(data.filter(point => point.value), Plot.stackX({ x: 'value', y: 'row', ...channels, insetTop, insetBottom, r: 3, tip: true })),
        Plot.text(linked, {
          x: 0, y: 'row', text: ({ row }) => shortened(row, above ? (width - 8) / 13 : 8), href: 'href', fill: 'currentColor', fontSize: 13, ariaHidden: 'true',
          textAnchor: above ? 'start' : 'end', dx: above ? 0 : -10, dy: above ? -11 : 0,
        }),
        Plot.text(sums, {
          x: end, y: 'row', text: each => String(each.sum), textAnchor: 'start', dx: 10, dy: above ? 7 : 0,
          fontSize: 13, fontVariant: 'tabular-nums', ariaHidden: 'true',
        }),
      ],
    };
  },
};

/** The name is the link's. One stop for the tab key; the arrows go from bar to bar. */
function reachable(svg, label) {
  const links = [...svg.querySelectorAll('a')].filter(link => !link.closest('[aria-hidden="true"]'));
  const names = links.map(link => link.querySelector('[aria-label]').getAttribute('aria-label'));
  for (const part of svg.querySelectorAll('[aria-label]')) part.removeAttribute('aria-label');
  for (const link of svg.querySelectorAll('a')) link.setAttribute('tabindex', link === links[0] ? '0' : '-1');
  for (const [place, link] of links.entries()) {
    link.setAttribute('aria-label', names[place]);
    link.addEventListener('keydown', event => {
      const next = links[place + KEYS[event.key]];
      if (!next) return;
      event.preventDefault();
      link.setAttribute('tabindex', '-1');
      next.setAttribute('tabindex', '0');
      next.focus();
    });
  }
  svg.setAttribute('role', links.length ? 'group' : 'img');
  svg.setAttribute('aria-label', label);
}

function draw(figure) {
  const part = document.getElementById(figure.dataset.table);
  const data = points(part);
  const width = figure.clientWidth;
  const svg = Plot.plot({
    width,
    style: { fontFamily: 'inherit', fontSize: '12px', overflow: 'visible' },
    ...CHARTS[figure.dataset.chart](data, width, figure.dataset.unit ?? ''),
  });
  svg.querySelector('style').remove(); // our policy allows none in a page; console.css says the same
  reachable(svg, figure.dataset.label);
  figure.replaceChildren(svg);
}

const figures = [...document.querySelectorAll('[data-chart]')];
const resized = new ResizeObserver(entries => {
  for (const { target, contentRect } of entries) {
    if (target.dataset.width === String(contentRect.width) || !contentRect.width) continue;
    target.dataset.width = contentRect.width;
    draw(target);
  }
});
for (const figure of figures) resized.observe(figure);
for (const table of document.querySelectorAll('details.as-table')) table.open = false;
