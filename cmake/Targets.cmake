# What every target of ours has in common.
find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
    CCACHE_NOHASHDIR=1
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${CCACHE})
endif()
find_program(MOLD mold)
if(MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(lockstep_options INTERFACE)
target_include_directories(lockstep_options INTERFACE "${CMAKE_SOURCE_DIR}")
# GCC 12 sees out-of-bounds copies in std::string's own code at -O2 (GCC bugs 105329, 105651).
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(lockstep_options INTERFACE -Wno-restrict -Wno-array-bounds
    -Wno-stringop-overflow -Wno-stringop-overread)
endif()
target_compile_options(lockstep_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor
  -Woverloaded-virtual -Werror)
target_compile_definitions(lockstep_options INTERFACE SPDLOG_FMT_EXTERNAL FMT_HEADER_ONLY
  BOOST_ASIO_NO_DEPRECATED $<$<NOT:$<CONFIG:Release>>:_GLIBCXX_ASSERTIONS>)
if(LOCKSTEP_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(LOCKSTEP_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
elseif(LOCKSTEP_SANITIZE STREQUAL "fuzzer")  # clang's; only suite_fuzz links with it
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
    -fno-omit-frame-pointer)
  # Clang tells of what libstdc++ calls itself (std::stable_sort its own deprecated buffer).
  add_compile_options(-Wno-deprecated-declarations)
  add_link_options(-fsanitize=address,undefined)
elseif(LOCKSTEP_SANITIZE)
  message(FATAL_ERROR
    "LOCKSTEP_SANITIZE is '${LOCKSTEP_SANITIZE}': use address, thread or fuzzer")
endif()
if(LOCKSTEP_SANITIZE)
  set(LOCKSTEP_STATIC OFF)
endif()

# lockstep_library(NAME sources... LINK libraries...): a static library with our rules.
function(lockstep_library name)
  cmake_parse_arguments(arg "" "" "LINK" ${ARGN})
  add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PUBLIC lockstep_options ${arg_LINK})
endfunction()

find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
include(GoogleTest)

# lockstep_test(NAME sources... LINK libraries... LABELS labels... [TIMEOUT seconds] [SERIAL]
#   [ENV NAME=VALUE...])
# One test program, one ctest entry. Labels say which suites run it: unit, conformance, e2e, crash,
# tidy; sanitizer runs choose by label.
function(lockstep_test name)
  cmake_parse_arguments(arg "SERIAL" "TIMEOUT" "LINK;LABELS;ENV" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock GTest::gtest GTest::gtest_main
    Threads::Threads)
  target_compile_definitions(${name} PRIVATE LOCKSTEP_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    LOCKSTEP_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    ENVIRONMENT "${arg_ENV}")
  foreach(label ${arg_LABELS})
    if(NOT TARGET suite_${label})
      add_custom_target(suite_${label})
    endif()
    add_dependencies(suite_${label} ${name})
  endforeach()
  if(arg_SERIAL)
    set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
  endif()
endfunction()
