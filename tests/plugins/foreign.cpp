// Built for another server, as its stamp says; ends the process if it is opened all the same.
#include <ferry/abi.hpp>

#include <cstdlib>

extern "C" FERRY_API __attribute__((used)) const char ferry_plugin_stamp[] =
    "@(#)FERRY-PLUGIN spi=2.7;name=foreign;version=9.9.9;cxx=gcc12;std=202002L;cxx11abi=1;"
    "stl=debug;san=memory;boost=1_99;asiocache=2;moon=full";

namespace {

__attribute__((constructor)) void opened() {
  std::abort();
}

}  // namespace
