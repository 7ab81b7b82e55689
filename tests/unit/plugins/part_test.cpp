#include "filesystem/part.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferry::filesystem {
namespace {

namespace fs = std::filesystem;
const std::string kKey = "abcd0123456789ef";

class PartTest : public testing::Test {
 protected:
  PartTest() {
    std::string name = (fs::temp_directory_path() / "ferry-part-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~PartTest() override { fs::remove_all(folder_); }

  RootOptions options(bool durable = true) const {
    RootOptions o;
    o.path = (folder_ / "blobs").string();
    o.durable = durable;
    return o;
  }
  std::shared_ptr<Root> open_root() const {
    auto root = Root::open(options());
    EXPECT_TRUE(root) << root.error().detail;
    return *root;
  }
  fs::path part() const { return folder_ / "blobs/up/ab/cd" / (kKey + ".part"); }
  fs::path log() const { return folder_ / "blobs/up/ab/cd" / (kKey + ".log"); }
  fs::path blob() const { return folder_ / "blobs/blob/ab/cd" / kKey; }

  /// Three checkpoints of 1000 bytes each, then 500 bytes that are not durable.
  void write_three_checkpoints(const std::shared_ptr<Root>& root) {
    auto p = Part::create(root, kKey, 10'000);
    ASSERT_TRUE(p) << p.error().detail;
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(p->append(block(i), {}));
      ASSERT_TRUE(p->checkpoint());
      ASSERT_EQ(p->durable(), 1000u * static_cast<unsigned>(i + 1));
    }
    ASSERT_TRUE(p->append(ByteView(block(3)).first(500), {}));
  }

  static Bytes block(int i) { return Bytes(1000, static_cast<std::byte>('a' + i)); }

  static void overwrite(const fs::path& file, std::streamoff at, std::string_view text) {
    std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
    f.seekp(at);
    f << text;
    ASSERT_TRUE(f.good());
  }

  /// The offset at which an upload goes on; also checks that the file ends there.
  std::uint64_t resumed(const std::shared_ptr<Root>& root, std::uint64_t promised = 0) {
    auto p = Part::resume(root, kKey, promised);
    EXPECT_TRUE(p) << p.error().detail;
    if (!p) {
      return UINT64_MAX;
    }
    EXPECT_EQ(fs::file_size(part()), p->written());
    EXPECT_EQ(p->written(), p->durable());
    return p->written();
  }

  fs::path folder_;
};

TEST_F(PartTest, BytesAfterTheLastCheckpointAreCut) {
  const auto root = open_root();
  write_three_checkpoints(root);
  EXPECT_EQ(fs::file_size(part()), 3500u);
  EXPECT_EQ(resumed(root, 3000), 3000u);
}

TEST_F(PartTest, TornLogRecordGoesBackOneCheckpoint) {
  const auto root = open_root();
  write_three_checkpoints(root);
  fs::resize_file(log(), 3 * kLogRecordSize - 1);
  EXPECT_EQ(resumed(root), 2000u);
  EXPECT_EQ(fs::file_size(log()), 2 * kLogRecordSize) << "the torn record must not stay";
}

TEST_F(PartTest, DamagedLogRecordEndsTheLog) {
  const auto root = open_root();
  write_three_checkpoints(root);
  overwrite(log(), kLogRecordSize + 13, "x");
  EXPECT_EQ(resumed(root), 1000u);
}

TEST_F(PartTest, GarbageAfterTheLogIsIgnored) {
  const auto root = open_root();
  write_three_checkpoints(root);
  overwrite(log(), 3 * kLogRecordSize, std::string(100, '\0'));
  EXPECT_EQ(resumed(root), 3000u);
}

TEST_F(PartTest, WrongBytesOfTheLastCheckpointAreSentAgain) {
  const auto root = open_root();
  write_three_checkpoints(root);
  overwrite(part(), 2999, "X");
  EXPECT_EQ(resumed(root), 2000u);
}

TEST_F(PartTest, ZeroFilledTailAfterAPowerCutIsSentAgain) {
  const auto root = open_root();
  write_three_checkpoints(root);
  fs::resize_file(part(), 1800);
  fs::resize_file(part(), 3500);  // full size, wrong bytes
  EXPECT_EQ(resumed(root), 1000u);
}

TEST_F(PartTest, ShortFileGoesBackToWhatIsThere) {
  const auto root = open_root();
  write_three_checkpoints(root);
  fs::resize_file(part(), 1999);
  EXPECT_EQ(resumed(root), 1000u);
}

TEST_F(PartTest, LossOfPromisedBytesIsCorruption) {
  const auto root = open_root();
  write_three_checkpoints(root);
  overwrite(part(), 2500, "X");
  const auto p = Part::resume(root, kKey, 3000);
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code, Errc::corrupt);
}

TEST_F(PartTest, MissingLogMeansNothingIsDurable) {
  const auto root = open_root();
  write_three_checkpoints(root);
  fs::remove(log());
  EXPECT_EQ(resumed(root), 0u);
}

TEST_F(PartTest, GoesOnAfterADamagedLogAndFinishes) {
  const auto root = open_root();
  write_three_checkpoints(root);
  fs::resize_file(log(), 2 * kLogRecordSize + 5);
  {
    auto p = Part::resume(root, kKey, 0);
    ASSERT_TRUE(p);
    ASSERT_TRUE(p->append(block(2), {}));
    ASSERT_TRUE(p->checkpoint());
  }
  auto p = Part::resume(root, kKey, 3000);
  ASSERT_TRUE(p);
  ASSERT_TRUE(p->finish());
  EXPECT_FALSE(fs::exists(part()));
  EXPECT_FALSE(fs::exists(log()));
  std::ifstream file(blob(), std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, std::string(1000, 'a') + std::string(1000, 'b') + std::string(1000, 'c'));
}

TEST_F(PartTest, ResumeAfterACrashBetweenRenameAndReplyTidiesUp) {
  const auto root = open_root();
  write_three_checkpoints(root);
  fs::create_directories(blob().parent_path());
  fs::rename(part(), blob());  // the log is still there
  const auto p = Part::resume(root, kKey, 3000);
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code, Errc::already_exists);
  EXPECT_FALSE(fs::exists(log()));
}

TEST_F(PartTest, SecondWriterOfAPartIsRefused) {
  const auto root = open_root();
  auto first = Part::create(root, kKey, std::nullopt);
  ASSERT_TRUE(first);
  const auto second = Part::resume(root, kKey, 0);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::unavailable);
}

