#include "http/static_files.hpp"

#include "base/crypto.hpp"
#include "base/encoding.hpp"
#include "http/problem_response.hpp"
#include "http/range.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace ferry::http {
namespace fs = std::filesystem;
namespace {

struct MediaType {
  std::string_view extension;
  std::string_view type;
};
constexpr std::array<MediaType, 18> kTypes{{{".html", "text/html; charset=utf-8"},
                                            {".js", "text/javascript; charset=utf-8"},
                                            {".mjs", "text/javascript; charset=utf-8"},
                                            {".css", "text/css; charset=utf-8"},
                                            {".json", "application/json"},
                                            {".map", "application/json"},
                                            {".webmanifest", "application/manifest+json"},
                                            {".svg", "image/svg+xml"},
                                            {".png", "image/png"},
                                            {".jpg", "image/jpeg"},
                                            {".webp", "image/webp"},
                                            {".ico", "image/x-icon"},
                                            {".woff2", "font/woff2"},
                                            {".woff", "font/woff"},
                                            {".wasm", "application/wasm"},
                                            {".txt", "text/plain; charset=utf-8"},
                                            {".xml", "application/xml"},
                                            {".pdf", "application/pdf"}}};

std::string_view type_of(const std::string& extension) noexcept {
  for (const auto& [known, type] : kTypes) {
    if (known == extension) {
      return type;
    }
  }
  return "application/octet-stream";
}

/// Vite puts a hash into the name of everything under assets/: name-1a2b3c4d.ext.
bool is_hashed(std::string_view path) noexcept {
  return path.starts_with("/assets/") && path.find('-') != std::string_view::npos;
}

Result<std::string> read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  if (in.bad() || !in.is_open()) {
    return Error(Errc::invalid_argument, "cannot read " + path.string());
  }
  return text;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) {
    text.remove_prefix(1);
  }
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) {
    text.remove_suffix(1);
  }
  return text;
}

/// qvalue of RFC 9110 §12.4.2 in thousandths; a malformed one counts as 0.
unsigned quality(std::string_view parameters) noexcept {
  while (!parameters.empty()) {
    const auto end = std::min(parameters.find(';'), parameters.size());
    const auto parameter = trim(parameters.substr(0, end));
    parameters.remove_prefix(std::min(end + 1, parameters.size()));
    if (!parameter.starts_with("q=") && !parameter.starts_with("Q=")) {
      continue;
    }
    const auto value = parameter.substr(2);
    if (value.empty() || value.size() > 5 || (value[0] != '0' && value[0] != '1') ||
        (value.size() > 1 && value[1] != '.')) {
      return 0;
    }
    unsigned out = value[0] == '1' ? 1000 : 0;
    unsigned unit = 100;
    for (const char c : value.substr(std::min<std::size_t>(2, value.size()))) {
      if (c < '0' || c > '9') {
        return 0;
      }
      out += unit * static_cast<unsigned>(c - '0');
      unit /= 10;
    }
    return std::min(out, 1000u);
  }
  return 1000;
}

std::string content_security_policy(const std::vector<std::string>& connect) {
  std::string out =
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' "
      "blob: data:; "
      "font-src 'self'; media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; "
      "connect-src 'self'";
  for (const auto& origin : connect) {
    out += ' ';
    out += origin;
  }
  out += "; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  return out;
}

}  // namespace

unsigned encoding_quality(std::string_view accept_encoding, std::string_view coding) noexcept {
  unsigned any = 0;
  while (!accept_encoding.empty()) {
    const auto end = std::min(accept_encoding.find(','), accept_encoding.size());
    const auto element = trim(accept_encoding.substr(0, end));
    accept_encoding.remove_prefix(std::min(end + 1, accept_encoding.size()));
    const auto semicolon = std::min(element.find(';'), element.size());
    const auto name = trim(element.substr(0, semicolon));
    const auto q = quality(element.substr(std::min(semicolon + 1, element.size())));
    if (name.size() == coding.size() &&
        std::equal(name.begin(), name.end(), coding.begin(), [](char a, char b) {
          return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
        })) {
      return q;
    }
    if (name == "*") {
      any = q;
    }
  }
  return any;
}

