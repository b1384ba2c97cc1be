const KEY = 'hrss-chat';

/**
 * What a tab remembers across reloads: `{session, token?, province, large, seen, draft, rated}`. It lives in sessionStorage, so it goes
 * with the tab: the computers of service halls are shared. Where storage is forbidden, the conversation lasts as long as
 * the page.
 */
export const memory = {
  read() {
    try {
      return JSON.parse(sessionStorage.getItem(KEY));
    } catch {
      return null;
    }
  },
  write(state) {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(state));
    } catch {
      // Forbidden or full: nothing to do, the conversation goes on without it.
    }
  },
  forget() {
    try {
      sessionStorage.removeItem(KEY);
    } catch {
      // Forbidden: then nothing was kept.
    }
  },
};
