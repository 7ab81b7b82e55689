#include "transfers/transfer_service.hpp"

#include "support/memory_backends.hpp"
#include "transfers/code.hpp"

#include <atomic>
#include <future>
#include <gtest/gtest.h>
#include <set>

using namespace ferry;
using namespace ferry::transfers;
using namespace std::chrono_literals;
using ferry::testing::MemoryBackends;

namespace {

const Secret kMaster(std::string(32, 'm'));

/// The memory store, whose answers can be lost or whose writes can be beaten by another.
class UnluckyStorage final : public Storage {
 public:
  explicit UnluckyStorage(Storage& real) : real_(real) {}
  std::atomic<int> lose_answers{0};  ///< writes that happen and answer timeout
  std::atomic<int> lose_races{0};    ///< writes that do not happen: version_mismatch
  std::atomic<int> fail_reads{0};

  Awaitable<Result<void>> start() override { return real_.start(); }
  Awaitable<Result<void>> ping() override { return real_.ping(); }
  Awaitable<void> stop() override { return real_.stop(); }
  StorageCaps caps() const override { return real_.caps(); }
  Awaitable<Result<Record>> get(RecordKey key) override {
    if (fail_reads > 0) {
      --fail_reads;
      co_return Error(Errc::unavailable, "test");
    }
    co_return co_await real_.get(std::move(key));
  }
  Awaitable<Result<Committed>> apply(std::vector<Write> batch) override {
    if (lose_races > 0) {
      --lose_races;
      co_return Error(Errc::version_mismatch, "test");
    }
    auto done = co_await real_.apply(std::move(batch));
    if (done && lose_answers > 0) {
      --lose_answers;
      co_return Error(Errc::timeout, "test");
    }
    co_return done;
  }
  Awaitable<Result<Page>> list(std::string space, std::string prefix, std::string cursor,
                               std::size_t limit) override {
    return real_.list(std::move(space), std::move(prefix), std::move(cursor), limit);
  }
  Awaitable<Result<std::vector<Claim>>> claim_due(std::string queue, std::size_t limit,
                                                  Millis lease) override {
    return real_.claim_due(std::move(queue), limit, lease);
  }

 private:
  Storage& real_;
};

class TransferServiceTest : public ::testing::Test {
 protected:
  MemoryBackends backends;
  UnluckyStorage storage{*backends.storage};
  TokenKeys keys{kMaster};
  std::atomic<std::int64_t> now_ms{to_unix_ms(std::chrono::system_clock::now())};
  std::optional<WallTime> share_end;
  std::unique_ptr<TransferService> service = make(Settings());

  std::unique_ptr<TransferService> make(Settings settings) {
    return std::make_unique<TransferService>(
        storage, *backends.signaling, keys, kMaster, std::move(settings),
        [this](std::string id) -> Awaitable<Outcome<WallTime>> {
          if (id != "share1" || !share_end) {
            co_return Problem(ProblemType::not_found);
          }
          co_return *share_end;
        },
        *backends.log, backends.metrics, [this] { return from_unix_ms(now_ms); });
  }

  WallTime now() const { return from_unix_ms(now_ms); }
  void pass(Millis time) { now_ms += time.count(); }

  Opened create() { return backends.run(service->create()).value(); }
  Outcome<Joined> join(const std::string& code, std::optional<Token> mine = std::nullopt) {
    return backends.run(service->join(code, std::move(mine)));
  }
  ProblemType refusal(const std::string& code) {
    const auto joined = join(code);
    EXPECT_FALSE(joined) << "joined";
    return joined ? ProblemType::internal : joined.error().type;
  }
  Token token(const std::string& text) { return service->session(text).value(); }
  std::uint64_t count(const std::string& name, const std::string& result) {
    return backends.metrics.counter(name, "", {{"result", result}}).value();
  }
};

TEST_F(TransferServiceTest, CreateGivesACodeAndASendersToken) {
  const Opened opened = create();
  EXPECT_EQ(opened.code.size(), 9u);
  EXPECT_TRUE(Code::parse(opened.code));
  EXPECT_EQ(opened.code_expires, now() + 1h);
  EXPECT_EQ(opened.session_expires, now() + 12h);
  const Token t = token(opened.token);
  EXPECT_EQ(t.role, Role::sender);
  EXPECT_EQ(ferry::transfers::to_text(t.room), opened.transfer_id);
  EXPECT_EQ(t.expires, opened.session_expires);
}

TEST_F(TransferServiceTest, TheStoreHoldsNoCode) {
  const Opened opened = create();
  const std::string plain = opened.code.substr(0, 4) + opened.code.substr(5);
  for (const char* space : {"transfer", "transfer_code"}) {
    const auto page = backends.run(storage.list(space, "", "", 10)).value();
    ASSERT_EQ(page.records.size(), 1u);
    const std::string all = page.records[0].key + ferry::to_text(page.records[0].value);
    EXPECT_EQ(all.find(plain), std::string::npos);
    EXPECT_EQ(all.find(opened.code), std::string::npos);
  }
}

TEST_F(TransferServiceTest, JoinGivesAReceiversTokenOfTheSameRoom) {
  const Opened opened = create();
  std::string typed = " " + opened.code.substr(0, 4) + opened.code.substr(5);
  const auto joined = join(typed);
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->transfer_id, opened.transfer_id);
  EXPECT_EQ(joined->session_expires, opened.session_expires);
  EXPECT_EQ(joined->share, "");
  const Token t = token(joined->token);
  EXPECT_EQ(t.role, Role::receiver);
  EXPECT_EQ(ferry::transfers::to_text(t.room), opened.transfer_id);
}

