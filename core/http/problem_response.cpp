#include "http/problem_response.hpp"

#include "base/json.hpp"

namespace ferry::http {

Response problem_response(const Request& request, const Problem& problem) {
  const auto& about = info(problem.type);
  json::object o;
  o["type"] = "urn:ferry:problem:" + std::string(about.slug);
  o["title"] = about.title;
  o["status"] = about.status;
  if (!problem.detail.empty()) {
    o["detail"] = problem.detail;
  }
  o["instance"] = "urn:request:" + request.id;
  if (problem.retry_after) {
    o["retry_after"] = problem.retry_after->count();
  }
  auto text = json::serialize(o);
  text.pop_back();
  for (const auto& [name, value] : problem.extra) {
    text += ',';
    text += json::serialize(json::value(name));
    text += ':';
    text += value;
  }
  text += '}';

  Response r(about.status);
  r.set("Content-Type", "application/problem+json");
  r.set("Cache-Control", "no-store");
  if (problem.retry_after) {
    r.set("Retry-After", std::to_string(problem.retry_after->count()));
  }
  if (about.status == 401) {
    r.set("WWW-Authenticate", "Bearer");
  }
  r.body = std::move(text);
  return r;
}

}  // namespace ferry::http
