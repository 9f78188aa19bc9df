/** What a link in a chat leads to: our own bot, a page of the sandbox (Stripe's checkout, receipts), or the outside. */

/** @returns {{kind: "bot", payload: string} | {kind: "here", path: string} | {kind: "outside", url: string} | {kind: "unsupported", url: string}} */
export function classify(url, botUsername) {
  let parsed;
  try {
    parsed = new URL(url);
  } catch {
    return { kind: "unsupported", url };
  }
  const payload = startPayload(parsed, botUsername);
  if (payload !== null) return { kind: "bot", payload };
  if (!["http:", "https:"].includes(parsed.protocol)) return { kind: "unsupported", url };
  const here = ["127.0.0.1", "localhost", "[::1]"].includes(parsed.hostname) && parsed.port === location.port;
  if (here) return { kind: "here", path: parsed.pathname + parsed.search + parsed.hash };
  return { kind: "outside", url };
}

function startPayload(parsed, botUsername) {
  const own = (name) => name?.toLowerCase() === botUsername?.toLowerCase();
  if (["t.me", "telegram.me"].includes(parsed.hostname) && own(parsed.pathname.slice(1).replace(/\/$/, ""))) {
    return parsed.searchParams.get("start") ?? "";
  }
  if (parsed.protocol === "tg:" && (parsed.hostname === "resolve" || parsed.pathname === "//resolve")) {
    return own(parsed.searchParams.get("domain")) ? (parsed.searchParams.get("start") ?? "") : null;
  }
  return null;
}
