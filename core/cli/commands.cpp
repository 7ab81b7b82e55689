#include "cli/commands.hpp"

#include "cli/configuration.hpp"
#include "cli/node.hpp"
#include "config/reference.hpp"

#include <boost/version.hpp>
#include <cstdio>
#include <exception>
#include <iostream>
#include <set>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace ferry::cli {
namespace {

void print_problems(const config::Document& document, const std::string& file) {
  std::cerr << document.report();
  const auto count = document.problem_count();
  std::cerr << file << ": " << count << (count == 1 ? " mistake" : " mistakes")
            << ", nothing was started\n";
}

// As many descriptors as the system allows: one per connection and per open file.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

void print_heading(const std::string& text, const std::string& format) {
  if (format == "markdown") {
    std::cout << "\n## " << text << "\n\n";
  } else {
    std::cout << "\n# ---- " << text << "\n";
  }
}

}  // namespace

int serve(const Arguments& arguments) {
  ::umask(077);
  raise_descriptor_limit();
  config::Document document = config::Document::load(arguments.config);
  Configuration configuration = Configuration::read(document);
  if (!document.ok()) {
    print_problems(document, arguments.config);
    return kConfig;
  }
  Log log(configuration.log);
  Node node(std::move(configuration), log);
  return node.run([&]() -> std::optional<LogLevel> {
    config::Document fresh = config::Document::load(arguments.config);
    const Configuration changed = Configuration::read(fresh);
    if (!fresh.ok()) {
      for (const auto& problem : fresh.problems()) {
        log.root().error("not reloaded: " + config::to_string(problem));
      }
      return std::nullopt;
    }
    return changed.log.level;
  });
}

int check(const Arguments& arguments) {
  config::Document document = config::Document::load(arguments.config);
  Configuration::read(document);
  if (!document.ok()) {
    print_problems(document, arguments.config);
    return kConfig;
  }
  std::cout << arguments.config << ": no mistakes found\n";
  return kOk;
}

int schema(const Arguments& arguments) {
  const bool markdown = arguments.format == "markdown";
  std::cout << (markdown ? config::reference_markdown(Configuration::schema())
                         : config::reference_yaml(Configuration::schema()));
  const Loader loader({default_plugin_dir()});
  for (const auto& available : loader.available()) {
    if (!available.problem.empty()) {
      continue;
    }
    const auto plugin = loader.load(available.path.string());
    if (!plugin) {
      std::cerr << plugin.error().detail << "\n";
      continue;
    }
    for (const auto& provider : (*plugin)->providers) {
      const auto options = schema_of(**plugin, provider);
      if (!options) {
        std::cerr << options.error().detail << "\n";
        continue;
      }
      print_heading(
          "options of " + std::string(name_of(provider.kind)) + " plugin " + (*plugin)->name,
          arguments.format);
      std::cout << (options->fields.empty() ? (markdown ? "none\n" : "# none\n")
                    : markdown              ? config::reference_markdown(*options)
                                            : config::reference_yaml(*options));
    }
  }
  return kOk;
}

int plugins(const Arguments& arguments) {
  // A broken file is no reason not to list.
  config::Document document = config::Document::load(arguments.config);
  const Loader loader = loader_for(document.check(Configuration::schema()));
  for (const auto& available : loader.available()) {
    std::cout << available.name << "\t"
              << (available.stamp ? available.stamp->get("version") : std::string_view("-")) << "\t"
              << available.path.string() << "\n";
    if (!available.problem.empty()) {
      std::cout << "\trefused: " << available.problem << "\n";
    }
  }
  return kOk;
}

int run(int argc, char** argv) {
  try {
    // Core dumps would hold tokens and file contents.
    ::prctl(PR_SET_DUMPABLE, 0);
    const auto arguments = parse_arguments({argv + 1, argv + argc});
    if (!arguments) {
      std::cerr << "ferry: " << arguments.error().text << "\n";
      return kUsage;
    }
    switch (arguments->command) {
      case Command::help: std::cout << help_text(); return kOk;
      case Command::version:
        std::cout << "ferry " FERRY_VERSION "\n" FERRY_ABI_STRING "\n";
        return kOk;
      case Command::serve: return serve(*arguments);
      case Command::check: return check(*arguments);
      case Command::schema: return schema(*arguments);
      case Command::plugins: return plugins(*arguments);
    }
    return kInternal;
  } catch (const std::exception& e) {
    std::cerr << "ferry: " << e.what() << "\n";
    return kInternal;
  }
}

}  // namespace ferry::cli
