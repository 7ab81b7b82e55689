#include "suite.hpp"

#include <ferry/blob_store.hpp>

#include <algorithm>
#include <fcntl.h>
#include <unistd.h>

namespace ferry::conformance {
namespace {

BlobKey fresh_key() {
  return BlobKey(unique("blob"));
}

/// Writes in pieces of `piece` bytes.
Awaitable<Result<void>> write_all(BlobWriter& writer, ByteView bytes, std::size_t piece) {
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    auto written = co_await writer.write(part);
    if (!written) {
      co_return written;
    }
    bytes = bytes.subspan(part.size());
  }
  co_return Result<void>();
}

Awaitable<Result<BlobInfo>> store(BlobStore& blobs, BlobKey key, ByteView bytes,
                                  std::size_t piece = 256 << 10) {
  auto writer = co_await blobs.create(key, bytes.size());
  if (!writer) {
    co_return writer.error();
  }
  if (auto written = co_await write_all(**writer, bytes, piece); !written) {
    co_return written.error();
  }
  co_return co_await (*writer)->finish();
}

Awaitable<Result<Bytes>> read_all(BlobReader& reader) {
  Bytes all;
  Bytes block(70'001);
  for (;;) {
    const std::uint64_t before = reader.remaining();
    const auto n = co_await reader.read(block);
    if (!n) {
      co_return n.error();
    }
    if (*n == 0) {
      co_return all;
    }
    if (before - reader.remaining() != *n) {
      co_return Error(Errc::internal, "remaining() does not follow read()");
    }
    all.insert(all.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(*n));
  }
}

Awaitable<Result<Bytes>> load(BlobStore& blobs, BlobKey key, ByteRange range = ByteRange()) {
  auto reader = co_await blobs.open(key, range);
  if (!reader) {
    co_return reader.error();
  }
  co_return co_await read_all(**reader);
}

Awaitable<void> ping_answers(Rig&, BlobStore& b) {
  const auto pong = co_await b.ping();
  REQUIRE_OK(pong);
}

Awaitable<void> sizes_round_trip(Rig&, BlobStore& b) {
  for (const std::size_t size :
       {0u, 1u, 65'535u, 65'536u, 65'537u, 1'048'576u, 1'048'577u, 5'000'011u}) {
    const auto key = fresh_key();
    const auto bytes = pattern(size, static_cast<std::uint32_t>(size + 1));
    const auto info = co_await store(b, key, bytes);
    REQUIRE_OK(info);
    EXPECT_EQ(info->size, size);
    const auto stat = co_await b.stat(key);
    REQUIRE_OK(stat);
    EXPECT_EQ(stat->size, size);
    const auto back = co_await load(b, key);
    REQUIRE_OK(back);
    EXPECT_TRUE(*back == bytes) << "of " << size << " bytes";
  }
}

Awaitable<void> pieces_of_any_size_are_joined(Rig&, BlobStore& b) {
  const auto bytes = pattern(400'003);
  for (const std::size_t piece : {997u, 65'535u, 65'537u, 300'000u}) {
    const auto key = fresh_key();
    const auto info = co_await store(b, key, bytes, piece);
    REQUIRE_OK(info);
    const auto back = co_await load(b, key);
    REQUIRE_OK(back);
    EXPECT_TRUE(*back == bytes) << "in pieces of " << piece;
  }
}

Awaitable<void> undeclared_size_works(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(100'000);
  auto writer = co_await b.create(key, std::nullopt);
  REQUIRE_OK(writer);
  const auto written = co_await write_all(**writer, bytes, 30'000);
  REQUIRE_OK(written);
  EXPECT_EQ((*writer)->accepted(), bytes.size());
  const auto info = co_await (*writer)->finish();
  REQUIRE_OK(info);
  const auto back = co_await load(b, key);
  REQUIRE_OK(back);
  EXPECT_TRUE(*back == bytes);
}

Awaitable<void> ranges_are_exact(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(200'000);
  const auto info = co_await store(b, key, bytes);
  REQUIRE_OK(info);
  struct Range {
    std::uint64_t offset;
    std::optional<std::uint64_t> length;
    std::size_t expected;
  };
  for (const Range& r : {Range{0, 1, 1}, Range{0, {}, 200'000}, Range{1, 10, 10},
                         Range{199'999, {}, 1}, Range{199'999, 1, 1}, Range{100, 0, 0},
                         Range{65'536, 65'536, 65'536}, Range{199'000, 5000, 1000}}) {
    auto reader = co_await b.open(key, ByteRange(r.offset, r.length));
    REQUIRE_OK(reader);
    EXPECT_EQ((*reader)->size(), bytes.size());
    EXPECT_EQ((*reader)->remaining(), r.expected);
    const auto back = co_await read_all(**reader);
    REQUIRE_OK(back);
    REQUIRE(back->size() == r.expected);
    EXPECT_TRUE(std::equal(back->begin(), back->end(),
                           bytes.begin() + static_cast<std::ptrdiff_t>(r.offset)))
        << "at " << r.offset;
  }
}

Awaitable<void> range_beyond_the_end_is_refused(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto info = co_await store(b, key, pattern(10));
  REQUIRE_OK(info);
  const auto reader = co_await b.open(key, ByteRange(11));
  EXPECT_ERRC(reader, Errc::invalid_argument);
}

Awaitable<void> missing_is_not_found(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto reader = co_await b.open(key, ByteRange());
  EXPECT_ERRC(reader, Errc::not_found);
  const auto stat = co_await b.stat(key);
  EXPECT_ERRC(stat, Errc::not_found);
  const auto writer = co_await b.resume(key, "");
  EXPECT_ERRC(writer, Errc::not_found);
}

Awaitable<void> invisible_until_finished(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(300'000);
  auto writer = co_await b.create(key, bytes.size());
  REQUIRE_OK(writer);
  const auto written = co_await write_all(**writer, bytes, 256 << 10);
  REQUIRE_OK(written);
  const auto saved = co_await (*writer)->checkpoint();
  REQUIRE_OK(saved);
  const auto early = co_await b.open(key, ByteRange());
  EXPECT_ERRC(early, Errc::not_found);
  const auto stat = co_await b.stat(key);
  EXPECT_ERRC(stat, Errc::not_found);
  const auto info = co_await (*writer)->finish();
  REQUIRE_OK(info);
  const auto late = co_await b.stat(key);
  REQUIRE_OK(late);
}

Awaitable<void> create_refuses_an_existing_key(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  auto writer = co_await b.create(key, 10);
  REQUIRE_OK(writer);
  const auto twice = co_await b.create(key, 10);
  EXPECT_ERRC(twice, Errc::already_exists);
  const auto written = co_await write_all(**writer, pattern(10), 10);
  REQUIRE_OK(written);
  const auto info = co_await (*writer)->finish();
  REQUIRE_OK(info);
  const auto after = co_await b.create(key, 10);
  EXPECT_ERRC(after, Errc::already_exists);
}

/// Writes, checkpoints, writes more, drops the writer, resumes: what was checkpointed must be
/// there.
Awaitable<void> resumes_at_the_checkpoint(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(1'700'000);
  std::string token;
  std::uint64_t durable = 0;
  std::uint64_t at = 0;
  for (int round = 0; at < bytes.size(); ++round) {
    REQUIRE(round < 100);
    auto writer = round == 0 ? co_await b.create(key, bytes.size()) : co_await b.resume(key, token);
    REQUIRE_OK(writer);
    at = (*writer)->accepted();
    EXPECT_GE(at, durable) << "less is left than was reported durable";
    EXPECT_LE(at, bytes.size());
    const auto some = std::min<std::size_t>(600'000, bytes.size() - at);
    const auto written = co_await write_all(**writer, ByteView(bytes).subspan(at, some), 100'000);
    REQUIRE_OK(written);
    const auto saved = co_await (*writer)->checkpoint();
    REQUIRE_OK(saved);
    EXPECT_LE(saved->durable, (*writer)->accepted());
    EXPECT_GE(saved->durable, durable);
    EXPECT_LE(saved->token.size(), 4096u);
    durable = saved->durable;
    token = saved->token;
    at += some;
    if (at < bytes.size()) {  // lost with the writer, or not: both are right
      const auto lost = co_await write_all(**writer, ByteView(bytes).subspan(at, 1000), 1000);
      REQUIRE_OK(lost);
    }
  }
  auto writer = co_await b.resume(key, token);
  REQUIRE_OK(writer);
  const auto left = ByteView(bytes).subspan((*writer)->accepted());
  const auto written = co_await write_all(**writer, left, 100'000);
  REQUIRE_OK(written);
  const auto info = co_await (*writer)->finish();
  REQUIRE_OK(info);
  EXPECT_EQ(info->size, bytes.size());
  const auto back = co_await load(b, key);
  REQUIRE_OK(back);
  EXPECT_TRUE(*back == bytes);
}

Awaitable<void> resumes_what_was_never_checkpointed(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(50'000);
  {
    auto writer = co_await b.create(key, bytes.size());
    REQUIRE_OK(writer);
    const auto written = co_await write_all(**writer, bytes, 20'000);
    REQUIRE_OK(written);
  }
  auto writer = co_await b.resume(key, "");
  REQUIRE_OK(writer);
  REQUIRE((*writer)->accepted() <= bytes.size());
  const auto left = ByteView(bytes).subspan((*writer)->accepted());
  const auto written = co_await write_all(**writer, left, 20'000);
  REQUIRE_OK(written);
  const auto info = co_await (*writer)->finish();
  REQUIRE_OK(info);
  const auto back = co_await load(b, key);
  REQUIRE_OK(back);
  EXPECT_TRUE(*back == bytes);
}

Awaitable<void> resumes_with_an_older_token(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(300'000);
  std::string old_token;
  std::uint64_t old_durable = 0;
  {
    auto writer = co_await b.create(key, bytes.size());
    REQUIRE_OK(writer);
    for (std::size_t part = 0; part < 3; ++part) {
      const auto written =
          co_await write_all(**writer, ByteView(bytes).subspan(part * 100'000, 100'000), 100'000);
      REQUIRE_OK(written);
      const auto saved = co_await (*writer)->checkpoint();
      REQUIRE_OK(saved);
      if (part == 0) {
        old_token = saved->token;
        old_durable = saved->durable;
      }
    }
  }
  auto writer = co_await b.resume(key, old_token);
  REQUIRE_OK(writer);
  EXPECT_GE((*writer)->accepted(), old_durable);
  const auto left = ByteView(bytes).subspan((*writer)->accepted());
  const auto written = co_await write_all(**writer, left, 100'000);
  REQUIRE_OK(written);
  const auto info = co_await (*writer)->finish();
  REQUIRE_OK(info);
  const auto back = co_await load(b, key);
  REQUIRE_OK(back);
  EXPECT_TRUE(*back == bytes);
}

Awaitable<void> finished_blob_is_not_resumed(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(1000);
  const auto info = co_await store(b, key, bytes);
  REQUIRE_OK(info);
  for (const char* token : {""}) {
    const auto writer = co_await b.resume(key, token);
    EXPECT_ERRC(writer, Errc::already_exists);
  }
  const auto back = co_await load(b, key);
  REQUIRE_OK(back);
  EXPECT_TRUE(*back == bytes);
}

Awaitable<void> survives_restart(Rig& rig, BlobStore& b) {
  const auto done_key = fresh_key();
  const auto part_key = fresh_key();
  const auto bytes = pattern(500'000);
  const auto info = co_await store(b, done_key, bytes);
  REQUIRE_OK(info);
  BlobWriter::Checkpoint saved_at;
  {
    auto writer = co_await b.create(part_key, bytes.size());
    REQUIRE_OK(writer);
    const auto written = co_await write_all(**writer, ByteView(bytes).first(400'000), 100'000);
    REQUIRE_OK(written);
    const auto saved = co_await (*writer)->checkpoint();
    REQUIRE_OK(saved);
    saved_at = *saved;
  }
  co_await rig.restart();
  auto& again = dynamic_cast<BlobStore&>(rig.plugin());
  const auto back = co_await load(again, done_key);
  REQUIRE_OK(back);
  EXPECT_TRUE(*back == bytes);
  auto writer = co_await again.resume(part_key, saved_at.token);
  REQUIRE_OK(writer);
  EXPECT_GE((*writer)->accepted(), saved_at.durable);
  const auto left = ByteView(bytes).subspan((*writer)->accepted());
  const auto written = co_await write_all(**writer, left, 100'000);
  REQUIRE_OK(written);
  const auto finished = co_await (*writer)->finish();
  REQUIRE_OK(finished);
  const auto whole = co_await load(again, part_key);
  REQUIRE_OK(whole);
  EXPECT_TRUE(*whole == bytes);
}

Awaitable<void> remove_takes_every_form(Rig&, BlobStore& b) {
  const auto missing = fresh_key();
  const auto nothing = co_await b.remove(missing, "");
  REQUIRE_OK(nothing);

  const auto unfinished = fresh_key();
  std::string token;
  {
    auto writer = co_await b.create(unfinished, 200'000);
    REQUIRE_OK(writer);
    const auto written = co_await write_all(**writer, pattern(100'000), 100'000);
    REQUIRE_OK(written);
    const auto saved = co_await (*writer)->checkpoint();
    REQUIRE_OK(saved);
    token = saved->token;
  }
  const auto removed = co_await b.remove(unfinished, token);
  REQUIRE_OK(removed);
  const auto resumed = co_await b.resume(unfinished, token);
  EXPECT_ERRC(resumed, Errc::not_found);

  const auto finished = fresh_key();
  const auto info = co_await store(b, finished, pattern(100'000));
  REQUIRE_OK(info);
  const auto gone = co_await b.remove(finished, "");
  REQUIRE_OK(gone);
  const auto stat = co_await b.stat(finished);
  EXPECT_ERRC(stat, Errc::not_found);
  const auto again = co_await b.remove(finished, "");
  REQUIRE_OK(again);
}

Awaitable<void> open_reader_survives_remove(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(900'000);
  const auto info = co_await store(b, key, bytes);
  REQUIRE_OK(info);
  auto reader = co_await b.open(key, ByteRange());
  REQUIRE_OK(reader);
  Bytes head(1000);
  const auto n = co_await (*reader)->read(head);
  REQUIRE_OK(n);
  const auto removed = co_await b.remove(key, "");
  REQUIRE_OK(removed);
  auto rest = co_await read_all(**reader);
  REQUIRE_OK(rest);
  head.resize(*n);
  head.insert(head.end(), rest->begin(), rest->end());
  EXPECT_TRUE(head == bytes);
}

Awaitable<void> many_blobs_at_once(Rig& rig, BlobStore& b) {
  co_await in_parallel(rig.host(), 8, [&](std::size_t i) -> Awaitable<void> {
    const auto key = fresh_key();
    const auto bytes = pattern(300'000 + i * 1001, static_cast<std::uint32_t>(i + 1));
    const auto info = co_await store(b, key, bytes, 50'000 + i * 10'000);
    REQUIRE_OK(info);
    const auto back = co_await load(b, key);
    REQUIRE_OK(back);
    EXPECT_TRUE(*back == bytes);
  });
}

Awaitable<void> take_file_gives_the_bytes(Rig&, BlobStore& b) {
  const auto key = fresh_key();
  const auto bytes = pattern(100'000);
  const auto info = co_await store(b, key, bytes);
  REQUIRE_OK(info);
  auto reader = co_await b.open(key, ByteRange(5000, 70'000));
  REQUIRE_OK(reader);
  const auto region = (*reader)->take_file();
  REQUIRE(region.has_value());
  REQUIRE(region->length() == 70'000);
  reader->reset();  // the region has a descriptor of its own
  Bytes back(70'000);
  const auto n =
      ::pread(region->fd(), back.data(), back.size(), static_cast<off_t>(region->offset()));
  REQUIRE(n == 70'000);
  EXPECT_TRUE(std::equal(back.begin(), back.end(), bytes.begin() + 5000));
  EXPECT_NE(::fcntl(region->fd(), F_GETFD) & FD_CLOEXEC, 0);
}

Awaitable<void> list_gives_finished_keys(Rig&, BlobStore& b) {
  std::vector<std::string> expected;
  for (int i = 0; i < 3; ++i) {
    const auto key = fresh_key();
    expected.push_back(key.value);
    const auto info = co_await store(b, key, pattern(10));
    REQUIRE_OK(info);
  }
  std::vector<std::string> seen;
  std::string after;
  for (int pages = 0; pages < 100'000; ++pages) {
    const auto page = co_await b.list(after, 2);
    REQUIRE_OK(page);
    if (page->empty()) {
      break;
    }
    seen.insert(seen.end(), page->begin(), page->end());
    after = page->back();
  }
  for (const auto& key : expected) {
    EXPECT_EQ(std::count(seen.begin(), seen.end(), key), 1);
  }
}

Awaitable<void> absent_features_say_so(Rig&, BlobStore& b) {
  const auto caps = b.caps();
  const auto key = fresh_key();
  const auto info = co_await store(b, key, pattern(10));
  REQUIRE_OK(info);
  if (!caps.presign_get) {
    const auto url = co_await b.presign_get(key, PresignOptions());
    EXPECT_ERRC(url, Errc::not_supported);
  }
  if (!caps.list) {
    const auto keys = co_await b.list("", 10);
    EXPECT_ERRC(keys, Errc::not_supported);
  }
  if (!caps.local_file) {
    auto reader = co_await b.open(key, ByteRange());
    REQUIRE_OK(reader);
    EXPECT_FALSE((*reader)->take_file());
  }
}

std::string unless_durable(Rig&, BlobStore& b) {
  return b.caps().durable ? "" : "caps().durable is false";
}

std::string unless_local_file(Rig&, BlobStore& b) {
  return b.caps().local_file ? "" : "caps().local_file is false";
}

std::string unless_list(Rig&, BlobStore& b) {
  return b.caps().list ? "" : "caps().list is false";
}

constexpr Case<BlobStore> kCases[] = {
    {"PingAnswers", ping_answers},
    {"SizesRoundTrip", sizes_round_trip},
    {"PiecesOfAnySizeAreJoined", pieces_of_any_size_are_joined},
    {"UndeclaredSizeWorks", undeclared_size_works},
    {"RangesAreExact", ranges_are_exact},
    {"RangeBeyondTheEndIsRefused", range_beyond_the_end_is_refused},
    {"MissingIsNotFound", missing_is_not_found},
    {"InvisibleUntilFinished", invisible_until_finished},
    {"CreateRefusesAnExistingKey", create_refuses_an_existing_key},
    {"ResumesAtTheCheckpoint", resumes_at_the_checkpoint},
    {"ResumesWhatWasNeverCheckpointed", resumes_what_was_never_checkpointed},
    {"ResumesWithAnOlderToken", resumes_with_an_older_token},
    {"FinishedBlobIsNotResumed", finished_blob_is_not_resumed},
    {"SurvivesRestart", survives_restart, unless_durable},
    {"RemoveTakesEveryForm", remove_takes_every_form},
    {"OpenReaderSurvivesRemove", open_reader_survives_remove},
    {"ManyBlobsAtOnce", many_blobs_at_once},
    {"TakeFileGivesTheBytes", take_file_gives_the_bytes, unless_local_file},
    {"ListGivesFinishedKeys", list_gives_finished_keys, unless_list},
    {"AbsentFeaturesSaySo", absent_features_say_so},
};

}  // namespace

void add_blob_store_cases() {
  add_cases<BlobStore>("BlobStore", kCases);
}

}  // namespace ferry::conformance
