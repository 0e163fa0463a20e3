# SPDX-License-Identifier: MIT
# The rules for the sources: floors, plain English, the compiler trap, formatting.
set(rules_dir "${CMAKE_CURRENT_SOURCE_DIR}/rules")

add_test(NAME rules.layers COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -P "${rules_dir}/layers.cmake")
add_test(NAME rules.layers_catch
  COMMAND ${CMAKE_COMMAND} -DROOT=${rules_dir}/layers_fixture -DMAX_LINES=4 -DMAX_FILES=2
  -P "${rules_dir}/layers.cmake")
# The fixture breaks each rule once or twice; the last line counts the violations.
set_tests_properties(rules.layers_catch PROPERTIES PASS_REGULAR_EXPRESSION "18 broken rules")

add_test(NAME rules.english COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -P "${rules_dir}/english.cmake")
add_test(NAME rules.english_catch
  COMMAND ${CMAKE_COMMAND} -DROOT=${rules_dir}/english_fixture -P "${rules_dir}/english.cmake")
set_tests_properties(rules.english_catch PROPERTIES PASS_REGULAR_EXPRESSION "7 phrases read like a translation")

add_executable(co_await_rules rules/co_await_rules.cpp)
weir_target_settings(co_await_rules)
set(checked "")
foreach(folder include src tests examples benchmarks)
  if(EXISTS "${PROJECT_SOURCE_DIR}/${folder}")
    list(APPEND checked "${PROJECT_SOURCE_DIR}/${folder}")
  endif()
endforeach()
add_test(NAME rules.co_await COMMAND co_await_rules ${checked})
add_test(NAME rules.co_await_catch COMMAND co_await_rules --expect "${rules_dir}/co_await_fixture")

find_program(WEIR_CLANG_FORMAT NAMES clang-format-14 clang-format)
if(WEIR_CLANG_FORMAT)
  add_test(NAME rules.format COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}
    -DCLANG_FORMAT=${WEIR_CLANG_FORMAT} -P "${rules_dir}/format.cmake")
  set_tests_properties(rules.format PROPERTIES LABELS lint TIMEOUT 300)
endif()

if(WeirSOCI_postgresql_CLIENT_INCLUDE AND WeirSOCI_mysql_CLIENT_INCLUDE)
  add_test(NAME rules.soci_4_1 COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}
    -DCOMPILER=${CMAKE_CXX_COMPILER}
    "-DINCLUDES=${WeirSOCI_postgresql_CLIENT_INCLUDE};${WeirSOCI_mysql_CLIENT_INCLUDE}"
    -P "${rules_dir}/soci_4_1.cmake")
  set_tests_properties(rules.soci_4_1 PROPERTIES LABELS lint TIMEOUT 300)
endif()
if(EXISTS "${PROJECT_SOURCE_DIR}/examples/hello.cpp")
  add_test(NAME rules.readme COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -P "${rules_dir}/readme.cmake")
  set_tests_properties(rules.readme PROPERTIES LABELS lint)
endif()
add_test(NAME rules.architecture
  COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -P "${rules_dir}/architecture.cmake")
set_tests_properties(rules.architecture PROPERTIES LABELS lint)
if(WEIR_INSTALL)
  add_test(NAME rules.install_preset COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}
    -DFOLDER=${CMAKE_CURRENT_BINARY_DIR}/install_preset -P "${rules_dir}/install_preset.cmake")
  set_tests_properties(rules.install_preset PROPERTIES LABELS lint TIMEOUT 120)
endif()
set_tests_properties(rules.layers rules.layers_catch rules.english rules.english_catch rules.co_await rules.co_await_catch PROPERTIES LABELS lint)
