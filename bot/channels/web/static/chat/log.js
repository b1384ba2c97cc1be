import { button, element } from './dom.js';
import { draftNode, messageNode, noteNode, settleChoice } from './message.js';
import { WORDS } from './words.js';

const NEAR = 80; // pixels from the end within which the reader counts as following

/**
 * What has been said, in order; below it what is still on its way, and whether the other side is typing. Only what has its
 * place is announced by screen readers, so that nothing is read out twice. `on` is what can be done with a message, as
 * message.js says.
 */
export function createLog({ on, onSendAgain }) {
  const said = element('div', { class: 'said', role: 'log', 'aria-live': 'polite', 'aria-label': WORDS.log });
  const underway = element('div', { class: 'underway', 'aria-live': 'off' });
  const typing = element(
    'div',
    { class: 'typing', role: 'status', hidden: true },
    element('span', { class: 'dots', 'aria-hidden': 'true' }, element('i'), element('i'), element('i')),
    element('span', { class: 'hidden' }, WORDS.typing),
  );
  const node = element('div', { class: 'scroll', tabindex: '0' }, said, underway, typing);
  let drafts = new Map();
  let heldUntil = null; // by a text that is to be read before one chooses

  const isFollowing = () => node.scrollHeight - node.scrollTop - node.clientHeight < NEAR;

  function scrollToEnd() {
    node.scrollTop = node.scrollHeight;
  }

  /** Follows the talk, but never past the beginning of a long answer, and not at all while the reader looks further up. */
  function append(child, following = isFollowing()) {
    said.append(child);
    if (!following) return;
    scrollToEnd();
    const above = node.getBoundingClientRect().top - child.getBoundingClientRect().top;
    if (above > 0) node.scrollTop -= above + 12;
  }

  function dropDraft(id) {
    if (drafts.has(id)) drafts.get(id).remove();
    drafts.delete(id);
  }

  const optionButton = id => Array.from(said.querySelectorAll('button[data-option]')).find(each => each.dataset.option === id);

  return {
    node,
    message(message) {
      const following = isFollowing();
      if (message.from === 'user') {
        dropDraft(message.client_msg_id);
        const chosen = optionButton(message.option_id); // made before a reload
        if (chosen) settleChoice(chosen);
      } else {
        typing.hidden = true;
      }
      append(messageNode({ heldUntil, ...message }, on), following);
      if (message.kind === 'reading') heldUntil = message.not_before;
      else if (message.options || message.from === 'user') heldUntil = null;
    },
    note(text) {
      append(noteNode(text));
    },
    /** Where nothing is left, the one thing to do next. */
    offer(label, run) {
      const next = button({ class: 'option again', onclick: run }, label);
      append(next);
      next.focus();
    },
    draft({ client_msg_id: id, text, label }) {
      dropDraft(id);
      drafts.set(id, draftNode(text || label));
      underway.append(drafts.get(id));
      scrollToEnd();
    },
    draftAccepted({ client_msg_id: id }) {
      if (drafts.has(id)) drafts.get(id).querySelector('.state').textContent = '';
    },
    draftFailed(draft) {
      if (!drafts.has(draft.client_msg_id)) return; // it did arrive, only the answer was lost
      const state = drafts.get(draft.client_msg_id).querySelector('.state');
      state.textContent = `${WORDS.notSent} `;
      state.append(button({ class: 'plain', onclick: () => onSendAgain(draft) }, WORDS.sendAgain));
      scrollToEnd();
    },
    dropDraft,
    typing(on) {
      const following = isFollowing();
      typing.hidden = !on;
      if (on && following) scrollToEnd();
    },
    /** Shows what was said before, without reading it all out again. */
    restoring(show) {
      said.setAttribute('aria-live', 'off');
      show();
      scrollToEnd();
      setTimeout(() => said.setAttribute('aria-live', 'polite'), 500);
    },
    clear() {
      said.textContent = '';
      underway.textContent = '';
      typing.hidden = true;
      drafts = new Map();
      heldUntil = null;
    },
    scrollToEnd,
    hasUserSpoken: () => Boolean(said.querySelector('.user')),
    /** Resizes the text or the room for it; who was at the end of the talk stays there. */
    resizing(resize) {
      const following = isFollowing();
      resize();
      if (following) scrollToEnd();
    },
    /** The button of an option that can still be chosen. */
    option(id) {
      const offered = optionButton(id);
      return offered && !offered.disabled ? offered : undefined;
    },
    /** Lets a choice be made after all, when the server asked to wait. */
    reopenOptions(id) {
      const chosen = optionButton(id);
      if (!chosen) return;
      chosen.removeAttribute('aria-pressed');
      chosen.textContent = chosen.dataset.label;
      chosen.closest('ul').querySelectorAll('button').forEach(each => {
        each.disabled = false;
      });
    },
  };
}
