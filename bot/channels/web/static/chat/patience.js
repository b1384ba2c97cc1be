/** Waits; not longer than until the network is back. */
export const pause = milliseconds => new Promise(resolve => {
  const timer = setTimeout(done, milliseconds);
  function done() {
    clearTimeout(timer);
    removeEventListener('online', done);
    resolve();
  }
  addEventListener('online', done);
});

/**
 * Milliseconds to wait after `tries` failures: doubling from half a second to at most 15 seconds, with jitter, so that a
 * crowd spreads out.
 */
export const backoff = tries => Math.min(15000, 500 * 2 ** (tries - 1)) * (0.6 + 0.4 * Math.random());
