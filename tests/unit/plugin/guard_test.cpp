#include "plugin/guard.hpp"

#include "test_host.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace ferry;
using testing::HasSubstr;

enum class Mood { well, throwing, null };

template <class Interface>
class Base : public Interface {
 public:
  explicit Base(Mood mood) : mood_(mood) {}
  Awaitable<Result<void>> start() override { co_return Result<void>(); }
  Awaitable<Result<void>> ping() override {
    upset();
    co_return Result<void>();
  }
  Awaitable<void> drain(Deadline) override {
    upset();
    co_return;
  }
  Awaitable<void> stop() override { co_return; }

 protected:
  void upset() const {
    if (mood_ == Mood::throwing) {
      throw std::runtime_error("broken");
    }
  }
  Mood mood_;
};

class SomeStorage final : public Base<Storage> {
 public:
  using Base::Base;
  StorageCaps caps() const override { return {}; }
  Awaitable<Result<Record>> get(RecordKey key) override {
    upset();
    if (key.key == "slow") {
      boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                      std::chrono::steady_clock::time_point::max());
      co_await never.async_wait(boost::asio::use_awaitable);
    }
    if (key.key == "absent") {
      co_return Errc::not_found;
    }
    Record record;
    record.key = key.key;
    co_return record;
  }
  // Throws before there is a coroutine.
  Awaitable<Result<Committed>> apply(std::vector<Write>) override {
    throw std::logic_error("early");
  }
  Awaitable<Result<Page>> list(std::string, std::string, std::string, std::size_t) override {
    upset();
    co_return Page();
  }
  Awaitable<Result<std::vector<Claim>>> claim_due(std::string, std::size_t, Millis) override {
    upset();
    co_return std::vector<Claim>();
  }
};

class SomeReader final : public BlobReader {
 public:
  explicit SomeReader(Mood mood) : mood_(mood) {}
  std::uint64_t size() const override { return 3; }
  std::uint64_t remaining() const override { return 3; }
  Awaitable<Result<std::size_t>> read(std::span<std::byte>) override {
    if (mood_ == Mood::throwing) {
      throw 1;
    }
    co_return std::size_t{3};
  }
  std::optional<FileRegion> take_file() override { throw 1; }

 private:
  Mood mood_;
};

class SomeWriter final : public BlobWriter {
 public:
  std::uint64_t accepted() const override { return 7; }
  Awaitable<Result<void>> write(ByteView) override {
    throw 1;
    co_return Result<void>();
  }
  Awaitable<Result<Checkpoint>> checkpoint() override {
    throw 1;
    co_return Checkpoint();
  }
  Awaitable<Result<BlobInfo>> finish() override { co_return BlobInfo(); }
};

class SomeBlobs final : public Base<BlobStore> {
 public:
  using Base::Base;
  BlobCaps caps() const override { return {}; }
  Awaitable<Result<std::unique_ptr<BlobWriter>>> create(BlobKey,
                                                        std::optional<std::uint64_t>) override {
    upset();
    co_return mood_ == Mood::null ? nullptr : std::make_unique<SomeWriter>();
  }
  Awaitable<Result<std::unique_ptr<BlobWriter>>> resume(BlobKey, std::string) override {
    upset();
    co_return Errc::already_exists;
  }
  Awaitable<Result<std::unique_ptr<BlobReader>>> open(BlobKey, ByteRange) override {
    upset();
    co_return std::make_unique<SomeReader>(Mood::throwing);
  }
  Awaitable<Result<BlobInfo>> stat(BlobKey) override {
    upset();
    co_return BlobInfo();
  }
  Awaitable<Result<void>> remove(BlobKey, std::string) override {
    upset();
    co_return Result<void>();
  }
};

class SomeSignaling final : public Base<Signaling> {
 public:
  using Base::Base;
  SignalingCaps caps() const override { return {}; }
  Awaitable<Result<void>> subscribe(std::string, std::weak_ptr<SignalingEvents>) override {
    upset();
    co_return Result<void>();
  }
  Awaitable<void> unsubscribe(std::string, std::weak_ptr<SignalingEvents>) override {
    upset();
    co_return;
  }
  Result<void> publish(std::string_view, SharedBytes) override {
    upset();
    return {};
  }
};

