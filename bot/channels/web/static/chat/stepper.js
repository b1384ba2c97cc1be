import { button, element } from './dom.js';
import { speak } from './speech.js';
import { WORDS } from './words.js';

/**
 * One step at a time for a list, with 下一步, 再说一遍 and 找人工. It is there in large mode only, and the steps that have not
 * come yet are hidden then: both by the styles, so that switching loses no place. `help.onHuman` asks for a person.
 */
export function stepper(list, { onHuman }) {
  const steps = Array.from(list.children);
  if (steps.length < 2) return null;
  let shown = 1;
  list.className = 'stepped';
  steps.slice(1).forEach(step => step.classList.add('later'));

  function show(step) {
    step.setAttribute('tabindex', '-1'); // reading goes on where the step is
    step.focus();
    speak(step.textContent);
  }

  const next = button({
    class: 'option primary',
    onclick() {
      const step = steps[shown];
      shown += 1;
      next.hidden = shown === steps.length;
      step.classList.remove('later');
      show(step);
    },
  }, WORDS.nextStep);
  return element(
    'div',
    { class: 'stepper', role: 'group', 'aria-label': WORDS.steps },
    next,
    button({ class: 'option', onclick: () => show(steps[shown - 1]) }, WORDS.sayAgain),
    button({ class: 'option', onclick: onHuman }, WORDS.human),
  );
}
