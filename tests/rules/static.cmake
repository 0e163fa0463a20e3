# SPDX-License-Identifier: MIT
# cmake -DPROGRAM=... -P static.cmake: fails if the program needs a shared library other than the C library's: libc,
# libm (whose archive can't be linked together with a shared libc) and the loader.
execute_process(COMMAND readelf --dynamic --wide "${PROGRAM}" OUTPUT_VARIABLE dynamic COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "\\(NEEDED\\)[^\n]*\\[[^]\n]*\\]" needed "${dynamic}")
list(TRANSFORM needed REPLACE ".*\\[(.*)\\]" "\\1")
set(others "${needed}")
list(FILTER others EXCLUDE REGEX "^(libc\\.so\\.6|libm\\.so\\.6|ld-linux.*)$")
if(others OR NOT needed)
  message(FATAL_ERROR "${PROGRAM} needs: ${needed}")
endif()
message("${PROGRAM} needs only ${needed}")
