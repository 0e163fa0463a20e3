// Stands in for the mini-program: log in, browse, order, see your orders.
"use strict";

const state = {
  token: null, user: null, page: 1, size: 6, q: "", products: new Map(), basket: new Map(),
  purchase: null, // the Idempotency-Key of the basket's order; null after the basket has changed
};
const find = (id) => document.getElementById(id);
const money = (cents) => `¥${(cents / 100).toFixed(2)}`;

// Messages for people by error code; the server's own message for other codes.
const kind_words = {
  unauthenticated: "Please log in first.",
  token_expired: "You have been logged out; please log in again.",
  invalid_code: "The login didn't work; please try again.",
  invalid_token: "You have been logged out; please log in again.",
  permission_denied: "Sorry, this isn't open to you.",
  unavailable: "The shop is busy right now; please try again in a moment.",
};

class shop_error extends Error {
  constructor(status, body) {
    super(kind_words[body.code] ?? body.message ?? `Something went wrong (${status}).`);
    this.status = status;
  }
}

async function call(method, path, body, headers = {}) {
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (state.token) headers["Authorization"] = `Bearer ${state.token}`;
  let answer;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new shop_error(0, { message: "The shop can't be reached. Is your connection up?" });
  }
  const json = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new shop_error(answer.status, json);
  return json;
}

function tell(text, wrong = false) {
  const notice = find("notice");
  notice.textContent = text;
  notice.classList.toggle("wrong", wrong);
  notice.hidden = false;
}

// Runs a click's action with the button disabled, and shows an error as a notice.
async function attempt(button, action) {
  if (button) button.disabled = true;
  try {
    await action();
  } catch (failure) {
    tell(failure.message, true);
    if (failure.status === 401) ask_for_login();
  } finally {
    if (button) button.disabled = false;
  }
}

// Shows the page for a logged-in user, or with null for a visitor.
function welcome(user, token) {
  state.user = user;
  state.token = token;
  find("who").textContent = user ? `Logged in as ${user.nickname}` : "Not logged in";
  find("login").hidden = user !== null;
  find("log-out").hidden = user === null;
  find("orders-section").hidden = user === null;
}

function ask_for_login() {
  welcome(null, null);
  find("name").focus();
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// Stands in for wx.login() of a real mini-program.
async function wx_login(name) {
  try {
    return await call("POST", "/dev/wx-login", { user: name });
  } catch (failure) {
    if (failure.status !== 404) throw failure;
    throw new Error("Users log in inside WeChat; this page can log in only in the dev profile.");
  }
}

async function log_in(name) {
  const { code } = await wx_login(name);
  const login = await call("POST", "/api/v1/auth/login", { code });
  welcome(login.user, login.token);
  tell(`Welcome, ${login.user.nickname}!`);
  await show_orders();
  find("shelf-title").focus();
}

function log_out() {
  ask_for_login();
  tell("You are logged out. See you soon!");
}

async function show_products() {
  const query = new URLSearchParams({ page: state.page, size: state.size });
  if (state.q) query.set("q", state.q);
  const list = await call("GET", `/api/v1/products?${query}`);
  find("products").replaceChildren(...list.items.map(product_card));
  const pages = Math.max(1, Math.ceil(list.total / list.size));
  find("page").textContent = list.total === 0 ? "Nothing found; try another word." : `Page ${list.page} of ${pages}`;
  find("previous").disabled = list.page <= 1;
  find("next").disabled = list.page >= pages;
}

function product_card(product) {
  state.products.set(product.id, product);
  const card = element("li");
  card.dataset.product = product.id;
  const add = element("button", product.stock > 0 ? "Add to basket" : "Sold out");
  add.type = "button";
  add.disabled = product.stock === 0;
  add.addEventListener("click", () => add_to_basket(product));
  card.append(element("span", product.name, "name"), element("span", money(product.price_cents)),
              element("span", `${product.stock} in stock`, "quiet"), add);
  return card;
}

function add_to_basket(product) {
  state.basket.set(product.id, (state.basket.get(product.id) ?? 0) + 1);
  tell(`${product.name} is in your basket.`);
  show_basket();
}

function take_from_basket(product) {
  state.basket.delete(product.id);
  tell(`${product.name} is out of your basket.`);
  show_basket();
  find("basket-title").focus();
}

function show_basket() {
  state.purchase = null;
  const lines = [...state.basket].map(([id, quantity]) => ({ product: state.products.get(id), quantity }));
  find("basket").replaceChildren(...lines.map(basket_line));
  if (lines.length === 0) find("basket").append(element("li", "Nothing in it yet.", "quiet"));
  const total = lines.reduce((sum, { product, quantity }) => sum + product.price_cents * quantity, 0);
  find("total").textContent = money(total);
  find("checkout").hidden = lines.length === 0;
}

function basket_line({ product, quantity }) {
  const line = element("li");
  const remove = element("button", "Remove", "plain");
  remove.type = "button";
  remove.setAttribute("aria-label", `Remove ${product.name}`);
  remove.addEventListener("click", () => take_from_basket(product));
  line.append(element("span", `${quantity} × ${product.name}`, "name"),
              element("span", money(product.price_cents * quantity)), remove);
  return line;
}

// Sends the same key again after a failure, so that an order whose answer was lost is not placed twice.
async function place_order() {
  const items = [...state.basket].map(([product_id, quantity]) => ({ product_id, quantity }));
  state.purchase ??= crypto.randomUUID();
  const order = await call("POST", "/api/v1/orders", { items }, { "Idempotency-Key": `"${state.purchase}"` });
  state.basket.clear();
  show_basket();
  tell(`Order ${order.id} is placed: ${money(order.total_cents)}. Thank you!`);
  await Promise.all([show_products(), show_orders()]);
  find("orders-title").focus();
}

async function show_orders() {
  const list = await call("GET", `/api/v1/users/${state.user.id}/orders?size=10`);
  find("orders").replaceChildren(...list.items.map(order_line));
  if (list.items.length === 0) find("orders").append(element("li", "None yet.", "quiet"));
}

function order_line(order) {
  const line = element("li");
  const pieces = order.items.reduce((sum, item) => sum + item.quantity, 0);
  const when = new Date(order.created_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  line.append(element("span", `Order ${order.id}, ${order.status}`), element("span", money(order.total_cents)),
              element("span", `${pieces} ${pieces === 1 ? "piece" : "pieces"}, ${when}`, "name quiet"));
  return line;
}

async function turn_page(by) {
  state.page += by;
  try {
    await show_products();
  } catch (failure) {
    state.page -= by;
    throw failure;
  }
}

find("login-form").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(event.submitter, () => log_in(find("name").value.trim()));
});
find("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  state.q = find("search").value.trim();
  state.page = 1;
  attempt(event.submitter, show_products);
});
find("log-out").addEventListener("click", log_out);
find("order").addEventListener("click", (event) => attempt(event.currentTarget, place_order));
find("previous").addEventListener("click", () => attempt(null, () => turn_page(-1)));
find("next").addEventListener("click", () => attempt(null, () => turn_page(1)));

show_basket();
attempt(null, show_products);
