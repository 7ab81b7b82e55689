// Micro benchmarks of what stands on a hot path: `ferry-bench-micro --benchmark_filter=…`.
#include "../../plugins/filesystem/crc32c.hpp"
#include "base/encoding.hpp"
#include "base/token.hpp"
#include "http/gate.hpp"
#include "transfers/room_frame.hpp"
#include "transfers/signaling_message.hpp"
#include "websocket/frame.hpp"

#include <benchmark/benchmark.h>
#include <cstring>
#include <string>
#include <vector>

namespace ferry {
namespace {

void bytes_processed(benchmark::State& state, std::size_t per_round) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(per_round));
}

std::string candidate_message(std::size_t size) {
  const std::string front =
      R"({"type":"candidate","seq":17,"ack":12,"payload":{"candidate":{"candidate":")";
  const std::string back = R"(","sdpMid":"0","sdpMLineIndex":0}}})";
  const std::string line = "candidate:842163049 1 udp 1677729535 203.0.113.7 46154 typ srflx ";
  std::string filler;
  while (front.size() + filler.size() + back.size() < size) {
    filler += line[filler.size() % line.size()];
  }
  return front + filler + back;
}

void scan_message(benchmark::State& state) {
  const auto text = candidate_message(static_cast<std::size_t>(state.range(0)));
  transfers::Envelope envelope;
  for (auto _ : state) {
    const auto wrong = transfers::scan_message(text, envelope);
    benchmark::DoNotOptimize(envelope);
    if (!wrong.empty()) {
      state.SkipWithError("the message was refused");
      return;
    }
  }
  bytes_processed(state, text.size());
}
BENCHMARK(scan_message)->Arg(100)->Arg(400)->Arg(3000)->Arg(16000);

/// SDP is full of escaped line breaks, which end the scanner's eight bytes at a time.
void scan_offer(benchmark::State& state) {
  std::string text =
      R"({"type":"offer","seq":1,"ack":0,"payload":{"description":{"type":"offer","sdp":")";
  while (text.size() < static_cast<std::size_t>(state.range(0))) {
    text += R"(a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n)";
  }
  text += R"("}}})";
  transfers::Envelope envelope;
  for (auto _ : state) {
    const auto wrong = transfers::scan_message(text, envelope);
    benchmark::DoNotOptimize(envelope);
    if (!wrong.empty()) {
      state.SkipWithError("the message was refused");
      return;
    }
  }
  bytes_processed(state, text.size());
}
BENCHMARK(scan_offer)->Arg(3000);

void room_frame(benchmark::State& state) {
  const auto text = candidate_message(static_cast<std::size_t>(state.range(0)));
  transfers::FrameHeader header;
  header.kind = transfers::FrameKind::relay;
  for (auto _ : state) {
    const auto frame = transfers::make_frame(header, text);
    benchmark::DoNotOptimize(transfers::read_frame(*frame));
  }
  bytes_processed(state, text.size());
}
BENCHMARK(room_frame)->Arg(400)->Arg(3000);

std::string masked_frame(const std::string& payload) {
  std::string out{static_cast<char>(0x81)};
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  }
  const std::string mask = "\x12\x34\x56\x78";
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    out += static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return out;
}

void websocket_decode(benchmark::State& state) {
  const auto frame = masked_frame(candidate_message(static_cast<std::size_t>(state.range(0))));
  websocket::Decoder decoder;
  for (auto _ : state) {
    std::string_view rest = frame;
    while (!rest.empty()) {
      const auto space = decoder.prepare();
      const auto n = std::min(space.size(), rest.size());
      std::memcpy(space.data(), rest.data(), n);
      decoder.commit(n);
      rest.remove_prefix(n);
    }
    const auto event = decoder.next();
    if (event.kind != websocket::Event::Kind::text) {
      state.SkipWithError("the frame was refused");
      return;
    }
    benchmark::DoNotOptimize(event.payload.data());
  }
  bytes_processed(state, frame.size());
}
BENCHMARK(websocket_decode)->Arg(100)->Arg(400)->Arg(3000);

void utf8_check(benchmark::State& state) {
  std::string text;
  while (text.size() < 3000) {
    text += "Größe, 大きさ, размер; ";
  }
  for (auto _ : state) {
    benchmark::DoNotOptimize(is_utf8(text));
  }
  bytes_processed(state, text.size());
}
BENCHMARK(utf8_check);

void token_verify(benchmark::State& state) {
  const TokenKeys keys(Secret(std::string(32, 'k')));
  Token token;
  token.role = Role::sender;
  token.issued = std::chrono::system_clock::now();
  token.expires = token.issued + std::chrono::hours(1);
  const auto text = keys.mint(token);
  for (auto _ : state) {
    auto verified = keys.verify(text, TokenType::signal, token.issued + std::chrono::minutes(1));
    if (!verified) {
      state.SkipWithError("the token was refused");
      return;
    }
    benchmark::DoNotOptimize(verified);
  }
}
BENCHMARK(token_verify);

void token_mint(benchmark::State& state) {
  const TokenKeys keys(Secret(std::string(32, 'k')));
  Token token;
  token.role = Role::sender;
  token.issued = std::chrono::system_clock::now();
  token.expires = token.issued + std::chrono::hours(1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(keys.mint(token));
  }
}
BENCHMARK(token_mint);

void http_head(benchmark::State& state) {
  // What Chromium sends for a small GET.
  const std::string block =
      "GET /api/shares/0123456789abcdef0123456789abcdef HTTP/1.1\r\n"
      "Host: files.example.org\r\nConnection: keep-alive\r\n"
      "sec-ch-ua-platform: \"Linux\"\r\n"
      "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
      "Chrome/140.0.0.0 Safari/537.36\r\n"
      "sec-ch-ua: \"Chromium\";v=\"140\", \"Not=A?Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\n"
      "Accept: */*\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\n"
      "Sec-Fetch-Dest: empty\r\nReferer: https://files.example.org/s/abc\r\n"
      "Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9\r\n\r\n";
  for (auto _ : state) {
    http::HeadScanner scanner;
    if (scanner.scan(block) != http::HeadScanner::State::complete) {
      state.SkipWithError("the block was refused");
      return;
    }
    auto head = http::parse_head(std::string_view(block).substr(0, scanner.size()));
    if (!head) {
      state.SkipWithError("the head was refused");
      return;
    }
    benchmark::DoNotOptimize(head);
  }
  bytes_processed(state, block.size());
}
BENCHMARK(http_head);

void crc32c(benchmark::State& state) {
  const std::vector<std::byte> block(1 << 20, std::byte{0x5a});
  for (auto _ : state) {
    benchmark::DoNotOptimize(state.range(0) != 0 ? filesystem::crc32c(block)
                                                 : filesystem::crc32c_portable(block));
  }
  bytes_processed(state, block.size());
}
BENCHMARK(crc32c)->ArgName("hardware")->Arg(0)->Arg(1);

}  // namespace
}  // namespace ferry

BENCHMARK_MAIN();