Result<StaticFiles> StaticFiles::load(const Options& options) {
  const fs::path root(options.folder);
  std::error_code ec;
  if (!fs::is_directory(root, ec)) {
    return Error(Errc::invalid_argument,
                 "the web app's folder " + root.string() + " does not exist; build the web app");
  }
  StaticFiles out;
  out.policy_ = content_security_policy(options.connect);
  for (auto it = fs::recursive_directory_iterator(root, ec);
       !ec && it != fs::recursive_directory_iterator(); it.increment(ec)) {
    if (!it->is_regular_file(ec)) {
      continue;
    }
    auto name = "/" + it->path().lexically_relative(root).generic_string();
    auto bytes = read_file(it->path());
    if (!bytes) {
      return bytes.error();
    }
    Variant variant;
    // 96 bits of the digest are plenty to tell versions of one file apart.
    const auto digest = sha256(as_bytes(*bytes));
    variant.etag = strong_etag(base64url(ByteView(digest).first(12)));
    variant.bytes = std::make_shared<const std::string>(std::move(*bytes));
    const auto extension = it->path().extension().string();
    if (extension == ".br" || extension == ".gz") {
      name.resize(name.size() - extension.size());
      (extension == ".br" ? out.files_[name].brotli : out.files_[name].gzip) = std::move(variant);
      continue;
    }
    auto& file = out.files_[name];
    file.type = type_of(extension);
    file.plain = std::move(variant);
    file.immutable = is_hashed(name);
    file.html = extension == ".html";
  }
  if (ec) {
    return Error(Errc::invalid_argument, "cannot read " + root.string() + ": " + ec.message());
  }
  std::erase_if(out.files_, [](const auto& entry) { return entry.second.plain.bytes == nullptr; });
  if (!out.files_.contains("/index.html")) {
    return Error(Errc::invalid_argument,
                 "there is no index.html in " + root.string() + "; build the web app");
  }
  return out;
}

Response StaticFiles::serve(const Request& request) const {
  const auto it = files_.find(request.path);
  if (it == files_.end()) {
    return problem_response(request, Problem(ProblemType::not_found));
  }
  return answer(request, it->second);
}

Response StaticFiles::page(const Request& request) const {
  return answer(request, files_.find("/index.html")->second);
}

Response StaticFiles::answer(const Request& request, const File& file) const {
  const auto accepted = request.header("accept-encoding");
  const auto brotli = file.brotli.bytes ? encoding_quality(accepted, "br") : 0;
  const auto gzip = file.gzip.bytes ? encoding_quality(accepted, "gzip") : 0;
  const Variant* variant = &file.plain;
  std::string_view coding;
  if (brotli > 0 && brotli >= gzip) {
    variant = &file.brotli;
    coding = "br";
  } else if (gzip > 0) {
    variant = &file.gzip;
    coding = "gzip";
  }
  const bool current =
      not_modified(request.header("if-none-match"), {}, variant->etag, std::nullopt);
  Response r(current ? 304 : 200);
  r.set("ETag", variant->etag);
  r.set("Cache-Control", file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  if (file.brotli.bytes || file.gzip.bytes) {
    r.set("Vary", "Accept-Encoding");
  }
  if (current) {
    return r;
  }
  r.set("Content-Type", file.type);
  if (!coding.empty()) {
    r.set("Content-Encoding", std::string(coding));
  }
  r.set("Cross-Origin-Resource-Policy", "same-origin");
  // Scripts too: a worker obeys the policy that it is served with.
  r.set("Content-Security-Policy", policy_);
  if (file.html) {
    r.set("Cross-Origin-Opener-Policy", "same-origin");
    r.set("Permissions-Policy", "camera=(self), microphone=(), geolocation=()");
  }
  r.body = variant->bytes;
  return r;
}

void StaticFiles::install(Router& router, const std::vector<std::string>& pages) const {
  for (const auto& pattern : pages) {
    router.add(Method::get, pattern,
               [this](Request& request) -> Awaitable<Response> { co_return page(request); });
  }
  router.fallback([this](Request& request) -> Awaitable<Response> { co_return serve(request); });
}

}  // namespace ferry::http
