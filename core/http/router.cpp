#include "http/router.hpp"

#include "base/encoding.hpp"

#include <algorithm>

namespace ferry::http {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> out;
  if (path.starts_with('/')) {
    path.remove_prefix(1);
  }
  for (;;) {
    const auto slash = path.find('/');
    out.emplace_back(path.substr(0, slash));
    if (slash == std::string_view::npos) {
      return out;
    }
    path.remove_prefix(slash + 1);
  }
}

/// Segments of a request, decoded one by one, so that an encoded slash does not part them.
std::vector<std::string> segments_of(const Request& request) {
  if (request.target.empty()) {
    return split(request.path);
  }
  auto out = split(std::string_view(request.target).substr(0, request.target.find('?')));
  for (auto& segment : out) {
    if (segment.find('%') != std::string::npos) {
      if (auto decoded = percent_decode(segment)) {
        segment = std::move(*decoded);
      }
    }
  }
  return out;
}

bool is_param(std::string_view segment) noexcept {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool is_rest(std::string_view segment) noexcept {
  return is_param(segment) && segment[segment.size() - 2] == '*';
}

bool matches(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_rest(pattern[i])) {
      return i < path.size() && !(i + 1 == path.size() && path[i].empty());
    }
    if (i >= path.size() || (is_param(pattern[i]) ? path[i].empty() : pattern[i] != path[i])) {
      return false;
    }
  }
  return pattern.size() == path.size();
}

/// 0 literal, 1 parameter, 2 rest: the smaller sequence is the better match.
int rank(std::string_view segment) noexcept {
  return is_rest(segment) ? 2 : is_param(segment) ? 1 : 0;
}

bool better(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::lexicographical_compare(
      a.begin(), a.end(), b.begin(), b.end(),
      [](const std::string& x, const std::string& y) { return rank(x) < rank(y); });
}

void fill(const std::vector<std::string>& pattern, std::vector<std::string>& path,
          std::vector<std::pair<std::string, std::string>>& params) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_rest(pattern[i])) {
      std::string rest = std::move(path[i]);
      for (std::size_t k = i + 1; k < path.size(); ++k) {
        rest += '/';
        rest += path[k];
      }
      params.emplace_back(pattern[i].substr(1, pattern[i].size() - 3), std::move(rest));
    } else if (is_param(pattern[i])) {
      params.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), std::move(path[i]));
    }
  }
}

}  // namespace

void Router::add(Method method, std::string pattern, Handler handler) {
  auto segments = split(pattern);
  routes_.push_back({method, std::move(pattern), std::move(segments), std::move(handler)});
}

void Router::fallback(Handler handler) {
  fallback_ = std::move(handler);
}

Router::Match Router::find(Request& request) const {
  Match out;
  out.label = "unmatched";
  auto path = segments_of(request);
  const bool reads = request.method == Method::get || request.method == Method::head;
  const Route* best = nullptr;
  bool literal = false;  // a pattern that starts with this very word knows the path
  for (const auto& route : routes_) {
    if (!matches(route.segments, path)) {
      continue;
    }
    const bool exact = route.method == request.method;
    if (exact || (request.method == Method::head && route.method == Method::get)) {
      const bool first = best == nullptr || better(route.segments, best->segments);
      const bool same = best != nullptr && !better(best->segments, route.segments);
      if (first || (same && exact && best->method != request.method)) {
        best = &route;
      }
      continue;
    }
    literal = literal || !is_param(route.segments.front());
    out.allowed.push_back(route.method);
  }
  if (best != nullptr) {
    out.allowed.clear();
    request.params.clear();
    fill(best->segments, path, request.params);
    out.handler = &best->handler;
    out.label = best->pattern;
    return out;
  }
  if (fallback_ && reads && !literal) {
    out.allowed.clear();
    out.handler = &fallback_;
    out.label = "static";
    return out;
  }
  if (std::find(out.allowed.begin(), out.allowed.end(), Method::get) != out.allowed.end()) {
    out.allowed.push_back(Method::head);
  }
  std::sort(out.allowed.begin(), out.allowed.end());
  out.allowed.erase(std::unique(out.allowed.begin(), out.allowed.end()), out.allowed.end());
  return out;
}

}  // namespace ferry::http