class SomeListener final : public Listener {
 public:
  std::string endpoint() const override { return "here"; }
  Awaitable<Result<std::unique_ptr<StreamImpl>>> accept() override {
    throw 1;
    co_return nullptr;
  }
  void close() noexcept override {}
};

class SomeTransport final : public Base<Transport> {
 public:
  using Base::Base;
  Result<std::vector<std::unique_ptr<Listener>>> listen(std::size_t) override {
    upset();
    std::vector<std::unique_ptr<Listener>> out;
    out.push_back(mood_ == Mood::null ? nullptr : std::make_unique<SomeListener>());
    return out;
  }
};

class Guard : public testing::Test {
 protected:
  template <class T, class Interface>
  std::unique_ptr<Interface> guarded(Mood mood) {
    return guard(std::unique_ptr<Interface>(std::make_unique<T>(mood)), "some", host_);
  }
  template <class T>
  Errc code(Awaitable<Result<T>> call) {
    const auto result = host_.run(std::move(call));
    EXPECT_FALSE(result);
    return result ? Errc{} : result.error().code;
  }
  std::string metrics() { return host_.registry.render(); }

  test::TestHost host_;
};

TEST_F(Guard, PassesAnswersAndErrorsThrough) {
  const auto storage = guarded<SomeStorage, Storage>(Mood::well);
  const auto record = host_.run(storage->get(RecordKey("s", "k")));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->key, "k");
  EXPECT_EQ(code(storage->get(RecordKey("s", "absent"))), Errc::not_found);
  EXPECT_TRUE(host_.run(storage->ping()));
  EXPECT_TRUE(host_.kept.lines.empty());
}

TEST_F(Guard, CountsAndTimesCallsByResult) {
  const auto storage = guarded<SomeStorage, Storage>(Mood::well);
  host_.run(storage->get(RecordKey("s", "k")));
  host_.run(storage->get(RecordKey("s", "k")));
  host_.run(storage->get(RecordKey("s", "absent")));
  const std::string text = metrics();
  const std::string labels = "{kind=\"storage\",plugin=\"some\",op=\"get\"";
  EXPECT_THAT(text, HasSubstr("ferry_plugin_calls_total" + labels + ",result=\"ok\"} 2"));
  EXPECT_THAT(text, HasSubstr("ferry_plugin_calls_total" + labels + ",result=\"not_found\"} 1"));
  EXPECT_THAT(text, HasSubstr("ferry_plugin_call_duration_seconds_count" + labels + "} 3"));
}

TEST_F(Guard, TurnsWhatStorageThrowsIntoErrors) {
  const auto storage = guarded<SomeStorage, Storage>(Mood::throwing);
  EXPECT_EQ(code(storage->get(RecordKey("s", "k"))), Errc::internal);
  EXPECT_EQ(code(storage->apply({})), Errc::internal);
  EXPECT_EQ(code(storage->list("s", "", "", 1)), Errc::internal);
  EXPECT_EQ(code(storage->claim_due("q", 1, Millis(1))), Errc::internal);
  EXPECT_EQ(code(storage->ping()), Errc::internal);
  host_.run(storage->drain(Deadline()));
  EXPECT_THAT(metrics(),
              HasSubstr("ferry_plugin_exceptions_total{kind=\"storage\",plugin=\"some\"} 6"));
  EXPECT_EQ(host_.kept.lines.at(0),
            "plugin threw an exception kind=storage plugin=some op=get what=broken");
}

TEST_F(Guard, TurnsWhatBlobStoresThrowIntoErrors) {
  const auto blobs = guarded<SomeBlobs, BlobStore>(Mood::throwing);
  const BlobKey key("abcdefgh");
  EXPECT_EQ(code(blobs->create(key, 1)), Errc::internal);
  EXPECT_EQ(code(blobs->resume(key, "")), Errc::internal);
  EXPECT_EQ(code(blobs->open(key, ByteRange())), Errc::internal);
  EXPECT_EQ(code(blobs->stat(key)), Errc::internal);
  EXPECT_EQ(code(blobs->remove(key, "")), Errc::internal);
}

