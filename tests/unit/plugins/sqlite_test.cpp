#include "sqlite/records.hpp"
#include "sqlite/schema.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ferry::sqlite {
namespace {

namespace fs = std::filesystem;

class SqliteTest : public testing::Test {
 protected:
  SqliteTest() {
    std::string name = (fs::temp_directory_path() / "ferry-sqlite-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options_.path = (folder_ / "data/ferry.db").string();
  }
  ~SqliteTest() override { fs::remove_all(folder_); }

  Error refused() {
    const auto db = open_writer(options_);
    EXPECT_FALSE(db);
    return db ? Error() : db.error();
  }

  fs::path folder_;
  FileOptions options_;
};

TEST_F(SqliteTest, CreatesAPrivateFolderAndFile) {
  ASSERT_TRUE(open_writer(options_));
  struct stat info{};
  ASSERT_EQ(::stat(options_.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder_ / "data").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(SqliteTest, IsDurableByDefault) {
  const auto db = open_writer(options_);
  ASSERT_TRUE(db);
  EXPECT_EQ((*db)->text("PRAGMA journal_mode"), "wal");
  EXPECT_EQ((*db)->integer("PRAGMA synchronous"), 2);  // FULL
}

TEST_F(SqliteTest, OpensWhatItMade) {
  ASSERT_TRUE(open_writer(options_));
  EXPECT_TRUE(open_writer(options_));
}

TEST_F(SqliteTest, RefusesAFileThatIsNoDatabase) {
  fs::create_directory(folder_ / "data");
  std::ofstream(options_.path) << std::string(5000, 'x');
  const auto error = refused();
  EXPECT_EQ(error.code, Errc::corrupt);
  EXPECT_NE(error.detail.find(options_.path), std::string::npos) << error.detail;
}

TEST_F(SqliteTest, RefusesADamagedFile) {
  {
    const auto db = open_writer(options_);
    ASSERT_TRUE(db);
    (*db)->execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) "
        "INSERT INTO record(space,key,value,version) "
        "SELECT 's', 'key'||i, randomblob(100), i FROM n");
    (*db)->execute("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  std::fstream file(options_.path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 6);
  file << std::string(4096 * 8, '\xff');
  file.close();
  const auto error = refused();
  EXPECT_EQ(error.code, Errc::corrupt);
  EXPECT_NE(error.detail.find("damaged"), std::string::npos) << error.detail;
}

TEST_F(SqliteTest, RefusesANewerSchema) {
  {
    const auto db = open_writer(options_);
    ASSERT_TRUE(db);
    (*db)->execute("PRAGMA user_version=7");
  }
  const auto error = refused();
  EXPECT_EQ(error.code, Errc::not_supported);
  EXPECT_NE(error.detail.find("newer version (schema 7"), std::string::npos) << error.detail;
}

TEST_F(SqliteTest, RefusesTheDatabaseOfAnotherProgram) {
  {
    const auto db = open_writer(options_);
    ASSERT_TRUE(db);
    (*db)->execute("PRAGMA application_id=1");
  }
  EXPECT_NE(refused().detail.find("another program"), std::string::npos);
}

TEST_F(SqliteTest, RefusesAFolderThatCannotBeWritten) {
  options_.path = "/proc/ferry/ferry.db";
  EXPECT_NE(refused().detail.find("/proc/ferry"), std::string::npos);
}

TEST_F(SqliteTest, RefusesAFolderInPlaceOfTheFile) {
  fs::create_directories(options_.path);
  EXPECT_NE(refused().detail.find(options_.path), std::string::npos);
}

TEST_F(SqliteTest, FullFileIsQuotaExceededAndUndone) {
  options_.max_size = 256 << 10;
  const auto db = open_writer(options_);
  ASSERT_TRUE(db);
  RecordWriter records(**db);
  std::vector<Write> small;
  small.push_back(Write::put(RecordKey("s", "small"), to_bytes("1")));
  records.begin();
  ASSERT_TRUE(records.apply(small, 1000));
  records.commit();
  std::vector<Write> large;
  large.push_back(Write::put(RecordKey("s", "large"), Bytes(512 << 10)));
  records.begin();
  try {
    records.apply(large, 1000);
    ADD_FAILURE() << "more was stored than max_size";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, Errc::quota_exceeded);
  }
  records.roll_back();
  EXPECT_EQ((*db)->integer("SELECT count(*) FROM record"), 1);
  std::vector<Write> erase;
  erase.push_back(Write::erase(RecordKey("s", "small")));
  records.begin();
  EXPECT_TRUE(records.apply(erase, 1000)) << "room can be made on a full disk";
  records.commit();
}

TEST_F(SqliteTest, RefusedBatchLeavesTheOthersOfItsTransactionAlone) {
  const auto db = open_writer(options_);
  ASSERT_TRUE(db);
  RecordWriter records(**db);
  std::vector<Write> good;
  good.push_back(Write::put(RecordKey("s", "good"), to_bytes("1")));
  std::vector<Write> bad;
  bad.push_back(Write::put(RecordKey("s", "bad"), to_bytes("1")));
  bad.push_back(Write::check(RecordKey("s", "good"), 77));
  records.begin();
  ASSERT_TRUE(records.apply(good, 1000));
  EXPECT_FALSE(records.apply(bad, 1000));
  records.commit();
  EXPECT_EQ((*db)->text("SELECT group_concat(key) FROM record"), "good");
}

TEST_F(SqliteTest, PurgesExpiredRecordsButNotQueuedOnes) {
  const auto db = open_writer(options_);
  ASSERT_TRUE(db);
  RecordWriter records(**db);
  std::vector<Write> batch;
  batch.push_back(Write::put(RecordKey("s", "gone"), {}).expire_in(Millis(10)));
  batch.push_back(
      Write::put(RecordKey("s", "queued"), {}).expire_in(Millis(10)).due_in(Millis(5), "q"));
  batch.push_back(Write::put(RecordKey("s", "kept"), {}).expire_in(Millis(11)));
  records.begin();
  ASSERT_TRUE(records.apply(batch, 1000));
  records.purge(1010);
  records.commit();
  EXPECT_EQ((*db)->integer("SELECT count(*) FROM record WHERE key='gone'"), 0);
  EXPECT_EQ((*db)->integer("SELECT count(*) FROM record"), 2);
  records.begin();
  EXPECT_EQ(records.claim_due("q", 10, Millis(100), 1005).size(), 1u);
  EXPECT_TRUE(records.claim_due("q", 10, Millis(100), 1104).empty());
  EXPECT_EQ(records.claim_due("q", 10, Millis(100), 1105).size(), 1u);
  records.roll_back();
}

}  // namespace
}  // namespace ferry::sqlite
