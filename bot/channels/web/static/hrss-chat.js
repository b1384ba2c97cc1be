/**
 * `<hrss-chat>`: the assistant of a social-security online hall, on any page, with one script tag and one tag:
 *
 *     <script type="module" src="https://hall.example/webhooks/web/hrss-chat.js"></script>
 *     <hrss-chat province="gd"></hrss-chat>
 *
 * Attributes: `province` (`gd`, `hn`), `title`, `accent` (`#rrggbb`, dark enough for white text), `start` (what a new
 * conversation begins with, as if the person had typed it), `large` (24 px text), `site` (which page it stands on, for the
 * statistics), `page` (a key of `faq/pages.yml`: what the person is looking at), `voice` (dictation in large mode, where
 * the browser has it), `mode` (`floating`, or `page` to fill the element's own box).
 *
 * Methods: `open() close() toggle() sendText(text) sendOption(id) setLarge(on) setIdentity(token) reset()`.
 * Events, bubbling out of every shadow tree: `hrss-ready`, `hrss-open`, `hrss-close`, `hrss-message` (the message),
 * `hrss-option` (`{id, label}`), `hrss-consent` (`{id, label, granted}`), `hrss-error` (`{error, text}`).
 *
 * It never opens by itself, and until it is opened it asks the server for nothing, unless this tab has a conversation.
 */
import { createComposer } from './chat/composer.js';
import { createConversation } from './chat/conversation.js';
import { element } from './chat/dom.js';
import { createFrame } from './chat/frame.js';
import { createLog } from './chat/log.js';
import { WORDS } from './chat/words.js';

const BASE = new URL('.', import.meta.url);
const TOO_MANY_REQUESTS = 429;
const ASIDES = ['system', 'bulletin']; // kinds of messages after which one still answers what was asked before
const HELD = ['waiting', 'taken']; // states of a hand-over in which the talk is not the bot's

class HrssChat extends HTMLElement {
  static get observedAttributes() {
    return ['province', 'title', 'accent', 'large', 'voice'];
  }

  constructor() {
    super();
    this.log = createLog({
      on: {
        option: (option, message) => this.choose(option, message),
        feedback: opinion => this.conversation.feedback(opinion),
        download: ({ path, name }) => this.download(path, name),
        human: () => this.sendText(WORDS.shortcuts[2].sends),
        clock: () => this.conversation.now(),
      },
      onSendAgain: draft => this.conversation.sendAgain(draft),
    });
    this.composer = createComposer({
      onSend: text => this.sendText(text),
      onDraft: draft => this.conversation.keep({ draft }),
      suggest: text => this.conversation.suggest(text),
      onUpload: (file, how) => this.conversation.sendPhoto(file, how),
      onRefused: refusal => this.refused(refusal),
      onNote: text => this.log.note(text),
      resizing: resize => this.log.resizing(resize),
    });
    this.frame = createFrame({
      stylesheet: new URL('hrss-chat.css', BASE).href,
      log: this.log.node,
      composer: this.composer.node,
      on: {
        open: () => this.open(),
        close: () => this.close(),
        large: () => this.setLarge(!this.hasAttribute('large')),
        shortcut: text => this.sendText(text),
        save: form => this.download(`transcript?as=${form}`, `${WORDS.transcript}.${form}`),
        end: () => this.endConversation(),
        unrated: () => this.conversation.isUnrated() && this.log.hasUserSpoken(),
        rate: rating => this.conversation.rate(rating),
      },
    });
    this.conversation = createConversation({
      base: BASE,
      about: () => ({
        province: this.getAttribute('province') || undefined,
        site: this.getAttribute('site') || undefined,
        page: this.getAttribute('page') || undefined,
        large: this.hasAttribute('large'),
      }),
      opening: () => this.getAttribute('start'),
      view: this.view(),
    });
    this.attachShadow({ mode: 'open' }).append(...this.frame.nodes);
  }

  connectedCallback() {
    const kept = this.conversation.takeUp();
    if (kept && kept.large) this.setLarge(true);
    if (kept && kept.draft) this.composer.restore(kept.draft);
    if (this.isPage) this.open();
    this.tell('hrss-ready');
  }

  disconnectedCallback() {
    this.conversation.leave();
  }

