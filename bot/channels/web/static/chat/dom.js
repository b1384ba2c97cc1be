const SVG = 'http://www.w3.org/2000/svg';

/**
 * Creates an element. Functions among the attributes (`onclick`) become listeners; `true` is an empty attribute; `false`
 * and `null` are left out. Children are nodes or strings (falsy ones are left out, too), and a string is always text: no
 * markup is ever parsed.
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...children.filter(Boolean));
  return node;
}

export const button = (attributes, ...children) => element('button', { type: 'button', ...attributes }, ...children);

const ICONS = {
  chat: 'M4 4h16v12H9l-5 4V4zM8 8.5h8M8 12h5',
  close: 'M6 6l12 12M18 6L6 18',
  send: 'M4 12L20 4l-5 16-4-7-7-1zM11 13l9-9',
  up: 'M7 11v9H3v-9h4zM7 11l4-8c3 0 3 2 2 6h7l-2 11H7',
  down: 'M7 13V4H3v9h4zM7 13l4 8c3 0 3-2 2-6h7L18 4H7',
  check: 'M5 13l4 4L19 7',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  save: 'M12 4v12M7 11l5 5 5-5M4 20h16',
  sound: 'M4 9v6h4l5 4V5L8 9H4zM16 9c2 2 2 4 0 6M18.5 6c4 4 4 8 0 12',
  mic: 'M9 5a3 3 0 0 1 6 0v6a3 3 0 0 1-6 0V5zM5 11c0 9 14 9 14 0M12 18v3',
  camera: 'M3 7h4l2-3h6l2 3h4v13H3V7zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7',
};

/** A line drawing for the eye alone: the text beside it, or the button's label, says the same. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', 'icon');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
