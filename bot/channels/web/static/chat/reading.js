import { element } from './dom.js';
import { WORDS } from './words.js';

/**
 * Lets the choices in `list` wait until the server's clock says `notBefore`. The server refuses who comes earlier; here one
 * only sees how long it takes. Listeners hear the beginning and the end of the waiting, not every second. Returns what
 * shows it.
 */
export function holdBack(list, { notBefore, clock }) {
  const count = element('p', { class: 'wait', 'aria-hidden': 'true' });
  const state = element('p', { class: 'hidden', role: 'status' });
  const left = () => Math.max(0, Math.ceil((Date.parse(notBefore) - clock()) / 1000)) || 0;

  function refresh() {
    const seconds = left();
    count.textContent = seconds ? WORDS.readFor(seconds) : WORDS.haveRead;
    for (const choice of list ? list.querySelectorAll('button') : []) {
      choice.setAttribute('aria-disabled', String(seconds > 0));
    }
    return seconds;
  }

  function wait() {
    if (refresh()) setTimeout(wait, 250);
    else state.textContent = WORDS.haveRead;
  }

  state.textContent = WORDS.readFor(left());
  wait();
  return [count, state];
}

/** A text to read before one chooses, here or in the message that follows. */
export const readingCard = ({ not_before: notBefore, title }, body, list, clock) => [
  element('div', { class: 'reading-text', role: 'group', tabindex: '0', 'aria-label': title || WORDS.headings.reading }, ...body),
  ...holdBack(list, { notBefore, clock }),
];
