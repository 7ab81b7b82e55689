# ferry_add_plugin(NAME SOURCES file… [LIBRARIES target…])
# Builds NAME.so, loadable by `ferry`: hidden symbols but the stamp and the manifest, every symbol
# resolved at load, never unmapped (thread-locals and type-erased handlers outlive dlclose).
function(ferry_add_plugin name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LIBRARIES")
  add_library(ferry-plugin-${name} MODULE ${arg_SOURCES})
  set_target_properties(ferry-plugin-${name} PROPERTIES
    OUTPUT_NAME ${name} PREFIX "" SUFFIX ".so"
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  target_link_libraries(ferry-plugin-${name} PRIVATE Ferry::ferry ${arg_LIBRARIES})
  target_link_options(ferry-plugin-${name} PRIVATE -Wl,-z,now -Wl,-z,nodelete)
  if(NOT FERRY_SANITIZE)
    target_link_options(ferry-plugin-${name} PRIVATE -Wl,-z,defs)
  endif()
  # The server refuses plugins that others could write to, which a lax umask would make of these.
  add_custom_command(TARGET ferry-plugin-${name} POST_BUILD
    COMMAND chmod go-w $<TARGET_FILE:ferry-plugin-${name}> $<TARGET_FILE_DIR:ferry-plugin-${name}>)
  if(TARGET ferry_options)
    target_link_libraries(ferry-plugin-${name} PRIVATE ferry_options)
  endif()
endfunction()
