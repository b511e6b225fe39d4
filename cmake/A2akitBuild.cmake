# How every target of ours is built: one room of the house is one object library, the installed library is all rooms.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(A2AKIT_CCACHE ccache)
if(A2AKIT_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Clones at different places share what is in the cache, and so do files that use a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
    CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros ${A2AKIT_CCACHE})
endif()
find_program(A2AKIT_MOLD mold)
if(A2AKIT_MOLD AND NOT A2AKIT_LTO)
  add_link_options(-fuse-ld=mold)
endif()

add_library(a2akit_flags INTERFACE)
target_include_directories(a2akit_flags INTERFACE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/src
  ${CURL_INCLUDE_DIRS})
target_compile_definitions(a2akit_flags INTERFACE SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ALL_NO_LIB)
target_compile_options(a2akit_flags INTERFACE -Wall -Wextra -Wno-missing-field-initializers)
if(A2AKIT_WERROR)
  target_compile_options(a2akit_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # gcc 12 sees a coroutine's frame as freed twice or uninitialised where it is neither, and overlaps and
  # overflows in "x" + string.
  target_compile_options(a2akit_flags INTERFACE -Wno-maybe-uninitialized -Wno-mismatched-new-delete -Wno-restrict
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds -Wno-tsan)
endif()

# In a release build the library's symbols stay inside the program or the shared library that it is linked into (ADR 19),
# and calls within a file can be inlined though the code is position-independent.
target_compile_options(a2akit_flags INTERFACE
  $<$<CONFIG:Release>:-fno-semantic-interposition;-fvisibility=hidden;-fvisibility-inlines-hidden>)
include(A2akitProfile)

# What nearly every file of the rooms reads, precompiled once: a good part of a clean build's time. Each file still
# includes what it uses: the fuzz preset, which builds without this, shows when one does not.
option(A2AKIT_PCH "Use precompiled headers" ON)
set(A2AKIT_PCH_HEADERS <algorithm> <array> <atomic> <charconv> <chrono> <functional> <map> <memory> <mutex> <optional>
  <string> <string_view> <utility> <variant> <vector> <fmt/core.h> <a2akit/ports.hpp>)
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pch.cpp CONTENT "int main() {}\n")
if(A2AKIT_PCH)
  # Both for ccache: the preprocessor names the precompiled header, and its time is not part of it.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(a2akit_flags INTERFACE -fpch-preprocess)
  else()
    target_compile_options(a2akit_flags INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
  add_library(a2akit_rooms_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
  target_link_libraries(a2akit_rooms_pch PRIVATE a2akit_flags)
  target_precompile_headers(a2akit_rooms_pch PRIVATE ${A2AKIT_PCH_HEADERS})
endif()

# a2akit_room(json reader.cpp …): src/json as the object library a2akit_json, part of the installed library.
function(a2akit_room name)
  add_library(a2akit_${name} OBJECT ${ARGN})
  target_link_libraries(a2akit_${name} PRIVATE a2akit_flags)
  if(A2AKIT_PCH)
    target_precompile_headers(a2akit_${name} REUSE_FROM a2akit_rooms_pch)
  endif()
  set_property(GLOBAL APPEND PROPERTY A2AKIT_ROOMS a2akit_${name})
endfunction()

# The executables of ours that serve use jemalloc: a blocking send costs a tenth less CPU than with glibc's allocator.
# Sanitizers bring an allocator of their own.
find_library(A2AKIT_JEMALLOC_LIBRARY jemalloc)
set(A2AKIT_JEMALLOC_USABLE ON)
if(NOT A2AKIT_JEMALLOC_LIBRARY OR CMAKE_CXX_FLAGS MATCHES "-fsanitize")
  set(A2AKIT_JEMALLOC_USABLE OFF)
endif()
option(A2AKIT_JEMALLOC "Link the executables with jemalloc" ${A2AKIT_JEMALLOC_USABLE})
function(a2akit_use_allocator target)
  if(A2AKIT_JEMALLOC)
    target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/cli/allocator.cpp)
    target_link_libraries(${target} PRIVATE ${A2AKIT_JEMALLOC_LIBRARY})
  endif()
endfunction()

# When a program starts, the loader looks for each of some ten thousand symbols in one library after the other, in the
# order in which the executable names them. Those that most symbols are in come first, but for the allocator, which has
# to come before the C library.
function(a2akit_order_libraries target)
  if(CMAKE_BUILD_TYPE STREQUAL "Release" AND NOT CMAKE_CXX_FLAGS MATCHES "-fsanitize")
    if(A2AKIT_JEMALLOC)
      set(allocator ${A2AKIT_JEMALLOC_LIBRARY})
    endif()
    target_link_options(${target} PRIVATE "LINKER:--push-state,--no-as-needed" ${allocator} -lcrypto -lstdc++ -lc
      "LINKER:--pop-state")
  endif()
endfunction()

# Nor does anything in them ask SQLite how many bytes it has allocated.
function(a2akit_leave_sqlite_uncounted target)
  target_sources(${target} PRIVATE ${PROJECT_SOURCE_DIR}/src/backends/sqlite/uncounted_memory.cpp)
  target_link_libraries(${target} PRIVATE SQLite::SQLite3)
endfunction()

# a2akit_test(name sources…): one GoogleTest program, linked with the library, every test registered with ctest.
# ROOMS limits it to some rooms, so that it links while the others change. Its tests carry the name of their folder
# under tests/ as a label, and LABELS after it: "concurrent" for those that .ci/run repeats under ThreadSanitizer.
# WHOLE: one test of ctest's for the whole program, whose tests share something that is costly to start; it exits with
# 77 when it has to be skipped.
function(a2akit_test name)
  cmake_parse_arguments(ARG "WHOLE" "TIMEOUT" "ROOMS;LABELS;LIBS" ${ARGN})
  add_executable(${name} ${ARG_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE a2akit_flags GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  if(ARG_ROOMS)
    foreach(room ${ARG_ROOMS})
      if(NOT TARGET a2akit_${room})
        message(FATAL_ERROR "a2akit_test(${name}): there is no room \"${room}\" in src/")
      endif()
      target_link_libraries(${name} PRIVATE a2akit_${room})
    endforeach()
    target_link_libraries(${name} PRIVATE a2akit_libs)
  else()
    target_link_libraries(${name} PRIVATE a2akit)
  endif()
  target_link_libraries(${name} PRIVATE ${ARG_LIBS})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR}/tests OUTPUT_VARIABLE folder)
  string(REGEX REPLACE "/.*" "" folder "${folder}")
  if("concurrent" IN_LIST ARG_LABELS)
    set_property(GLOBAL APPEND PROPERTY A2AKIT_CONCURRENT_TESTS ${name})
  endif()
  # One word, since gtest_discover_tests takes no list for a property: "unit", "unit.concurrent".
  list(PREPEND ARG_LABELS ${folder})
  list(JOIN ARG_LABELS "." labels)
  if(ARG_WHOLE)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS ${labels} SKIP_RETURN_CODE 77)
    return()
  endif()
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS ${labels})
endfunction()