TEST_F(TransferServiceTest, SecondReceiverIsRefusedAsTaken) {
  const Opened opened = create();
  ASSERT_TRUE(join(opened.code));
  EXPECT_EQ(refusal(opened.code), ProblemType::taken);
  EXPECT_EQ(count("ferry_code_lookups_total", "hit"), 1u);
  EXPECT_EQ(count("ferry_code_lookups_total", "taken"), 1u);
}

TEST_F(TransferServiceTest, AReceiverWithItsOwnTokenGetsItsPlaceAgain) {
  const Opened opened = create();
  const auto joined = join(opened.code);
  ASSERT_TRUE(joined);
  EXPECT_TRUE(join(opened.code, token(joined->token)));
  EXPECT_FALSE(join(opened.code, token(opened.token))) << "a sender is no receiver";
  const Opened other = create();
  const auto there = join(other.code);
  ASSERT_TRUE(there);
  EXPECT_FALSE(join(opened.code, token(there->token))) << "of another transfer";
}

TEST_F(TransferServiceTest, MalformedAndUnknownCodesSaySo) {
  EXPECT_EQ(refusal("K7QM"), ProblemType::malformed_code);
  EXPECT_EQ(refusal("K7QM-2XWD"), ProblemType::unknown_code);
  EXPECT_EQ(count("ferry_code_lookups_total", "malformed"), 1u);
  EXPECT_EQ(count("ferry_code_lookups_total", "miss"), 1u);
}

TEST_F(TransferServiceTest, ExpiredCodesSaySo) {
  const Opened opened = create();
  pass(1h - 1ms);
  EXPECT_TRUE(join(opened.code));
  const Opened late = create();
  pass(1h);
  EXPECT_EQ(refusal(late.code), ProblemType::expired);
}

TEST_F(TransferServiceTest, CodesAreUnknownAfterTheGrace) {
  Settings settings;
  settings.code_ttl = 1ms;
  settings.grace = 1ms;
  service = make(settings);
  const Opened opened = create();
  pass(1h);
  // The store's own clock ends the record; wait until it has.
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  auto last = refusal(opened.code);
  while (last == ProblemType::expired && std::chrono::steady_clock::now() < deadline) {
    last = refusal(opened.code);
  }
  EXPECT_EQ(last, ProblemType::unknown_code);
}

TEST_F(TransferServiceTest, ExactlyOneOfManyConcurrentReceiversWins) {
  const Opened opened = create();
  std::vector<std::future<Outcome<Joined>>> joins;
  for (std::size_t i = 0; i < 200; ++i) {
    joins.push_back(boost::asio::co_spawn(backends.loops.executor(i % 2),
                                          service->join(opened.code), boost::asio::use_future));
  }
  int won = 0;
  for (auto& one : joins) {
    const auto joined = one.get();
    if (joined) {
      ++won;
    } else {
      EXPECT_EQ(joined.error().type, ProblemType::taken);
    }
  }
  EXPECT_EQ(won, 1);
}

TEST_F(TransferServiceTest, JoinTriesAgainAfterALostRace) {
  const Opened opened = create();
  storage.lose_races = 4;
  EXPECT_TRUE(join(opened.code));
}

TEST_F(TransferServiceTest, JoinGivesUpAfterFiveLostRaces) {
  const Opened opened = create();
  storage.lose_races = 5;
  const auto joined = join(opened.code);
  ASSERT_FALSE(joined);
  EXPECT_EQ(info(joined.error().type).status, 503u);
  EXPECT_TRUE(join(opened.code)) << "the place is still free";
}

TEST_F(TransferServiceTest, AWinnerWhoseAnswerWasLostStillWins) {
  const Opened opened = create();
  storage.lose_answers = 1;
  EXPECT_TRUE(join(opened.code));
  EXPECT_EQ(refusal(opened.code), ProblemType::taken);
}

TEST_F(TransferServiceTest, AStoreThatIsAwayIsNotAWrongCode) {
  const Opened opened = create();
  storage.fail_reads = 1;
  EXPECT_EQ(refusal(opened.code), ProblemType::backend_unavailable);
}

