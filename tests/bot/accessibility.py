"""
What the widget can be asked about its accessibility without a person: all that axe-core asks, and what we promise beyond.

Beyond are targets of 44 pixels, contrast of 4.5 for large text too, no scrolling sideways, and 24 pixels in large mode.
"""

from __future__ import annotations

from playwright.sync_api import Page

from tests.accessibility import ARRIVED, violations

# Returns what is wrong in the widget as it is shown now, one line each.
FAULTS = """
() => {
  const root = document.querySelector('hrss-chat').shadowRoot;
  const shown = each => each.getClientRects().length && getComputedStyle(each).visibility === 'visible';
  const isWritten = each => [...each.childNodes].some(child => child.nodeType === 3 && child.textContent.trim());
  const unseen = each => each.closest('.hidden, [aria-hidden=true], [hidden]');
  const all = [...root.querySelectorAll('*')].filter(shown);
  const faults = [];
  const say = (each, fault) => faults.push(`${fault}: <${each.tagName.toLowerCase()} class="${each.getAttribute('class') || ''}"> ${each.textContent.trim().slice(0, 30)}`);

  // 4.1.2: everything one can act on has a name; references lead somewhere, ids are their owners' alone
  const acting = all.filter(each => each.matches('button, a[href], input, textarea, [role=option], [tabindex="0"]') && !unseen(each));
  const named = each => each.getAttribute('aria-label') || each.textContent.trim() || each.labels && [...each.labels].some(label => label.textContent.trim());
  acting.filter(each => !named(each) && !each.matches('.scroll')).forEach(each => say(each, 'no name'));
  const ids = [...root.querySelectorAll('[id]')].map(each => each.id);
  new Set(ids.filter((id, place) => ids.indexOf(id) !== place)).forEach(id => faults.push(`id twice: ${id}`));
  for (const name of ['aria-controls', 'aria-labelledby', 'aria-describedby', 'aria-activedescendant']) {
    for (const each of root.querySelectorAll(`[${name}]`)) {
      each.getAttribute(name).split(' ').filter(id => !root.getElementById(id)).forEach(id => say(each, `${name} leads nowhere (${id})`));
    }
  }
  if (root.querySelectorAll('[role=log]').length !== 1) faults.push('no log, or several');
  for (const list of root.querySelectorAll('[role=listbox]')) {
    if ([...list.children].some(each => each.getAttribute('role') !== 'option')) say(list, 'a listbox of other things');
  }

  // 2.5.5: targets of 44 pixels, save for links in a text; a labelled box is as large as its label
  for (const each of acting.filter(each => each.matches('button, input, [role=option]'))) {
    const { width, height } = (each.labels && each.labels[0] || each).getBoundingClientRect();
    if (Math.min(width, height) < 43.5) say(each, `a target of ${Math.round(width)} x ${Math.round(height)}`);
  }

  // 1.4.3: contrast of 4.5, large text included
  const channels = colour => (colour.match(/[\\d.]+/g) || []).map(Number);
  const light = ([red, green, blue]) => [red, green, blue]
    .map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = each => {
    for (let at = each; at; at = at.parentElement) {
      const [red, green, blue, alpha = 1] = channels(getComputedStyle(at).backgroundColor);
      if (alpha > 0.99) return [red, green, blue];
    }
    return [255, 255, 255];
  };
  for (const each of all.filter(each => !unseen(each) && !each.disabled && each.getAttribute('aria-disabled') !== 'true')) {
    if (!isWritten(each)) continue;
    const [one, other] = [light(channels(getComputedStyle(each).color)), light(ground(each))].sort((a, b) => b - a);
    if ((one + 0.05) / (other + 0.05) < 4.5) say(each, `contrast ${((one + 0.05) / (other + 0.05)).toFixed(2)}`);
  }

  // 1.4.10: nothing is wider than its place
  for (const each of [document.documentElement, ...root.querySelectorAll('.panel, .panel *')]) {
    if (each.clientWidth && !each.closest('svg, .hidden') && each.scrollWidth > each.clientWidth + 1) say(each, 'scrolls sideways');
  }

  // 适老化: no text under 24 pixels in large mode
  if (root.querySelector('.large')) {
    all.filter(each => !unseen(each) && (each.matches('textarea') || isWritten(each)))
      .filter(each => parseFloat(getComputedStyle(each).fontSize) < 24)
      .forEach(each => say(each, 'small text in large mode'));
  }
  return [...new Set(faults)];
}
"""


def faults(page: Page) -> list[str]:
    page.evaluate(ARRIVED)
    found: list[str] = page.evaluate(FAULTS)
    return [*found, *violations(page, "hrss-chat")]


def focus_is_visible(page: Page) -> bool:
    """Whether one sees what has the focus: 2.4.7, and 2.4.11: all of it, not behind something else."""
    seen: bool = page.evaluate(
        """() => {
          const root = document.querySelector('hrss-chat').shadowRoot;
          const focused = root.activeElement;
          const { left, top, width, height } = focused.getBoundingClientRect();
          const hit = root.elementFromPoint(left + width / 2, top + Math.min(height, 40) / 2);
          const outlined = getComputedStyle(focused).outlineStyle !== 'none';
          return outlined && Boolean(hit) && (focused.contains(hit) || hit.contains(focused));
        }"""
    )
    return seen
