import { button, element, icon } from './dom.js';
import { WORDS } from './words.js';

/** Thumbs up or down under an answer; down asks why, and both the reason and the words about it may be left out. */
export function feedbackBar(seq, send) {
  const bar = element('div', { class: 'feedback', role: 'group', 'aria-label': WORDS.feedback });

  function give(helpful, reason) {
    send({ seq, helpful, reason });
    bar.textContent = '';
    // Focus was on a button that is gone now; keep the reader's place.
    const thanks = element('p', { class: 'quiet', role: 'status', tabindex: '-1' }, WORDS.thanks);
    bar.append(thanks);
    thanks.focus({ preventScroll: true });
  }

  function askWhy(event) {
    const thumb = event.currentTarget;
    if (thumb.getAttribute('aria-expanded') === 'true') return;
    thumb.setAttribute('aria-expanded', 'true');
    const reasons = WORDS.reasons.map(reason =>
      element('label', {}, element('input', { type: 'radio', name: `reason-${seq}`, value: reason }), reason),
    );
    const detail = element('textarea', {
      rows: 2,
      maxlength: 200,
      'aria-label': WORDS.reasonDetail,
      placeholder: WORDS.reasonDetail,
    });
    const submit = () => {
      const chosen = form.querySelector('input:checked');
      give(false, [chosen && chosen.value, detail.value.trim()].filter(Boolean).join('：') || undefined);
    };
    const form = element(
      'fieldset',
      { class: 'reasons' },
      element('legend', {}, WORDS.whyUnhelpful),
      ...reasons,
      detail,
      button({ class: 'primary', onclick: submit }, WORDS.giveFeedback),
    );
    bar.append(form);
    form.querySelector('input').focus();
    form.scrollIntoView({ block: 'nearest' });
  }

  bar.append(
    button({ class: 'plain', onclick: () => give(true) }, icon('up'), WORDS.helpful),
    button({ class: 'plain', 'aria-expanded': 'false', onclick: askWhy }, icon('down'), WORDS.unhelpful),
  );
  return bar;
}
