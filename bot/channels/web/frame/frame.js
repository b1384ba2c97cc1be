/**
 * The assistant for a page that would rather have an iframe. What `<hrss-chat>` has as attributes comes in the address:
 * `?province=gd&page=register_org`. The page around it can hand over who is signed in:
 *
 *     frame.contentWindow.postMessage({ type: 'hrss-identity', token }, 'https://hall.example');
 *
 * Only pages of WEB_ORIGINS can stand around it: the policy sees to that.
 */
const ATTRIBUTES = ['province', 'title', 'accent', 'start', 'large', 'site', 'page', 'voice'];

const chat = document.querySelector('hrss-chat');
for (const [name, value] of new URLSearchParams(location.search)) {
  if (ATTRIBUTES.includes(name)) chat.setAttribute(name, value);
}

addEventListener('message', ({ source, data }) => {
  if (source === parent && data && data.type === 'hrss-identity') chat.setIdentity(data.token);
});
