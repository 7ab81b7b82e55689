#include "shares/records.hpp"

#include <gtest/gtest.h>

namespace ferry::shares {
namespace {

Digest digest_of(unsigned char fill) {
  Digest d;
  d.fill(std::byte{fill});
  return d;
}

UploadRecord open_upload() {
  UploadRecord r;
  r.length = 1000;
  r.offset = 400;
  r.blob = "0123456789abcdef0123456789abcdef";
  r.blob_token = std::string("\x00\xfftoken", 7);
  r.metadata = "filename YQ==";
  r.token_hash = digest_of(0xab);
  r.epoch = 7;
  r.created = from_unix_ms(1763900000123);
  return r;
}

ShareRecord ready_share() {
  ShareRecord r;
  r.state = ShareState::ready;
  r.owner_hash = digest_of(0x01);
  r.created = from_unix_ms(1);
  r.expires = from_unix_ms(86'400'001);
  r.life = std::chrono::hours(24);
  for (int i = 0; i < 3; ++i) {
    ShareFile f;
    f.name = "same \"name\".txt";
    f.type = "text/plain";
    f.size = 9'007'199'254'740'991;
    f.sha256 = i == 0 ? std::string(64, 'a') : "";
    f.upload = std::string(32, 'b');
    f.blob = std::string(32, 'c');
    r.files.push_back(f);
  }
  return r;
}

TEST(UploadRecord, ReadsBackAsWritten) {
  auto deferred = open_upload();
  deferred.length.reset();
  auto complete = open_upload();
  complete.state = UploadState::complete;
  complete.offset = 1000;
  auto shared = complete;
  shared.state = UploadState::shared;
  shared.share = std::string(32, 'd');
  auto removed = open_upload();
  removed.state = UploadState::removed;
  for (const auto& record : {open_upload(), deferred, complete, shared, removed}) {
    const auto back = decode_upload(encode(record));
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(*back, record);
  }
}

TEST(ShareRecord, ReadsBackAsWritten) {
  ShareRecord empty;
  for (const auto& record : {ready_share(), empty}) {
    const auto back = decode_share(encode(record));
    ASSERT_TRUE(back) << back.error().detail;
    EXPECT_EQ(*back, record);
  }
}

TEST(UploadRecord, IsCorruptWhenDamagedAnywhere) {
  const auto text = to_text(encode(open_upload()));
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto cut = decode_upload(as_bytes(text).first(n));
    ASSERT_FALSE(cut) << n;
    EXPECT_EQ(cut.error().code, Errc::corrupt);
  }
}

TEST(UploadRecord, IsCorruptWhenItContradictsItself) {
  auto beyond = open_upload();
  beyond.offset = 1001;
  auto early = open_upload();
  early.state = UploadState::complete;
  auto homeless = open_upload();
  homeless.state = UploadState::shared;
  homeless.offset = 1000;
  auto stray = open_upload();
  stray.share = "x";
  for (const auto& record : {beyond, early, homeless, stray}) {
    const auto back = decode_upload(encode(record));
    ASSERT_FALSE(back);
    EXPECT_EQ(back.error().code, Errc::corrupt);
  }
}

TEST(Records, OfAnotherFormatAreCorrupt) {
  for (auto text : {to_text(encode(open_upload())), to_text(encode(ready_share()))}) {
    const auto at = text.find("\"v\":1");
    ASSERT_NE(at, std::string::npos);
    text[at + 4] = '2';
    EXPECT_FALSE(decode_upload(as_bytes(text)));
    EXPECT_FALSE(decode_share(as_bytes(text)));
  }
  for (const auto* text : {"", "{}", "[]", "null", "\xff", "{\"v\":1}"}) {
    EXPECT_FALSE(decode_upload(as_bytes(text)));
    EXPECT_FALSE(decode_share(as_bytes(text)));
  }
}

TEST(Records, HaveExpiredWhenOnlyTheAfterlifeIsLeft) {
  Record record;
  EXPECT_FALSE(has_expired(record));
  record.expires_in = kAfterlife + Millis(1);
  EXPECT_FALSE(has_expired(record));
  record.expires_in = kAfterlife;
  EXPECT_TRUE(has_expired(record));
}

}  // namespace
}  // namespace ferry::shares
