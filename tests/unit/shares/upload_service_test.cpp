#include "shares/upload_service.hpp"

#include "support/feed.hpp"
#include "support/node.hpp"

#include <gtest/gtest.h>
#include <set>

namespace ferry::shares {
namespace {

using test::source_of;

class UploadServiceTest : public ::testing::Test {
 protected:
  UploadServiceTest() {
    settings.checkpoint_interval = Millis(10);
    restart();
  }

  /// What a crash leaves of the service: nothing. Records and blobs stay.
  void restart() {
    service.reset();
    service = make();
  }

  std::unique_ptr<UploadService> make() {
    return std::make_unique<UploadService>(node.storage(), node.blobs(), settings, node.log(),
                                           node.metrics());
  }

  CreatedUpload create(std::optional<std::uint64_t> length) {
    auto created = node.await(service->create(length, "filename YQ=="));
    EXPECT_TRUE(created);
    return std::move(*created);
  }

  Outcome<UploadProgress> append(const std::string& id, std::uint64_t offset, std::string bytes,
                                 bool announced = true) {
    AppendRequest request;
    request.offset = offset;
    if (announced) {
      request.body_length = bytes.size();
    }
    return node.await(service->append(id, request, source_of(std::move(bytes))));
  }

  Outcome<UploadProgress> head(const std::string& id) { return node.await(service->head(id)); }

  UploadRecord record(const std::string& id) {
    const auto stored = node.await(node.storage().get(upload_key(id)));
    EXPECT_TRUE(stored);
    return *decode_upload(stored->value);
  }

