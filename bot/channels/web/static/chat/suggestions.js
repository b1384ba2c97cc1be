import { element } from './dom.js';
import { WORDS } from './words.js';

const DELAY = 250;

/** Numbers and passwords are nobody's suggestion, and must not end up in an address; small letters alone are pinyin. */
const isWorthAsking = text =>
  (/[\u4e00-\u9fff]{2}/.test(text) && text.length <= 60 && !/[\w*@#]{4}/.test(text)) || /^[a-z]{2,12}$/.test(text);

const MOST_SHOWN = 4; // so many need no scrolling, which a list that is never focused could not have

/**
 * Questions to pick from while one is typed into `box`; picking one calls `pick(question)`. HTML allows a textarea no role
 * but its own, so it stays a textbox that has a listbox: with what is active in it, and its size said aloud.
 */
export function createSuggestions({ box, suggest, pick }) {
  const list = element('ul', { class: 'suggestions', id: 'suggestions', role: 'listbox', tabindex: '-1', 'aria-label': WORDS.suggestions, hidden: true });
  const said = element('p', { class: 'hidden', role: 'status' });
  let timer = null;
  let active = -1;

  for (const [name, value] of [['autocomplete', 'list'], ['haspopup', 'listbox'], ['controls', 'suggestions']]) {
    box.setAttribute(`aria-${name}`, value);
  }

  const options = () => Array.from(list.children);

  function point(at) {
    active = at;
    options().forEach((each, place) => each.setAttribute('aria-selected', String(place === at)));
    const pointed = options()[at];
    if (pointed) {
      box.setAttribute('aria-activedescendant', pointed.id);
    } else {
      box.removeAttribute('aria-activedescendant');
    }
  }

  function hide() {
    clearTimeout(timer);
    list.hidden = true;
    said.textContent = '';
    point(-1);
  }

  function show(found) {
    list.textContent = '';
    found.slice(0, MOST_SHOWN).forEach(({ question }, place) => list.append(element(
      'li',
      {
        id: `suggestion-${place}`,
        role: 'option',
        onmousedown: event => event.preventDefault(), // the box keeps the focus
        onclick: () => pick(question),
      },
      question,
    )));
    list.hidden = !found.length;
    said.textContent = found.length ? WORDS.suggested(list.children.length) : '';
    point(-1);
  }

  return {
    nodes: [list, said],
    hide,
    soon() {
      hide();
      const text = box.value.trim();
      if (!isWorthAsking(text)) return;
      timer = setTimeout(async () => {
        const found = await suggest(text).catch(() => []); // a convenience: its failure is nobody's concern
        if (box.value.trim() === text) show(found);
      }, DELAY);
    },
    /** Takes the keys that are meant for the list; says whether it did. */
    takes(key) {
      if (list.hidden) return false;
      const count = options().length;
      if (key === 'ArrowDown') point((active + 1) % count);
      else if (key === 'ArrowUp') point((active <= 0 ? count : active) - 1);
      else if (key === 'Enter' && active >= 0) pick(options()[active].textContent);
      else if (key === 'Escape') hide();
      else return false;
      return true;
    },
  };
}
