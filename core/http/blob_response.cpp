#include "http/blob_response.hpp"

#include "http/content_disposition.hpp"
#include "http/problem_response.hpp"
#include "http/range.hpp"

#include <algorithm>

namespace ferry::http {
namespace {

void set_download_headers(Response& r, const BlobMeta& meta) {
  r.set("Content-Disposition", content_disposition(meta.name));
  r.set("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'");
  r.set("Cross-Origin-Resource-Policy", "same-origin");
  r.set("X-Robots-Tag", "noindex");
}

void set_validators(Response& r, const BlobMeta& meta) {
  r.set("Accept-Ranges", "bytes");
  r.set("Cache-Control", "private, no-store");
  if (!meta.etag.empty()) {
    r.set("ETag", meta.etag);
  }
  if (meta.last_modified) {
    r.set("Last-Modified", http_date(*meta.last_modified));
  }
}

}  // namespace

std::string download_type(std::string_view type) {
  static constexpr std::string_view kPrefixes[] = {"audio/", "video/", "font/"};
  static constexpr std::string_view kExact[] = {"image/png",         "image/jpeg",
                                                "image/gif",         "image/bmp",
                                                "image/webp",        "image/avif",
                                                "text/plain",        "text/csv",
                                                "application/pdf",   "application/zip",
                                                "application/json",  "application/gzip",
                                                "application/x-tar", "application/x-7z-compressed"};
  std::string lower;
  bool good = type.size() <= 100;
  for (const char c : type) {
    lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '/' || c == '.' || c == '+' || c == '-' || c == '_');
  }
  const bool known =
      std::any_of(std::begin(kExact), std::end(kExact), [&](auto e) { return lower == e; }) ||
      std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                  [&](auto p) { return lower.size() > p.size() && lower.starts_with(p); });
  return good && known ? lower : "application/octet-stream";
}

Awaitable<Response> blob_response(const Request& request, BlobStore& store, BlobKey key,
                                  BlobMeta meta, Error* failed) {
  if (!if_match_holds(request.header("if-match"), meta.etag)) {
    co_return problem_response(request, Problem(ProblemType::precondition_failed));
  }
  if (not_modified(request.header("if-none-match"), request.header("if-modified-since"), meta.etag,
                   meta.last_modified)) {
    Response r(304);
    set_validators(r, meta);
    co_return r;
  }
  RangeVerdict range;
  if (request.method == Method::get &&
      if_range_holds(request.header("if-range"), meta.etag, meta.last_modified)) {
    range = parse_range(request.header("range"), meta.size);
  }
  if (range.kind == RangeVerdict::Kind::unsatisfiable) {
    auto r = problem_response(request, Problem(ProblemType::bad_range));
    r.set("Content-Range", "bytes */" + std::to_string(meta.size));
    r.set("Accept-Ranges", "bytes");
    co_return r;
  }
  const bool partial = range.kind == RangeVerdict::Kind::partial;
  const ByteSpan span = partial ? range.span : ByteSpan{0, meta.size};
  Response r(partial ? 206 : 200);
  r.set("Content-Type", download_type(meta.type));
  set_download_headers(r, meta);
  set_validators(r, meta);
  if (!meta.repr_digest.empty()) {
    r.set("Repr-Digest", meta.repr_digest);
  }
  if (partial) {
    r.set("Content-Range", "bytes " + std::to_string(span.first) + "-" +
                               std::to_string(span.first + span.length - 1) + "/" +
                               std::to_string(meta.size));
  }
  if (request.method == Method::head) {
    r.set("Content-Length", std::to_string(span.length));
    co_return r;
  }
  if (span.length == 0) {
    r.body = std::string();
    co_return r;
  }
  auto reader = co_await store.open(std::move(key), ByteRange(span.first, span.length));
  if (!reader) {
    if (failed != nullptr) {
      *failed = reader.error();
    }
    co_return problem_response(request, to_problem(reader.error()));
  }
  r.body = BlobBody{std::move(*reader)};
  co_return r;
}

}  // namespace ferry::http
