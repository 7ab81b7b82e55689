#include "config/document.hpp"

#include "config/yaml_reader.hpp"

namespace ferry::config {
namespace {

// An empty file says nothing, which is the same as an empty mapping.
void accept_empty(Node& root) {
  if (root.kind == Node::Kind::null && !root.broken) {
    root.kind = Node::Kind::map;
  }
}

}  // namespace

Document Document::load(const std::filesystem::path& path, const Sources& sources) {
  Document document;
  Tree tree = read_yaml_file(path);
  document.root_ = std::move(tree.root);
  document.problems_ = std::move(tree.problems);
  accept_empty(document.root_);
  expand(document.root_, sources, document.problems_, document.variables_);
  return document;
}

Document Document::parse(std::string_view text, const std::string& file, const Sources& sources) {
  Document document;
  Tree tree = read_yaml(text, file);
  document.root_ = std::move(tree.root);
  document.problems_ = std::move(tree.problems);
  accept_empty(document.root_);
  expand(document.root_, sources, document.problems_, document.variables_);
  return document;
}

const Section& Document::check(const Schema& schema) {
  return check(root_, schema, "");
}

const Section& Document::check(const Node& node, const Schema& schema, const std::string& path) {
  sections_.push_back(config::check(node, schema, path, problems_));
  return *sections_.back();
}

std::vector<Problem> Document::problems() const {
  std::vector<Problem> out = problems_;
  sort(out);
  return out;
}

std::string Document::report() const {
  std::string out;
  for (const Problem& problem : problems()) {
    out += to_string(problem) + "\n";
  }
  return out;
}

}  // namespace ferry::config
