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
 * It never opens by itself, and until it is opened it asks the server for nothing, unless this tab has a conversation. Nor
 * does it cost the page more than its launcher: the window is loaded when somebody comes near it.
 */
import { element } from './chat/dom.js';
import { createLauncher } from './chat/launcher.js';
import { memory } from './chat/memory.js';
import { backoff, pause } from './chat/patience.js';

const BASE = new URL('.', import.meta.url);

class HrssChat extends HTMLElement {
  static get observedAttributes() {
    return ['province', 'title', 'accent', 'large', 'voice'];
  }

  constructor() {
    super();
    this.launcher = createLauncher({ open: () => this.open(), nearing: () => this.load() });
    this.attachShadow({ mode: 'open' }).append(this.launcher.node);
    this.dress('hrss-chat.css').then(this.launcher.reveal, this.launcher.reveal);
  }

  connectedCallback() {
    if (this.window) this.window.takeUp();
    else if (memory.read()) this.load();
    if (this.getAttribute('mode') === 'page') this.open();
    this.tell('hrss-ready');
  }

  disconnectedCallback() {
    if (this.window) this.window.leave();
  }

  attributeChangedCallback(name) {
    if (name === 'accent') this.launcher.setAccent(this.getAttribute('accent'));
    if (this.window) this.window.describe();
    else if (name === 'large') this.launcher.setLarge(this.hasAttribute('large'));
  }

  open() {
    this.launcher.setOpening();
    this.act(window => window.open());
  }

  close() {
    this.act(window => window.close());
  }

  toggle() {
    if (this.window && this.window.isOpen()) this.close();
    else this.open();
  }

  sendText(text) {
    this.act(window => window.sendText(text));
  }

  /** Chooses an option that is on offer, as a click on it would; answers whether there is one. */
  sendOption(id) {
    return Boolean(this.window) && this.window.sendOption(id);
  }

  setLarge(on) {
    this.toggleAttribute('large', on);
    if (this.window) this.window.keepLarge(on);
  }

  /**
   * Hands over who is signed in on the page: the token that its server has signed, or nothing after a sign-out. A
   * conversation that was another person's ends, and is cleared away.
   */
  async setIdentity(token) {
    this.identity = token;
    if (this.window) await this.window.identify(token);
  }

  /** Ends this conversation and begins another. */
  reset() {
    return this.act(window => window.reset());
  }

  /** Does something with the window: at once when it is there, otherwise when it comes. */
  act(run) {
    return this.window ? run(this.window) : this.load().then(() => run(this.window));
  }

  /** Loads the window, once, however long it takes. */
  load() {
    if (!this.loading) this.loading = this.loadWindow();
    return this.loading;
  }

  async loadWindow() {
    const { launcher } = this;
    let parts = null;
    for (let tries = 1; !parts; tries += 1) {
      try {
        parts = await Promise.all([import('./chat/window.js'), this.dress('chat/window.css')]);
      } catch {
        launcher.setConnected(false);
        await pause(backoff(tries));
      }
    }
    this.window = parts[0].createWindow({ host: this, launcher, base: BASE });
    this.window.describe();
    launcher.node.append(this.window.node);
    launcher.setConnected(true);
    if (this.isConnected) this.window.takeUp();
    if (this.identity) this.window.identify(this.identity);
  }

  /** Puts on a stylesheet, and tells when it is there. */
  dress(path) {
    return new Promise((resolve, reject) => {
      const link = element('link', { rel: 'stylesheet', href: new URL(path, BASE).href, onload: resolve, onerror: reject });
      this.launcher.node.before(link);
    });
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

customElements.define('hrss-chat', HrssChat);
