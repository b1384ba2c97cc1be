import { listen } from './events.js';
import { memory } from './memory.js';
import { Refused, createTransport, insist } from './transport.js';
import { WORDS } from './words.js';

const SEND_TRIES = 8; // about three quarters of a minute
const LATE = 5000; // an accepted message that has not come back by then was lost on the stream

function newMessageId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * One conversation at a time with the server at `base`: it opens when something is first wanted of it, is taken up again
 * after a reload, and shows `view` every message once and in order. `about()` says what to tell a new session.
 *
 * What the person sends is a draft until the server has given it its place: `{client_msg_id}` with `{text}`,
 * `{option_id, label}` or `{upload_id, label}`. Sending again repeats the id, so nothing is done twice.
 */
export function createConversation({ base, about, opening, view }) {
  const transport = createTransport(base);
  let session = null;
  let last = 0;
  let early = new Map(); // messages that came before their turn, by seq
  let filling = false;
  let listener = null;
  let ready = null;
  let identity = null; // the host page's token of who is signed in
  let skew = 0; // by how much the server's clock is ahead of ours
  let queue = Promise.resolve();

  function hold(opened) {
    session = opened;
    transport.useToken(session.token);
  }

  /** Keeps something with the session, for as long as it lasts. */
  function keep(changes) {
    if (session) memory.write(Object.assign(session, changes));
  }

  function startListening() {
    listener = listen(transport, {
      lastSeq: () => last,
      onMessage: receive,
      onTyping: view.typing,
      onConnection: view.connection,
      onExpired: expire,
    });
  }

  function stopListening() {
    if (listener) listener.stop();
    listener = null;
  }

  function release() {
    session = null;
    last = 0;
    early = new Map();
    transport.useToken(null);
    memory.forget();
  }

  function forget() {
    stopListening();
    release();
    ready = null;
    view.connection(true);
    view.clear();
  }

  function expire() {
    forget();
    view.note(WORDS.expired);
  }

  function accept(message) {
    last = message.seq;
    view.message(message);
  }

  /** What the history says is all there is: a number it leaves out will never come. */
  function adopt(messages, lastSeq) {
    for (const message of messages) early.set(message.seq, message);
    for (const seq of [...early.keys()].sort((a, b) => a - b)) {
      if (seq > last) accept(early.get(seq));
    }
    early.clear();
    last = Math.max(last, lastSeq);
  }

  function receive(message) {
    if (message.seq <= last) return;
    if (message.seq === last + 1 && !early.size) {
      accept(message);
      return;
    }
    early.set(message.seq, message);
    fillGap();
  }

  async function fillGap() {
    if (filling) return;
    filling = true;
    const asking = session;
    try {
      const { messages, last_seq: lastSeq } = await insist(() => transport.history(last));
      if (asking === session) adopt(messages, lastSeq);
    } catch (error) {
      if (asking === session) failed(error);
    } finally {
      filling = false;
    }
  }

  function failed(error) {
    if (error.status === 401) expire();
    else view.refused(error);
  }

  /** The session this tab had, unless it was another province's hall that it talked to. */
  function kept() {
    const state = memory.read();
    return state && state.province === about().province ? state : null;
  }

  async function resume() {
    if (!kept()) return false;
    hold(kept());
    try {
      const { messages, last_seq: lastSeq, now } = await insist(() => transport.history(0), {
        onFailure: () => view.connection(false),
      });
      setClock(now);
      view.connection(true);
      view.restoring(() => adopt(messages, lastSeq));
    } catch (error) {
      if (error.status !== 401) throw error;
      release();
      view.note(WORDS.expired);
      return false;
    }
    startListening();
    return true;
  }

  function setClock(now) {
    skew = Date.parse(now) - Date.now() || 0;
  }

  /** A conversation is begun all the same when the host's token does not count: the host is told, and may give another. */
  async function openSession(asker) {
    try {
      return await transport.openSession(identity ? { ...asker, identity_token: identity } : asker);
    } catch (error) {
      if (!identity || !/^identity/.test(error.key)) throw error;
      identity = null;
      view.unidentified(error);
      return openSession(asker);
    }
  }

  async function begin() {
    const asker = about();
    const known = identity;
    const opened = await insist(() => openSession(asker), { onFailure: () => view.connection(false) });
    setClock(opened.now);
    view.connection(true);
    hold({ session: opened.session, token: opened.token });
    keep({ province: asker.province, large: asker.large });
    adopt(opened.greeting, opened.last_seq);
    startListening();
    if (identity !== known) identify(identity); // came, or went, meanwhile
    const first = opening();
    if (first) send({ text: first });
  }

  /** Opens the conversation once, however many ask; a failure lets the next one try again. */
  function open() {
    if (!ready) {
      ready = resume().then(found => found || begin());
      ready.catch(() => {
        ready = null;
      });
    }
    return ready;
  }

  async function deliver(draft) {
    await open();
    const { label, ...message } = draft;
    const { seq } = await insist(() => transport.send(message), { limit: SEND_TRIES });
    view.draftAccepted(draft);
    const sentIn = listener;
    setTimeout(() => {
      if (listener === sentIn && last < seq) sentIn.distrustStream();
    }, LATE);
  }

  async function attempt(draft) {
    try {
      await deliver(draft);
    } catch (error) {
      if (error.status === 401) {
        expire();
        // Words make sense in a new conversation; a choice offered by the old one does not.
        if (draft.text) again(draft);
      } else if (error instanceof Refused && error.status < 500) {
        view.draftRefused(draft, error);
      } else {
        view.draftFailed(draft);
      }
    }
  }

  function again(draft) {
    view.draft(draft);
    queue = queue.then(() => attempt(draft)); // one at a time, so that they arrive in the order they were sent
  }

  function send(what) {
    again({ client_msg_id: newMessageId(), ...what });
  }

  async function sendPhoto(file, how) {
    await open();
    const asking = session;
    try {
      const { upload_id } = await transport.upload(file, how);
      if (asking === session && !how.signal.aborted) send({ upload_id, label: WORDS.photoSent });
    } catch (error) {
      if (error.status === 401 && asking === session) expire();
      throw error;
    }
  }

  const start = () => open().catch(view.refused);

  function end() {
    const closing = session ? transport.endSession().catch(() => {}) : Promise.resolve();
    forget();
    return closing;
  }

  /** Says who is signed in on the host page: a signed token, or nothing when nobody is any more. */
  async function identify(token) {
    const before = identity;
    identity = token || null;
    if (!session) return;
    if (!identity) {
      if (before) await end();
      return;
    }
    try {
      await insist(() => transport.identify(identity), { limit: SEND_TRIES });
    } catch (error) {
      if (error.key === 'identity_differs') {
        await end(); // what one person said is not another's to read
        await start();
      } else if (error.status === 401) {
        expire();
      } else {
        identity = null;
        view.unidentified(error);
      }
    }
  }

  return {
    start,
    /** After a reload: goes on with this tab's conversation, if there is one, and gives back what was kept with it. */
    takeUp() {
      const state = kept();
      if (state) start();
      return state;
    },
    leave() {
      stopListening();
      ready = null;
    },
    send,
    sendAgain: again,
    sendPhoto,
    suggest: text => (session ? transport.suggest(text).then(answer => answer.suggestions) : Promise.resolve([])),
    feedback: opinion => insist(() => transport.feedback(opinion), { limit: 3 }).catch(failed),
    isUnrated: () => Boolean(session && !session.rated),
    /** How the whole talk was, from 1 to 5; what cannot be delivered holds nobody up. */
    async rate(rating) {
      keep({ rated: true });
      await transport.rate(rating).catch(() => {});
    },
    download: path => insist(() => transport.file(path), { limit: 3 }),
    identify,
    now: () => Date.now() + skew,
    keep,
    hasSeen: () => (session && session.seen) || 0,
    markSeen: () => keep({ seen: last }),
    end,
  };
}
