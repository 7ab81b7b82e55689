#include "api/openapi_route.hpp"

#include <memory>
#include <string>

namespace ferry::api {

void add_openapi_route(http::Router& router) {
  const auto text = std::make_shared<const std::string>(openapi_text());
  router.add(http::Method::get, "/api/openapi.yaml",
             [text](http::Request&) -> Awaitable<http::Response> {
               http::Response response(200);
               response.set("Content-Type", "application/yaml");
               response.set("Cache-Control", "no-cache");
               response.body = text;
               co_return response;
             });
}

}  // namespace ferry::api
