// All at once, rather than each after the one that asks for it: that would be a way to the server for every level.
import './answer.js';
import './checks.js';
import './events.js';
import './feedback.js';
import './message.js';
import './photo.js';
import './reading.js';
import './speech.js';
import './stepper.js';
import './suggestions.js';
import './transport.js';
import { createComposer } from './composer.js';
import { createConversation } from './conversation.js';
import { element } from './dom.js';
import { createFrame } from './frame.js';
import { createLog } from './log.js';
import { WORDS } from './words.js';

const TOO_MANY_REQUESTS = 429;
const ASIDES = ['system', 'bulletin']; // kinds of messages after which one still answers what was asked before
const HELD = ['waiting', 'taken']; // states of a hand-over in which the talk is not the bot's

/**
 * The window of `host`, an `<hrss-chat>`, in the place of its `launcher`, and the conversation in it with the server at
 * `base`. Nothing is asked of the server before the window is opened, something is said, or a conversation is taken up.
 */
export function createWindow({ host, launcher, base }) {
  const isPage = () => host.getAttribute('mode') === 'page';

  const log = createLog({
    on: {
      option: choose,
      feedback: opinion => conversation.feedback(opinion),
      download: ({ path, name }) => download(path, name),
      human: () => sendText(WORDS.shortcuts[2].sends),
      clock: () => conversation.now(),
    },
    onSendAgain: draft => conversation.sendAgain(draft),
  });
  const composer = createComposer({
    onSend: sendText,
    onDraft: draft => conversation.keep({ draft }),
    suggest: text => conversation.suggest(text),
    onUpload: (file, how) => conversation.sendPhoto(file, how),
    onRefused: refused,
    onNote: log.note,
    resizing: log.resizing,
  });
  const frame = createFrame({
    log: log.node,
    composer: composer.node,
    on: {
      close,
      large: () => host.setLarge(!host.hasAttribute('large')),
      shortcut: sendText,
      save: form => download(`transcript?as=${form}`, `${WORDS.transcript}.${form}`),
      end: endConversation,
      unrated: () => conversation.isUnrated() && log.hasUserSpoken(),
      rate: rating => conversation.rate(rating),
      speaks: () => launcher.node.classList.add('speaks'),
    },
  });
  // What the conversation shows itself by.
  const view = {
    message(message) {
      log.message(message);
      if (message.from === 'bot' && !ASIDES.includes(message.kind)) composer.expect(message.field);
      if (message.kind === 'handover') frame.setHandover(HELD.includes(message.state) ? message.text : '');
      if (frame.isOpen()) conversation.markSeen();
      else if (message.from !== 'user' && message.seq > conversation.hasSeen()) launcher.setUnread();
      host.tell('hrss-message', message);
    },
    unidentified: ({ key, message }) => host.tell('hrss-error', { error: key || 'unreachable', text: message }),
    draft: log.draft,
    draftAccepted: log.draftAccepted,
    draftFailed: log.draftFailed,
    draftRefused(draft, refusal) {
      log.dropDraft(draft.client_msg_id);
      if (draft.text) composer.giveBack(draft.text);
      else if (refusal.status === TOO_MANY_REQUESTS) log.reopenOptions(draft.option_id);
      refused(refusal);
    },
    refused,
    note: log.note,
    typing: log.typing,
    connection: frame.setConnected,
    restoring: log.restoring,
    clear() {
      log.clear();
      composer.expect();
      frame.setHandover();
    },
  };
  const conversation = createConversation({
    base,
    about: () => ({
      province: host.getAttribute('province') || undefined,
      site: host.getAttribute('site') || undefined,
      page: host.getAttribute('page') || undefined,
      large: host.hasAttribute('large'),
    }),
    opening: () => host.getAttribute('start'),
    view,
  });

  function open() {
    if (frame.isOpen()) return;
    frame.show(isPage());
    launcher.setOpen(true);
    log.scrollToEnd();
    if (!isPage()) composer.focus(); // a page keeps the focus where its reader put it
    conversation.start();
    conversation.markSeen();
    host.tell('hrss-open');
  }

  function close() {
    if (isPage() || !frame.isOpen()) return;
    frame.hide();
    launcher.setOpen(false);
    host.tell('hrss-close');
  }

  function sendText(text) {
    const trimmed = text.trim();
    if (trimmed) conversation.send({ text: trimmed });
  }

  /** Ends this conversation and begins another. */
  async function reset() {
    await conversation.end();
    composer.clear();
    await conversation.start();
  }

  async function endConversation() {
    composer.clear();
    await conversation.end();
    log.note(WORDS.ended);
    log.offer(WORDS.beginAgain, () => {
      composer.focus();
      reset();
    });
  }

  function choose({ id, label, style }, { kind }) {
    conversation.send({ option_id: id, label });
    host.tell('hrss-option', { id, label });
    if (kind === 'consent') host.tell('hrss-consent', { id, label, granted: style === 'primary' });
  }

  /** Saves a file of the conversation on this device. */
  async function download(path, name) {
    try {
      const href = URL.createObjectURL(await conversation.download(path));
      element('a', { href, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60000);
    } catch (refusal) {
      refused(refusal);
    }
  }

  function refused(refusal) {
    log.note((refusal.key && refusal.message) || WORDS.outOfOrder); // a browser's own words are for nobody
    host.tell('hrss-error', { error: refusal.key || 'unreachable', text: refusal.message });
  }

  return {
    node: frame.node,
    open,
    close,
    isOpen: frame.isOpen,
    sendText,
    /** Chooses an option that is on offer, as a click on it would; answers whether there is one. */
    sendOption(id) {
      const button = log.option(id);
      if (button) button.click();
      return Boolean(button);
    },
    identify: conversation.identify,
    reset,
    /** Goes on with what this tab has begun, as after a reload. */
    takeUp() {
      const kept = conversation.takeUp();
      if (kept && kept.large) host.setLarge(true);
      if (kept && kept.draft) composer.restore(kept.draft);
    },
    leave: conversation.leave,
    keepLarge: large => conversation.keep({ large }),
    /** Takes over what the attributes of the host say. */
    describe() {
      const large = host.hasAttribute('large');
      frame.setTitle(host.getAttribute('title'));
      frame.setProvince(host.getAttribute('province'));
      log.resizing(() => {
        launcher.setLarge(large);
        frame.setLarge(large);
      });
      launcher.node.classList.toggle('listens', host.hasAttribute('voice'));
    },
  };
}
