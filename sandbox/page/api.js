/** The sandbox's own JSON API (/sim/...). Every answer that isn't 2xx becomes a SimError with the sandbox's own words. */

export class SimError extends Error {
  constructor(status, message) {
    super(message);
    this.name = "SimError";
    this.status = status;
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new SimError(0, "The sandbox doesn't answer.");
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = { error: text };
  }
  if (!response.ok) {
    const reason = answer?.error?.message ?? answer?.error ?? answer?.reason ?? answer?.description;
    throw new SimError(
      response.status,
      String(reason ?? `${method} ${path}: ${response.status}`).slice(0, 300),
    );
  }
  return answer;
}

const get = (path) => call("GET", path);
const post = (path, body = {}) => call("POST", path, body);

export const sim = {
  state: () => get("/sim/state"),
  addUser: (user) => post("/sim/users", user),
  chat: (userId) => get(`/sim/chat/${userId}`),
  message: (userId, text) => post("/sim/message", { user_id: userId, text }),
  tap: (userId, messageId, data) => post("/sim/tap", { user_id: userId, message_id: messageId, data }),
  block: (userId, blocked) => post("/sim/block", { user_id: userId, blocked }),
  calls: (after) => get(`/sim/calls?after=${after}`),
  clock: () => get("/sim/clock"),
  turnClock: (by) => post("/sim/clock", by),
  year: () => get("/sim/year"),
  beginYear: () => post("/sim/year"),
  faults: () => get("/sim/faults"),
  addFault: (fault) => post("/sim/faults", fault),
  clearFaults: () => call("DELETE", "/sim/faults"),
  host: () => get("/sim/host"),
  setUsage: (workspace, limit, value) => post("/sim/host/usage", { workspace, limit, value }),
  payments: () => get("/sim/stripe/payments"),
  stripe: (action, body) => post(`/sim/stripe/${action}`, body),
  fileUrl: (fileId) => `/sim/file/${encodeURIComponent(fileId)}`,
};

/**
 * Listens to /sim/stream. `onEvent({kind, ...})` per event; `onState(up)` when the line breaks or comes back. After a
 * break everything may have changed, so the caller fetches all of it anew on `up`.
 */
export function listen(onEvent, onState) {
  let source;
  const open = () => {
    source = new EventSource("/sim/stream");
    source.onopen = () => onState(true);
    source.onmessage = (message) => onEvent(JSON.parse(message.data));
    source.onerror = () => {
      onState(false);
      // The browser retries a broken line by itself, but gives up for good on an answer that is no stream.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 1500);
    };
  };
  open();
  addEventListener("pagehide", () => source.close());
}
