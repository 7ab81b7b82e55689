#include "cli/node.hpp"

#include "api/health_routes.hpp"
#include "api/openapi_route.hpp"
#include "api/put_route.hpp"
#include "api/share_routes.hpp"
#include "api/signal_route.hpp"
#include "api/transfer_routes.hpp"
#include "api/upload_routes.hpp"
#include "base/crypto.hpp"
#include "base/token.hpp"
#include "cli/arguments.hpp"
#include "cli/master_secret.hpp"
#include "http/metrics_route.hpp"
#include "http/server.hpp"
#include "http/static_files.hpp"
#include "runtime/blocking_threads.hpp"
#include "runtime/lifecycle.hpp"
#include "runtime/loops.hpp"
#include "runtime/metrics.hpp"
#include "runtime/plugin_host.hpp"
#include "runtime/signals.hpp"
#include "runtime/spawn.hpp"
#include "shares/janitor.hpp"
#include "shares/share_service.hpp"
#include "shares/upload_service.hpp"
#include "transfers/signaling_hub.hpp"
#include "transfers/transfer_service.hpp"

#include <future>
#include <iostream>

namespace ferry::cli {
namespace {

std::string label(const Choice& choice) {
  return std::string(name_of(choice.kind)) + " (" + choice.plugin->name + ")";
}

// What a failed start means to whoever started us.
int exit_code(Errc e) {
  switch (e) {
    case Errc::internal:
    case Errc::corrupt: return kInternal;
    default: return kUnavailable;
  }
}

}  // namespace

// Members are in the order in which they are built; what is below uses what is above.
struct Node::Parts {
  Parts(Configuration c, Log& l)
      : configuration(std::move(c)),
        log(l),
        loops(configuration.server.loops),
        blocking(configuration.server.blocking_threads, 4096, &metrics),
        lifecycle(log.root()),
        drain(configuration.drain, log.root()) {}

  template <class T>
  Result<T*> plugin(const Choice& choice, std::vector<std::unique_ptr<T>>& into) {
    hosts.push_back(std::make_unique<PluginHost>(
        loops, blocking, metrics,
        log.tagged({{"kind", std::string(name_of(choice.kind))}, {"plugin", choice.plugin->name}}),
        configuration.node_id));
    auto made = create<T>(choice, *hosts.back());
    if (!made) {
      return Error(made.error().code, label(choice) + ": " + made.error().detail);
    }
    into.push_back(std::move(*made));
    lifecycle.add(label(choice), *into.back());
    return into.back().get();
  }

  Result<void> build();
  Awaitable<Result<void>> start_services();
  Awaitable<void> stop_services();
  void add_routes();
  void add_drain_steps();

  Configuration configuration;
  Log& log;
  Registry metrics;
  Loops loops;
  BlockingThreads blocking;
  std::vector<std::unique_ptr<PluginHost>> hosts;
  std::vector<std::unique_ptr<Storage>> storages;
  std::vector<std::unique_ptr<BlobStore>> blob_stores;
  std::vector<std::unique_ptr<RateLimiter>> rate_limiters;
  std::vector<std::unique_ptr<Signaling>> signalings;
  std::vector<std::unique_ptr<Transport>> transports;
  Lifecycle lifecycle;
  Drain drain;

  Storage* storage = nullptr;
  BlobStore* blobs = nullptr;
  RateLimiter* limiter = nullptr;
  Signaling* signaling = nullptr;

