#pragma once
#include "config/check.hpp"
#include "config/expand.hpp"

#include <filesystem>

namespace ferry::config {

/// One configuration file on its way to settings. Findings are collected over all steps:
///   Document document = Document::load("ferry.yaml");
///   const Section& root = document.check(root_schema);       // `options` declared without
///   children …load the plugins that `root` names… const Section& options =
///   document.check(root.section("storage").raw("options"),
///                                           plugin_schema, "storage.options");
///   if (!document.ok()) { print document.report(); }
/// Not thread-safe. Sections live as long as the document.
class Document {
 public:
  static Document load(const std::filesystem::path& path,
                       const Sources& sources = Sources::of_process());
  static Document parse(std::string_view text, const std::string& file, const Sources& sources);

  const Section& check(const Schema& schema);
  const Section& check(const Node& node, const Schema& schema, const std::string& path);

  void add(Problem problem) { problems_.push_back(std::move(problem)); }
  bool ok() const noexcept { return problems_.empty(); }
  std::size_t problem_count() const noexcept { return problems_.size(); }
  std::vector<Problem> problems() const;  ///< sorted by place
  std::string report() const;             ///< one line per problem

  const Node& root() const noexcept { return root_; }
  /// Environment variables that the file asks for.
  const std::set<std::string>& variables() const noexcept { return variables_; }

 private:
  Document() = default;

  Node root_;
  std::vector<Problem> problems_;
  std::set<std::string> variables_;
  std::vector<std::unique_ptr<Section>> sections_;
};

}  // namespace ferry::config