  attributeChangedCallback(name, _before, value) {
    if (name === 'province') this.frame.setProvince(value);
    if (name === 'title') this.frame.setTitle(value);
    if (name === 'accent') this.frame.setAccent(value);
    if (name === 'voice') this.frame.setVoice(value !== null);
    if (name === 'large') this.log.resizing(() => this.frame.setLarge(value !== null));
  }

  get isPage() {
    return this.getAttribute('mode') === 'page';
  }

  open() {
    if (this.frame.isOpen()) return;
    this.frame.show(this.isPage);
    this.log.scrollToEnd();
    if (!this.isPage) this.composer.focus(); // a page keeps the focus where its reader put it
    this.conversation.start();
    this.conversation.markSeen();
    this.tell('hrss-open');
  }

  close() {
    if (this.isPage || !this.frame.isOpen()) return;
    this.frame.hide();
    this.tell('hrss-close');
  }

  toggle() {
    if (this.frame.isOpen()) this.close();
    else this.open();
  }

  sendText(text) {
    const trimmed = text.trim();
    if (trimmed) this.conversation.send({ text: trimmed });
  }

  /** Chooses an option that is on offer, as a click on it would; answers whether there is one. */
  sendOption(id) {
    const button = this.log.option(id);
    if (button) button.click();
    return Boolean(button);
  }

  setLarge(on) {
    this.toggleAttribute('large', on);
    this.conversation.keep({ large: on });
  }

  /**
   * Hands over who is signed in on the page: the token that its server has signed, or nothing after a sign-out. A
   * conversation that was another person's ends, and is cleared away.
   */
  setIdentity(token) {
    return this.conversation.identify(token);
  }

  /** Ends this conversation and begins another. */
  async reset() {
    await this.conversation.end();
    this.composer.clear();
    await this.conversation.start();
  }

  async endConversation() {
    this.composer.clear();
    await this.conversation.end();
    this.log.note(WORDS.ended);
    this.log.offer(WORDS.beginAgain, () => {
      this.composer.focus();
      this.reset();
    });
  }

  choose({ id, label, style }, { kind }) {
    this.conversation.send({ option_id: id, label });
    this.tell('hrss-option', { id, label });
    if (kind === 'consent') this.tell('hrss-consent', { id, label, granted: style === 'primary' });
  }

  /** Saves a file of the conversation on this device. */
  async download(path, name) {
    try {
      const href = URL.createObjectURL(await this.conversation.download(path));
      element('a', { href, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(href), 60000);
    } catch (refusal) {
      this.refused(refusal);
    }
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  refused(refusal) {
    this.log.note((refusal.key && refusal.message) || WORDS.outOfOrder); // a browser's own words are for nobody
    this.tell('hrss-error', { error: refusal.key || 'unreachable', text: refusal.message });
  }

  /** What the conversation shows itself by. */
  view() {
    const { log, frame, composer } = this;
    return {
      message: message => {
        log.message(message);
        if (message.from === 'bot' && !ASIDES.includes(message.kind)) composer.expect(message.field);
        if (message.kind === 'handover') frame.setHandover(HELD.includes(message.state) ? message.text : '');
        if (frame.isOpen()) this.conversation.markSeen();
        else if (message.from !== 'user' && message.seq > this.conversation.hasSeen()) frame.setUnread();
        this.tell('hrss-message', message);
      },
      unidentified: ({ key, message }) => this.tell('hrss-error', { error: key || 'unreachable', text: message }),
      draft: log.draft,
      draftAccepted: log.draftAccepted,
      draftFailed: log.draftFailed,
      draftRefused: (draft, refusal) => {
        log.dropDraft(draft.client_msg_id);
        if (draft.text) composer.giveBack(draft.text);
        else if (refusal.status === TOO_MANY_REQUESTS) log.reopenOptions(draft.option_id);
        this.refused(refusal);
      },
      refused: refusal => this.refused(refusal),
      note: text => log.note(text),
      typing: log.typing,
      connection: frame.setConnected,
      restoring: log.restoring,
      clear: () => {
        log.clear();
        composer.expect();
        frame.setHandover();
      },
    };
  }
}

customElements.define('hrss-chat', HrssChat);