  std::string blob_of(const std::string& id) {
    const auto upload = record(id);
    auto reader = node.await(node.blobs().open(BlobKey(upload.blob), ByteRange()));
    if (!reader) {
      return "cannot be opened: " + reader.error().detail;
    }
    std::string all;
    Bytes block(70'000);
    for (;;) {
      const auto n = node.await((*reader)->read(block));
      if (!n || *n == 0) {
        return all;
      }
      all += as_text(ByteView(block).first(*n));
    }
  }

  /// Waits until the upload's record says that `offset` bytes are durable, without touching it.
  bool wait_for_bytes(std::uint64_t bytes) {
    auto& counter =
        node.metrics().counter("ferry_upload_bytes_total", "Bytes written to the blob store.");
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (counter.value() < bytes) {
      if (std::chrono::steady_clock::now() > give_up) {
        return false;
      }
      std::this_thread::yield();
    }
    return true;
  }

  static std::string pattern(std::size_t n) {
    std::string text(n, '\0');
    for (std::size_t i = 0; i < n; ++i) {
      text[i] = static_cast<char>((i * 2654435761U) >> 13);
    }
    return text;
  }

  test::Node node;
  UploadSettings settings;
  std::unique_ptr<UploadService> service;
};

TEST_F(UploadServiceTest, TakesAFileInPieces) {
  const auto bytes = pattern(3'000'000);
  const auto upload = create(bytes.size());
  EXPECT_EQ(upload.progress.offset, 0U);
  EXPECT_TRUE(upload.progress.expires > std::chrono::system_clock::now());
  auto progress = append(upload.id, 0, bytes.substr(0, 1'000'000));
  ASSERT_TRUE(progress);
  EXPECT_FALSE(progress->stopped);
  EXPECT_EQ(progress->offset, 1'000'000U);
  EXPECT_FALSE(progress->complete);
  progress = append(upload.id, 1'000'000, bytes.substr(1'000'000), false);
  ASSERT_TRUE(progress);
  EXPECT_FALSE(progress->stopped);
  EXPECT_EQ(progress->offset, bytes.size());
  EXPECT_TRUE(progress->complete);
  EXPECT_EQ(progress->metadata, "filename YQ==");
  EXPECT_EQ(blob_of(upload.id), bytes);
}

TEST_F(UploadServiceTest, CompletesAnEmptyFileAtOnce) {
  const auto upload = create(0);
  EXPECT_TRUE(upload.progress.complete);
  EXPECT_EQ(blob_of(upload.id), "");
}

TEST_F(UploadServiceTest, GoesOnAfterACrashWhereItSaid) {
  const auto bytes = pattern(200'000);
  const auto upload = create(bytes.size());
  const auto before = append(upload.id, 0, bytes.substr(0, 123'456));
  ASSERT_TRUE(before);
  restart();
  const auto after = head(upload.id);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->offset, before->offset);
  EXPECT_EQ(after->length, bytes.size());
  restart();
  const auto done = append(upload.id, 123'456, bytes.substr(123'456));
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->complete);
  EXPECT_EQ(blob_of(upload.id), bytes);
}

TEST_F(UploadServiceTest, KeepsWhatArrivedWhenTheClientGoesAway) {
  const auto upload = create(100);
  const auto feed = std::make_shared<test::Feed>(node.executor());
  feed->push("0123456789");
  feed->fail(Errc::cancelled);
  const auto progress = node.await(service->append(upload.id, {}, feed->source()));
  ASSERT_TRUE(progress);
  ASSERT_TRUE(progress->stopped);
  EXPECT_EQ(progress->stopped->type, ProblemType::malformed_request);
  EXPECT_EQ(progress->offset, 10U);
  restart();
  EXPECT_EQ(head(upload.id)->offset, 10U);
}

TEST_F(UploadServiceTest, NamesBothOffsetsWhenTheyDiffer) {
  const auto upload = create(100);
  ASSERT_TRUE(append(upload.id, 0, "0123456789"));
  const auto refused = append(upload.id, 5, "56789");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, ProblemType::mismatching_upload_offset);
  const std::vector<std::pair<std::string, std::string>> expected{{"expected_offset", "10"},
                                                                  {"provided_offset", "5"}};
  EXPECT_EQ(refused.error().extra, expected);
}

TEST_F(UploadServiceTest, AnswersARepeatedLastRequestAgain) {
  const auto upload = create(4);
  ASSERT_TRUE(append(upload.id, 0, "abcd"));
  for (int i = 0; i < 2; ++i) {
    const auto again = append(upload.id, 4, "");
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->complete);
    EXPECT_EQ(again->offset, 4U);
    restart();
  }
}

TEST_F(UploadServiceTest, RefusesMoreThanWasAnnounced) {
  const auto upload = create(10);
  auto refused = append(upload.id, 0, std::string(11, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, ProblemType::inconsistent_upload_length);
  const auto stopped = append(upload.id, 0, std::string(11, 'x'), false);
  ASSERT_TRUE(stopped && stopped->stopped);
  EXPECT_EQ(stopped->stopped->type, ProblemType::inconsistent_upload_length);
  EXPECT_EQ(stopped->offset, 0U);
  EXPECT_TRUE(append(upload.id, 0, std::string(10, 'x'))->complete);
}

TEST_F(UploadServiceTest, LearnsADeferredLengthLater) {
  const auto upload = create(std::nullopt);
  ASSERT_TRUE(append(upload.id, 0, "abc"));
  EXPECT_EQ(head(upload.id)->length, std::nullopt);
  AppendRequest request;
  request.offset = 3;
  request.length = 2;
  EXPECT_EQ(node.await(service->append(upload.id, request, source_of("d"))).error().type,
            ProblemType::inconsistent_upload_length);
  request.length = 4;
  const auto done = node.await(service->append(upload.id, request, source_of("d")));
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->complete);
  EXPECT_EQ(blob_of(upload.id), "abcd");
}

TEST_F(UploadServiceTest, EndsAnUnknownLengthWithTheLastBody) {
  const auto upload = create(std::nullopt);
  AppendRequest request;
  request.last = true;
  const auto done = node.await(service->append(upload.id, request, source_of("all of it")));
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->complete);
  EXPECT_EQ(done->length, 9U);
  EXPECT_EQ(blob_of(upload.id), "all of it");
}

