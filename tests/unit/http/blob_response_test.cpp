#include "http/blob_response.hpp"

#include "support/http_rig.hpp"

#include <atomic>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <gtest/gtest.h>

namespace ferry::http {
namespace {

using test::HttpRig;
using test::RawClient;

/// One blob in a file.
class FileReader final : public BlobReader {
 public:
  FileReader(std::string path, ByteRange range, std::uint64_t size)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)),
        size_(size),
        at_(range.offset),
        left_(range.length.value_or(size - range.offset)) {}
  ~FileReader() override {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  std::uint64_t size() const override { return size_; }
  std::uint64_t remaining() const override { return left_; }
  Awaitable<Result<std::size_t>> read(std::span<std::byte> into) override {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), left_));
    const auto n = ::pread(fd_, into.data(), want, static_cast<off_t>(at_));
    at_ += static_cast<std::uint64_t>(n);
    left_ -= static_cast<std::uint64_t>(n);
    co_return static_cast<std::size_t>(n);
  }
  std::optional<FileRegion> take_file() override {
    ++taken;
    return std::optional<FileRegion>(std::in_place, std::exchange(fd_, -1), at_, left_);
  }
  static inline std::atomic<int> taken{0};

 private:
  int fd_;
  std::uint64_t size_;
  std::uint64_t at_;
  std::uint64_t left_;
};

class OneBlob final : public BlobStore {
 public:
  explicit OneBlob(const std::string& bytes) : size_(bytes.size()) {
    char name[] = "/tmp/ferry-blob-XXXXXX";
    ::close(::mkstemp(name));
    path_ = name;
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  ~OneBlob() override { ::unlink(path_.c_str()); }
  Awaitable<Result<void>> start() override { co_return Result<void>(); }
  Awaitable<Result<void>> ping() override { co_return Result<void>(); }
  Awaitable<void> stop() override { co_return; }
  BlobCaps caps() const override { return {}; }
  Awaitable<Result<std::unique_ptr<BlobWriter>>> create(BlobKey,
                                                        std::optional<std::uint64_t>) override {
    co_return Error(Errc::not_supported);
  }
  Awaitable<Result<std::unique_ptr<BlobWriter>>> resume(BlobKey, std::string) override {
    co_return Error(Errc::not_supported);
  }
  Awaitable<Result<std::unique_ptr<BlobReader>>> open(BlobKey key, ByteRange range) override {
    if (key.value != "theblobkey") {
      co_return Error(Errc::not_found, "no such blob");
    }
    std::unique_ptr<BlobReader> reader = std::make_unique<FileReader>(path_, range, size_);
    co_return reader;
  }
  Awaitable<Result<BlobInfo>> stat(BlobKey) override { co_return Error(Errc::not_supported); }
  Awaitable<Result<void>> remove(BlobKey, std::string) override { co_return Result<void>(); }

 private:
  std::string path_;
  std::uint64_t size_;
};

std::string pattern(std::size_t n) {
  std::string out(n, '\0');
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
  }
  return out;
}

class Download : public testing::TestWithParam<bool> {
 protected:
  Download() : rig(GetParam()), bytes(pattern(5'000'000)), store(bytes) {
    rig.router.add(Method::get, "/file", [this](Request& request) {
      BlobMeta meta;
      meta.name = "a\"b\r\n\xe5\x90\x8d.txt";
      meta.type = "text/html";
      meta.size = bytes.size();
      meta.etag = "\"v1\"";
      meta.last_modified = from_unix_ms(1'700'000'000'000);
      return blob_response(request, store, BlobKey("theblobkey"), meta);
    });
    rig.start();
  }
  RawClient::Answer get(const std::string& fields, const std::string& method = "GET") {
    return RawClient(rig.port).ask(method + " /file HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n",
                                   method == "HEAD");
  }
  HttpRig rig;
  std::string bytes;
  OneBlob store;
};

TEST_P(Download, SendsTheWholeFileAndGoesOn) {
  FileReader::taken = 0;
  RawClient client(rig.port);
  for (int i = 0; i < 2; ++i) {
    const auto answer = client.ask("GET /file HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.field("Accept-Ranges"), "bytes");
    EXPECT_EQ(answer.field("Content-Type"), "application/octet-stream");
    EXPECT_EQ(answer.field("Content-Disposition"),
              "attachment; filename=\"a_b_.txt\"; filename*=UTF-8''a%22b%E5%90%8D.txt");
    EXPECT_TRUE(answer.body == bytes);
  }
  EXPECT_EQ(FileReader::taken, GetParam() ? 2 : 0);
}

TEST_P(Download, SendsTheRangeThatWasAskedFor) {
  const auto answer = get("Range: bytes=1000000-3999999\r\n");
  EXPECT_EQ(answer.status, 206u);
  EXPECT_EQ(answer.field("Content-Range"), "bytes 1000000-3999999/5000000");
  EXPECT_TRUE(answer.body == bytes.substr(1000000, 3000000));
  EXPECT_EQ(get("Range: bytes=-5\r\n").body, bytes.substr(4999995));
}

TEST_P(Download, UsesTheRangeOnlyForTheSameFile) {
  EXPECT_EQ(get("Range: bytes=0-1\r\nIf-Range: \"v1\"\r\n").status, 206u);
  EXPECT_EQ(get("Range: bytes=0-1\r\nIf-Range: \"v2\"\r\n").status, 200u);
  EXPECT_EQ(get("Range: bytes=0-1\r\nIf-Range: W/\"v1\"\r\n").status, 200u);
  EXPECT_EQ(get("Range: bytes=0-1\r\nIf-Range: Tue, 14 Nov 2023 22:13:20 GMT\r\n").status, 206u);
}

TEST_P(Download, AnswersConditionsAndImpossibleRanges) {
  const auto beyond = get("Range: bytes=5000000-\r\n");
  EXPECT_EQ(beyond.status, 416u);
  EXPECT_EQ(beyond.field("Content-Range"), "bytes */5000000");
  const auto same = get("If-None-Match: \"x\", W/\"v1\"\r\n");
  EXPECT_EQ(same.status, 304u);
  EXPECT_EQ(same.field("ETag"), "\"v1\"");
  EXPECT_EQ(get("If-Match: \"v2\"\r\n").status, 412u);
}

TEST_P(Download, HeadSaysWhatGetWouldSend) {
  const auto head = get("", "HEAD");
  EXPECT_EQ(head.status, 200u);
  EXPECT_EQ(head.field("Content-Length"), "5000000");
  EXPECT_EQ(head.field("ETag"), "\"v1\"");
}

INSTANTIATE_TEST_SUITE_P(Transports, Download, testing::Values(true, false),
                         [](const auto& param) { return param.param ? "Sendfile" : "Blocks"; });

}  // namespace
}  // namespace ferry::http
