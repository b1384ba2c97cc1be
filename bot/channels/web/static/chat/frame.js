import { button, element, icon } from './dom.js';
import { whenItCanSpeak } from './speech.js';
import { WORDS } from './words.js';

/**
 * The window's frame: header, a place for the log and the composer. It knows how to be open, closed, named and large, and
 * nothing of what is said in it. `on` has `close`, `large`, `shortcut(text)`, `save(form)`, `end`, `unrated()`: whether to
 * ask how it was, `rate(rating)`, and `speaks()`: that the browser can read aloud.
 */
export function createFrame({ log, composer, on }) {
  const phone = matchMedia('(max-width: 640px)');
  const title = element('h2', {}, WORDS.title);
  const province = element('p', { class: 'province' });
  const largeToggle = button({ class: 'plain', 'aria-pressed': 'false', onclick: on.large }, WORDS.large);
  const close = button({ class: 'plain close', 'aria-label': WORDS.close, onclick: on.close }, icon('close'));
  const shortcuts = WORDS.shortcuts.map(({ label, sends }) =>
    button({ class: 'plain', onclick: () => on.shortcut(sends) }, label),
  );
  const end = button({ class: 'plain', 'aria-label': WORDS.endLabel, onclick: askToEnd }, WORDS.end);
  const save = button({ class: 'plain', 'aria-label': WORDS.saveLabel, onclick: askToSave }, WORDS.save);
  const handover = element('p', { class: 'held', role: 'status' });
  const connection = element('p', { class: 'connection', role: 'status' });
  const question = element('div', { class: 'question', role: 'alertdialog', hidden: true });
  const panel = element(
    'section',
    { class: 'panel', hidden: true },
    element(
      'div',
      { class: 'head' },
      element('div', { class: 'name' }, title, province),
      largeToggle,
      close,
      element('div', { class: 'toolbar', role: 'group', 'aria-label': WORDS.toolbar }, ...shortcuts, save, end),
    ),
    connection,
    handover,
    question,
    log,
    composer,
  );

  whenItCanSpeak(on.speaks);

  /**
   * Asks something above the talk; the answers are `[label, run]`, of which the last leaves everything as it is. The first
   * stands out, unless they are opinions.
   */
  function ask(text, answers, asker, lead = 'option primary') {
    const leave = run => () => {
      question.hidden = true;
      asker.focus();
      run();
    };
    question.setAttribute('aria-label', text);
    question.replaceChildren(element('p', {}, text), ...answers.map(([label, run], place) =>
      button({ class: place ? 'option' : lead, onclick: leave(run) }, label)));
    question.hidden = false;
    question.querySelector('button').focus();
  }

  function askToEnd() {
    ask(WORDS.endQuestion, [[WORDS.endYes, askHowItWas], [WORDS.endNo, () => {}]], end);
  }

  /** Asked once, when the talk is over; who does not answer has ended it all the same. */
  function askHowItWas() {
    if (!on.unrated()) {
      on.end();
      return;
    }
    const rate = rating => async () => {
      await on.rate(rating);
      on.end();
    };
    const opinions = WORDS.ratings.map((label, worse) => [label, rate(5 - worse)]);
    ask(WORDS.rating, [...opinions, [WORDS.unrated, on.end]], end, 'option');
  }

  function askToSave() {
    const forms = Object.entries(WORDS.transcripts).map(([form, label]) => [label, () => on.save(form)]);
    ask(WORDS.saveQuestion, [...forms, [WORDS.cancel, () => {}]], save);
  }

  /** On a phone the window is all there is: Tab goes round in it. */
  function holdFocus(event) {
    const stops = Array.from(panel.querySelectorAll('button, textarea, a, input, [tabindex="0"]')).filter(
      each => !each.disabled && each.offsetParent,
    );
    const [first, final] = event.shiftKey ? [stops[stops.length - 1], stops[0]] : [stops[0], stops[stops.length - 1]];
    if (panel.getRootNode().activeElement !== final) return;
    event.preventDefault();
    first.focus();
  }

  panel.addEventListener('keydown', event => {
    if (event.key === 'Escape' && !question.hidden) question.lastChild.click();
    else if (event.key === 'Escape' && !event.isComposing) on.close();
    else if (event.key === 'Tab' && panel.getAttribute('aria-modal') === 'true') holdFocus(event);
  });

  function describe(isPage) {
    panel.setAttribute('role', isPage ? 'region' : 'dialog');
    panel.setAttribute('aria-label', title.textContent);
    if (!isPage && phone.matches) panel.setAttribute('aria-modal', 'true');
    else panel.removeAttribute('aria-modal');
  }

  return {
    node: panel,
    isOpen: () => !panel.hidden,
    show(isPage) {
      describe(isPage);
      panel.hidden = false;
      close.hidden = isPage;
    },
    hide() {
      panel.hidden = true;
    },
    setTitle(text) {
      title.textContent = text || WORDS.title;
      panel.setAttribute('aria-label', title.textContent);
    },
    setProvince(key) {
      province.textContent = WORDS.provinces[key] || '';
    },
    setLarge(large) {
      largeToggle.setAttribute('aria-pressed', String(large));
    },
    /** What stands above the talk while it is with, or on its way to, a person; nothing takes it away. */
    setHandover(text = '') {
      if (handover.textContent !== text) handover.textContent = text;
    },
    setConnected(connected) {
      const text = connected ? '' : WORDS.reconnecting;
      if (connection.textContent !== text) connection.textContent = text; // said once, not at every try
    },
  };
}
