#pragma once
#include "http/message.hpp"
#include "http/router.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ferry::http {

/// The built web app, held in memory. A file `x` may have siblings `x.br` and `x.gz`, which are
/// sent to clients that accept them.
class StaticFiles {
 public:
  struct Options {
    Options() = default;
    std::string folder;  ///< of the build: index.html and assets/
    /// Origins besides our own that the pages may connect to (a signaling server deployed apart).
    std::vector<std::string> connect;
  };

  /// Reads everything. invalid_argument names what is missing: the folder, or index.html in it.
  static Result<StaticFiles> load(const Options& options);

  /// A file by its path ("/assets/app-1a2b.js"), or the 404 problem.
  Response serve(const Request& request) const;
  /// index.html whatever the path, for addresses that the app reads itself.
  Response page(const Request& request) const;

  /// serve() as fallback, page() for each of `pages` ("/", "/r", "/r/{code}", …). This must
  /// outlive the router.
  void install(Router& router, const std::vector<std::string>& pages) const;

  std::size_t files() const noexcept { return files_.size(); }

 private:
  struct Variant {
    SharedBytes bytes;
    std::string etag;
  };
  struct File {
    std::string type;
    Variant plain;
    Variant brotli;  ///< bytes null: there is none
    Variant gzip;
    bool immutable = false;
    bool html = false;
  };
  StaticFiles() = default;
  Response answer(const Request& request, const File& file) const;

  std::map<std::string, File, std::less<>> files_;  ///< by path
  std::string policy_;
};

/// Quality that an Accept-Encoding field gives to `coding`, 0 … 1000; absent codings get what "*"
/// says, else 0.
unsigned encoding_quality(std::string_view accept_encoding, std::string_view coding) noexcept;

}  // namespace ferry::http
