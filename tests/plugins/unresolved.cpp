// Needs a symbol that nobody has.
#include <ferry/plugin.hpp>

extern "C" void ferry_test_nobody_defines_this();

namespace {

__attribute__((constructor)) void call() {
  ferry_test_nobody_defines_this();
}

}  // namespace

extern "C" FERRY_API __attribute__((used)) const char ferry_plugin_stamp[] =
    "@(#)FERRY-PLUGIN spi=" FERRY_STR(FERRY_SPI_MAJOR) "." FERRY_STR(
        FERRY_SPI_MINOR) ";name=unresolved;version=1;" FERRY_ABI_STRING;
