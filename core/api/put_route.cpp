#include "api/put_route.hpp"

#include "base/encoding.hpp"
#include "http/problem_response.hpp"
#include "shares/file_facts.hpp"
#include "shares/tus_headers.hpp"

#include <string>

namespace ferry::api {
namespace {

using shares::ShareService;
using shares::UploadService;

http::Response link_response(const http::Request& request, const std::string& share,
                             const std::string& name) {
  const auto path = "/s/" + share + "/" + percent_encode(name);
  const auto link = (request.secure ? "https://" : "http://") + request.host + path;
  auto response = http::Response::text(201, link + "\n");
  response.set("Location", link);
  response.set("Cache-Control", "no-store");
  return response;
}

Awaitable<http::Response> put(UploadService& uploads, ShareService& shares, Admission& admission,
                              http::Request& request) {
  const auto name = shares::clean_name(request.param("name"));
  if (!name) {
    co_return http::problem_response(
        request,
        Problem(ProblemType::invalid_request, "The name must be UTF-8 of 1 to 1024 bytes."));
  }
  if (request.has("content-range")) {
    // RFC 9110 §14.5: a part must not be stored as if it were the whole.
    co_return http::problem_response(
        request, Problem(ProblemType::invalid_request,
                         "Content-Range is not supported here; use /api/uploads to resume."));
  }
  const auto admitted = co_await admission.admit(request, "share_create");
  if (!admitted) {
    co_return admission.refusal(request, "share_create", admitted.error());
  }
  const auto length = request.body->length();
  auto created = co_await uploads.create(length, {});
  if (!created) {
    co_return http::problem_response(request, created.error());
  }
  auto progress = std::move(created->progress);
  if (!progress.complete) {
    shares::AppendRequest append;
    append.body_length = length;
    append.last = true;
    auto appended = co_await uploads.append(created->id, append,
                                            [body = request.body] { return body->read(); });
    std::optional<Problem> problem;
    if (!appended) {
      problem = appended.error();
    } else if (appended->stopped) {
      problem = appended->stopped;
    } else if (!appended->complete) {
      problem = Problem(ProblemType::malformed_request, "The body ended early.");
    }
    if (problem) {
      // Nobody knows the upload's id, so nobody can go on with it. If this fails, it expires.
      (void)co_await uploads.terminate(created->id);
      auto response = http::problem_response(request, *problem);
      response.close = true;
      co_return response;
    }
  }
  shares::NewFile file;
  file.upload = created->id;
  file.token = created->token;
  file.name = *name;
  file.type = std::string(request.header("content-type"));
  std::vector<shares::NewFile> files;
  files.push_back(std::move(file));
  const auto share = co_await shares.create(std::move(files), std::nullopt);
  if (!share) {
    co_return http::problem_response(request, share.error());
  }
  auto response = link_response(request, share->id, *name);
  admission.stamp(response, "share_create", *admitted);
  co_return response;
}

}  // namespace

void add_put_route(http::Router& router, UploadService& uploads, ShareService& shares,
                   Admission& admission) {
  router.add(http::Method::put, "/{name}", [&uploads, &shares, &admission](http::Request& request) {
    return put(uploads, shares, admission, request);
  });
}

}  // namespace ferry::api
