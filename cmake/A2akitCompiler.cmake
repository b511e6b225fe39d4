# Chooses the compiler, before project(), where nobody else has: GCC before 14 miscompiles coroutines, so clang 19 is the
# default where the system's own compiler is such a GCC (Debian 12). An explicit CXX or CMAKE_CXX_COMPILER always wins;
# include/a2akit/core/compiler.hpp then refuses what is known to be wrong.

if(NOT CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX} AND NOT CMAKE_TOOLCHAIN_FILE)
  execute_process(COMMAND c++ -dM -E -x c++ /dev/null OUTPUT_VARIABLE macros ERROR_QUIET)
  string(REGEX MATCH "#define __GNUC__ ([0-9]+)" found "${macros}")
  set(gcc_version "${CMAKE_MATCH_1}")
  if(NOT found OR (NOT macros MATCHES "#define __clang__" AND gcc_version LESS 14))
    find_program(A2AKIT_CLANG NAMES clang++-19 clang++-20 clang++-21)
    if(A2AKIT_CLANG)
      set(CMAKE_CXX_COMPILER ${A2AKIT_CLANG})
    endif()
  endif()
endif()
