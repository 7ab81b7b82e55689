#include "shares/share_service.hpp"

#include "shares/janitor.hpp"
#include "support/feed.hpp"
#include "support/node.hpp"

#include <gtest/gtest.h>

namespace ferry::shares {
namespace {

using std::chrono::seconds;

class ShareServiceTest : public ::testing::Test {
 protected:
  ShareServiceTest()
      : uploads(node.storage(), node.blobs(), upload_settings(), node.log(), node.metrics()),
        shares(node.storage(), uploads, share_settings(), node.log(), node.metrics(),
               [this] { ++kicks; }),
        janitor(node.storage(), uploads, {}, node.log(), node.metrics()) {}

  static UploadSettings upload_settings() {
    UploadSettings s;
    s.expiry = std::chrono::hours(1);
    return s;
  }
  static ShareSettings share_settings() {
    ShareSettings s;
    s.max_files = 200;
    return s;
  }

  NewFile stored(const std::string& bytes, const std::string& name = "a.txt") {
    auto created = node.await(uploads.create(bytes.size(), ""));
    EXPECT_TRUE(created);
    if (!bytes.empty()) {
      EXPECT_TRUE(node.await(uploads.append(created->id, {}, test::source_of(bytes)))->complete);
    }
    NewFile file;
    file.upload = created->id;
    file.token = created->token;
    file.name = name;
    file.type = "text/plain";
    return file;
  }

  std::vector<NewFile> files(std::size_t n) {
    std::vector<NewFile> out;
    for (std::size_t i = 0; i < n; ++i) {
      out.push_back(stored("content " + std::to_string(i), "same.txt"));
    }
    return out;
  }

  Outcome<ShareTicket> create(std::vector<NewFile> list, std::optional<seconds> life = {}) {
    return node.await(shares.create(std::move(list), life));
  }
  Outcome<ShareTicket> complete(const ShareTicket& share, std::vector<NewFile> list) {
    return node.await(shares.complete(share.id, share.owner_token, std::move(list), {}));
  }
  Outcome<ShareRecord> get(const std::string& id) { return node.await(shares.get(id)); }
  std::size_t blobs() { return node.dir().files("blobs/blob"); }

  /// Sweeps until `done`; what is due depends on the store's clock, so ask again.
  template <class F>
  bool sweep_until(F done) {
    const auto give_up = std::chrono::steady_clock::now() + seconds(20);
    while (std::chrono::steady_clock::now() < give_up) {
      const auto pass = node.await(janitor.sweep());
      EXPECT_EQ(pass.failed, 0U);
      if (done()) {
        return true;
      }
    }
    return false;
  }

  test::Node node;
  int kicks = 0;
  UploadService uploads;
  ShareService shares;
  Janitor janitor;
};

TEST_F(ShareServiceTest, ServesFilesOfTheSameNameInOrder) {
  const auto list = files(3);
  const auto ticket = create(list);
  ASSERT_TRUE(ticket);
  EXPECT_EQ(ticket->state, ShareState::ready);
  const auto share = get(ticket->id);
  ASSERT_TRUE(share);
  ASSERT_EQ(share->files.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(share->files[i].name, "same.txt");
    EXPECT_EQ(share->files[i].size, 9U);
    EXPECT_EQ(share->files[i].upload, list[i].upload);
  }
}

TEST_F(ShareServiceTest, ARepeatedRequestMakesTheSameShare) {
  const auto list = files(2);
  const auto first = create(list);
  const auto second = create(list);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->id, second->id);
  EXPECT_EQ(first->owner_token, second->owner_token);
  EXPECT_EQ(first->expires, second->expires);

  auto renamed = list;
  renamed[0].name = "other.txt";
  const auto other = create(renamed);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().type, ProblemType::invalid_request);
}

TEST_F(ShareServiceTest, TakesOnlyFinishedUploadsOfTheirOwners) {
  auto wrong = files(1);
  wrong[0].token = "guessed";
  EXPECT_EQ(create(wrong).error().type, ProblemType::not_found);
  auto absent = files(1);
  absent[0].upload = std::string(32, '0');
  EXPECT_EQ(create(absent).error().type, ProblemType::not_found);

  const auto unfinished = node.await(uploads.create(10, ""));
  NewFile file;
  file.upload = unfinished->id;
  file.token = unfinished->token;
  file.name = "x";
  EXPECT_EQ(create({file}).error().type, ProblemType::upload_incomplete);
}

