#pragma once
#include "http/message.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ferry::http {

/// Maps method and path to a handler. Filled once before the server starts, then read from every
/// loop. Patterns are "/api/shares/{id}/files/{index}": a `{name}` matches one whole non-empty
/// segment, `{name*}` as last segment matches the rest. Literal segments win over parameters.
class Router {
 public:
  /// `label` is the route's name in metrics and logs (by default the pattern).
  void add(Method method, std::string pattern, Handler handler);
  /// Answers what no pattern matches (the web app).
  void fallback(Handler handler);

  struct Match {
    const Handler* handler = nullptr;  ///< null: see `allowed`
    std::string_view label;            ///< the pattern, "static" or "unmatched"
    std::vector<Method> allowed;       ///< methods that the path has, when the method is not one
  };
  /// HEAD falls back to GET. Fills request.params.
  Match find(Request& request) const;

 private:
  struct Route {
    Method method;
    std::string pattern;
    std::vector<std::string> segments;
    Handler handler;
  };
  std::vector<Route> routes_;
  Handler fallback_;
};

}  // namespace ferry::http
