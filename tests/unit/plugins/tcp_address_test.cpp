#include "tcp/address.hpp"

#include <gtest/gtest.h>

namespace ferry::tcp {
namespace {

TEST(TcpAddress, RoundTrips) {
  for (const char* text : {"127.0.0.1:8080", "0.0.0.0:0", "[::1]:443", "[::]:65535"}) {
    const auto endpoint = parse_address(text);
    ASSERT_TRUE(endpoint) << endpoint.error().detail;
    EXPECT_EQ(to_text(*endpoint), text);
  }
}

TEST(TcpAddress, SaysWhatIsWrong) {
  struct Wrong {
    const char* text;
    const char* why;
  };
  for (const auto& w : {Wrong{"", "port is missing"},
                        {"8080", "port is missing"},
                        {"127.0.0.1:", "from 0 to 65535"},
                        {"127.0.0.1:65536", "from 0 to 65535"},
                        {"127.0.0.1:-1", "from 0 to 65535"},
                        {"127.0.0.1:80x", "from 0 to 65535"},
                        {"localhost:80", "not looked up"},
                        {":8080", "write"},
                        {"::1:80", "brackets"},
                        {"[127.0.0.1]:80", "brackets"},
                        {"[]:80", "write"},
                        {"256.0.0.1:80", "write"}}) {
    const auto endpoint = parse_address(w.text);
    ASSERT_FALSE(endpoint) << w.text;
    EXPECT_NE(endpoint.error().detail.find(w.why), std::string::npos) << endpoint.error().detail;
  }
}

}  // namespace
}  // namespace ferry::tcp
