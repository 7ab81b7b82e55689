#include "http/origin.hpp"

#include <gtest/gtest.h>

using ferry::http::origin_allowed;
using ferry::http::Request;

namespace {

bool allowed(const std::string& host, const std::string& origin) {
  Request request;
  request.host = host;
  request.headers.emplace_back("origin", origin);
  return origin_allowed(request, {"https://share.example.org"});
}

}  // namespace

TEST(Origin, ARequestOfNoPagePasses) {
  Request request;
  request.host = "ferry.example.org";
  EXPECT_TRUE(origin_allowed(request, {}));
}

TEST(Origin, ThePagesOwnHostPasses) {
  EXPECT_TRUE(allowed("ferry.example.org", "https://ferry.example.org"));
  EXPECT_TRUE(allowed("ferry.example.org", "http://ferry.example.org"));
  EXPECT_TRUE(allowed("Ferry.example.org:443", "https://ferry.Example.org"));
  EXPECT_TRUE(allowed("127.0.0.1:8080", "http://127.0.0.1:8080"));
  EXPECT_TRUE(allowed("[::1]:8080", "http://[::1]:8080"));
}

TEST(Origin, AListedOriginPasses) {
  EXPECT_TRUE(allowed("ferry.example.org", "https://share.example.org"));
  EXPECT_FALSE(allowed("ferry.example.org", "http://share.example.org"));
}

TEST(Origin, OtherPagesDoNot) {
  for (const char* origin :
       {"null", "", "https://", "ferry.example.org", "https://evil.example.org",
        "https://ferry.example.org.evil.org", "https://ferry.example.org:8443",
        "http://ferry.example.org:443", "ftp://ferry.example.org",
        "https://evil.org/ferry.example.org", "https://x@ferry.example.org"}) {
    EXPECT_FALSE(allowed("ferry.example.org", origin)) << origin;
  }
}