TEST_F(ShareServiceTest, RefusesListsThatMakeNoSense) {
  EXPECT_EQ(create({}).error().type, ProblemType::invalid_request);
  auto twice = files(1);
  twice.push_back(twice.front());
  EXPECT_EQ(create(twice).error().type, ProblemType::invalid_request);
  auto nameless = files(1);
  nameless[0].name = "\r\n";
  EXPECT_EQ(create(nameless).error().type, ProblemType::invalid_request);
  auto digest = files(1);
  digest[0].sha256 = "abc";
  EXPECT_EQ(create(digest).error().type, ProblemType::invalid_request);
  EXPECT_EQ(create(files(1), seconds(0)).error().type, ProblemType::invalid_request);
  EXPECT_EQ(create(files(1), seconds(604'801)).error().type, ProblemType::invalid_request);
  EXPECT_EQ(create(std::vector<NewFile>(201)).error().type, ProblemType::invalid_request);
}

TEST_F(ShareServiceTest, AnUploadIsInOneShareOnly) {
  auto list = files(2);
  ASSERT_TRUE(create({list[0]}));
  const auto refused = create(list);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, ProblemType::invalid_request);
  // Nothing was bound by the refused request.
  EXPECT_TRUE(create({list[1]}));
}

TEST_F(ShareServiceTest, BindsMoreFilesThanOneBatchHolds) {
  ASSERT_GT(150U, node.storage().caps().max_batch);
  const auto ticket = create(files(150));
  ASSERT_TRUE(ticket);
  EXPECT_EQ(get(ticket->id)->files.size(), 150U);
  // Removing it works in several claims as well.
  ASSERT_TRUE(node.await(shares.remove(ticket->id, ticket->owner_token)));
  EXPECT_TRUE(sweep_until([&] { return blobs() == 0; }));
}

TEST_F(ShareServiceTest, RefusesAManifestThatDoesNotFitTheStore) {
  auto list = files(200);
  for (auto& file : list) {
    file.name = std::string(1024, '"');  // doubled by JSON
  }
  const auto refused = create(list);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().type, ProblemType::too_large);
  for (auto& file : list) {
    file.name = "short";
  }
  EXPECT_TRUE(create(list));
}

TEST_F(ShareServiceTest, AnOpenShareIsCompletedByItsOwnerOnce) {
  const auto opened = node.await(shares.open(seconds(3600)));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->state, ShareState::open);
  EXPECT_EQ(get(opened->id)->state, ShareState::open);

  const auto list = files(2);
  auto stranger = *opened;
  stranger.owner_token = "nope";
  EXPECT_EQ(complete(stranger, list).error().type, ProblemType::token_invalid);
  for (int i = 0; i < 2; ++i) {
    const auto done = complete(*opened, list);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->state, ShareState::ready);
  }
  EXPECT_EQ(complete(*opened, files(1)).error().type, ProblemType::invalid_request);
  EXPECT_EQ(get(opened->id)->files.size(), 2U);
  // Uploads in a share are no longer the uploader's to remove.
  EXPECT_EQ(node.await(uploads.terminate(list[0].upload)).error().type, ProblemType::upload_locked);
}

TEST_F(ShareServiceTest, GoesOnAfterACrashBetweenBindingAndReady) {
  const auto opened = node.await(shares.open({}));
  const auto list = files(2);
  // As bind() leaves the first upload.
  const auto stored = node.await(node.storage().get(upload_key(list[0].upload)));
  auto bound = *decode_upload(stored->value);
  bound.state = UploadState::shared;
  bound.share = opened->id;
  std::vector<Write> batch;
  batch.push_back(Write::put(upload_key(list[0].upload), encode(bound)));
  ASSERT_TRUE(node.await(node.storage().apply(std::move(batch))));

  EXPECT_TRUE(complete(*opened, list));
  EXPECT_EQ(get(opened->id)->files.size(), 2U);
}

TEST_F(ShareServiceTest, RemovalStopsServingAndSweepsTheBlobs) {
  const auto list = files(2);
  const auto ticket = create(list);
  EXPECT_EQ(blobs(), 2U);
  EXPECT_EQ(node.await(shares.remove(ticket->id, "nope")).error().type, ProblemType::token_invalid);
  ASSERT_TRUE(node.await(shares.remove(ticket->id, ticket->owner_token)));
  EXPECT_EQ(kicks, 1);
  EXPECT_EQ(get(ticket->id).error().type, ProblemType::expired);
  ASSERT_TRUE(sweep_until([&] { return blobs() == 0; }));
  EXPECT_EQ(get(ticket->id).error().type, ProblemType::expired);
  EXPECT_EQ(node.await(node.storage().get(upload_key(list[0].upload))).error().code,
            Errc::not_found);
  EXPECT_TRUE(node.await(shares.remove(ticket->id, ticket->owner_token)));
}

