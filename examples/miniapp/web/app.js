// Plays the mini-program: log in, browse, order, look at your orders.
"use strict";

const state = { token: null, user: null, page: 1, size: 6, q: "", products: new Map(), basket: new Map() };
const find = (id) => document.getElementById(id);
const money = (cents) => `¥${(cents / 100).toFixed(2)}`;

// What went wrong, in words for people; the server's own where they are meant for them.
const kind_words = {
  unauthenticated: "Please log in first.",
  token_expired: "You have been logged out; please log in again.",
  invalid_code: "The login didn't work; please try again.",
  permission_denied: "You may not do that.",
  unavailable: "The shop is busy right now; please try again in a moment.",
};

class shop_error extends Error {
  constructor(status, body) {
    super(kind_words[body.code] ?? body.message ?? `Something went wrong (${status}).`);
    this.code = body.code;
  }
}

async function call(method, path, body) {
  const headers = {};
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

// Runs what a click asked for, with the button out of reach meanwhile and errors shown kindly.
async function attempt(button, action) {
  if (button) button.disabled = true;
  try {
    await action();
  } catch (failure) {
    tell(failure.message, true);
  } finally {
    if (button) button.disabled = false;
  }
}

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function log_in(name) {
  const { code } = await call("POST", "/dev/wx-login", { user: name }); // wx.login() in the real mini-program
  const login = await call("POST", "/api/v1/auth/login", { code });
  state.token = login.token;
  state.user = login.user;
  find("who").textContent = `Logged in as ${login.user.nickname}`;
  find("login").hidden = true;
  tell(`Welcome, ${login.user.nickname}!`);
  await show_orders();
}

async function show_products() {
  const query = new URLSearchParams({ page: state.page, size: state.size });
  if (state.q) query.set("q", state.q);
  const list = await call("GET", `/api/v1/products?${query}`);
  find("products").replaceChildren(...list.items.map(product_card));
  const pages = Math.max(1, Math.ceil(list.total / list.size));
  find("page").textContent = list.total === 0 ? "Nothing found" : `Page ${list.page} of ${pages}`;
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

function show_basket() {
  const lines = [...state.basket].map(([id, quantity]) => ({ product: state.products.get(id), quantity }));
  find("basket").replaceChildren(
    ...lines.map(({ product, quantity }) => element("li", `${quantity} × ${product.name}`)));
  const total = lines.reduce((sum, { product, quantity }) => sum + product.price_cents * quantity, 0);
  find("total").textContent = `Total ${money(total)}`;
  find("basket-section").hidden = lines.length === 0;
}

async function place_order() {
  const items = [...state.basket].map(([product_id, quantity]) => ({ product_id, quantity }));
  const order = await call("POST", "/api/v1/orders", { items });
  state.basket.clear();
  show_basket();
  tell(`Order ${order.id} is placed: ${money(order.total_cents)}. Thank you!`);
  await Promise.all([show_products(), show_orders()]);
}

async function show_orders() {
  const list = await call("GET", `/api/v1/users/${state.user.id}/orders?size=10`);
  find("orders").replaceChildren(...list.items.map((order) => {
    const pieces = order.items.reduce((sum, item) => sum + item.quantity, 0);
    return element("li", `Order ${order.id}: ${pieces} ${pieces === 1 ? "piece" : "pieces"}, ` +
                         `${money(order.total_cents)}, ${order.status}`);
  }));
  if (list.items.length === 0) find("orders").append(element("li", "None yet.", "quiet"));
  find("orders-section").hidden = false;
}

function turn_page(by) {
  state.page += by;
  return show_products();
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
find("order").addEventListener("click", (event) => attempt(event.currentTarget, place_order));
find("previous").addEventListener("click", () => attempt(null, () => turn_page(-1)));
find("next").addEventListener("click", () => attempt(null, () => turn_page(1)));

attempt(null, show_products);