TEST_F(UploadServiceTest, HoldsTheLimitOfBytes) {
  settings.max_bytes = 1000;
  restart();
  EXPECT_EQ(node.await(service->create(1001, "")).error().type, ProblemType::too_large);
  const auto upload = create(std::nullopt);
  const auto stopped = append(upload.id, 0, std::string(1001, 'x'), false);
  ASSERT_TRUE(stopped && stopped->stopped);
  EXPECT_EQ(stopped->stopped->type, ProblemType::too_large);
  EXPECT_EQ(stopped->offset, 0U);
  EXPECT_EQ(append(upload.id, 0, std::string(1001, 'x')).error().type, ProblemType::too_large);
}

TEST_F(UploadServiceTest, HeadTakesTheUploadFromARequestThatHangs) {
  const auto upload = create(100);
  const auto feed = std::make_shared<test::Feed>(node.executor(1));
  feed->push("0123456789");
  auto hanging = node.start(service->append(upload.id, {}, feed->source()), 1);
  // Known only once it is written, so that the test sees the checkpoint of the one that hangs.
  ASSERT_TRUE(wait_for_bytes(10));
  const auto seen = head(upload.id);
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->offset, 10U);
  const auto stopped = hanging.get();
  ASSERT_TRUE(stopped && stopped->stopped);
  EXPECT_EQ(stopped->stopped->type, ProblemType::upload_locked);
  EXPECT_EQ(stopped->offset, 10U);
}

TEST_F(UploadServiceTest, ANewerPatchTakesTheUploadOver) {
  const auto upload = create(20);
  const auto feed = std::make_shared<test::Feed>(node.executor(1));
  feed->push("0123456789");
  auto hanging = node.start(service->append(upload.id, {}, feed->source()), 1);
  ASSERT_TRUE(wait_for_bytes(10));
  const auto done = append(upload.id, 10, "abcdefghij");
  ASSERT_TRUE(done);
  EXPECT_TRUE(done->complete);
  ASSERT_TRUE(hanging.get()->stopped);
  EXPECT_EQ(blob_of(upload.id), "0123456789abcdefghij");
}

TEST_F(UploadServiceTest, AcknowledgesNothingAfterAnotherNodeTookTheWriter) {
  const auto upload = create(10);
  const auto feed = std::make_shared<test::Feed>(node.executor());
  feed->push("01234");
  auto running = node.start(service->append(upload.id, {}, feed->source()));
  ASSERT_TRUE(wait_for_bytes(5));
  // What the other node does first.
  const auto stored = node.await(node.storage().get(upload_key(upload.id)));
  auto taken = *decode_upload(stored->value);
  ++taken.epoch;
  std::vector<Write> batch;
  batch.push_back(Write::put(upload_key(upload.id), encode(taken))
                      .if_version(stored->version)
                      .expire_in(settings.expiry + kAfterlife));
  ASSERT_TRUE(node.await(node.storage().apply(std::move(batch))));

  feed->push("56789");
  feed->end();
  const auto stopped = running.get();
  ASSERT_TRUE(stopped && stopped->stopped);
  EXPECT_EQ(stopped->stopped->type, ProblemType::upload_locked);
  EXPECT_EQ(record(upload.id), taken);
}

TEST_F(UploadServiceTest, SeesThatTheRecordOfAnIdleWriterHasChanged) {
  const auto upload = create(10);
  ASSERT_TRUE(append(upload.id, 0, "01234"));
  const auto stored = node.await(node.storage().get(upload_key(upload.id)));
  std::vector<Write> batch;
  batch.push_back(Write::put(upload_key(upload.id), stored->value)
                      .if_version(stored->version)
                      .expire_in(settings.expiry + kAfterlife));
  ASSERT_TRUE(node.await(node.storage().apply(std::move(batch))));
  const auto epoch = record(upload.id).epoch;
  EXPECT_TRUE(append(upload.id, 5, "56789")->complete);
  EXPECT_EQ(record(upload.id).epoch, epoch + 1);
}

TEST_F(UploadServiceTest, RecordsAFinishThatACrashHid) {
  const auto upload = create(5);
  restart();
  const BlobKey blob(record(upload.id).blob);
  auto writer = node.await(node.blobs().resume(blob, ""));
  ASSERT_TRUE(writer);
  const std::string bytes = "hello";
  ASSERT_TRUE(node.await((*writer)->write(as_bytes(bytes))));
  ASSERT_TRUE(node.await((*writer)->finish()));
  const auto seen = head(upload.id);
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->complete);
  EXPECT_EQ(seen->offset, 5U);
  EXPECT_EQ(record(upload.id).state, UploadState::complete);
}

