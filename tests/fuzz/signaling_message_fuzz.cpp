// Whatever the scanner accepts, Boost.JSON reads the same way.
#include "base/encoding.hpp"
#include "transfers/signaling_message.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

using namespace ferry::transfers;
namespace json = boost::json;

namespace {

void require(bool condition) {
  if (!condition) {
    std::abort();
  }
}

void compare(std::string_view text, const Envelope& m) {
  boost::system::error_code failed;
  const json::value value = json::parse({text.data(), text.size()}, failed);
  require(!failed && value.is_object());
  const auto& object = value.get_object();
  require(object.at("type").as_string() ==
          json::string_view(name_of(m.type).data(), name_of(m.type).size()));
  const auto number = [&](const char* key) -> std::uint64_t {
    const auto* const found = object.if_contains(key);
    return found == nullptr ? 0 : found->to_number<std::uint64_t>();
  };
  require(number("seq") == m.seq);
  require(number("ack") == m.ack);
  require((object.if_contains("payload") != nullptr) == !m.payload.empty());
  if (!m.payload.empty()) {
    const json::value payload = json::parse({m.payload.data(), m.payload.size()}, failed);
    // Not compared by value: Boost.JSON 1.81 reads long fractions differently by where they stand.
    require(!failed && payload.as_object().size() == object.at("payload").as_object().size());
  }
  require((object.if_contains("token") != nullptr) == (m.type == MessageType::hello));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Envelope message;
  const bool accepted = scan_message(text, message).empty();
  if (accepted && ferry::is_utf8(text)) {
    compare(text, message);
  }
  // The payload scanner on its own, on anything the fuzzer makes.
  const std::string wrapped = R"({"type":"control","seq":1,"ack":0,"payload":{"x":)" + text + "}}";
  if (scan_message(wrapped, message).empty() && ferry::is_utf8(wrapped)) {
    compare(wrapped, message);
  }
  return 0;
}
