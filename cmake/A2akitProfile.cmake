# What scripts/package builds the `a2akit` executable with; both need clang.
#
#   A2AKIT_LTO=ON            optimizes across files when a program is linked (ThinLTO, by lld)
#   A2AKIT_PROFILE=generate  programs count what they do and write it down when they exit
#   A2AKIT_PROFILE=FILE      optimizes for what FILE, merged by llvm-profdata, says that they do
#
# Neither is for the library that other programs link: its objects would suit one version of one compiler.

option(A2AKIT_LTO "Optimize across files when linking (clang and lld)" OFF)
set(A2AKIT_PROFILE "" CACHE STRING "\"generate\" counts what programs do, a file of counts optimizes for it (clang)")

if((A2AKIT_LTO OR A2AKIT_PROFILE) AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  message(FATAL_ERROR "A2AKIT_LTO and A2AKIT_PROFILE need clang, and the compiler is ${CMAKE_CXX_COMPILER_ID}")
endif()

if(A2AKIT_LTO)
  string(REGEX MATCH "^[0-9]+" clang_major "${CMAKE_CXX_COMPILER_VERSION}")
  find_program(A2AKIT_LLD NAMES ld.lld-${clang_major} ld.lld)
  if(NOT A2AKIT_LLD)
    message(FATAL_ERROR "A2AKIT_LTO needs lld (Debian: lld-${clang_major})")
  endif()
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
  add_link_options(-fuse-ld=lld)
endif()

if(A2AKIT_PROFILE STREQUAL "generate")
  target_compile_options(a2akit_flags INTERFACE -fprofile-generate -fprofile-update=atomic)
  add_link_options(-fprofile-generate)
elseif(A2AKIT_PROFILE)
  if(NOT EXISTS "${A2AKIT_PROFILE}")
    message(FATAL_ERROR "A2AKIT_PROFILE has to be \"generate\" or a file; there is no ${A2AKIT_PROFILE}")
  endif()
  # Each program has a main() and static initializers of its own; clang warns that they are not those of the profile.
  target_compile_options(a2akit_flags INTERFACE -Wno-backend-plugin)
  # What training does not reach would be taken for code that never runs, and be made small instead of fast.
  target_compile_options(a2akit_flags INTERFACE
    "$<$<NOT:$<BOOL:$<TARGET_PROPERTY:A2AKIT_UNTRAINED>>>:-fprofile-use=${A2AKIT_PROFILE}>")
endif()
