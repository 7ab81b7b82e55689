#include "http/router.hpp"

#include <gtest/gtest.h>

namespace ferry::http {
namespace {

Awaitable<Response> nothing(Request&) {
  co_return Response(204);
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router.add(Method::get, "/livez", nothing);
    router.add(Method::get, "/api/shares/{id}", nothing);
    router.add(Method::del, "/api/shares/{id}", nothing);
    router.add(Method::get, "/api/shares/{id}/files/{index}", nothing);
    router.add(Method::get, "/api/shares/special", nothing);
    router.add(Method::head, "/api/uploads/{id}", nothing);
    router.add(Method::get, "/s/{id}/{name*}", nothing);
    router.add(Method::put, "/{name}", nothing);
    router.add(Method::post, "/api/create", nothing);
    router.add(Method::get, "/", nothing);
  }
  Router::Match find(Method method, const std::string& target) {
    request = Request();
    request.method = method;
    request.target = target;
    return router.find(request);
  }
  Router router;
  Request request;
};

TEST_F(RouterTest, PrefersLiteralsAndFillsParameters) {
  EXPECT_EQ(find(Method::get, "/api/shares/special").label, "/api/shares/special");
  EXPECT_EQ(find(Method::get, "/api/shares/a%2Fb/files/3?x=1").label,
            "/api/shares/{id}/files/{index}");
  EXPECT_EQ(request.param("id"), "a/b");
  EXPECT_EQ(request.param("index"), "3");
  EXPECT_EQ(request.param("none"), "");
}

TEST_F(RouterTest, TakesTheRestOfThePath) {
  EXPECT_EQ(find(Method::get, "/s/x/dir/a%20b.txt").label, "/s/{id}/{name*}");
  EXPECT_EQ(request.param("name"), "dir/a b.txt");
  EXPECT_EQ(find(Method::get, "/s/x/").handler, nullptr);
  EXPECT_EQ(find(Method::get, "/s/x").handler, nullptr);
}

TEST_F(RouterTest, ParametersAreNotEmpty) {
  EXPECT_EQ(find(Method::get, "/api/shares/").handler, nullptr);
  EXPECT_EQ(find(Method::put, "/").handler, nullptr);
  EXPECT_EQ(find(Method::get, "/").label, "/");
}

TEST_F(RouterTest, HeadFallsBackToGet) {
  EXPECT_NE(find(Method::head, "/livez").handler, nullptr);
  EXPECT_EQ(find(Method::head, "/api/uploads/x").label, "/api/uploads/{id}");
  EXPECT_EQ(find(Method::get, "/api/uploads/x").handler, nullptr);
}

TEST_F(RouterTest, NamesTheMethodsThatThePathHas) {
  const auto match = find(Method::post, "/api/shares/x");
  EXPECT_EQ(match.handler, nullptr);
  EXPECT_EQ(match.label, "unmatched");
  EXPECT_EQ(match.allowed, (std::vector{Method::get, Method::head, Method::del}));
  EXPECT_TRUE(find(Method::get, "/nothing/here").allowed.empty());
}

TEST_F(RouterTest, TheFallbackAnswersReadsOfWhatNoRouteKnows) {
  router.fallback(nothing);
  EXPECT_EQ(find(Method::get, "/app.js").label, "static");  // PUT /{name} does not shadow it
  EXPECT_EQ(find(Method::head, "/assets/x.js").label, "static");
  EXPECT_EQ(find(Method::post, "/assets/x.js").handler, nullptr);
  // A route's own path says 405 rather than looking for a file.
  EXPECT_EQ(find(Method::get, "/api/create").handler, nullptr);
  EXPECT_EQ(find(Method::get, "/api/create").allowed, (std::vector{Method::post}));
}

}  // namespace
}  // namespace ferry::http
