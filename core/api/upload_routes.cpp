#include "api/upload_routes.hpp"

#include "http/problem_response.hpp"
#include "shares/file_facts.hpp"
#include "shares/tus_headers.hpp"

#include <string>

namespace ferry::api {
namespace {

using shares::AppendRequest;
using shares::UploadProgress;
using shares::UploadService;

/// What every answer of the protocol carries.
http::Response tus(http::Response response) {
  response.set("Tus-Resumable", std::string(shares::kTusVersion));
  response.set("Cache-Control", "no-store");
  return response;
}

http::Response refuse(const UploadService& uploads, const http::Request& request,
                      const Problem& problem) {
  auto response = tus(http::problem_response(request, problem));
  if (problem.type == ProblemType::tus_version) {
    response.set("Tus-Version", std::string(shares::kTusVersion));
  }
  if (problem.type == ProblemType::too_large && uploads.max_bytes() != 0) {
    response.set("Tus-Max-Size", std::to_string(uploads.max_bytes()));
  }
  return response;
}

std::optional<Problem> wrong_version(const http::Request& request) {
  if (request.header("tus-resumable") == shares::kTusVersion) {
    return std::nullopt;
  }
  return Problem(ProblemType::tus_version, "Send Tus-Resumable: 1.0.0.");
}

std::optional<Problem> wrong_media_type(const http::Request& request) {
  if (shares::is_offset_media_type(request.header("content-type"))) {
    return std::nullopt;
  }
  return Problem(ProblemType::bad_encoding,
                 "Content-Type must be " + std::string(shares::kOffsetMediaType) + ".");
}

void describe(http::Response& response, const UploadProgress& progress) {
  response.set("Upload-Offset", std::to_string(progress.offset));
  if (progress.expires) {
    response.set("Upload-Expires", shares::format_expires(*progress.expires));
  }
}

shares::Source source_of(http::Request& request) {
  return [body = request.body] { return body->read(); };
}

http::Response options(const UploadService& uploads) {
  http::Response response(204);
  response.set("Tus-Version", std::string(shares::kTusVersion));
  response.set("Tus-Extension", std::string(shares::kTusExtensions));
  if (uploads.max_bytes() != 0) {
    response.set("Tus-Max-Size", std::to_string(uploads.max_bytes()));
  }
  return tus(std::move(response));
}

Awaitable<http::Response> create(UploadService& uploads, Admission& admission,
                                 http::Request& request) {
  if (auto wrong = wrong_version(request)) {
    co_return refuse(uploads, request, *wrong);
  }
  const auto length = shares::parse_declared_length(request.header("upload-length"),
                                                    request.header("upload-defer-length"));
  if (!length) {
    co_return refuse(uploads, request, length.error());
  }
  const std::string metadata(request.header("upload-metadata"));
  if (const auto parsed = shares::parse_metadata(metadata); !parsed) {
    co_return refuse(uploads, request, parsed.error());
  }
  const auto body_length = request.body->length();
  const bool with_upload = body_length != 0U;
  if (with_upload) {
    if (auto wrong = wrong_media_type(request)) {
      co_return refuse(uploads, request, *wrong);
    }
    if (*length && body_length && *body_length > **length) {
      co_return refuse(uploads, request, Problem(ProblemType::inconsistent_upload_length));
    }
  }
  const auto admitted = co_await admission.admit(request, "upload_create");
  if (!admitted) {
    co_return tus(admission.refusal(request, "upload_create", admitted.error()));
  }
  auto created = co_await uploads.create(*length, metadata);
  if (!created) {
    co_return refuse(uploads, request, created.error());
  }
  http::Response response(201);
  if (with_upload) {
    AppendRequest append;
    append.body_length = body_length;
    auto progress = co_await uploads.append(created->id, append, source_of(request));
    if (!progress) {
      (void)co_await uploads.terminate(created->id);
      co_return refuse(uploads, request, progress.error());
    }
    // The upload exists, whatever became of the body: the client goes on from the offset.
    response.close = progress->stopped.has_value();
    created->progress = std::move(*progress);
  }
  response.set("Location", "/api/uploads/" + created->id);
  response.set("Upload-Token", created->token);
  describe(response, created->progress);
  admission.stamp(response, "upload_create", *admitted);
  co_return tus(std::move(response));
}

Awaitable<http::Response> head(UploadService& uploads, http::Request& request) {
  if (auto wrong = wrong_version(request)) {
    co_return refuse(uploads, request, *wrong);
  }
  const auto progress = co_await uploads.head(std::string(request.param("id")));
  if (!progress) {
    co_return refuse(uploads, request, progress.error());
  }
  http::Response response(200);
  describe(response, *progress);
  if (progress->length) {
    response.set("Upload-Length", std::to_string(*progress->length));
  } else {
    response.set("Upload-Defer-Length", "1");
  }
  if (!progress->metadata.empty()) {
    response.set("Upload-Metadata", progress->metadata);
  }
  co_return tus(std::move(response));
}

Awaitable<http::Response> patch(UploadService& uploads, http::Request& request) {
  if (auto wrong = wrong_version(request)) {
    co_return refuse(uploads, request, *wrong);
  }
  if (auto wrong = wrong_media_type(request)) {
    co_return refuse(uploads, request, *wrong);
  }
  const auto offset = shares::parse_byte_count(request.header("upload-offset"));
  if (!offset) {
    co_return refuse(uploads, request,
                     Problem(ProblemType::invalid_request,
                             "Upload-Offset must be a number of bytes below 2^53"));
  }
  AppendRequest append;
  append.offset = *offset;
  append.body_length = request.body->length();
  if (request.has("upload-length")) {
    append.length = shares::parse_byte_count(request.header("upload-length"));
    if (!append.length) {
      co_return refuse(uploads, request,
                       Problem(ProblemType::invalid_request,
                               "Upload-Length must be a number of bytes below 2^53"));
    }
  }
  const auto progress =
      co_await uploads.append(std::string(request.param("id")), append, source_of(request));
  if (!progress) {
    co_return refuse(uploads, request, progress.error());
  }
  if (progress->stopped) {
    auto response = refuse(uploads, request, *progress->stopped);
    describe(response, *progress);
    response.close = true;
    co_return response;
  }
  http::Response response(204);
  describe(response, *progress);
  co_return tus(std::move(response));
}

Awaitable<http::Response> terminate(UploadService& uploads, http::Request& request) {
  if (auto wrong = wrong_version(request)) {
    co_return refuse(uploads, request, *wrong);
  }
  const auto done = co_await uploads.terminate(std::string(request.param("id")));
  if (!done) {
    co_return refuse(uploads, request, done.error());
  }
  co_return tus(http::Response(204));
}

/// For clients behind something that knows only GET and POST.
Awaitable<http::Response> overridden(UploadService& uploads, http::Request& request) {
  const auto method = request.header("x-http-method-override");
  if (method == "PATCH") {
    co_return co_await patch(uploads, request);
  }
  if (method == "DELETE") {
    co_return co_await terminate(uploads, request);
  }
  auto response = refuse(uploads, request, Problem(ProblemType::method_not_allowed));
  response.set("Allow", "HEAD, PATCH, DELETE, OPTIONS");
  co_return response;
}

}  // namespace

void add_upload_routes(http::Router& router, UploadService& uploads, Admission& admission) {
  using http::Method;
  constexpr std::string_view collection = "/api/uploads";
  constexpr std::string_view item = "/api/uploads/{id}";

  const auto answer_options = [&uploads](http::Request&) -> Awaitable<http::Response> {
    co_return options(uploads);
  };
  router.add(Method::options, std::string(collection), answer_options);
  router.add(Method::options, std::string(item), answer_options);
  router.add(Method::post, std::string(collection), [&uploads, &admission](http::Request& request) {
    return create(uploads, admission, request);
  });

  // Ids that random_id() did not make never reach the store.
  const auto add = [&](Method method,
                       Awaitable<http::Response> (*handler)(UploadService&, http::Request&)) {
    router.add(method, std::string(item),
               [&uploads, handler](http::Request& request) -> Awaitable<http::Response> {
                 if (!shares::is_id(request.param("id"))) {
                   co_return refuse(uploads, request, Problem(ProblemType::not_found));
                 }
                 co_return co_await handler(uploads, request);
               });
  };
  add(Method::head, head);
  add(Method::patch, patch);
  add(Method::del, terminate);
  add(Method::post, overridden);
}

}  // namespace ferry::api
