import { flaw } from './checks.js';
import { button, element, icon } from './dom.js';
import { createPhoto } from './photo.js';
import { canListen, hearken } from './speech.js';
import { createSuggestions } from './suggestions.js';
import { WORDS } from './words.js';

const ADVISED_LENGTH = 500;
const COUNT_FROM = 400;
const KEYBOARDS = { phone: 'tel', contact_phone: 'tel', sms_code: 'numeric' }; // by what the bot asks for
const PRIVATE = /name|answer|message/; // what is typed then is no question

/**
 * The box one writes in. `suggest(text)` resolves to `[{question}]`; `onSend(text)` gets what is to be sent, never blank;
 * `onUpload`, `onRefused` and `resizing` are as in photo.js; `onNote(text)` says something in the talk; `onDraft(text)` hears
 * what stands in the box, as long as it is no answer to what the bot asks for: such answers are people's own matter.
 */
export function createComposer({ onSend, onDraft, suggest, onUpload, onRefused, onNote, resizing }) {
  const box = element('textarea', {
    rows: 1,
    'aria-label': WORDS.box,
    'aria-describedby': 'count hint',
    placeholder: WORDS.box,
    enterkeyhint: 'send',
    autocomplete: 'off',
  });
  const field = element('div', { class: 'field' }, box);
  const count = element('p', { class: 'count', id: 'count', hidden: true });
  const hint = element('p', { class: 'hint', id: 'hint', role: 'status' });
  const suggestions = createSuggestions({ box, suggest, pick: write });
  const voice = button({ class: 'voice', 'aria-label': WORDS.speak, 'aria-pressed': 'false', onclick: listen }, icon('mic'));
  const sendButton = button(
    { class: 'send', 'aria-label': WORDS.send, onclick: submit },
    icon('send'),
    element('span', {}, WORDS.send),
  );
  const photo = createPhoto({ upload: onUpload, onRefused, resizing });
  const node = element(
    'div',
    { class: 'composer' },
    ...suggestions.nodes,
    photo.node,
    hint,
    count,
    field,
    canListen() && voice,
    sendButton,
  );
  let composing = false;
  let asked; // what the bot asks for
  let warned = ''; // a text that is sent although something seems wrong with it
  let stopListening = null;

  function refresh() {
    field.setAttribute('data-text', box.value); // the box grows with its text: see .field in hrss-chat.css
    const { length } = box.value;
    count.hidden = length < COUNT_FROM;
    const over = length > ADVISED_LENGTH;
    count.textContent = `${length}/${ADVISED_LENGTH}${over ? `，${WORDS.tooLong}` : ''}`;
    count.classList.toggle('over', over);
    check(false);
    onDraft(asked ? '' : box.value);
  }

  /** Says what is wrong with a number that was asked for; whether something is. */
  function check(sending) {
    const found = asked && flaw(box.value, asked, sending);
    const text = found ? WORDS.flaws[found] + (sending ? WORDS.sendAnyway : '') : '';
    if (hint.textContent !== text) resizing(() => hint.replaceChildren(text));
    return Boolean(found);
  }

  function write(text) {
    box.value = text;
    refresh();
    suggestions.hide();
    box.focus();
  }

  function submit() {
    const text = box.value.trim();
    if (!text) return;
    if (warned !== text && check(true)) {
      warned = text;
      return;
    }
    warned = '';
    write('');
    onSend(text);
  }

  function listen() {
    if (stopListening) {
      stopListening();
      return;
    }
    const before = box.value;
    voice.setAttribute('aria-pressed', 'true');
    stopListening = hearken({
      onText: text => write(before + text),
      onEnd() {
        stopListening = null;
        voice.setAttribute('aria-pressed', 'false');
      },
    });
  }

  function suggestSoon() {
    if (composing || PRIVATE.test(asked)) suggestions.hide();
    else suggestions.soon();
  }

  // An input method's Enter picks a candidate. Chrome says so by `isComposing`; Safari ends the composition first and then
  // reports the key as 229.
  box.addEventListener('keydown', event => {
    if (event.isComposing || event.keyCode === 229) return;
    if (suggestions.takes(event.key)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      submit();
    }
  });
  box.addEventListener('compositionstart', () => {
    composing = true;
    suggestions.hide();
  });
  box.addEventListener('compositionend', () => {
    composing = false;
    suggestSoon();
  });
  box.addEventListener('input', () => {
    refresh();
    suggestSoon();
  });
  box.addEventListener('blur', suggestions.hide);

  // A screenshot. What also comes as text, as from a word processor, is meant as text.
  node.addEventListener('paste', event => {
    const [pasted] = event.clipboardData.files;
    if (!pasted || event.clipboardData.getData('text')) return;
    event.preventDefault();
    if (photo.isAskedFor()) photo.take(pasted);
    else onNote(WORDS.noPicture);
  });

  return {
    node,
    focus: () => box.focus(),
    /** Gives back what could not be sent, unless something else has been written since. */
    giveBack(text) {
      if (!box.value) write(text);
    },
    /** Puts back what was written before a reload, and leaves the focus where it is. */
    restore(text) {
      box.value = text;
      refresh();
    },
    /** Makes ready for what the bot asks for: the way to send a photo, the keyboard for a number; nothing, the usual. */
    expect(wanted) {
      asked = wanted;
      const held = photo.node.matches(':focus-within');
      photo.askFor(asked === 'photo');
      if (held && asked !== 'photo') box.focus();
      box.setAttribute('inputmode', KEYBOARDS[asked] || 'text');
      box.setAttribute('autocomplete', asked === 'sms_code' ? 'one-time-code' : 'off');
      box.setAttribute('placeholder', WORDS.asks[asked] || WORDS.box);
      check(false);
    },
    clear() {
      box.value = '';
      refresh();
      suggestions.hide();
    },
  };
}
