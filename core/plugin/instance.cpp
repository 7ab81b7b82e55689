#include "plugin/instance.hpp"

namespace ferry {
namespace {

// Runs code of a plugin; nothing, or what it threw.
template <class Call>
std::optional<std::string> thrown_by(Call call) {
  try {
    call();
    return std::nullopt;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "something that is no std::exception";
  }
}

std::string kinds_of(const LoadedPlugin& plugin) {
  std::string out;
  for (std::size_t i = 0; i < plugin.providers.size(); ++i) {
    if (i > 0) {
      out += i + 1 == plugin.providers.size() ? " and " : ", ";
    }
    out += name_of(plugin.providers[i].kind);
  }
  return out;
}

void validate(config::Document& document, const Choice& choice, const std::string& path) {
  std::vector<config::Problem> findings;
  const auto thrown = thrown_by([&] { choice.provider->validate(*choice.options, findings); });
  if (thrown) {
    findings.emplace_back(
        choice.options->where(), "",
        "plugin '" + choice.plugin->name + "' failed while checking its options: " + *thrown);
  }
  for (config::Problem& finding : findings) {
    // A plugin knows its keys, not where its section stands.
    finding.path = finding.path.empty() ? path : path + "." + finding.path;
    document.add(std::move(finding));
  }
}

}  // namespace

Result<config::Schema> schema_of(const LoadedPlugin& plugin, const FerryProvider& provider) {
  config::Schema schema;
  if (const auto thrown = thrown_by([&] { provider.schema(schema); })) {
    return Error(Errc::internal,
                 "plugin '" + plugin.name + "' failed while describing its options: " + *thrown);
  }
  return schema;
}

Choice choose(config::Document& document, const Loader& loader, Kind kind,
              const std::string& section, const std::string& plugin, const config::Mark& where,
              const config::Node& options) {
  Choice out;
  out.kind = kind;
  if (plugin.empty()) {
    return out;  // reported as missing already
  }
  const auto refuse = [&](std::string text) {
    document.add({where, section + ".plugin", std::move(text)});
    return Choice();
  };
  const auto loaded = loader.load(plugin);
  if (!loaded) {
    return refuse(loaded.error().detail);
  }
  out.plugin = *loaded;
  out.provider = out.plugin->find(kind);
  if (out.provider == nullptr) {
    return refuse("plugin '" + out.plugin->name + "' provides " + kinds_of(*out.plugin) + ", not " +
                  std::string(name_of(kind)));
  }
  const auto schema = schema_of(*out.plugin, *out.provider);
  if (!schema) {
    return refuse(schema.error().detail);
  }
  const std::string path = section + ".options";
  const std::size_t problems = document.problem_count();
  out.options = &document.check(options, *schema, path);
  if (document.problem_count() == problems) {
    validate(document, out, path);
  }
  return out;
}

template <class T>
Result<std::unique_ptr<T>> create(const Choice& choice, Host& host) {
  const std::string subject = "plugin '" + choice.plugin->name + "' ";
  const std::string kind(name_of(choice.kind));
  Plugin* made = nullptr;
  Error error;
  const auto thrown =
      thrown_by([&] { made = choice.provider->create(host, *choice.options, error); });
  if (thrown) {
    return Error(Errc::internal, subject + "failed to make its " + kind + ": " + *thrown);
  }
  if (made == nullptr) {
    return Error(error.code, subject + "failed to make its " + kind + ": " +
                                 (error.detail.empty() ? "it gave no reason" : error.detail));
  }
  std::unique_ptr<Plugin> owner(made);
  T* const typed = dynamic_cast<T*>(made);
  if (typed == nullptr) {
    return Error(Errc::internal, subject + "made something that is no " + kind);
  }
  owner.release();
  return guard(std::unique_ptr<T>(typed), choice.plugin->name, host);
}

template Result<std::unique_ptr<Storage>> create<Storage>(const Choice&, Host&);
template Result<std::unique_ptr<RateLimiter>> create<RateLimiter>(const Choice&, Host&);
template Result<std::unique_ptr<BlobStore>> create<BlobStore>(const Choice&, Host&);
template Result<std::unique_ptr<Signaling>> create<Signaling>(const Choice&, Host&);
template Result<std::unique_ptr<Transport>> create<Transport>(const Choice&, Host&);

}  // namespace ferry