TEST_F(TransferServiceTest, CreateTakesAnotherCodeWhenOneIsInUse) {
  storage.lose_races = 4;
  EXPECT_TRUE(backends.run(service->create()));
}

TEST_F(TransferServiceTest, AHandedOffCodeLeadsEverybodyToTheShare) {
  const Opened opened = create();
  ASSERT_TRUE(join(opened.code));
  share_end = now() + 24h;
  ASSERT_TRUE(backends.run(service->handoff(token(opened.token), "share1")));
  for (int i = 0; i < 3; ++i) {
    const auto joined = join(opened.code);
    ASSERT_TRUE(joined);
    EXPECT_EQ(joined->share, "share1");
  }
  // The code lives as long as the share, the session of a late receiver with it.
  pass(20h);
  const auto late = join(opened.code);
  ASSERT_TRUE(late);
  EXPECT_EQ(late->session_expires, *share_end);
  pass(4h);
  EXPECT_EQ(refusal(opened.code), ProblemType::expired);
}

TEST_F(TransferServiceTest, AHandOffRevivesACodeThatHadExpired) {
  const Opened opened = create();
  ASSERT_TRUE(join(opened.code));
  pass(3h);
  share_end = now() + 24h;
  ASSERT_TRUE(backends.run(service->handoff(token(opened.token), "share1")));
  EXPECT_TRUE(join(opened.code));
}

TEST_F(TransferServiceTest, OnlyTheSenderHandsOffAndOnlyAShareThatExists) {
  const Opened opened = create();
  const auto joined = join(opened.code);
  ASSERT_TRUE(joined);
  share_end = now() + 24h;
  auto done = backends.run(service->handoff(token(joined->token), "share1"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().type, ProblemType::wrong_role);
  done = backends.run(service->handoff(token(opened.token), "other"));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().type, ProblemType::not_found);
}

TEST_F(TransferServiceTest, EitherEndClosesAndClosingAgainIsNoError) {
  for (const bool by_receiver : {false, true}) {
    const Opened opened = create();
    const auto joined = join(opened.code);
    ASSERT_TRUE(joined);
    const Token closer = token(by_receiver ? joined->token : opened.token);
    ASSERT_TRUE(backends.run(service->is_open(closer.room)).value());
    EXPECT_TRUE(backends.run(service->close(closer)));
    EXPECT_TRUE(backends.run(service->close(closer)));
    EXPECT_EQ(refusal(opened.code), ProblemType::expired);
    EXPECT_FALSE(backends.run(service->is_open(closer.room)).value());
    share_end = now() + 24h;
    const auto late = backends.run(service->handoff(token(opened.token), "share1"));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().type, ProblemType::expired);
  }
  EXPECT_EQ(count("ferry_transfers_total", "closed"), 2u);
}

TEST_F(TransferServiceTest, SessionsAreTokensOfASenderOrAReceiver) {
  EXPECT_FALSE(service->session(""));
  EXPECT_FALSE(service->session("st1.forged"));
  Token none;
  none.issued = now();
  none.expires = now() + 1h;
  EXPECT_FALSE(service->session(keys.mint(none)));
  EXPECT_EQ(
      backends.metrics.counter("ferry_token_rejections_total", "", {{"reason", "missing"}}).value(),
      1u);
  const Opened opened = create();
  EXPECT_TRUE(service->session(opened.token));
  pass(13h);
  EXPECT_FALSE(service->session(opened.token));
}

TEST_F(TransferServiceTest, OnlyASessionSeesServersWithCredentials) {
  Settings settings;
  settings.ice_servers =
      parse_ice_servers(R"([{"urls":"stun:a"},{"urls":"turn:b","username":"u","credential":"c"}])")
          .value();
  settings.turn.secret = Secret("north");
  settings.turn.urls = {"turn:c"};
  settings.turn.ttl = 1h;
  service = make(settings);
  const auto anonymous = service->ice_servers(std::nullopt);
  ASSERT_EQ(anonymous.size(), 1u);
  EXPECT_EQ(anonymous[0].urls[0], "stun:a");

  const Opened opened = create();
  auto servers = service->ice_servers(token(opened.token));
  ASSERT_EQ(servers.size(), 3u);
  EXPECT_EQ(servers[2].urls[0], "turn:c");
  const auto until = [](const IceServer& s) { return std::stoll(s.username); };
  EXPECT_EQ(until(servers[2]), to_unix_ms(now() + 1h) / 1000);
  // Never longer than the session.
  const Token t = token(opened.token);
  pass(12h - 10min);
  EXPECT_EQ(until(service->ice_servers(t)[2]), to_unix_ms(t.expires) / 1000);
  EXPECT_EQ(backends.metrics.counter("ferry_turn_credentials_total", "").value(), 2u);
}

}  // namespace
