import { backoff, pause } from './patience.js';

/** The server said no. `status` and `key` say why; `message` is its sentence for the person, when it sent one. */
export class Refused extends Error {
  constructor(status, { error = `http_${status}`, text = '' } = {}) {
    super(text);
    this.status = status;
    this.key = error;
  }
}

/** Worth trying again: the network failed, or the server is down or restarting. */
export const isPassing = error => !(error instanceof Refused) || error.status >= 500;

/** Calls until it is answered, refused, or has failed in passing `limit` times. */
export async function insist(call, { limit = Infinity, onFailure = () => {} } = {}) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isPassing(error) || tries >= limit) throw error;
      onFailure(error);
      await pause(backoff(tries));
    }
  }
}

/**
 * The calls of the web channel, one method each, beside `base`. A bearer token is the key, not the server's cookie: all
 * tabs would share that, and each has a conversation of its own; and on another site it would be a third party's.
 */
export function createTransport(base) {
  let token = null;

  async function call(method, path, { body, ...options } = {}) {
    const headers = {};
    if (body) headers['Content-Type'] = 'application/json';
    if (token) headers.Authorization = `Bearer ${token}`;
    else headers['X-HRSS-Embed'] = 'token';
    const response = await fetch(new URL(path, base), {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: 'omit',
      cache: 'no-store',
      ...options,
    });
    if (!response.ok) throw new Refused(response.status, await response.json().catch(() => ({})));
    return response;
  }

  /** `fetch` says nothing about how far an upload has come. */
  function upload(file, { onProgress, signal }) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const body = new FormData();
      body.append('file', file);
      request.open('POST', new URL('uploads', base));
      request.setRequestHeader('Authorization', `Bearer ${token}`);
      request.responseType = 'json';
      request.upload.onprogress = ({ loaded, total }) => onProgress(loaded / total);
      request.onload = () => {
        if (request.status === 200) resolve(request.response);
        else reject(new Refused(request.status, request.response || {}));
      };
      request.onerror = () => reject(new Error('unreachable'));
      request.onabort = () => reject(new Error('aborted'));
      signal.addEventListener('abort', () => request.abort());
      request.send(body);
    });
  }

  const ask = async (...request) => (await call(...request)).json();

  return {
    useToken(value) {
      token = value || null;
    },
    openSession: about => ask('POST', 'session', { body: about }),
    history: after => ask('GET', `history?after=${after}`),
    identify: token => call('POST', 'identity', { body: { identity_token: token } }),
    send: message => ask('POST', 'messages', { body: message }),
    upload,
    suggest: text => ask('GET', `suggest?q=${encodeURIComponent(text)}`),
    feedback: opinion => call('POST', 'feedback', { body: opinion }),
    rate: rating => call('POST', 'rating', { body: { rating }, keepalive: true }),
    /** A file that belongs to the conversation. The key goes nowhere but beside `base`, whatever a message names. */
    async file(path) {
      if (!new URL(path, base).href.startsWith(base.href)) throw new Refused(403);
      return (await call('GET', path)).blob();
    },
    events: (after, signal) => call('GET', `events?after=${after}`, { signal }),
    poll: (after, wait, signal) => ask('GET', `poll?after=${after}&wait=${wait}`, { signal }),
    // The page may be closing: `keepalive` lets this call outlive it.
    endSession: () => call('DELETE', 'session', { keepalive: true }),
  };
}
