/** A page of the sandbox (Stripe's checkout, a receipt) over one chat, as Telegram opens links on a phone. */

import { button, el, icon } from "./dom.js";

export class Webview {
  /** @param {HTMLElement} pane  the chat that it covers */
  constructor(pane) {
    this.pane = pane;
    this.node = null;
    addEventListener("message", (event) => this.hear(event));
  }

  /**
   * @param {string} path  on this server
   * @param {(payload: string) => void} onReturn  the checkout leads back to the bot by a link with this start payload
   */
  open(path, onReturn) {
    this.close();
    this.onReturn = onReturn;
    this.returnFocus = document.activeElement;
    this.frame = el("iframe", {
      class: "webview-frame",
      title: "Page opened from the chat",
      on: { load: () => this.closeIfGone() },
    });
    this.frame.src = path;
    const close = button(icon("close"), () => this.close(), {
      class: "icon-button",
      "aria-label": "Close the page",
    });
    this.node = el(
      "div",
      {
        class: "webview",
        role: "dialog",
        "aria-label": "Page opened from the chat",
        on: { keydown: (event) => event.key === "Escape" && this.close() },
      },
      el(
        "header",
        { class: "webview-head" },
        close,
        el(
          "span",
          { class: "webview-title" },
          icon("lock"),
          path.startsWith("/pay/") ? "Stripe checkout" : location.host,
          el("small", {}, "sandbox"),
        ),
        el(
          "a",
          {
            class: "icon-button",
            href: path,
            target: "_blank",
            rel: "noopener",
            "aria-label": "Open in a new tab",
            title: "Open in a new tab",
            on: { click: () => this.close() },
          },
          icon("out"),
        ),
      ),
      this.frame,
    );
    this.pane.append(this.node);
    this.pane.classList.add("has-webview");
    close.focus();
  }

  hear(event) {
    if (!this.node || event.origin !== location.origin || event.source !== this.frame.contentWindow) return;
    if (event.data?.kind !== "stripe-return") return;
    const { node, onReturn } = this;
    // Time to read "Paid" before the chat is back.
    setTimeout(() => {
      if (node === this.node) this.close();
      onReturn(String(event.data.payload));
    }, 1400);
  }

  /** The page led to an address that no frame may show: it is left, so the chat comes back. */
  closeIfGone() {
    if (this.frame.contentDocument === null) this.close();
  }

  close() {
    if (!this.node) return;
    this.node.remove();
    this.node = null;
    this.pane.classList.remove("has-webview");
    if (this.returnFocus?.isConnected) this.returnFocus.focus({ preventScroll: true });
  }
}
