// Has a stamp that fits, and nothing behind it.
#include <ferry/plugin.hpp>

extern "C" FERRY_API __attribute__((used)) const char ferry_plugin_stamp[] =
    "@(#)FERRY-PLUGIN spi=" FERRY_STR(FERRY_SPI_MAJOR) "." FERRY_STR(
        FERRY_SPI_MINOR) ";name=unmanifested;version=1;" FERRY_ABI_STRING;
