#include "api/share_routes.hpp"

#include "api/request_body.hpp"
#include "base/encoding.hpp"
#include "base/time.hpp"
#include "http/blob_response.hpp"
#include "http/problem_response.hpp"
#include "http/range.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>

namespace ferry::api {
namespace {

using shares::NewFile;
using shares::ShareFile;
using shares::ShareRecord;
using shares::ShareService;
using shares::ShareTicket;

/// Room for the largest list of files, names and tokens included.
constexpr std::size_t kMaxBody = 1024 * 1024;
constexpr json::Limits kBodyLimits{8, 8192};

struct DownloadMetrics {
  explicit DownloadMetrics(Metrics& m)
      : full(answers(m, "full")),
        partial(answers(m, "partial")),
        unchanged(answers(m, "unchanged")),
        refused(answers(m, "refused")),
        failed(answers(m, "failed")),
        bytes(m.counter("ferry_download_bytes_total",
                        "Bytes of stored files that answers began to send.")) {}

  static Counter& answers(Metrics& m, const char* result) {
    return m.counter("ferry_downloads_total", "Answers to requests for stored files.",
                     {{"result", result}});
  }

  Counter& full;
  Counter& partial;
  Counter& unchanged;
  Counter& refused;
  Counter& failed;
  Counter& bytes;
};

struct Routes {
  ShareService& shares;
  BlobStore& blobs;
  Admission& admission;
  Logger& log;
  DownloadMetrics metrics;
};
using RoutesPtr = std::shared_ptr<Routes>;

struct ShareRequest {
  std::optional<std::vector<NewFile>> files;
  std::optional<std::chrono::seconds> life;
};

Problem invalid(std::string detail) {
  return Problem(ProblemType::invalid_request, std::move(detail));
}

Outcome<NewFile> parse_file(const json::value& value, std::size_t index) {
  const auto where = "files[" + std::to_string(index) + "]";
  const auto* o = value.if_object();
  if (o == nullptr) {
    return invalid(where + " must be an object");
  }
  const auto upload = json::string_member(*o, "upload");
  const auto token = json::string_member(*o, "token");
  const auto name = json::string_member(*o, "name");
  if (!upload || !token || !name) {
    return invalid(where + " needs the strings upload, token and name");
  }
  const auto optional_string = [o](std::string_view key) -> std::optional<std::string> {
    const auto* member = o->if_contains(key);
    if (member == nullptr || member->is_null()) {
      return std::string();
    }
    return json::string_member(*o, key);
  };
  const auto type = optional_string("type");
  const auto sha256 = optional_string("sha256");
  if (!type || !sha256) {
    return invalid(where + ": type and sha256 must be strings");
  }
  NewFile file;
  file.upload = *upload;
  file.token = *token;
  file.name = *name;
  file.type = *type;
  file.sha256 = *sha256;
  return file;
}

Outcome<ShareRequest> parse_share_request(const json::object& o) {
  ShareRequest out;
  if (o.contains("expires_in")) {
    const auto seconds = json::integer_member(o, "expires_in");
    if (!seconds) {
      return invalid("expires_in must be a whole number of seconds");
    }
    out.life = std::chrono::seconds(*seconds);
  }
  if (const auto* member = o.if_contains("files")) {
    const auto* list = member->if_array();
    if (list == nullptr) {
      return invalid("files must be an array");
    }
    auto& files = out.files.emplace();
    for (std::size_t i = 0; i < list->size(); ++i) {
      auto file = parse_file(list->at(i), i);
      if (!file) {
        return file.error();
      }
      files.push_back(std::move(*file));
    }
  }
  return out;
}

http::Response json_response(unsigned status, const json::object& body) {
  auto response = http::Response::json(status, json::serialize(body));
  response.set("Cache-Control", "no-store");
  return response;
}

std::string_view state_name(shares::ShareState state) {
  return state == shares::ShareState::ready ? "ready" : "open";
}

http::Response ticket_response(unsigned status, const ShareTicket& ticket) {
  json::object out;
  out["id"] = ticket.id;
  out["url"] = "/s/" + ticket.id;
  out["owner_token"] = ticket.owner_token;
  out["state"] = state_name(ticket.state);
  out["expires_at"] = rfc3339(ticket.expires);
  return json_response(status, out);
}

Awaitable<http::Response> create(RoutesPtr routes, http::Request& request) {
  const auto admitted = co_await routes->admission.admit(request, "share_create");
  if (!admitted) {
    co_return routes->admission.refusal(request, "share_create", admitted.error());
  }
  const auto body = co_await read_json(request, kMaxBody, kBodyLimits);
  if (!body) {
    co_return http::problem_response(request, body.error());
  }
  auto wanted = parse_share_request(*body);
  if (!wanted) {
    co_return http::problem_response(request, wanted.error());
  }
  auto ticket = Outcome<ShareTicket>(Problem());
  if (wanted->files) {
    ticket = co_await routes->shares.create(std::move(*wanted->files), wanted->life);
  } else {
    ticket = co_await routes->shares.open(wanted->life);
  }
  if (!ticket) {
    co_return http::problem_response(request, ticket.error());
  }
  auto response = ticket_response(201, *ticket);
  routes->admission.stamp(response, "share_create", *admitted);
  co_return response;
}

Awaitable<http::Response> complete(RoutesPtr routes, http::Request& request) {
  const auto body = co_await read_json(request, kMaxBody, kBodyLimits);
  if (!body) {
    co_return http::problem_response(request, body.error());
  }
  auto wanted = parse_share_request(*body);
  if (!wanted) {
    co_return http::problem_response(request, wanted.error());
  }
  if (!wanted->files) {
    co_return http::problem_response(request, invalid("files is missing"));
  }
  const auto ticket = co_await routes->shares.complete(std::string(request.param("id")),
                                                       std::string(request.bearer()),
                                                       std::move(*wanted->files), wanted->life);
  if (!ticket) {
    co_return http::problem_response(request, ticket.error());
  }
  co_return ticket_response(200, *ticket);
}

Awaitable<http::Response> get(RoutesPtr routes, http::Request& request) {
  const std::string id(request.param("id"));
  const auto share = co_await routes->shares.get(id);
  if (!share) {
    co_return http::problem_response(request, share.error());
  }
  json::array files;
  std::uint64_t size = 0;
  for (std::size_t i = 0; i < share->files.size(); ++i) {
    const auto& file = share->files[i];
    json::object f;
    f["index"] = i;
    f["name"] = file.name;
    f["size"] = file.size;
    f["type"] = file.type;
    if (file.sha256.empty()) {
      f["sha256"] = nullptr;
    } else {
      f["sha256"] = file.sha256;
    }
    f["url"] = "/api/shares/" + id + "/files/" + std::to_string(i);
    files.push_back(std::move(f));
    size += file.size;
  }
  json::object out;
  out["id"] = id;
  out["state"] = state_name(share->state);
  out["expires_at"] = rfc3339(share->expires);
  out["size"] = size;
  out["files"] = std::move(files);
  co_return json_response(200, out);
}

Awaitable<http::Response> remove(RoutesPtr routes, http::Request& request) {
  const auto done = co_await routes->shares.remove(std::string(request.param("id")),
                                                   std::string(request.bearer()));
  if (!done) {
    co_return http::problem_response(request, done.error());
  }
  http::Response response(204);
  response.set("Cache-Control", "no-store");
  co_return response;
}

/// RFC 9530: sha-256=:<base64>:
std::string repr_digest(const std::string& sha256_hex) {
  const auto bytes = hex_decode(sha256_hex);
  return bytes ? "sha-256=:" + base64(*bytes) + ":" : std::string();
}

Awaitable<http::Response> download(RoutesPtr routes, http::Request& request, ShareFile file,
                                   WallTime created) {
  http::BlobMeta meta;
  meta.name = file.name;
  meta.type = file.type;
  meta.size = file.size;
  // A blob never changes, so its key names its bytes; hashed, because keys are our own business.
  meta.etag = http::strong_etag(hex(ByteView(sha256(as_bytes(file.blob))).first(12)));
  meta.last_modified = created;
  if (!file.sha256.empty()) {
    meta.repr_digest = repr_digest(file.sha256);
  }
  auto& metrics = routes->metrics;
  Error error;
  auto response = co_await http::blob_response(request, routes->blobs, BlobKey(file.blob),
                                               std::move(meta), &error);
  if (response.status >= 500 || response.status == 404) {
    metrics.failed.add();
    routes->log.error(
        "a stored file cannot be opened",
        {{"blob", file.blob}, {"error", name_of(error.code)}, {"reason", error.detail}});
  } else if (response.status >= 400) {
    metrics.refused.add();
  } else if (response.status == 304) {
    metrics.unchanged.add();
  } else {
    (response.status == 206 ? metrics.partial : metrics.full).add();
  }
  if (const auto* blob = std::get_if<http::BlobBody>(&response.body); blob && blob->reader) {
    metrics.bytes.add(blob->reader->remaining());
  }
  co_return response;
}

Awaitable<http::Response> download_by_index(RoutesPtr routes, http::Request& request) {
  auto share = co_await routes->shares.get(std::string(request.param("id")));
  if (!share) {
    co_return http::problem_response(request, share.error());
  }
  const auto text = request.param("index");
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  const bool number = error == std::errc() && end == text.data() + text.size();
  if (!number || index >= share->files.size()) {
    co_return http::problem_response(request, Problem(ProblemType::not_found));
  }
  co_return co_await download(std::move(routes), request, std::move(share->files[index]),
                              share->created);
}

Awaitable<http::Response> download_by_name(RoutesPtr routes, http::Request& request) {
  auto share = co_await routes->shares.get(std::string(request.param("id")));
  if (!share) {
    co_return http::problem_response(request, share.error());
  }
  const auto file = std::ranges::find(share->files, request.param("name"), &ShareFile::name);
  if (file == share->files.end()) {
    co_return http::problem_response(request, Problem(ProblemType::not_found));
  }
  co_return co_await download(std::move(routes), request, std::move(*file), share->created);
}

}  // namespace

void add_share_routes(http::Router& router, ShareService& shares, BlobStore& blobs,
                      Admission& admission, Logger& log, Metrics& metrics) {
  using http::Method;
  const auto routes =
      std::make_shared<Routes>(Routes{shares, blobs, admission, log, DownloadMetrics(metrics)});
  const auto add = [&](Method method, const char* pattern,
                       Awaitable<http::Response> (*handler)(RoutesPtr, http::Request&)) {
    router.add(method, pattern,
               [routes, handler](http::Request& request) { return handler(routes, request); });
  };
  add(Method::post, "/api/shares", create);
  add(Method::post, "/api/shares/{id}/complete", complete);
  add(Method::get, "/api/shares/{id}", get);
  add(Method::del, "/api/shares/{id}", remove);
  add(Method::get, "/api/shares/{id}/files/{index}", download_by_index);
  add(Method::get, "/s/{id}/{name*}", download_by_name);
}

}  // namespace ferry::api
