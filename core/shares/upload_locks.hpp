#pragma once
#include <ferry/plugin.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace ferry::shares {

/// One holder per upload on this node. A newcomer asks the holder to let go and waits: that is how
/// a client whose connection died half-open gets its upload back (tusd docs: "locks"). Safe from
/// any loop; a lease is used on the loop that acquired it.
class UploadLocks {
 public:
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { release(); }

    /// `let_go` is called on the holder's loop when somebody waits, possibly more than once.
    /// It may release the lease.
    void on_preempt(std::function<void()> let_go);
    bool preempted() const;
    void release() noexcept;

   private:
    friend class UploadLocks;
    struct Holder;
    std::shared_ptr<Holder> holder_;
  };

  UploadLocks();

  /// Nothing when the holder did not let go within `patience`.
  Awaitable<std::optional<Lease>> acquire(std::string id, Millis patience);
  /// Asks every holder to let go.
  void preempt_all();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ferry::shares
