// Keys for reviewing: j and k move between rows or exchanges, Enter opens, 1 to 5 judge, r hands in.

const rows = () => [...document.querySelectorAll('[data-rows] tbody tr, .exchange')];
let current = -1;

function move(by) {
  const all = rows();
  if (!all.length) return;
  current = Math.min(Math.max(current + by, 0), all.length - 1);
  const row = all[current];
  for (const each of all) each.classList.toggle('current', each === row);
  row.scrollIntoView({ block: 'nearest' });
  const link = row.querySelector('a');
  if (link && row.matches('tr')) link.focus({ preventScroll: true });
}

function judge(quality) {
  const choice = document.querySelector(`[data-review] input[value="${quality}"][type="radio"]`);
  if (!choice) return;
  choice.checked = true;
  choice.focus();
}

document.addEventListener('keydown', event => {
  const typing = event.target.closest('input:not([type="radio"]), textarea, select');
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === 'j') move(1);
  else if (event.key === 'k') move(-1);
  else if (/^[1-5]$/.test(event.key)) judge(event.key);
  else if (event.key === 'r') document.querySelector('[data-review]')?.requestSubmit();
  else return;
  event.preventDefault();
});