  // Made in start_services(), when the storage can be asked for the master secret.
  std::optional<http::StaticFiles> web;
  std::unique_ptr<TokenKeys> tokens;
  std::unique_ptr<api::Admission> admission;
  std::unique_ptr<shares::UploadService> uploads;
  std::unique_ptr<shares::Janitor> janitor;
  std::unique_ptr<shares::ShareService> shares;
  std::unique_ptr<transfers::TransferService> transfers;
  std::unique_ptr<transfers::SignalingHub> hub;
  http::Router router;
  std::unique_ptr<http::Server> server;
};

Result<void> Node::Parts::build() {
  const auto made = [](auto result, auto*& out) -> Result<void> {
    if (!result) {
      return result.error();
    }
    out = *result;
    return {};
  };
  for (auto step : {made(plugin(configuration.storage, storages), storage),
                    made(plugin(configuration.rate_limiter, rate_limiters), limiter),
                    made(plugin(configuration.blob_store, blob_stores), blobs),
                    made(plugin(configuration.signaling, signalings), signaling)}) {
    if (!step) {
      return step;
    }
  }
  for (const Choice& choice : configuration.listeners) {
    if (const auto transport = plugin(choice, transports); !transport) {
      return transport.error();
    }
  }
  Component services("services");
  services.start = [this] { return start_services(); };
  services.stop = [this] { return stop_services(); };
  lifecycle.add(std::move(services));
  add_drain_steps();
  return {};
}

Awaitable<Result<void>> Node::Parts::start_services() {
  http::StaticFiles::Options web_options;
  web_options.folder = configuration.web_root;
  const auto& signaling_url = configuration.live.signaling_url;
  if (const auto scheme = signaling_url.find("://"); scheme != std::string::npos) {
    web_options.connect.push_back(signaling_url.substr(0, signaling_url.find('/', scheme + 3)));
  }
  auto app = http::StaticFiles::load(web_options);
  if (!app) {
    co_return app.error();
  }
  web.emplace(std::move(*app));

  Secret master = configuration.master_secret;
  if (master.empty()) {
    auto kept = co_await load_or_make_master_secret(*storage);
    if (!kept) {
      co_return kept.error();
    }
    master = std::move(*kept);
  }
  const auto derived = [&master](std::string_view purpose) {
    return Secret(to_text(hkdf_sha256(as_bytes(master.reveal()), purpose, 32)));
  };

  Logger& root = log.root();
  tokens = std::make_unique<TokenKeys>(master);
  admission =
      std::make_unique<api::Admission>(*limiter, configuration.rate_policies, derived("admission"),
                                       configuration.limiter_fail_open, root, metrics);
  uploads = std::make_unique<shares::UploadService>(*storage, *blobs, configuration.uploads, root,
                                                    metrics);
  janitor =
      std::make_unique<shares::Janitor>(*storage, *uploads, configuration.janitor, root, metrics);
  shares = std::make_unique<shares::ShareService>(*storage, *uploads, configuration.shares, root,
                                                  metrics, [this] { janitor->kick(); });
  const transfers::ShareLookup lookup = [this](std::string id) -> Awaitable<Outcome<WallTime>> {
    auto share = co_await shares->get(std::move(id));
    if (!share) {
      co_return share.error();
    }
    co_return share->expires;
  };
  transfers = std::make_unique<transfers::TransferService>(
      *storage, *signaling, *tokens, master, configuration.live, lookup, root, metrics);
  hub = std::make_unique<transfers::SignalingHub>(*signaling, *transfers, root, metrics);
  add_routes();

  http::ServerOptions options;
  options.limits = configuration.limits;
  options.public_hosts = configuration.server.public_hosts;
  auto proxies = net::AddressSet::parse(configuration.server.trusted_proxies);
  if (!proxies) {
    co_return proxies.error();
  }
  options.trusted_proxies = std::move(*proxies);
  server = std::make_unique<http::Server>(loops, router, std::move(options), root, metrics);
  for (const auto& transport : transports) {
    server->add(*transport);
  }
  janitor->start(loops.executor(0));
  co_return co_await server->start();
}

Awaitable<void> Node::Parts::stop_services() {
  if (server) {
    co_await server->stop();
  }
  if (janitor) {
    co_await janitor->stop();
  }
}

void Node::Parts::add_routes() {
  api::ClassicLimits limits;
  limits.max_bytes = uploads->max_bytes();
  limits.chunk_bytes = blobs->caps().preferred_part;
  limits.max_files = configuration.shares.max_files;
  limits.default_expiry = configuration.shares.default_expiry;
  limits.max_expiry = configuration.shares.max_expiry;
  api::add_transfer_routes(router, *transfers, *admission, limits, FERRY_VERSION);
  api::add_signal_route(router, *hub, *admission, configuration.live.allowed_origins);
  api::add_upload_routes(router, *uploads, *admission);
  api::add_share_routes(router, *shares, *blobs, *admission, log.root(), metrics);
  api::add_openapi_route(router);
  api::add_put_route(router, *uploads, *shares, *admission);

  const auto ping = [](std::string name, Plugin& plugin) {
    return api::HealthCheck(std::move(name), [&plugin] { return plugin.ping(); });
  };
  api::add_health_routes(
      router,
      {ping("storage", *storage), ping("blob_store", *blobs), ping("signaling", *signaling),
       ping("rate_limiter", *limiter)},
      [this] { return drain.draining(); }, log.root());
  if (configuration.metrics.enabled) {
    router.add(http::Method::get, "/metrics",
               http::metrics_route(metrics, configuration.metrics.token));
  }
  web->install(router, {"/", "/r", "/r/{code}", "/s/{id}"});
}

void Node::Parts::add_drain_steps() {
  drain.add("sockets and uploads", [this](Deadline) -> Awaitable<void> {
    hub->drain();
    uploads->drain();
    co_return;
  });
  drain.add("connections", [this](Deadline deadline) { return server->drain(deadline); });
  drain.add("plugins", [this](Deadline deadline) { return lifecycle.drain(deadline); });
  drain.on_hurry([this] {
    if (server) {
      server->hurry();
    }
  });
}

Node::Node(Configuration configuration, Log& log)
    : parts_(std::make_unique<Parts>(std::move(configuration), log)) {}

Node::~Node() {
  parts_->loops.stop();
  parts_->blocking.stop();
}

int Node::run(std::function<std::optional<LogLevel>()> reload) {
  Parts& p = *parts_;
  Logger& log = p.log.root();
  set_unhandled_hook([&log, &counter = p.metrics.counter("ferry_unhandled_exceptions_total",
                                                         "Exceptions that nothing handled.")](
                         std::string_view name, std::string_view what) {
    counter.add();
    log.error("unhandled exception", {{"in", name}, {"what", what}});
  });
  if (const auto built = p.build(); !built) {
    log.error(built.error().detail);
    return exit_code(built.error().code);
  }
  p.loops.watch(log, p.metrics);
  p.loops.start();

  std::promise<int> finished;
  // Outlives the coroutines below: run() returns only after finished is set by the last of them.
  std::optional<Signals> signals;
  auto leave = [&]() -> Awaitable<void> {
    co_await p.drain.run();
    co_await p.lifecycle.stop();
    signals.reset();
    log.info("stopped");
    finished.set_value(kOk);
  };
  auto enter = [&]() -> Awaitable<void> {
    const auto started = co_await p.lifecycle.start();
    if (!started) {
      log.error(started.error().detail);
      finished.set_value(exit_code(started.error().code));
      co_return;
    }
    Signals::Callbacks on;
    on.drain = [&] { spawn("drain", p.loops.executor(0), leave()); };
    on.hurry = [&] { p.drain.hurry(); };
    on.reload = [&] {
      if (const auto level = reload(); level) {
        p.log.level(*level);
        for (const auto& transport : p.transports) {
          spawn("reload", p.loops.executor(0), [](Transport& t, Logger& l) -> Awaitable<void> {
            if (const auto done = co_await t.reload(); !done) {
              l.error("not reloaded: " + done.error().detail);
            }
          }(*transport, log));
        }
        log.info("reloaded");
      }
    };
    signals.emplace(p.loops.executor(0), std::move(on));
    for (const auto& endpoint : p.server->endpoints()) {
      std::cout << "Ferry is ready at http://" << endpoint << "\n" << std::flush;
    }
  };
  spawn("start", p.loops.executor(0), enter());
  const int code = finished.get_future().get();
  p.loops.stop();
  p.blocking.stop();
  set_unhandled_hook({});
  return code;
}

}  // namespace ferry::cli