TEST_F(Guard, CoversReadersAndWriters) {
  const auto blobs = guarded<SomeBlobs, BlobStore>(Mood::well);
  const BlobKey key("abcdefgh");
  auto reader = host_.run(blobs->open(key, ByteRange()));
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader)->size(), 3u);
  EXPECT_EQ(code((*reader)->read({})), Errc::internal);
  EXPECT_FALSE((*reader)->take_file());
  auto writer = host_.run(blobs->create(key, 1));
  ASSERT_TRUE(writer);
  EXPECT_EQ((*writer)->accepted(), 7u);
  EXPECT_EQ(code((*writer)->write({})), Errc::internal);
  EXPECT_EQ(code((*writer)->checkpoint()), Errc::internal);
  EXPECT_TRUE(host_.run((*writer)->finish()));
  EXPECT_EQ(code(blobs->resume(key, "")), Errc::already_exists);
  EXPECT_EQ(code(blobs->presign_get(key, PresignOptions())), Errc::not_supported);
  EXPECT_THAT(metrics(), HasSubstr("op=\"checkpoint\",result=\"internal\"} 1"));
}

TEST_F(Guard, RefusesSuccessWithoutAnObject) {
  const auto blobs = guarded<SomeBlobs, BlobStore>(Mood::null);
  EXPECT_EQ(code(blobs->create(BlobKey("abcdefgh"), 1)), Errc::internal);
  const auto transport = guarded<SomeTransport, Transport>(Mood::null);
  EXPECT_FALSE(transport->listen(0));
}

TEST_F(Guard, CoversSignaling) {
  const auto well = guarded<SomeSignaling, Signaling>(Mood::well);
  EXPECT_TRUE(well->publish("c", std::make_shared<const std::string>("m")));
  const auto broken = guarded<SomeSignaling, Signaling>(Mood::throwing);
  EXPECT_EQ(code(broken->subscribe("c", {})), Errc::internal);
  host_.run(broken->unsubscribe("c", {}));
  const auto published = broken->publish("c", std::make_shared<const std::string>("m"));
  ASSERT_FALSE(published);
  EXPECT_EQ(published.error().code, Errc::internal);
}

TEST_F(Guard, CoversTransports) {
  const auto broken = guarded<SomeTransport, Transport>(Mood::throwing);
  EXPECT_FALSE(broken->listen(0));
  const auto well = guarded<SomeTransport, Transport>(Mood::well);
  auto listeners = well->listen(0);
  ASSERT_TRUE(listeners);
  ASSERT_EQ(listeners->size(), 1u);
  EXPECT_EQ(listeners->front()->endpoint(), "here");
  EXPECT_EQ(code(listeners->front()->accept()), Errc::internal);
  EXPECT_TRUE(host_.run(well->reload()));
}

TEST_F(Guard, CallsCancellationByItsName) {
  const auto storage = guarded<SomeStorage, Storage>(Mood::well);
  boost::asio::cancellation_signal cancel;
  std::optional<Result<Record>> result;
  boost::asio::co_spawn(
      host_.context,
      [&]() -> Awaitable<void> {
        // The caller wants to see the answer, not to be thrown out itself.
        co_await boost::asio::this_coro::throw_if_cancelled(false);
        result.emplace(co_await storage->get(RecordKey("s", "slow")));
      },
      boost::asio::bind_cancellation_slot(cancel.slot(), [](std::exception_ptr) {}));
  host_.context.poll();
  EXPECT_FALSE(result);
  cancel.emit(boost::asio::cancellation_type::terminal);
  host_.context.run();
  ASSERT_TRUE(result);
  ASSERT_FALSE(*result);
  EXPECT_EQ(result->error().code, Errc::cancelled);
  EXPECT_TRUE(host_.kept.lines.empty());
  EXPECT_THAT(metrics(),
              HasSubstr("ferry_plugin_exceptions_total{kind=\"storage\",plugin=\"some\"} 0"));
}

}  // namespace
