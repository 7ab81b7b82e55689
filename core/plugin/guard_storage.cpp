#include "plugin/guard.hpp"
#include "plugin/guard_lifecycle.hpp"

namespace ferry {
namespace {

class GuardedStorage final : public GuardedPlugin<Storage> {
 public:
  using GuardedPlugin::GuardedPlugin;

  StorageCaps caps() const override { return inner_->caps(); }
  Awaitable<Result<Record>> get(RecordKey key) override {
    return metered(get_,
                   [this, key = std::move(key)]() mutable { return inner_->get(std::move(key)); });
  }
  Awaitable<Result<Committed>> apply(std::vector<Write> batch) override {
    return metered(apply_, [this, batch = std::move(batch)]() mutable {
      return inner_->apply(std::move(batch));
    });
  }
  Awaitable<Result<Page>> list(std::string space, std::string prefix, std::string cursor,
                               std::size_t limit) override {
    return metered(list_, [this, space = std::move(space), prefix = std::move(prefix),
                           cursor = std::move(cursor), limit]() mutable {
      return inner_->list(std::move(space), std::move(prefix), std::move(cursor), limit);
    });
  }
  Awaitable<Result<std::vector<Claim>>> claim_due(std::string queue, std::size_t limit,
                                                  Millis lease) override {
    return metered(claim_due_, [this, queue = std::move(queue), limit, lease]() mutable {
      return inner_->claim_due(std::move(queue), limit, lease);
    });
  }

 private:
  Metered get_{guard_, "get"};
  Metered apply_{guard_, "apply"};
  Metered list_{guard_, "list"};
  Metered claim_due_{guard_, "claim_due"};
};

}  // namespace

std::unique_ptr<Storage> guard(std::unique_ptr<Storage> inner, const std::string& plugin,
                               Host& host) {
  return std::make_unique<GuardedStorage>(std::move(inner), plugin, host);
}

}  // namespace ferry
