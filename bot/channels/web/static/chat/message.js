import { answerBody, paragraphs } from './answer.js';
import { holdBack, readingCard } from './reading.js';
import { button, element, icon } from './dom.js';
import { feedbackBar } from './feedback.js';
import { beSilent, speak } from './speech.js';
import { WORDS } from './words.js';

/** Copies what a node shows; without the clipboard (a hall on plain http has none) by way of the selection. */
async function copy(node) {
  try {
    await navigator.clipboard.writeText(node.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(node);
    return document.execCommand('copy');
  }
}

/** A number to quote, with a button that copies it. */
function quotable(name, number) {
  const code = element('span', { class: 'number' }, number);
  const copied = element('span', { role: 'status' });
  const copyNumber = async () => {
    copied.textContent = (await copy(code)) ? WORDS.copied : '';
  };
  const copyButton = button({ class: 'copy', 'aria-label': `${WORDS.copy}${name}`, onclick: copyNumber }, WORDS.copy);
  return element('span', {}, `${name} `, code, copyButton, copied);
}

function sourceLine({ source, owner, number }) {
  return element(
    'p',
    { class: 'source' },
    source && element('span', {}, `${WORDS.source}：${source}`),
    owner && element('span', {}, `${WORDS.owner}：${owner}`),
    number && quotable(WORDS.number, number),
  );
}

function fileCard(file, onDownload) {
  const size = file.size ? `（${Math.ceil(file.size / 1024)} KB）` : '';
  return button({ class: 'option file', onclick: () => onDownload(file) }, icon('save'), `${WORDS.download}${file.name}${size}`);
}

/**
 * Marks a choice as made: the mark is a word and a tick, not a colour alone. One choice closes its message; related
 * questions can be asked one after another.
 */
export function settleChoice(chosen) {
  if (chosen.getAttribute('aria-pressed') === 'true') return;
  const list = chosen.closest('ul');
  const closed = list.classList.contains('options') ? list.querySelectorAll('button') : [chosen];
  closed.forEach(each => {
    each.disabled = true;
  });
  chosen.setAttribute('aria-pressed', 'true');
  chosen.append(icon('check'), element('span', { class: 'hidden' }, `（${WORDS.chosen}）`));
}

function optionList(options, className, onOption) {
  const list = element('ul', { class: className });
  for (const option of options) {
    const choose = ({ currentTarget }) => {
      if (currentTarget.getAttribute('aria-disabled') === 'true') return;
      settleChoice(currentTarget);
      onOption(option);
    };
    const style = ['primary', 'tick'].includes(option.style) ? `option ${option.style}` : 'option';
    const attributes = { class: style, 'data-option': option.id, 'data-label': option.label, onclick: choose };
    list.append(element('li', {}, button(attributes, option.label)));
  }
  return list;
}

function relatedQuestions(options, onOption) {
  const heading = element('h3', {}, WORDS.related);
  return element('div', { class: 'related' }, heading, optionList(options, 'questions', onOption));
}

/** How far a case has come: what is over has a tick, what is going on is marked for the ear as well. */
function stageList(stages, reached) {
  return element(
    'ol',
    { class: 'stages', 'aria-label': WORDS.stages },
    ...stages.map((stage, place) =>
      element(
        'li',
        { class: place < reached ? 'over' : '', 'aria-current': place === reached && 'step' },
        place < reached && icon('check'),
        stage,
      ),
    ),
  );
}

/** Reads a message aloud, in large mode; pressed again, it falls silent. */
function readAloud(text) {
  const sound = button({ class: 'plain aloud', 'aria-pressed': 'false', onclick: toggle }, icon('sound'), WORDS.readAloud);
  const mark = on => sound.setAttribute('aria-pressed', String(on));
  function toggle() {
    if (sound.getAttribute('aria-pressed') === 'true') {
      beSilent();
      mark(false);
    } else {
      speak(text, () => mark(false));
      mark(true);
    }
  }
  return sound;
}

/**
 * `heldUntil` is when the options may be chosen, if a text has to be read before. `on` has `option`, `feedback`,
 * `download(file)`, `human()`, and `clock()`: what time it is for the server.
 */
export function messageNode(message, on) {
  const { seq, from, kind, text, entry, receipt, file, stages, stage, heldUntil, options = [] } = message;
  if (kind === 'system') return noteNode(text);
  if (from === 'user') return userNode(text, { 'data-seq': seq });
  const onOption = option => on.option(option, message);
  const choices = options.filter(option => option.style !== 'related');
  const related = options.filter(option => option.style === 'related');
  const list = choices.length > 0 && optionList(choices, 'options', onOption);
  if (list && heldUntil) holdBack(list, { notBefore: heldUntil, clock: on.clock });
  const heading = WORDS.headings[kind];
  const body = answerBody(message, { onHuman: on.human });
  return element(
    'article',
    { class: `message ${from}`, 'data-seq': seq, 'data-kind': kind },
    element('span', { class: from === 'staff' ? 'author' : 'hidden' }, WORDS.authors[from]),
    element(
      'div',
      { class: heading ? 'bubble card' : 'bubble' },
      heading && element('h3', { class: 'heading' }, heading),
      ...(kind === 'reading' ? readingCard(message, body, list, on.clock) : body),
      stages && stageList(stages, stage),
      receipt && element('p', {}, quotable(WORDS.receipt, receipt)),
      file && fileCard(file, on.download),
    ),
    readAloud(text),
    list,
    entry && sourceLine(entry),
    entry && feedbackBar(seq, on.feedback),
    related.length > 0 && relatedQuestions(related, onOption),
  );
}

function userNode(text, attributes, ...more) {
  return element(
    'article',
    { class: 'message user', ...attributes },
    element('span', { class: 'hidden' }, WORDS.authors.user),
    element('div', { class: 'bubble' }, ...paragraphs(text)),
    ...more,
  );
}

/** What the person has just sent, before the server has given it its place. */
export const draftNode = text =>
  userNode(text, { class: 'message user draft' }, element('p', { class: 'state' }, WORDS.sending));

/** A quiet line that belongs to neither side. */
export const noteNode = text => element('p', { class: 'note' }, text);
