import { button, element, icon } from './dom.js';

// Every sentence of the closed widget; those of the window are in words.js, which is not needed before.
const ASK = '在线咨询';
const OPENING = '正在打开…';
const RECONNECTING = '网络断开，正在重连…';
const UNREAD = '有新消息';

/**
 * Whether a colour (`#rrggbb`) can carry white text and be text on white: WCAG 2 contrast of 4.5 or more.
 * A host page may choose its accent, but not one that people cannot read.
 */
function isReadableOnWhite(colour) {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(colour);
  if (!match) return false;
  const [red, green, blue] = match.slice(1).map(channel => {
    const value = parseInt(channel, 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05) >= 4.5;
}

/**
 * What stands in the corner of a page: all that there is of the widget until somebody means to open it. `node` holds it and,
 * later, the window; how large both are and in which colour is written there. `on` has `open`, and `nearing`: somebody
 * points at the launcher or has come to it by keyboard.
 */
export function createLauncher(on) {
  const label = element('span', {}, ASK);
  const state = element('span', { class: 'hidden', role: 'status' });
  const unread = element('span', { class: 'unread', hidden: true }, element('span', { class: 'hidden' }, UNREAD));
  const launcher = button(
    { class: 'launcher', 'aria-expanded': 'false', onclick: on.open, onpointerover: on.nearing, onfocus: on.nearing },
    icon('chat'),
    label,
    unread,
  );
  // An empty title keeps the host element's `title` from hanging over everything as a tooltip.
  const node = element('div', { class: 'chat', title: '', hidden: true }, launcher, state);
  let opening = false;

  /** Who waits for the window sees and hears why; who only came near does not. */
  function setConnected(connected) {
    if (!opening) return;
    state.textContent = connected ? OPENING : RECONNECTING;
    label.textContent = state.textContent;
  }

  return {
    node,
    /** Nothing is shown before its styles are there. */
    reveal() {
      node.hidden = false;
    },
    /** The window has been opened in its place, or closed. */
    setOpen(open) {
      launcher.hidden = open;
      launcher.setAttribute('aria-expanded', String(open));
      opening = false;
      state.textContent = '';
      label.textContent = ASK;
      if (open) unread.hidden = true;
      else launcher.focus();
    },
    setUnread() {
      unread.hidden = false;
    },
    /** The window is wanted, and may have to be waited for. */
    setOpening() {
      opening = true;
      setConnected(true);
    },
    setConnected,
    setLarge(large) {
      node.classList.toggle('large', large);
    },
    setAccent(colour) {
      if (colour && isReadableOnWhite(colour)) node.style.setProperty('--accent', colour);
      else node.style.removeProperty('--accent');
    },
  };
}
