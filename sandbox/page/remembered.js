/** What this browser remembers between visits. Storage may be switched off; then nothing is remembered. */

const PREFIX = "addondesk.sandbox.";

export function recall(name) {
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(PREFIX + name, String(value));
  } catch {
    // Storage is off or full: the page works the same, it only forgets.
  }
}