TEST_F(ShareServiceTest, ExpiryEndsASharesAndItsBlobs) {
  const auto ticket = create(files(1), seconds(1));
  ASSERT_TRUE(ticket);
  EXPECT_TRUE(get(ticket->id));
  ASSERT_TRUE(sweep_until([&] { return blobs() == 0; }));
  EXPECT_EQ(get(ticket->id).error().type, ProblemType::expired);
}

TEST_F(ShareServiceTest, NobodyKnowsAStrangersShare) {
  EXPECT_EQ(get(std::string(32, '0')).error().type, ProblemType::not_found);
  EXPECT_EQ(get("../etc/passwd").error().type, ProblemType::not_found);
}

TEST_F(ShareServiceTest, TheSweepRemovesUnfinishedUploads) {
  UploadSettings brief;
  brief.expiry = Millis(1);
  UploadService forgetful(node.storage(), node.blobs(), brief, node.log(), node.metrics());
  Janitor sweeper(node.storage(), forgetful, {}, node.log(), node.metrics());
  const auto upload = node.await(forgetful.create(100, ""));
  ASSERT_TRUE(upload);
  EXPECT_GT(node.dir().files("blobs/up"), 0U);
  const auto give_up = std::chrono::steady_clock::now() + seconds(20);
  std::size_t removed = 0;
  while (removed == 0 && std::chrono::steady_clock::now() < give_up) {
    removed = node.await(sweeper.sweep()).removed;
  }
  EXPECT_EQ(removed, 1U);
  EXPECT_EQ(node.dir().files("blobs/up"), 0U);
  EXPECT_EQ(node.await(forgetful.head(upload->id)).error().type, ProblemType::not_found);
}

TEST_F(ShareServiceTest, TheSweepLeavesBoundUploadsOfLivingSharesAlone) {
  const auto list = files(1);
  const auto ticket = create(list);
  ASSERT_TRUE(ticket);
  const auto key = upload_key(list[0].upload);
  const auto make_due = [&] {
    const auto stored = node.await(node.storage().get(key));
    std::vector<Write> batch;
    batch.push_back(Write::put(key, stored->value)
                        .if_version(stored->version)
                        .due_in(Millis(0), std::string(kSweepQueue)));
    ASSERT_TRUE(node.await(node.storage().apply(std::move(batch))));
  };
  make_due();
  EXPECT_EQ(node.await(janitor.sweep()).removed, 0U);
  EXPECT_EQ(blobs(), 1U);
  // The share's record is lost: what it held is removed by itself.
  std::vector<Write> batch;
  batch.push_back(Write::erase(share_key(ticket->id)));
  ASSERT_TRUE(node.await(node.storage().apply(std::move(batch))));
  make_due();
  EXPECT_EQ(node.await(janitor.sweep()).removed, 1U);
  EXPECT_EQ(blobs(), 0U);
}

TEST_F(ShareServiceTest, TheSweepPutsDamagedRecordsAside) {
  std::vector<Write> batch;
  batch.push_back(Write::put(upload_key(std::string(32, 'a')), to_bytes("{damaged"))
                      .due_in(Millis(0), std::string(kSweepQueue)));
  ASSERT_TRUE(node.await(node.storage().apply(std::move(batch))));
  EXPECT_EQ(node.await(janitor.sweep()).removed, 0U);
  EXPECT_TRUE(node.await(node.storage().get(upload_key(std::string(32, 'a')))));
  EXPECT_TRUE(
      node.await(node.storage().claim_due(std::string(kSweepQueue), 10, seconds(1)))->empty());
}

TEST_F(ShareServiceTest, TheJanitorRunsByItselfWhenKicked) {
  JanitorSettings seldom;
  seldom.interval = std::chrono::hours(1);
  Janitor sweeper(node.storage(), uploads, seldom, node.log(), node.metrics());
  sweeper.start(node.executor());
  const auto ticket = create(files(1));
  ASSERT_TRUE(node.await(shares.remove(ticket->id, ticket->owner_token)));
  sweeper.kick();
  const auto give_up = std::chrono::steady_clock::now() + seconds(20);
  while (blobs() > 0 && std::chrono::steady_clock::now() < give_up) {
    std::this_thread::yield();
  }
  EXPECT_EQ(blobs(), 0U);
  node.await(sweeper.stop());
}

}  // namespace
}  // namespace ferry::shares
