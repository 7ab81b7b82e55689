// Throws wherever `throw_in` says, something that is no std::exception where it can.
#include <ferry/rate_limiter.hpp>

#include <stdexcept>

namespace {

using namespace ferry;

class Fussy final : public RateLimiter {
 public:
  Fussy(Host&, const config::View& options) : where_(options.string("throw_in")) {
    if (where_ == "constructor") {
      throw std::runtime_error("not today");
    }
    if (where_ == "constructor_oddly") {
      throw 42;
    }
  }

  static config::Schema schema() {
    config::Schema s;
    s.fields.push_back(
        config::Field("throw_in", config::Type::string, "Where to throw.").default_("take"));
    return s;
  }
  static void validate(const config::View& options, std::vector<config::Problem>&) {
    if (options.string("throw_in") == "validate") {
      throw std::runtime_error("cannot judge");
    }
  }

  Awaitable<Result<void>> start() override {
    if (where_ == "start") {
      throw std::runtime_error("will not start");
    }
    co_return Result<void>();
  }
  Awaitable<Result<void>> ping() override { co_return Result<void>(); }
  Awaitable<void> stop() override {
    throw std::logic_error("will not stop");
    co_return;
  }
  bool shared() const override { return false; }
  Awaitable<Result<Decision>> take(RatePolicy, std::string, std::uint32_t) override {
    throw 42;
    co_return Decision();
  }

 private:
  std::string where_;
};

}  // namespace

FERRY_PLUGIN("fussy", "1.0.0", "Throws.", ferry::provide<Fussy>())
