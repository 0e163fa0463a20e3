#!/bin/bash
# SPDX-License-Identifier: MIT
# flow.sh MINIAPP SANDBOX EXAMPLE [PICTURES]: operates the mini-program's page in headless Chromium like a customer and
# checks its texts. MINIAPP and SANDBOX are the programs, EXAMPLE is the folder with their configuration and page;
# screenshots are stored in PICTURES if given.
set -euo pipefail
miniapp=$1 sandbox=$2 example=$3 pictures=${4:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
children=()

fail() {
    printf 'FAILED: %s\n' "$*" >&2
    [ ! -s "$work/backend.log" ] || { echo "The backend's last lines:" && tail -n 8 "$work/backend.log"; } >&2
    exit 1
}

# start LOG PROGRAM...: runs it in the background; it ends with this script, even if that is killed.
start() {
    local log=$1
    shift
    setpriv --pdeathsig TERM -- "$@" >"$log" 2>&1 &
    children+=($!)
}

stop_all() {
    local i
    for ((i = ${#children[@]} - 1; i >= 0; i--)); do
        kill -TERM "${children[i]}" 2>/dev/null || true
        wait "${children[i]}" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap stop_all EXIT

# shellcheck source=tests/page/webdriver.sh
. "$here/webdriver.sh"

# needs PROGRAM PACKAGE
needs() { command -v "$1" >/dev/null || fail "$1 is missing: install Debian's package $2"; }
needs chromium chromium
needs chromedriver chromium-driver
needs curl curl
needs jq jq

export HOME=$work
start "$work/sandbox.log" "$sandbox" --port 0
until_true grep -qs 'listening on' "$work/sandbox.log" || fail "the sandbox did not start: $(cat "$work/sandbox.log")"
sandbox_address=$(sed -nE 's/.*listening on ([0-9.:]+).*/\1/p' "$work/sandbox.log")

start "$work/backend.log" "$miniapp" --config "$example/miniapp.yaml" \
    --profile dev --wechat.base_url "http://$sandbox_address" --port 0 --data "$work/data" --web "$example/web"
until_true grep -qs '"message":"listening"' "$work/backend.log" || fail "the backend did not start"
port=$(jq -rR 'fromjson? | select(.message == "listening").port' "$work/backend.log")

# picture NAME: takes screenshots of the whole page at desktop and phone size, where nothing may overflow.
picture() {
    resize 390 844
    local width
    width=$(script 'return document.documentElement.scrollWidth')
    [ "$width" -le 390 ] || fail "$1: the page is $width pixels wide on a phone of 390"
    [ -z "$pictures" ] || screenshot "$pictures/$1-phone.png"
    resize 1000 800
    [ -z "$pictures" ] || screenshot "$pictures/$1-desktop.png"
}

product() { echo "//ul[@id='products']/li[contains(., \"$1\")]"; }
notice="//*[@id='notice']"
basket="//section[h2='Basket']"
orders="//section[h2='Your orders']"

open_browser "$work"
resize 1000 800
visit "http://127.0.0.1:$port/"

echo "== The page shows products, prices and stock"
expect "//h1" "Tea by the weir"
expect "//header" "Not logged in"
expect "$(product "Longjing tea")" "120 in stock"
expect "$(product "Pu'er cake")" "¥129.00"
expect "//nav" "Page 1 of 2"
picture before-login

echo "== Further pages"
click "//button[.='Next']"
expect "//nav" "Page 2 of 2"
expect "$(product "Bamboo whisk")" "Sold out"
click "//button[.='Previous']"
expect "//nav" "Page 1 of 2"

echo "== Ordering needs a login, and the page says so kindly"
click "$(product "Gaiwan")//button"
click "//button[.='Place the order']"
expect "$notice" "Please log in first."
expect "$basket" "1 × Gaiwan"

echo "== Searching"
type_into "//input[@type='search']" "jasmine"
click "//form[@role='search']//button"
expect "//nav" "Page 1 of 1"
expect "$(product "Jasmine pearls")" "200 in stock"
expect "$(product "茉莉花茶")" "80 in stock"

echo "== Logging in"
type_into "//label[.='Your name']/following-sibling::input" "alice"
click "//button[.='Log in with WeChat']"
expect "//header" "Logged in as alice"
expect "$orders" "None yet."

echo "== Filling the basket"
click "$(product "Jasmine pearls")//button"
expect "$notice" "Jasmine pearls, 50 g is in your basket."
click "$(product "Jasmine pearls")//button"
expect "$basket" "2 × Jasmine pearls"
expect "$basket" "Total ¥166.00"
picture basket

echo "== Ordering"
click "//button[.='Place the order']"
expect "$notice" "Order 1 is placed: ¥166.00. Thank you!"
expect "$orders" "Order 1, placed ¥166.00 3 pieces"
expect "$basket" "Nothing in it yet."
expect "$(product "Jasmine pearls")" "198 in stock"
picture ordered

echo "== Ordering again after an answer was lost"
click "$(product "Jasmine pearls")//button"
expect "$basket" "1 × Jasmine pearls"
script 'const real = window.fetch;
    window.fetch = async (...given) => { window.fetch = real; await real(...given); throw new TypeError("lost"); };' \
    >/dev/null
click "//button[.='Place the order']"
expect "$notice" "The shop can't be reached."
expect "$basket" "1 × Jasmine pearls"
click "//button[.='Place the order']"
expect "$notice" "Order 2 is placed: ¥39.00. Thank you!"
expect "$basket" "Nothing in it yet."
expect "$(product "Jasmine pearls")" "197 in stock"

echo "== Wanting more than there is"
type_into "//input[@type='search']" "travel"
click "//form[@role='search']//button"
expect "$(product "Travel tea set")" "18 in stock"
script "for (let i = 0; i < 19; ++i) document.querySelector('#products button').click()" >/dev/null
click "//button[.='Place the order']"
expect "$notice" "Travel tea set: only 18 left"
click "//button[@aria-label='Remove Travel tea set']"
expect "$basket" "Nothing in it yet."

echo "== Logging out"
click "//button[.='Log out']"
expect "//header" "Not logged in"
expect "//section[h2='Log in']" "log in with any name"

close_browser
