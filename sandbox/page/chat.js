/** One pane: the chat of one person with the bot, kept up to date, and everything he can do in it. */

import { sim } from "./api.js";
import { language } from "./clock.js";
import { Composer } from "./composer.js";
import { button, el, icon } from "./dom.js";
import { markWaiting } from "./keyboard.js";
import { classify } from "./links.js";
import { MessageLog } from "./message-log.js";
import {
  addPersonRow,
  avatar,
  fullName,
  personRows,
  refresh as refreshPeople,
  show,
  userOf,
  world,
} from "./people.js";
import { alertBox, copy, dialog, report, toast } from "./sheets.js";
import { oneAtATime } from "./timing.js";
import { Webview } from "./webview.js";

const NEAR_END = 90;

export class ChatPane {
  /**
   * @param {"partner"|"customer"} name
   * @param {HTMLElement} root
   * @param {(payload: string, pane: ChatPane) => void} onInvite  a link to our own bot was tapped
   */
  constructor(name, root, onInvite) {
    this.name = name;
    this.root = root;
    this.onInvite = onInvite;
    this.webview = new Webview(root);
    this.composer = new Composer({ send: (text) => this.send(text), unblock: () => this.setBlocked(false) });
    this.welcome = el(
      "div",
      { class: "welcome" },
      el("b", {}, "No messages here yet"),
      el("span", {}, "Press Start below, as in Telegram."),
    );
    this.log = new MessageLog();
    this.scroller = el(
      "div",
      { class: "scroller", tabIndex: -1, on: { scroll: () => this.scrolled() } },
      this.log.node,
      this.welcome,
    );
    this.jump = button([icon("bottom"), el("span", { class: "jump-count" })], () => this.toEnd(true), {
      class: "jump",
      "aria-label": "To the newest message",
      hidden: true,
    });
    this.header = el("header", { class: "chat-head" });
    root.append(
      this.header,
      el(
        "div",
        { class: "chat-body" },
        el("div", { class: "wallpaper", "aria-hidden": "true" }),
        this.scroller,
        this.jump,
      ),
      this.composer.node,
    );
    this.refresh = oneAtATime(() => this.fetch());
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.scroller);
    this.forget();
  }

  forget() {
    this.userId = null;
    this.waiting = new Map();
    this.heard = null;
    this.unseen = 0;
    this.following = true;
    this.log.clear();
    this.welcome.hidden = true;
    this.composer.reset();
    this.webview.close();
  }

  /** The people changed, or another one was chosen. */
  peopleChanged() {
    const user = userOf(this.name);
    if (user && user.id !== this.userId) {
      this.forget();
      this.userId = user.id;
      this.reader = {
        language: language(user.language_code),
        openLink: (url) => this.openLink(url),
        command: (text) => this.send(text),
        copy: (text) => this.copyOut(text),
        press: (key, message) => this.press(key, message),
        loaded: () => this.following && this.toEnd(),
      };
      this.refresh();
    }
    this.drawHeader(false);
  }

  drawHeader(typing) {
    const user = userOf(this.name);
    const drawn = JSON.stringify([user, world.bot, world.mode, typing]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const switcher = user
      ? button(
          [
            avatar(user.id, fullName(user)),
            el(
              "span",
              { class: "who-text" },
              el("span", { class: "who-name" }, user.first_name),
              el("span", { class: "who-role" }, user.role),
            ),
            icon("down"),
          ],
          () => this.chooseUser(),
          {
            class: "who",
            "aria-label": `${fullName(user)}, ${user.role}. Change person`,
            title: `${fullName(user)} · ${user.role}`,
          },
        )
      : null;
    const status = world.mode === "none" ? "no bot process is connected" : typing ? "typing…" : "bot";
    this.header.replaceChildren(
      avatar(world.bot.id, world.bot.name),
      el(
        "div",
        { class: "chat-title" },
        el("h1", { class: "bot-name" }, world.bot.name),
        el("span", { class: `bot-status${typing ? " typing" : ""}` }, status),
      ),
      switcher ?? "",
    );
  }

  chooseUser() {
    const user = userOf(this.name);
    const choose = (chosen) => {
      box.close();
      show(this.name, chosen.id);
    };
    const box = dialog(
      "Whose Telegram is this?",
      [
        el("div", { class: "people" }, personRows(user.id, choose), addPersonRow(choose, this.root)),
        el(
          "div",
          { class: "dialog-foot" },
          button(
            [
              icon("block"),
              user.blocked ? `${user.first_name}: unblock the bot` : `${user.first_name}: block the bot`,
            ],
            () => {
              box.close();
              this.setBlocked(!user.blocked);
            },
            { class: user.blocked ? "plain" : "plain danger-text" },
          ),
        ),
      ],
      { over: this.root },
    );
    box.querySelector("[aria-current]")?.focus();
  }

  async setBlocked(blocked) {
    await report(async () => {
      await sim.block(this.userId, blocked);
      await refreshPeople();
      await this.refresh();
    }, this.root);
  }

  async fetch() {
    const userId = this.userId;
    if (userId === null) return;
    const chat = await sim.chat(userId);
    if (userId !== this.userId) return;
    const messages = chat.messages.filter((message) => !message.deleted);
    const added = this.log.draw(messages, this.reader, this.heard !== null);
    if (!this.following) this.unseen += added;
    this.settle(chat);
    this.drawHeader(chat.typing);
    this.composer.update({
      blocked: Boolean(userOf(this.name)?.blocked),
      empty: this.log.isEmpty,
      commands: chat.commands ?? [],
      hint: forcedReply(chat.messages),
    });
    if (this.following) this.toEnd();
    this.welcome.hidden = !this.log.isEmpty;
    this.hear(chat.notices ?? []);
    // "typing…" ends by itself; nobody is told when.
    if (chat.typing) setTimeout(this.refresh, 5500);
  }

  /** Takes the spinner off the keys whose query was answered. */
  settle(chat) {
    const open = new Set((chat.queries ?? []).map((query) => query.query_id ?? query.id));
    for (const [key, queryId] of this.waiting) if (queryId && !open.has(queryId)) this.waiting.delete(key);
    this.showWaiting();
  }

  showWaiting() {
    for (const [id, keyboard] of this.log.keyboards) {
      markWaiting(keyboard, (data) => this.waiting.has(`${id}:${data}`));
    }
  }

  /** Shows answers that came since the last look; those from before the first look are old news. */
  hear(notices) {
    const id = (notice) => `${notice.query_id}@${notice.at}`;
    const fresh = this.heard === null ? [] : notices.filter((notice) => !this.heard.has(id(notice)));
    this.heard = new Set(notices.map(id));
    for (const notice of fresh) {
      if (notice.text && notice.show_alert) alertBox(world.bot.name, notice.text, this.root);
      else if (notice.text) toast(notice.text, this.root);
      if (notice.url) this.openLink(notice.url);
    }
  }

  async send(text) {
    this.following = true;
    return report(async () => {
      await sim.message(this.userId, text);
      await this.refresh();
    }, this.root);
  }

  /** Copied links to our own bot are meant for somebody else in this sandbox: ask whom, and offer the copy there. */
  copyOut(text) {
    if (classify(text, world.bot?.username).kind === "bot") return this.openLink(text);
    return copy(text, this.root);
  }

  async press(key, message) {
    if (key.url) return this.openLink(key.url);
    if (key.copy_text) return this.copyOut(key.copy_text.text);
    if (key.callback_data === undefined)
      return toast("The sandbox has nothing to open for this kind of button.", this.root);
    const slot = `${message.message_id}:${key.callback_data}`;
    if (this.waiting.has(slot)) return;
    this.waiting.set(slot, null);
    this.showWaiting();
    const sent = await report(async () => {
      const answer = await sim.tap(this.userId, message.message_id, key.callback_data);
      this.waiting.set(slot, answer.query_id);
    }, this.root);
    if (!sent) this.waiting.delete(slot);
    await this.refresh();
  }

  openLink(url) {
    const target = classify(url, world.bot.username);
    if (target.kind === "bot") this.onInvite(target.payload, this);
    else if (target.kind === "here") this.webview.open(target.path, this.returning());
    else if (target.kind === "outside") open(target.url, "_blank", "noopener,noreferrer");
    else toast(`The sandbox can't open ${url}`, this.root);
  }

  /** Stripe leads the payer back to the bot by a link, which Telegram turns into a message of whoever paid. */
  returning() {
    const payer = this.userId;
    return (payload) => report(() => sim.message(payer, `/start ${payload}`), this.root);
  }

  toEnd(smooth = false) {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({
      top: this.scroller.scrollHeight,
      behavior: smooth && !calm ? "smooth" : "instant",
    });
    this.scrolled();
  }

  scrolled() {
    if (!this.scroller.clientHeight) return;
    const size = `${this.scroller.clientWidth} x ${this.scroller.clientHeight}`;
    if (size !== this.size) {
      // The window changed, not the reader's mind: the observer of the size brings him back to the end.
      this.size = size;
      return;
    }
    this.following =
      this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_END;
    if (this.following) this.unseen = 0;
    this.jump.hidden = this.following;
    this.jump.lastElementChild.textContent = this.unseen || "";
  }
}

/** What the newest message wants to have answered, if it does: shown as the field's hint. */
function forcedReply(messages) {
  const markup = messages.findLast((message) => message.from === "bot")?.reply_markup;
  return markup?.force_reply ? markup.input_field_placeholder || "Reply" : null;
}
