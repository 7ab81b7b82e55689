#include "base/crypto.hpp"

#include "base/encoding.hpp"

#include <gtest/gtest.h>

namespace {

using namespace ferry;

TEST(Crypto, HashesTheFipsVector) {
  EXPECT_EQ(hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Crypto, AuthenticatesTheVectorsOfRfc4231AndRfc2202) {
  EXPECT_EQ(hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha1(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(Crypto, AuthenticatesWithAnEmptyKey) {
  EXPECT_EQ(hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Crypto, DerivesTheThirdVectorOfRfc5869) {
  const Bytes key(22, std::byte{0x0b});
  EXPECT_EQ(hex(hkdf_sha256(key, "", 42)),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Crypto, DerivesUpToItsLimit) {
  EXPECT_EQ(hkdf_sha256(as_bytes("key"), "x", 8160).size(), 8160u);
  EXPECT_THROW(hkdf_sha256(as_bytes("key"), "x", 8161), std::length_error);
}

TEST(Crypto, MakesIdsThatDiffer) {
  const std::string id = random_id();
  EXPECT_EQ(id.size(), 32u);
  EXPECT_TRUE(hex_decode(id));
  EXPECT_NE(id, random_id());
  EXPECT_TRUE(random_bytes(0).empty());
}

TEST(Crypto, ComparesSecrets) {
  EXPECT_TRUE(equal_secret(as_bytes("same"), as_bytes("same")));
  EXPECT_TRUE(equal_secret({}, {}));
  EXPECT_FALSE(equal_secret(as_bytes("same"), as_bytes("sane")));
  EXPECT_FALSE(equal_secret(as_bytes("same"), as_bytes("sam")));
}

}  // namespace
