/** The foot of a chat: menu of commands, text field, send; or one big Start or Unblock button. */

import { button, el, icon } from "./dom.js";

export class Composer {
  /** @param {{send: (text: string) => Promise<boolean>, unblock: () => void}} actions  `send` resolves to true when the text is away */
  constructor(actions) {
    this.actions = actions;
    this.commands = [];
    this.field = el("textarea", {
      class: "field",
      rows: 1,
      placeholder: "Message",
      maxLength: 4096,
      enterKeyHint: "send",
      "aria-label": "Message to the bot",
      dir: "auto",
      on: { input: () => this.typed(), keydown: (event) => this.key(event) },
    });
    this.menu = button([icon("menu"), el("span", {}, "Menu")], () => this.toggleMenu(), {
      class: "menu-button",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
      "aria-label": "Bot's commands",
    });
    this.submit = button(icon("send"), () => this.send(), { class: "send", "aria-label": "Send" });
    this.list = el("div", {
      class: "commands",
      role: "menu",
      "aria-label": "Commands",
      hidden: true,
      on: { keydown: (event) => this.listKey(event) },
    });
    this.row = el("div", { class: "composer-row" }, this.menu, this.field, this.submit);
    this.only = button("", () => this.onlyAction(), { class: "composer-only", hidden: true });
    this.node = el("footer", { class: "composer" }, this.list, this.row, this.only);
  }

  /** @param {{blocked: boolean, empty: boolean, commands: Array, hint: ?string}} chat */
  update({ blocked, empty, commands, hint }) {
    this.commands = commands;
    this.menu.hidden = !commands.length;
    this.field.placeholder = hint || "Message";
    this.row.hidden = blocked || empty;
    this.only.hidden = !this.row.hidden;
    this.only.textContent = blocked ? "Unblock" : "Start";
    this.onlyAction = blocked ? this.actions.unblock : () => this.actions.send("/start");
    if (this.row.hidden) this.closeMenu();
    else if (!this.list.hidden) this.showMenu(this.field.value.startsWith("/") ? this.field.value : "/");
  }

  reset() {
    this.field.value = "";
    this.closeMenu();
    this.fit();
  }

  async send(text = this.field.value.trim()) {
    if (!text) return;
    this.closeMenu();
    if (await this.actions.send(text)) this.reset();
  }

  typed() {
    this.fit();
    if (/^\/\w*$/.test(this.field.value)) this.showMenu(this.field.value);
    else this.closeMenu();
  }

  /** As high as its text, up to what the style allows. */
  fit() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
    this.submit.classList.toggle("ready", this.field.value.trim() !== "");
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.send();
    } else if (event.key === "Escape") {
      this.closeMenu();
    } else if (event.key === "ArrowUp" && !this.list.hidden) {
      event.preventDefault();
      this.list.lastElementChild?.focus();
    }
  }

  listKey(event) {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (step) {
      event.preventDefault();
      const items = [...this.list.children];
      (items[items.indexOf(document.activeElement) + step] ?? this.field).focus();
    } else if (event.key === "Escape") {
      this.closeMenu();
      this.field.focus();
    }
  }

  toggleMenu() {
    if (!this.list.hidden) return this.closeMenu();
    this.showMenu("/");
    this.list.firstElementChild?.focus();
  }

  showMenu(prefix) {
    const fitting = this.commands.filter(({ command }) => `/${command}`.startsWith(prefix));
    this.list.replaceChildren(
      ...fitting.map(({ command, description }) =>
        el(
          "button",
          {
            type: "button",
            class: "command",
            role: "menuitem",
            on: { click: () => this.send(`/${command}`) },
          },
          el("span", { class: "command-name" }, `/${command}`),
          el("span", { class: "command-note", dir: "auto" }, description),
        ),
      ),
    );
    this.list.hidden = !fitting.length;
    this.menu.setAttribute("aria-expanded", String(!this.list.hidden));
  }

  closeMenu() {
    this.list.hidden = true;
    this.menu.setAttribute("aria-expanded", "false");
  }
}