TEST_F(PartTest, SymbolicLinksAreNotFollowed) {
  const auto root = open_root();
  write_three_checkpoints(root);
  const auto outside = folder_ / "outside";
  std::ofstream(outside) << "secret";
  fs::remove(part());
  fs::create_symlink(outside, part());
  EXPECT_FALSE(Part::resume(root, kKey, 0));
  fs::create_directories(blob().parent_path());
  fs::create_symlink(outside, blob());
  const auto opened = open_blob(*root, kKey);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::permission_denied);
  EXPECT_EQ(fs::file_size(outside), 6u);
}

TEST_F(PartTest, DeclaredSizeIsReservedAndGivenBack) {
  const auto root = open_root();
  auto p = Part::create(root, kKey, 8 << 20);
  ASSERT_TRUE(p);
  struct stat info{};
  ASSERT_EQ(::stat(part().c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 0);
  const bool reserves = info.st_blocks * 512 >= (8 << 20);
  ASSERT_TRUE(p->append(block(0), {}));
  ASSERT_TRUE(p->finish());
  ASSERT_EQ(::stat(blob().c_str(), &info), 0);
  EXPECT_EQ(info.st_size, 1000);
  EXPECT_TRUE(!reserves || info.st_blocks * 512 < (1 << 20));
}

TEST_F(PartTest, CreateRefusesWhatDoesNotFitTheDisk) {
  auto o = options();
  o.min_free = std::uint64_t{1} << 62;
  auto root = Root::open(o);
  ASSERT_TRUE(root);
  const auto p = Part::create(*root, kKey, 1);
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().code, Errc::quota_exceeded);
  const auto huge = Part::create(*Root::open([&] {
    auto other = options();
    other.path = (folder_ / "other").string();
    return other;
  }()),
                                 kKey, std::uint64_t{1} << 60);
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code, Errc::quota_exceeded);
}

TEST_F(PartTest, FailedSyncIsFinalForTheWholeStore) {
  int calls = 0;
  auto o = options();
  o.on_failure = [&calls](const std::string&) { ++calls; };
  const auto root = *Root::open(o);
  auto healthy = Part::create(root, kKey, std::nullopt);
  ASSERT_TRUE(healthy);
  ASSERT_TRUE(healthy->append(block(0), {}));
  // The kernel refuses to sync a pipe, which stands for a disk that fails.
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  EXPECT_FALSE(root->sync_data(pipe[0], "a pipe"));
  EXPECT_FALSE(root->sync_data(pipe[0], "a pipe"));
  ::close(pipe[0]);
  ::close(pipe[1]);
  EXPECT_EQ(calls, 1);
  EXPECT_FALSE(root->probe());
  EXPECT_FALSE(healthy->checkpoint()) << "no later success may be reported";
  EXPECT_EQ(healthy->durable(), 0u);
  EXPECT_FALSE(Part::create(root, "another01", std::nullopt));
}

TEST_F(PartTest, RootIsPrivateAndHeldByOneProcess) {
  const auto root = open_root();
  struct stat info{};
  ASSERT_EQ(::stat((folder_ / "blobs").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  const auto second = Root::open(options());
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find("in use by another process"), std::string::npos);
  EXPECT_NE(second.error().detail.find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(PartTest, RootThatOthersCanWriteToIsRefused) {
  fs::create_directory(folder_ / "blobs");
  ASSERT_EQ(::chmod((folder_ / "blobs").c_str(), 0770), 0);
  const auto root = Root::open(options());
  ASSERT_FALSE(root);
  EXPECT_EQ(root.error().code, Errc::permission_denied);
}

TEST_F(PartTest, LockIsFreeAfterTheStoreIsGone) {
  open_root().reset();
  EXPECT_TRUE(Root::open(options()));
}

TEST(BlobKey, OnlyLowerCaseLettersAndDigits) {
  EXPECT_TRUE(is_key("abcdef01"));
  EXPECT_TRUE(is_key(std::string(64, 'z')));
  for (const char* bad : {"", "abc", "abcdefgH", "abcd/fgh", "../../..", "abcdefg.", "abcdefg\n"}) {
    EXPECT_FALSE(is_key(bad)) << bad;
  }
  EXPECT_FALSE(is_key(std::string(65, 'z')));
}

}  // namespace
}  // namespace ferry::filesystem
