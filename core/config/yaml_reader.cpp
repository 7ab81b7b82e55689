#include "config/yaml_reader.hpp"

#include "base/encoding.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>
#include <iterator>
#include <optional>
#include <streambuf>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

namespace ferry::config {
namespace {

constexpr std::size_t kMaxBytes = 1 << 20;
constexpr std::size_t kMaxDepth = 32;

// Thrown through yaml-cpp when going on would be pointless; the reason is already reported.
struct Stop {};

class Builder final : public YAML::EventHandler {
 public:
  Builder(Tree& tree, const std::string& file) : tree_(tree), file_(file) {}

  void OnDocumentStart(const YAML::Mark& at) override {
    if (++documents_ > 1) {
      report(mark(at), "only one document is allowed in a file");
      throw Stop();
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    Node node = make(Node::Kind::null, at);
    check_anchor(node, anchor);
    put(std::move(node));
  }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t) override {
    Node node = make(Node::Kind::null, at);
    refuse(node, "aliases (*name) are not supported: write the value out");
    put(std::move(node));
  }
  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    Node node = make(Node::Kind::scalar, at);
    node.text = text;
    node.quoted = tag == "!";
    check_anchor(node, anchor);
    check_tag(node, tag);
    put(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, at, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, at, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  // A collection that is not closed yet, and the key that waits for its value.
  struct Open {
    Node node;
    std::optional<Entry> pending;
    bool drop = false;  // the pending key is no good
  };

  Mark mark(const YAML::Mark& at) const {
    return at.is_null() ? Mark{file_, 0, 0} : Mark{file_, at.line + 1, at.column + 1};
  }
  Node make(Node::Kind kind, const YAML::Mark& at) const {
    Node node;
    node.kind = kind;
    node.where = mark(at);
    return node;
  }
  void report(const Mark& where, std::string text) {
    tree_.problems.emplace_back(where, "", std::move(text));
  }
  void refuse(Node& node, std::string text) {
    node.broken = true;
    report(node.where, std::move(text));
  }
  void check_anchor(Node& node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      refuse(node, "anchors (&name) are not supported");
    }
  }
  void check_tag(Node& node, const std::string& tag) {
    if (!tag.empty() && tag != "!" && tag != "?") {
      refuse(node, "tags (" + tag + ") are not supported");
    }
  }

  void open(Node::Kind kind, const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor) {
    Node node = make(kind, at);
    check_anchor(node, anchor);
    check_tag(node, tag);
    if (open_.size() >= kMaxDepth) {
      report(node.where, "nested more than " + std::to_string(kMaxDepth) + " levels deep");
      throw Stop();
    }
    open_.push_back({std::move(node), std::nullopt, false});
  }
  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    put(std::move(node));
  }

  void put(Node node) {
    if (open_.empty()) {
      tree_.root = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::list) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.pending) {
      put_key(parent, node);
    } else {
      put_value(parent, std::move(node));
    }
  }
  void put_key(Open& parent, const Node& node) {
    parent.drop = true;
    if (node.kind != Node::Kind::scalar) {
      report(node.where, "a key must be plain text");
    } else if (node.text == "<<" && !node.quoted) {
      report(node.where, "merge keys (<<) are not supported: write the values out");
    } else if (const Entry* first = parent.node.find(node.text); first != nullptr) {
      report(node.where, "duplicate key '" + node.text + "' (first at line " +
                             std::to_string(first->where.line) + ")");
    } else {
      parent.drop = node.broken;
    }
    parent.pending = Entry{node.text, node.where, Node()};
  }
  void put_value(Open& parent, Node node) {
    Entry entry = std::move(*parent.pending);
    parent.pending.reset();
    if (parent.drop) {
      // A dropped key must not make the section look incomplete as well.
      parent.node.broken = parent.node.broken || parent.node.find(entry.key) == nullptr;
      return;
    }
    if (node.kind == Node::Kind::null) {
      node.where = entry.where;  // yaml-cpp gives the place of the next token
    }
    entry.value = std::move(node);
    parent.node.entries.push_back(std::move(entry));
  }

  Tree& tree_;
  const std::string& file_;
  std::vector<Open> open_;
  int documents_ = 0;
};

// Reads from memory without a copy.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* const begin = const_cast<char*>(text.data());  // streambuf only reads through it
    setg(begin, begin, begin + text.size());
  }
};

// Offset of the first byte that YAML does not allow in a stream.
std::optional<std::size_t> find_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      return i;
    }
  }
  return std::nullopt;
}

Mark mark_of(std::string_view text, std::size_t offset, const std::string& file) {
  Mark where{file, 1, 1};
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++where.line;
      where.column = 1;
    } else {
      ++where.column;
    }
  }
  return where;
}

Tree failed(const std::string& file, std::string text) {
  Tree tree;
  tree.root.broken = true;
  tree.problems.emplace_back(Mark{file, 0, 0}, "", std::move(text));
  return tree;
}

}  // namespace

Tree read_yaml(std::string_view text, const std::string& file) {
  if (text.size() > kMaxBytes) {
    return failed(file, "larger than 1 MiB");
  }
  if (!is_utf8(text)) {
    return failed(file, "not UTF-8 text");
  }
  Tree tree;
  tree.root.where = Mark{file, 1, 1};
  if (const auto at = find_control(text)) {
    tree.root.broken = true;
    tree.problems.emplace_back(mark_of(text, *at, file), "", "a control character is not allowed");
    return tree;
  }
  Builder builder(tree, file);
  try {
    ViewBuffer buffer(text);
    std::istream in(&buffer);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    tree.root.broken = true;
  } catch (const YAML::Exception& e) {
    tree.root.broken = true;
    Mark where{file, 0, 0};
    if (!e.mark.is_null()) {
      where.line = e.mark.line + 1;
      where.column = e.mark.column + 1;
    }
    tree.problems.emplace_back(std::move(where), "", "not valid YAML: " + e.msg);
  }
  return tree;
}

Tree read_yaml_file(const std::filesystem::path& path) {
  const std::string name = path.string();
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return failed(name, "is a folder; a file is needed");
  }
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    return failed(name, std::string("cannot be opened: ") + std::strerror(errno));
  }
  std::string text(kMaxBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) {
    return failed(name, std::string("cannot be read: ") + std::strerror(errno));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  return read_yaml(text, name);
}

}  // namespace ferry::config
