const USCC = '0123456789ABCDEFGHJKLMNPQRTUWXY'; // GB 32100: no I, O, S, V, Z
const weigh = (characters, weights, alphabet) =>
  weights.reduce((sum, weight, place) => sum + weight * alphabet.indexOf(characters[place]), 0);

function powers(base, modulus, count) {
  const made = [1];
  while (made.length < count) made.push((made[made.length - 1] * base) % modulus);
  return made;
}

/** GB 11643: seventeen digits and a check digit. */
const isResidentId = number =>
  /^\d{17}[\dX]$/.test(number) &&
  weigh(number, powers(2, 11, 18).reverse(), '0123456789X') % 11 === 1;

/** GB 32100: seventeen characters and a check character. */
const isUscc = number =>
  [...number].every(each => USCC.includes(each)) &&
  (weigh(number, powers(3, 31, 17), USCC) + USCC.indexOf(number[17])) % 31 === 0;

/** GB 11714: eight characters and a check character. */
const isOrgCode = number =>
  '0123456789X0'[11 - (weigh(number, [3, 7, 9, 10, 5, 8, 4, 2], '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ') % 11)] === number[8];

const isPhone = number => /^1[3-9]\d{9}$/.test(number);

/**
 * What is wrong with a number in an answer to what the bot asked for: a key of `WORDS.flaws`, or nothing. `sending` says
 * that it is meant to be whole. Only slips of the finger are found here; the server proves everything.
 */
export function flaw(text, asked, sending) {
  const typed = text.normalize('NFKC').toUpperCase();
  const numbers = part => (part.match(/[0-9A-Z]{4,}/g) || []).filter(each => /\d{4}/.test(each));
  const whole = numbers(typed);
  if (whole.some(each => each.length === 18 && !isResidentId(each) && !isUscc(each))) return 'check';
  if (asked === 'org_number' && whole.some(each => each.length === 9 && !isOrgCode(each))) return 'check';
  if (!sending || !whole.length) return undefined;
  const all = [...whole, ...numbers(typed.replace(/(\d)[ -](?=\d)/g, '$1'))]; // people write 138 0013 8001, too
  if (/phone$/.test(asked) && !all.some(isPhone)) return 'phone';
  if (asked === 'sms_code' && !all.some(each => each.length === 6)) return 'code';
  return undefined;
}
