import { element } from './dom.js';
import { stepper } from './stepper.js';

const LINKED_HOSTS = new Set([
  'ggfw.hrss.gd.gov.cn',
  'www.gdzwfw.gov.cn',
  'siwsfw.hrss.henan.gov.cn',
  'ggfw.hnylbx.com',
]);
const ADDRESS = /https:\/\/[\w\-.~:/?#@!$&'()*+,;=%]+/g;

/** The host of an address that may be a link; anything clever about it (a port, a user, another scheme) makes it text. */
function isLinked(address) {
  try {
    const url = new URL(address);
    return url.protocol === 'https:' && LINKED_HOSTS.has(url.host) && !url.username && !url.password;
  } catch {
    return false;
  }
}

/** Text as nodes, in which the halls' own addresses are links and everything else is text. */
function* linked(text) {
  let done = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = match[0].replace(/[.,;:!?')]+$/, '');
    if (!isLinked(address)) continue;
    yield text.slice(done, match.index);
    yield element('a', { href: address, target: '_blank', rel: 'noopener noreferrer' }, address);
    done = match.index + address.length;
  }
  yield text.slice(done);
}

// Not in the middle of a word: 138****8001 is a number with a mask, and 李** a name with one.
const BOLD = /(^|[\s，。；：、（“])\*\*([^\s*][^*]*)\*\*/g;

function* formatted(text) {
  let done = 0;
  for (const match of text.matchAll(BOLD)) {
    const [whole, before, strong] = match;
    yield* linked(text.slice(done, match.index) + before);
    yield element('strong', {}, ...linked(strong));
    done = match.index + whole.length;
  }
  yield* linked(text.slice(done));
}

const lines = text => (text || '').split('\n').filter(line => line.trim());

/** Text as it was typed: one paragraph a line. */
export const paragraphs = text => lines(text).map(line => element('p', {}, ...linked(line)));

// What a line may look like, and what two or more of its kind in a row become. There is no other markup but `**bold**`.
const ITEM = /^[-•] (.+)/;
const FACT = /^([^：，。、？！〔\s]{1,12})：(.+)/;
const RUNS = [
  [ITEM, found => element('ul', { class: 'items' }, ...found.map(([, item]) => element('li', {}, ...formatted(item))))],
  [
    FACT,
    found => element(
      'dl',
      {},
      ...found.map(([, label, fact]) => element('div', {}, element('dt', {}, label), element('dd', {}, ...formatted(fact)))),
    ),
  ],
];

/** What the bot or staff say, as paragraphs, lists and lists of facts. */
export function blocks(text) {
  const made = [];
  const left = lines(text);
  while (left.length) {
    const [run, count] = RUNS.map(each => [each, left.findIndex(line => !each[0].test(line))])
      .map(([each, end]) => [each, end < 0 ? left.length : end])
      .find(([, end]) => end > 1) || [null, 1];
    const taken = left.splice(0, count);
    made.push(run ? run[1](taken.map(line => run[0].exec(line))) : element('p', {}, ...formatted(taken[0])));
  }
  return made;
}

function numbered(steps, help) {
  if (!steps || !steps.length) return [];
  const list = element('ol', {}, ...steps.map(step => element('li', {}, ...formatted(step))));
  return [list, stepper(list, help)];
}

/**
 * `text` says everything, numbered lines included. Where the parts come beside it, lists are shown as lists; a lead or note
 * that was not sent apart is what stands in `text` before or after them. `help` is for those who go step by step.
 */
export function answerBody({ text, lead, steps, cases, note }, help) {
  const chunks = [...(steps || []), ...(cases || []).map(one => one.label)];
  if (!chunks.length) return blocks(text);
  const first = text.indexOf(chunks[0]);
  const before = text.slice(0, Math.max(0, first)).replace(/\d+[.、．)）]?\s*$/, '');
  const final = chunks[chunks.length - 1];
  const after = cases && cases.length ? '' : text.slice(text.lastIndexOf(final) + final.length);
  return [
    ...blocks(lead === undefined ? before : lead),
    ...numbered(steps, help),
    ...(cases || []).map(one =>
      element('section', { class: 'case' }, element('h3', {}, one.label), ...blocks(one.text), ...numbered(one.steps, help)),
    ),
    ...blocks(note === undefined ? after : note),
  ];
}
