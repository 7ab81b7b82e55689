#include "storage.hpp"

#include "clock.hpp"

#include <algorithm>
#include <optional>

namespace ferry::sqlite {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kMaxPage = 1000;

/// A change whose answer resumes a coroutine on the executor that awaits it.
template <class T, class Handler, class Executor, class Work>
class AwaitedChange final : public Change {
 public:
  AwaitedChange(Handler handler, Executor executor, Work work)
      : handler_(std::move(handler)), executor_(std::move(executor)), work_(std::move(work)) {}

  void run(RecordWriter& records, std::int64_t now) override { answer_ = work_(records, now); }
  void fail(const Error& error) override { answer_ = error; }
  void finish() override {
    asio::post(executor_, [handler = std::move(handler_), answer = std::move(answer_)]() mutable {
      std::move(handler)(std::move(answer));
    });
  }

 private:
  Handler handler_;
  Executor executor_;
  Work work_;
  Result<T> answer_;
};

template <class T, class Work>
Awaitable<Result<T>> submit(std::shared_ptr<Committer> committer, Work work) {
  auto initiate = [committer](auto handler, Work w) {
    auto executor = asio::prefer(asio::get_associated_executor(handler),
                                 asio::execution::outstanding_work.tracked);
    using Awaited = AwaitedChange<T, decltype(handler), decltype(executor), Work>;
    committer->submit(std::make_unique<Awaited>(std::move(handler), executor, std::move(w)));
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<T>)>(
      std::move(initiate), asio::use_awaitable, std::move(work));
}

Error not_started() {
  return {Errc::unavailable, "the database is not open"};
}

}  // namespace

SqliteStorage::SqliteStorage(Host& host, const config::View& options) : host_(host) {
  file_.path = options.string("path");
  file_.full_sync = options.string("synchronous") == "full";
  file_.max_size = options.size("max_size");
}

config::Schema SqliteStorage::schema() {
  using config::Field;
  using config::Type;
  config::Schema s;
  s.summary = "Records in one SQLite file: survives a restart, one node only.";
  s.fields.push_back(Field("path", Type::path,
                           "The file; it and its folder are created when missing, for this user "
                           "only. Not on a network file system.")
                         .required_()
                         .example_("/var/lib/ferry/ferry.db"));
  s.fields.push_back(Field("synchronous", Type::string,
                           "full: what was acknowledged survives a power cut. normal: it survives "
                           "a crash of the server, and commits are faster.")
                         .default_("full")
                         .one_of_({"full", "normal"}));
  s.fields.push_back(Field("max_size", Type::size,
                           "Largest size of the file; writes beyond it are refused. 0: no limit.")
                         .default_("0"));
  return s;
}

void SqliteStorage::validate(const config::View& options, std::vector<config::Problem>& out) {
  const std::string path = options.string("path");
  if (path.empty() || path.front() == ':' || path.starts_with("file:")) {
    out.emplace_back(options.mark("path"), "path",
                     "The path must name a file, such as ./data/ferry.db.");
  }
}

Awaitable<Result<void>> SqliteStorage::start() {
  auto open = [this]() -> Result<void> {
    auto writer = open_writer(file_);
    if (!writer) {
      return writer.error();
    }
    try {
      committer_ = std::make_shared<Committer>(host_, std::move(*writer));
    } catch (const Failure& failure) {
      return Error(Errc::corrupt,
                   file_.path + " lacks a table of its schema: " + failure.error().detail);
    }
    readers_ = std::make_unique<Readers>(file_);
    return readers_->with([](RecordReader& records) -> Result<void> {
      records.ping();
      return {};
    });
  };
  co_return co_await host_.blocking().run(std::move(open));
}

Awaitable<Result<void>> SqliteStorage::ping() {
  if (!committer_) {
    co_return not_started();
  }
  if (auto health = committer_->health(); !health) {
    co_return health;
  }
  auto work = [this]() -> Result<void> {
    return readers_->with([](RecordReader& records) -> Result<void> {
      records.ping();
      return {};
    });
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<void> SqliteStorage::stop() {
  if (!committer_) {
    co_return;
  }
  auto close = [readers = std::shared_ptr<Readers>(std::move(readers_)),
                committer = std::move(committer_)]() mutable -> Result<void> {
    if (readers) {
      readers->close();
    }
    committer->close();
    committer.reset();
    return {};
  };
  committer_ = nullptr;
  co_await host_.blocking().run(std::move(close));
}

StorageCaps SqliteStorage::caps() const {
  StorageCaps caps;
  caps.durable = file_.full_sync;
  return caps;
}

Awaitable<Result<Record>> SqliteStorage::get(RecordKey key) {
  if (!readers_) {
    co_return not_started();
  }
  auto work = [this, key = std::move(key)]() -> Result<Record> {
    return readers_->with([&](RecordReader& records) { return records.get(key, now_ms()); });
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<Page>> SqliteStorage::list(std::string space, std::string prefix,
                                            std::string cursor, std::size_t limit) {
  if (!readers_) {
    co_return not_started();
  }
  if (limit == 0) {
    co_return Error(Errc::invalid_argument, "a page of 0 records");
  }
  auto work = [this, space = std::move(space), prefix = std::move(prefix),
               cursor = std::move(cursor), limit]() -> Result<Page> {
    return readers_->with([&](RecordReader& records) -> Result<Page> {
      return records.list(space, prefix, cursor, std::min(limit, kMaxPage), now_ms());
    });
  };
  co_return co_await host_.blocking().run(std::move(work));
}

Awaitable<Result<Committed>> SqliteStorage::apply(std::vector<Write> batch) {
  if (!committer_) {
    co_return not_started();
  }
  if (auto ok = check_batch(batch, caps()); !ok) {
    co_return ok.error();
  }
  auto work = [batch = std::move(batch)](RecordWriter& records, std::int64_t now) {
    return records.apply(batch, now);
  };
  co_return co_await submit<Committed>(committer_, std::move(work));
}

Awaitable<Result<std::vector<Claim>>> SqliteStorage::claim_due(std::string queue, std::size_t limit,
                                                               Millis lease) {
  if (!committer_) {
    co_return not_started();
  }
  auto work = [queue = std::move(queue), limit = std::min(limit, kMaxPage), lease](
                  RecordWriter& records, std::int64_t now) -> Result<std::vector<Claim>> {
    return records.claim_due(queue, limit, lease, now);
  };
  co_return co_await submit<std::vector<Claim>>(committer_, std::move(work));
}

}  // namespace ferry::sqlite
