const synthesis = window.speechSynthesis;
const Recognition = window.SpeechRecognition || window.webkitSpeechRecognition;

/** A Chinese voice of this device. Others send the text away to be read, and what is said here stays here. */
const voice = () => synthesis && synthesis.getVoices().find(each => each.localService && each.lang.startsWith('zh'));

/** Tells now, or when the browser has found out, that it can read aloud. */
export function whenItCanSpeak(tell) {
  const look = () => voice() && tell();
  look();
  if (synthesis && synthesis.addEventListener) synthesis.addEventListener('voiceschanged', look);
}

/** Reads aloud, instead of what is being read; without a voice it is silent. `done` is called when it falls silent. */
export function speak(text, done = () => {}) {
  if (!voice()) return;
  synthesis.cancel();
  const said = new SpeechSynthesisUtterance(text);
  Object.assign(said, { lang: 'zh-CN', voice: voice(), rate: 0.9, onend: done, onerror: done });
  synthesis.speak(said);
}

export const beSilent = () => synthesis && synthesis.cancel();

export const canListen = () => Boolean(Recognition);

/** Writes down what is said until it ends: `onText(text)` with ever more of it. Returns how to stop. */
export function hearken({ onText, onEnd }) {
  const recognition = Object.assign(new Recognition(), { lang: 'zh-CN', interimResults: true });
  recognition.onresult = ({ results }) => onText(Array.from(results, ([best]) => best.transcript).join(''));
  recognition.onend = onEnd;
  recognition.start();
  return () => recognition.stop();
}
