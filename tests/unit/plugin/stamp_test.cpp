#include "plugin/stamp.hpp"

#include <ferry/abi.hpp>

#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

namespace {

using namespace ferry;
using Strings = std::vector<std::string>;

const std::string kMarker = std::string("@(#)FERRY") + "-PLUGIN ";

std::string with_zero(std::string text) {
  text += '\0';
  return text;
}

TEST(Stamp, IsFoundAnywhereInAFile) {
  const auto stamp = find_stamp(std::string(5000, '\xfe') +
                                with_zero(kMarker + "spi=1.0;name=x;version=2") + "tail");
  ASSERT_TRUE(stamp);
  EXPECT_EQ(stamp->get("spi"), "1.0");
  EXPECT_EQ(stamp->get("name"), "x");
  EXPECT_EQ(stamp->get("version"), "2");
  EXPECT_EQ(stamp->get("other"), "");
}

TEST(Stamp, IsNotMadeOutOfMarkersInOtherText) {
  EXPECT_FALSE(find_stamp(""));
  EXPECT_FALSE(find_stamp(kMarker));
  EXPECT_FALSE(find_stamp(kMarker + "spi=1.0;name=x"));                // no end
  EXPECT_FALSE(find_stamp(with_zero(kMarker + "see the manual")));     // no properties
  EXPECT_FALSE(find_stamp(with_zero(kMarker + "spi=1.0;version=1")));  // no name
  EXPECT_FALSE(find_stamp(with_zero(kMarker + "name=x;\x01=2")));
  EXPECT_FALSE(find_stamp(with_zero(kMarker + "name=" + std::string(2000, 'x'))));
  EXPECT_TRUE(find_stamp(with_zero(kMarker + "see the manual") + with_zero(kMarker + "name=x")));
}

TEST(Stamp, OfThisServerFitsItself) {
  Stamp plugin = own_stamp();
  plugin.properties.emplace_back("name", "x");
  plugin.properties.emplace_back("version", "1");
  EXPECT_EQ(mismatches(plugin, own_stamp()), Strings());
  EXPECT_EQ(own_stamp().get("boost"), BOOST_LIB_VERSION);
}

TEST(Stamp, MismatchesAreListedInWords) {
  const auto server = parse_stamp("spi=1.2;cxx=clang19;san=none;boost=1_81").value();
  const auto plugin =
      parse_stamp("spi=2.0;name=x;version=1;cxx=clang19;san=address;moon=full").value();
  EXPECT_EQ(mismatches(plugin, server),
            (Strings{"spi: the plugin was built for plugin interface 2.0, this server has 1.2",
                     "san: the plugin was built with 'address', this server with 'none'",
                     "boost: the plugin does not say, this server was built with '1_81'",
                     "moon: the plugin was built with 'full', this server does not know that "
                     "property"}));
}

TEST(Stamp, AnOlderMinorInterfaceFits) {
  const auto server = parse_stamp("spi=1.2").value();
  EXPECT_TRUE(mismatches(parse_stamp("spi=1.0").value(), server).empty());
  EXPECT_TRUE(mismatches(parse_stamp("spi=1.2").value(), server).empty());
  EXPECT_EQ(mismatches(parse_stamp("spi=1.3").value(), server).size(), 1u);
  EXPECT_EQ(mismatches(parse_stamp("spi=0.9").value(), server).size(), 1u);
  for (const char* odd :
       {"spi=", "spi=1", "spi=1.", "spi=1.x", "spi=1.0.0", "spi=-1.0", "spi=one"}) {
    EXPECT_EQ(mismatches(parse_stamp(odd).value(), server).size(), 1u) << odd;
  }
}

}  // namespace
