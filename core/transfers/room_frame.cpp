#include "transfers/room_frame.hpp"

#include <utility>

namespace ferry::transfers {
namespace {

void put_u64(std::string& out, std::uint64_t v) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(v >> shift & 0xFF));
  }
}

std::uint64_t get_u64(std::string_view in) noexcept {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    v = v << 8 | static_cast<unsigned char>(in[i]);
  }
  return v;
}

}  // namespace

SharedBytes make_frame(const FrameHeader& header, std::string_view text) {
  std::string out;
  out.reserve(kFrameHeader + text.size());
  out.push_back(static_cast<char>(header.kind));
  out.push_back(static_cast<char>(header.role));
  put_u64(out, header.from.since);
  put_u64(out, header.from.random);
  out += text;
  return std::make_shared<const std::string>(std::move(out));
}

std::optional<FrameHeader> read_frame(std::string_view frame) noexcept {
  if (frame.size() < kFrameHeader) {
    return std::nullopt;
  }
  const auto kind = static_cast<unsigned char>(frame[0]);
  const auto role = static_cast<unsigned char>(frame[1]);
  if (kind < 1 || kind > static_cast<unsigned>(FrameKind::stays) ||
      role > static_cast<unsigned>(Role::receiver)) {
    return std::nullopt;
  }
  FrameHeader header;
  header.kind = static_cast<FrameKind>(kind);
  header.role = static_cast<Role>(role);
  header.from.since = get_u64(frame.substr(2));
  header.from.random = get_u64(frame.substr(10));
  return header;
}

std::string room_channel(std::string_view transfer_id) {
  return "room/" + std::string(transfer_id);
}

}  // namespace ferry::transfers
