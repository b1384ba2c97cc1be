import { button, element, icon } from './dom.js';
import { isPassing } from './transport.js';
import { WORDS } from './words.js';

const TYPES = 'image/jpeg,image/png,image/webp,application/pdf';

/** What is being sent, so that the person sees it is the right one. A PDF, or what only pretends to be a picture, has a name. */
function preview(file) {
  const name = element('span', { class: 'file-name' }, file.name);
  if (!file.type.startsWith('image/')) return [name];
  const picture = element('img', { alt: WORDS.photoPreview });
  const url = URL.createObjectURL(file);
  const release = () => URL.revokeObjectURL(url);
  picture.onload = release;
  picture.onerror = () => {
    release();
    picture.remove();
  };
  picture.src = url;
  return [picture, name];
}

/**
 * The row by which a photo is sent, there only while one is asked for. `upload(file, {onProgress, signal})` sends it up and
 * into the conversation; what passes can be tried again, what the server refuses goes to `onRefused(refusal)`.
 * The row takes its room from the talk above: every change of it goes through `resizing(change)`.
 */
export function createPhoto({ upload, onRefused, resizing }) {
  const shown = element('div', { class: 'preview' });
  const progress = element('progress', { max: 1, 'aria-label': WORDS.uploading });
  const state = element('span', { role: 'status' });
  const again = button({ class: 'option', onclick: () => attempt() }, WORDS.uploadAgain);
  const cancel = button({ class: 'plain', onclick: putDown }, WORDS.uploadCancel);
  const sending = element('div', { class: 'sending' }, shown, progress, state, again, cancel);
  const choosing = element('div', { class: 'choosing' }, ...chooser(WORDS.uploadPhoto, 'upload', { accept: TYPES }));
  // A chooser of several types leaves some phones without a camera; one that names the camera leaves all without an album.
  if (matchMedia('(pointer: coarse)').matches) {
    choosing.append(...chooser(WORDS.takePhoto, 'camera', { accept: 'image/*', capture: 'environment' }));
  }
  const node = element('div', { class: 'photo', role: 'group', 'aria-label': WORDS.photo, hidden: true }, choosing, sending);
  let file = null;
  let underway = null; // aborts the upload

  function chooser(label, drawing, kind) {
    const input = element('input', { type: 'file', hidden: true, 'aria-label': label, ...kind });
    input.addEventListener('change', () => {
      const [chosen] = input.files;
      input.value = ''; // the same file chosen again is a choice, too
      if (chosen) take(chosen);
    });
    return [button({ class: 'option primary', onclick: () => input.click() }, icon(drawing), label), input];
  }

  /** Shows where things stand; who was in this row by keyboard stays in it. */
  function refresh(failed = false) {
    const held = node.matches(':focus-within');
    resizing(() => {
      choosing.hidden = Boolean(file);
      sending.hidden = !file;
      progress.hidden = failed;
      again.hidden = !failed;
      state.textContent = failed ? WORDS.notUploaded : WORDS.uploading;
    });
    if (held) node.querySelector('div:not([hidden]) > button:not([hidden])').focus();
  }

  function putDown() {
    if (underway) underway.abort();
    underway = null;
    file = null;
    shown.textContent = '';
    refresh();
  }

  async function attempt() {
    const mine = new AbortController();
    underway = mine;
    progress.removeAttribute('value');
    refresh();
    try {
      await upload(file, {
        signal: mine.signal,
        onProgress: part => {
          progress.value = part;
        },
      });
      if (underway === mine) putDown();
    } catch (error) {
      if (underway !== mine) return; // given up meanwhile
      if (isPassing(error)) {
        refresh(true);
      } else {
        putDown();
        onRefused(error);
      }
    }
  }

  function take(chosen) {
    putDown();
    file = chosen;
    shown.append(...preview(file));
    attempt();
  }

  refresh();
  return {
    node,
    take,
    isAskedFor: () => !node.hidden,
    askFor(asked) {
      resizing(() => {
        node.hidden = !asked;
      });
      if (!asked) putDown();
    },
  };
}
