// Keeps the page of live conversations up to date, and sends what staff write without leaving it.

const EVERY = 2000;

async function fetched(address, options) {
  const answer = await fetch(address, { credentials: 'same-origin', redirect: 'error', ...options });
  if (!answer.ok) throw new Error(answer.status);
  return answer;
}

/** Asks again and again; a failure (the network, a session that ended) is tried again like anything else. */
function repeat(work) {
  const next = () => work().catch(() => {}).finally(() => setTimeout(next, EVERY));
  setTimeout(next, EVERY);
}

const queue = document.querySelector('[data-refresh]');
if (queue) {
  repeat(async () => {
    const page = await (await fetched(queue.dataset.refresh)).text();
    if (!queue.contains(document.activeElement)) queue.innerHTML = page; // rendered and escaped by our own server
  });
}

const log = document.querySelector('[data-lines]');
if (log) {
  let busy = Promise.resolve();
  const atEnd = () => { log.scrollTop = log.scrollHeight; };

  const update = () => {
    busy = busy.catch(() => {}).then(async () => {
      const { html, last_seq: last, mine } = await (await fetched(`${log.dataset.lines}?after=${log.dataset.last}`)).json();
      document.querySelector('[data-gone]').hidden = mine;
      if (!last) return;
      log.insertAdjacentHTML('beforeend', html);
      log.dataset.last = last;
      atEnd();
    });
    return busy;
  };

  const form = document.querySelector('[data-say]');
  const box = form.querySelector('textarea');
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    try {
      await fetched(form.action, { method: 'POST', body: new FormData(form), redirect: 'manual' }).catch(error => {
        if (error.message !== '0') throw error; // an opaque redirect: it was taken
      });
      box.value = '';
      await update();
    } catch {
      form.submit(); // the server's own page says what was wrong
    } finally {
      button.disabled = false;
      box.focus();
    }
  });
  box.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !event.isComposing) form.requestSubmit();
  });
  for (const canned of document.querySelectorAll('[data-canned]')) {
    canned.addEventListener('click', () => {
      box.value = canned.textContent;
      box.focus();
    });
  }
  atEnd();
  repeat(update);
}
