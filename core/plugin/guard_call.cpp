#include "plugin/guard_call.hpp"

#include <boost/exception/exception.hpp>

namespace ferry {
namespace {

struct Thrown {
  std::string what;
  bool cancelled = false;
};

Thrown current() {
  try {
    throw;
  } catch (const boost::system::system_error& e) {
    return {e.what(), e.code() == boost::asio::error::operation_aborted};
  } catch (const std::exception& e) {
    return {e.what(), false};
  } catch (...) {
    return {"something that is no std::exception", false};
  }
}

}  // namespace

Guarded::Guarded(Kind kind, const std::string& plugin, Host& host)
    : kind_(kind),
      plugin_(plugin),
      log_(host.log()),
      metrics_(host.metrics()),
      exceptions_(metrics_.counter("ferry_plugin_exceptions_total",
                                   "Exceptions that a plugin let escape.",
                                   {{"kind", std::string(name_of(kind))}, {"plugin", plugin}})) {}

Error Guarded::caught(std::string_view op) noexcept {
  try {
    Thrown thrown = current();
    if (thrown.cancelled) {
      return Error(Errc::cancelled);
    }
    exceptions_.add();
    log_.error("plugin threw an exception",
               {{"kind", name_of(kind_)}, {"plugin", plugin_}, {"op", op}, {"what", thrown.what}});
    return {Errc::internal, "plugin '" + plugin_ + "' threw: " + thrown.what};
  } catch (...) {
    return Error(Errc::internal);  // no memory for words
  }
}

Metered::Metered(Guarded& owner, std::string op)
    : owner_(owner),
      op_(std::move(op)),
      seconds_(owner.metrics().histogram("ferry_plugin_call_duration_seconds",
                                         "Time that calls of plugins took.",
                                         {{"kind", std::string(name_of(owner.kind()))},
                                          {"plugin", owner.plugin()},
                                          {"op", op_}})) {}

void Metered::done(const Error* error, std::chrono::steady_clock::time_point started) {
  seconds_.observe(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  std::size_t index = error == nullptr ? 0 : static_cast<std::size_t>(error->code);
  if (index >= kResults) {
    index = static_cast<std::size_t>(Errc::internal);
  }
  Counter* counter = results_[index].load(std::memory_order_acquire);
  if (counter == nullptr) {
    counter = &owner_.metrics().counter(
        "ferry_plugin_calls_total", "Calls of plugins by result.",
        {{"kind", std::string(name_of(owner_.kind()))},
         {"plugin", owner_.plugin()},
         {"op", op_},
         {"result",
          index == 0 ? std::string("ok") : std::string(name_of(static_cast<Errc>(index)))}});
    results_[index].store(counter, std::memory_order_release);
  }
  counter->add();
}

}  // namespace ferry
