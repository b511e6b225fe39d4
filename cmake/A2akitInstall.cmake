# What `cmake --install` puts in place: the library, its headers, the executable with its manual page and
# completions, and the package that find_package(a2akit) finds. `--component program`: the executable and what belongs to it.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS a2akit EXPORT a2akitTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/a2akit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET a2akit_cli)
  install(TARGETS a2akit_cli RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
  # The executable writes its manual page and its completions: "words;file;folder below the prefix".
  set(written
    "man\;a2akit.1\;${CMAKE_INSTALL_MANDIR}/man1"
    "completion bash\;a2akit\;${CMAKE_INSTALL_DATADIR}/bash-completion/completions"
    "completion zsh\;_a2akit\;${CMAKE_INSTALL_DATADIR}/zsh/site-functions"
    "completion fish\;a2akit.fish\;${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d")
  foreach(one ${written})
    list(GET one 0 words)
    list(GET one 1 file)
    list(GET one 2 destination)
    separate_arguments(words)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/manual/${file})
    add_custom_command(OUTPUT ${made} DEPENDS a2akit_cli VERBATIM
      COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/manual
      COMMAND $<TARGET_FILE:a2akit_cli> ${words} > ${made})
    list(APPEND manual ${made})
    install(FILES ${made} DESTINATION ${destination} COMPONENT program)
  endforeach()
  add_custom_target(a2akit_manual ALL DEPENDS ${manual})
endif()

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/a2akit)
install(EXPORT a2akitTargets NAMESPACE a2akit:: DESTINATION ${package_folder})
if(A2AKIT_GRPC)
  install(TARGETS a2akit_grpc_client a2akit_grpc EXPORT a2akitGrpcTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT a2akitGrpcTargets NAMESPACE a2akit:: DESTINATION ${package_folder})
endif()
configure_package_config_file(cmake/a2akitConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/a2akitConfig.cmake
  INSTALL_DESTINATION ${package_folder})
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/a2akitConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/a2akitConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/a2akitConfigVersion.cmake
  DESTINATION ${package_folder})
