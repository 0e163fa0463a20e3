# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A small WebDriver client (https://www.w3.org/TR/webdriver2/): headless Chromium, driven by chromedriver over loopback
# with curl and jq. Sourced; the including script defines `fail MESSAGE` and `start LOG PROGRAM...`. Elements are found
# by XPath, so that a test refers to them by their visible text.

element_key=element-6066-11e4-a52e-4f735466cecf # the specification's key of an element reference
patience=30                                     # seconds to wait for a condition: machines may be loaded

# until_true COMMAND...: repeats it until it succeeds; fails after the timeout.
until_true() {
    local deadline=$((SECONDS + patience))
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

# request METHOD PATH [JSON]: prints the response's value; errors go to stderr.
request() {
    local answer arguments=(-sS --noproxy '*' --max-time 60 -X "$1")
    [ $# -lt 3 ] || arguments+=(-H 'Content-Type: application/json' --data-binary "$3")
    answer=$(curl "${arguments[@]}" "$driver${2:+/$2}") || return 1
    jq -c 'if .value | type == "object" and has("error") then .value | "\(.error): \(.message)\n" | halt_error
           else .value end' <<<"$answer"
}

# open_browser FOLDER: starts chromedriver and a headless Chromium with its profile in FOLDER.
open_browser() {
    local folder=$1 capabilities
    start "$folder/chromedriver.log" chromedriver --port=0
    until_true grep -qs 'started successfully on port' "$folder/chromedriver.log" ||
        fail "chromedriver did not start: $(cat "$folder/chromedriver.log")"
    driver=http://127.0.0.1:$(sed -nE 's/.*started successfully on port ([0-9]+).*/\1/p' "$folder/chromedriver.log")
    capabilities=$(jq -nc --arg binary "$(command -v chromium)" --arg profile "$folder/profile" '
        ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic",
         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--user-data-dir=\($profile)"] as $flags
        | {capabilities: {alwaysMatch: {browserName: "chrome", "goog:chromeOptions": {binary: $binary, args: $flags}}}}')
    driver=$driver/session/$(request POST session "$capabilities" | jq -r .sessionId) || fail "Chromium did not start"
}

close_browser() { request DELETE "" >/dev/null; }

visit() { request POST url "$(jq -nc --arg url "$1" '{url: $url}')" >/dev/null; }

# devtools COMMAND PARAMETERS: calls Chromium's own protocol for what WebDriver can't do.
devtools() { request POST goog/cdp/execute "{\"cmd\": \"$1\", \"params\": $2}"; }

# resize WIDTH HEIGHT: sets the viewport's size; a window can't be as narrow as a phone.
resize() {
    devtools Emulation.setDeviceMetricsOverride \
        "{\"width\": $1, \"height\": $2, \"deviceScaleFactor\": 1, \"mobile\": false}" >/dev/null
}

# screenshot FILE: saves the whole page as PNG.
screenshot() {
    devtools Page.captureScreenshot '{"format": "png", "captureBeyondViewport": true}' |
        jq -r .data | base64 -d >"$1"
}

# script JAVASCRIPT: runs it in the page and prints its result as JSON.
script() { request POST execute/sync "$(jq -nc --arg code "$1" '{script: $code, args: []}')"; }

# element XPATH: prints a reference to the first matching element.
element() {
    request POST element "$(jq -nc --arg path "$1" '{using: "xpath", value: $path}')" | jq -r ".\"$element_key\""
}

# text XPATH: prints the element's visible text on one line.
text() {
    local found
    found=$(element "$1") && request GET "element/$found/text" | jq -r 'gsub("\\s+"; " ")'
}

try_click() {
    local found
    found=$(element "$1" 2>/dev/null) && request POST "element/$found/click" '{}' >/dev/null 2>&1
}

# click XPATH: clicks it as soon as it exists and isn't covered.
click() { until_true try_click "$1" || fail "can't click $1"; }

# type_into XPATH TEXT: replaces the field's content, key by key.
type_into() {
    local found
    found=$(element "$1") || fail "no field $1"
    request POST "element/$found/clear" '{}' >/dev/null
    request POST "element/$found/value" "$(jq -nc --arg text "$2" '{text: $text}')" >/dev/null
}

reads() { [[ "$(text "$1" 2>/dev/null)" == *"$2"* ]]; }

# expect XPATH TEXT: waits until the element's text contains TEXT.
expect() {
    until_true reads "$1" "$2" || fail "expected '$2' in $1, which reads: $(text "$1" 2>&1)"
    echo "ok: $2"
}
