#include "base/secret.hpp"

#include <openssl/crypto.h>

namespace ferry {

Secret::~Secret() {
  // The whole buffer: a moved-from short string still holds its characters.
  value_.resize(value_.capacity());
  OPENSSL_cleanse(value_.data(), value_.size());
}

}  // namespace ferry
