// The header gate: what it accepts obeys the rules it promises, and what follows it can rely on.
#include "http/gate.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace ferry;

namespace {

void require(bool good) {
  if (!good) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  http::HeadScanner whole;
  const auto state = whole.scan(input);
  http::HeadScanner pieces;
  auto last = http::HeadScanner::State::more;
  for (std::size_t n = 1; n <= size && last == http::HeadScanner::State::more; n += 1 + n / 3) {
    last = pieces.scan(input.substr(0, n));
  }
  if (last == http::HeadScanner::State::more) {
    last = pieces.scan(input);
  }
  require(last == state);
  const auto block =
      state == http::HeadScanner::State::complete ? input.substr(0, whole.size()) : input;
  const auto head = http::parse_head(block);
  if (!head) {
    return 0;
  }
  require(block.size() <= http::kMaxHead && head->fields.size() <= http::kMaxFields);
  require(!head->path.empty() && head->path.front() == '/');
  require(head->path.find('\0') == std::string::npos);
  require(head->path.find("/../") == std::string::npos && !head->path.ends_with("/.."));
  require(!head->host.empty());
  require(!(head->chunked && head->length));
  int hosts = 0;
  for (const auto& [name, value] : head->fields) {
    hosts += name == "host" ? 1 : 0;
    require(std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }));
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
  require(hosts == 1);
  return 0;
}