TEST_F(UploadServiceTest, FinishesWhatWasWholeButNotFinished) {
  const auto upload = create(5);
  restart();
  {
    auto writer = node.await(node.blobs().resume(BlobKey(record(upload.id).blob), ""));
    const std::string bytes = "hello";
    ASSERT_TRUE(node.await((*writer)->write(as_bytes(bytes))));
    ASSERT_TRUE(node.await((*writer)->checkpoint()));
  }
  EXPECT_TRUE(head(upload.id)->complete);
  EXPECT_EQ(blob_of(upload.id), "hello");
}

TEST_F(UploadServiceTest, MakesTheBlobThatACrashPrevented) {
  const auto upload = create(5);
  restart();
  ASSERT_TRUE(node.await(node.blobs().remove(BlobKey(record(upload.id).blob), "")));
  EXPECT_EQ(head(upload.id)->offset, 0U);
  EXPECT_TRUE(append(upload.id, 0, "hello")->complete);
}

TEST_F(UploadServiceTest, SaysSoWhenAcknowledgedBytesHaveVanished) {
  const auto upload = create(10);
  ASSERT_TRUE(append(upload.id, 0, "hello"));
  restart();
  ASSERT_TRUE(node.await(node.blobs().remove(BlobKey(record(upload.id).blob), "")));
  const auto seen = head(upload.id);
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().type, ProblemType::storage_io);
}

TEST_F(UploadServiceTest, TerminationLeavesNothing) {
  const auto upload = create(10);
  ASSERT_TRUE(append(upload.id, 0, "hello"));
  EXPECT_GT(node.dir().files("blobs/up"), 0U);
  ASSERT_TRUE(node.await(service->terminate(upload.id)));
  EXPECT_EQ(node.dir().files("blobs/up"), 0U);
  EXPECT_EQ(head(upload.id).error().type, ProblemType::not_found);
  EXPECT_EQ(append(upload.id, 5, "x").error().type, ProblemType::not_found);
  EXPECT_EQ(node.await(service->terminate(upload.id)).error().type, ProblemType::not_found);
}

TEST_F(UploadServiceTest, DrainKeepsWhatArrivedAndSaysWhy) {
  const auto upload = create(100);
  const auto feed = std::make_shared<test::Feed>(node.executor());
  feed->push("0123456789");
  auto running = node.start(service->append(upload.id, {}, feed->source()));
  ASSERT_TRUE(wait_for_bytes(10));
  service->drain();
  const auto stopped = running.get();
  ASSERT_TRUE(stopped && stopped->stopped);
  EXPECT_EQ(stopped->stopped->type, ProblemType::draining);
  EXPECT_EQ(append(upload.id, 10, "x").error().type, ProblemType::draining);
  restart();
  EXPECT_EQ(head(upload.id)->offset, 10U);
}

TEST_F(UploadServiceTest, CreatesManyAtOnce) {
  std::vector<std::future<Outcome<CreatedUpload>>> running;
  for (std::size_t i = 0; i < 20; ++i) {
    running.push_back(node.start(service->create(1, ""), i % 2));
  }
  std::set<std::string> ids;
  std::set<std::string> tokens;
  for (auto& each : running) {
    const auto created = each.get();
    ASSERT_TRUE(created);
    ids.insert(created->id);
    tokens.insert(created->token);
  }
  EXPECT_EQ(ids.size(), 20U);
  EXPECT_EQ(tokens.size(), 20U);
  for (const auto& id : ids) {
    EXPECT_TRUE(append(id, 0, "x")->complete);
  }
}

TEST_F(UploadServiceTest, HasNoAnswerForStrangers) {
  EXPECT_EQ(head(std::string(32, '0')).error().type, ProblemType::not_found);
}

}  // namespace
}  // namespace ferry::shares
