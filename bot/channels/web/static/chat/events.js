import { backoff, pause } from './patience.js';

const SILENCE = 35000; // two missed heartbeats and some grace
const POLL_WAIT = 25;
const CAN_STREAM = typeof TextDecoder === 'function' && 'body' in Response.prototype;

/**
 * Cuts text into Server-Sent Events as it arrives: feed it chunks, it calls `onEvent(name, data)`. Comments, such as
 * heartbeats, give no event.
 */
export function createEventReader(onEvent) {
  let rest = '';
  let name = 'message';
  let data = '';
  return chunk => {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith('event:')) name = line.slice(6).trim();
      else if (line.startsWith('data:')) data += line.slice(5);
      else if (line === '') {
        if (data) onEvent(name, JSON.parse(data));
        name = 'message';
        data = '';
      }
    }
  };
}

/**
 * Listens until stopped: a streamed answer where that works, long polling where it does not. What is heard twice or out of
 * order is the caller's to sort out; it always resumes after `lastSeq()`.
 *
 * A server that is away does not speak against streaming; a stream that opens and stays silent does (a proxy on the way
 * keeps it back). Two of those in a row, and we poll.
 */
export function listen(transport, { lastSeq, onMessage, onTyping, onConnection, onExpired }) {
  let stopped = false;
  let streaming = CAN_STREAM;
  let silentStreams = 0;
  let failures = 0;
  let attempt = null;

  function heard(name, data) {
    if (name === 'message') onMessage(data);
    else if (name === 'typing') onTyping(data.on);
  }

  function lost() {
    onConnection(false);
    attempt.abort();
  }

  function recovered() {
    failures = 0;
    onConnection(true);
  }

  async function stream({ signal, abort }) {
    let quiet = true;
    let watchdog = setTimeout(abort, SILENCE);
    try {
      const response = await transport.events(lastSeq(), signal);
      if (!response.body) {
        streaming = false;
        return;
      }
      recovered();
      const read = createEventReader(heard);
      const decoder = new TextDecoder();
      const reader = response.body.getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        quiet = false;
        clearTimeout(watchdog);
        watchdog = setTimeout(abort, SILENCE);
        read(decoder.decode(part.value, { stream: true }));
      }
    } catch (error) {
      quiet = quiet && error.name === 'AbortError'; // otherwise it was away, not silent
      if (error.status !== 404 && error.status !== 405) throw error;
      streaming = false;
    } finally {
      clearTimeout(watchdog);
      silentStreams = quiet ? silentStreams + 1 : 0;
      if (silentStreams >= 2) streaming = false;
    }
  }

  async function poll({ signal, abort }) {
    const asked = Date.now();
    const watchdog = setTimeout(abort, POLL_WAIT * 1000 + 10000);
    try {
      // After a failure ask for an answer at once, so that "reconnecting" goes away as soon as it is over.
      const { messages } = await transport.poll(lastSeq(), failures ? 0 : POLL_WAIT, signal);
      messages.forEach(onMessage);
      if (!failures && !messages.length && Date.now() - asked < 1000) await pause(3000); // a server that does not wait
      recovered();
    } finally {
      clearTimeout(watchdog);
    }
  }

  async function run() {
    while (!stopped) {
      const controller = new AbortController();
      attempt = { signal: controller.signal, abort: () => controller.abort() };
      try {
        await (streaming ? stream(attempt) : poll(attempt));
        if (streaming) await pause(backoff(1)); // closed in good order, as a restarting server does
      } catch (error) {
        if (stopped) return;
        if (error.status === 401) return onExpired();
        if (error.name === 'AbortError') continue;
        failures += 1;
        onConnection(false);
        await pause(backoff(failures));
      }
    }
  }

  addEventListener('offline', lost); // a cut stream is not always noticed
  run();
  return {
    stop() {
      stopped = true;
      removeEventListener('offline', lost);
      attempt.abort();
    },
    /** A message that must exist has not come: stop trusting the stream. */
    distrustStream() {
      if (!streaming) return;
      streaming = false;
      attempt.abort();
    },
  };
}
