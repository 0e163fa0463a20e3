#!/bin/bash
# SPDX-License-Identifier: MIT
# reconfigure.sh ROOT: tests scripts/run in a separate tree whose example was skipped while a package was missing.
set -euo pipefail
root=$1
# shellcheck source=tests/scripts/checks.sh
. "$(dirname "${BASH_SOURCE[0]}")/checks.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree" "$work/bin" "$work/prefix"
cp -r "$root/scripts" "$root/cmake" "$tree/"
printf '#!/bin/sh\nprintf installed\n' >"$work/bin/dpkg-query"
chmod +x "$work/bin/dpkg-query"
PATH=$work/bin:$PATH

cat >"$tree/CMakePresets.json" <<JSON
{
  "version": 6,
  "configurePresets": [
    {
      "name": "release",
      "generator": "Ninja",
      "binaryDir": "\${sourceDir}/build/release",
      "cacheVariables": { "CMAKE_PREFIX_PATH": "$work/prefix" }
    }
  ]
}
JSON
# The package is Debian's RapidJSON; the programs end scripts/run with their first line.
cat >"$tree/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(tree LANGUAGES NONE)
list(APPEND CMAKE_MODULE_PATH "${PROJECT_SOURCE_DIR}/cmake")
set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF) # ignore the machine's packages
set(CMAKE_FIND_USE_SYSTEM_ENVIRONMENT_PATH OFF)
find_package(WeirRapidJSON QUIET)
if(NOT WeirRapidJSON_FOUND)
  message(STATUS "weir: component core is left out: WeirRapidJSON was not found")
  return()
endif()
foreach(program miniapp wechat_sandbox)
  file(CONFIGURE OUTPUT "${program}.in" CONTENT "#!/bin/sh\necho built and started >&2\nexit 1\n")
  add_custom_target(${program} COMMAND install -D "${PROJECT_BINARY_DIR}/${program}.in" "examples/miniapp/${program}")
endforeach()
CMAKE

echo "== Without the package nothing is built, and it says what is missing"
cmake -S "$tree" --preset release >"$work/first"
check "the package is missing" holds "$(<"$work/first")" "WeirRapidJSON was not found"
said=$("$tree/scripts/run" 2>&1) && fail "it started"
check "it says what is left out" holds "$said" $'\ncomponent core is left out: WeirRapidJSON was not found\n'
check "it says that it stops" holds "$said" "run: the build failed; see the lines above"

echo "== Once the package is there the example is built"
mkdir -p "$work/prefix/include/rapidjson"
touch "$work/prefix/include/rapidjson/reader.h"
said=$("$tree/scripts/run" 2>&1) && fail "it started"
check "the program was built" holds "$said" "built and started"
check "nothing is left out" lacks "$said" "left out"

finish
