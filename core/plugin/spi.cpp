// Key functions and small definitions of the public headers, so that their vtables and type_info
// exist once, in libferry.
#include <ferry/blob_store.hpp>
#include <ferry/rate_limiter.hpp>
#include <ferry/signaling.hpp>
#include <ferry/storage.hpp>
#include <ferry/transport.hpp>

#include <unistd.h>

namespace ferry {
namespace {

class Category final : public boost::system::error_category {
 public:
  constexpr Category() noexcept : error_category(0x4665727279457263u) {}
  const char* name() const noexcept override { return "ferry"; }
  std::string message(int value) const override {
    return std::string(name_of(static_cast<Errc>(value)));
  }
};

}  // namespace

const boost::system::error_category& ferry_category() noexcept {
  static const Category category;
  return category;
}

std::string_view name_of(Errc e) noexcept {
  switch (e) {
    case Errc::not_found: return "not_found";
    case Errc::already_exists: return "already_exists";
    case Errc::version_mismatch: return "version_mismatch";
    case Errc::precondition_failed: return "precondition_failed";
    case Errc::invalid_argument: return "invalid_argument";
    case Errc::not_supported: return "not_supported";
    case Errc::too_large: return "too_large";
    case Errc::quota_exceeded: return "quota_exceeded";
    case Errc::permission_denied: return "permission_denied";
    case Errc::unavailable: return "unavailable";
    case Errc::timeout: return "timeout";
    case Errc::overloaded: return "overloaded";
    case Errc::cancelled: return "cancelled";
    case Errc::shutting_down: return "shutting_down";
    case Errc::corrupt: return "corrupt";
    case Errc::internal: return "internal";
  }
  return "unknown";
}

bool is_retryable(Errc e) noexcept {
  return e == Errc::unavailable || e == Errc::overloaded;
}

void throw_exception_from_error(const Error& e, const boost::source_location&) {
  throw boost::system::system_error(make_error_code(e.code), e.detail);
}

std::string_view name_of(Kind kind) noexcept {
  switch (kind) {
    case Kind::storage: return "storage";
    case Kind::rate_limiter: return "rate_limiter";
    case Kind::blob_store: return "blob_store";
    case Kind::signaling: return "signaling";
    case Kind::transport: return "transport";
  }
  return "unknown";
}

config::View::~View() = default;
Logger::~Logger() = default;
Metrics::~Metrics() = default;
BlockingPool::~BlockingPool() = default;
Host::~Host() = default;
Plugin::~Plugin() = default;
Awaitable<void> Plugin::drain(Deadline) {
  co_return;
}

BlobReader::~BlobReader() = default;
std::optional<FileRegion> BlobReader::take_file() {
  return std::nullopt;
}
BlobWriter::~BlobWriter() = default;
Awaitable<Result<std::string>> BlobStore::presign_get(BlobKey, PresignOptions) {
  co_return Error(Errc::not_supported, "this blob store does not presign");
}
Awaitable<Result<std::vector<std::string>>> BlobStore::list(std::string, std::size_t) {
  co_return Error(Errc::not_supported, "this blob store does not list");
}
FileRegion::~FileRegion() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

SignalingEvents::~SignalingEvents() = default;

StreamImpl::~StreamImpl() = default;
int StreamImpl::sendfile_socket() noexcept {
  return -1;
}
Listener::~Listener() = default;
Awaitable<Result<std::unique_ptr<StreamImpl>>> Transport::handshake(std::unique_ptr<StreamImpl> raw,
                                                                    Deadline) {
  co_return raw;
}
Awaitable<Result<void>> Transport::reload() {
  co_return Result<void>();
}

Write Write::put(RecordKey key, Bytes value) {
  Write w(Op::put, std::move(key));
  w.value_ = std::move(value);
  return w;
}
Write Write::erase(RecordKey key) {
  return Write(Op::erase, std::move(key));
}
Write Write::check(RecordKey key, Version expected) {
  Write w(Op::check, std::move(key));
  w.expected_ = expected;
  return w;
}
Write Write::add(RecordKey key, std::int64_t delta, std::int64_t min, std::int64_t max) {
  Write w(Op::add, std::move(key));
  w.delta_ = delta;
  w.min_ = min;
  w.max_ = max;
  return w;
}

}  // namespace ferry
