#include "config/check.hpp"

#include "base/nearest.hpp"
#include "base/units.hpp"
#include "config/scalar.hpp"
#include "config/yaml_reader.hpp"

#include <algorithm>
#include <tuple>

namespace ferry::config {
namespace {

constexpr std::size_t kLongestQuote = 60;

std::string join(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

std::string listing(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += (out.empty() ? "" : ", ") + name;
  }
  return out;
}

std::string suggestion(std::string_view written, const std::vector<std::string>& known) {
  const std::string near = nearest(written, known);
  return near.empty() ? "" : "; did you mean '" + near + "'?";
}

// For messages, cut where a character ends.
std::string quote(std::string_view text) {
  std::size_t length = std::min(text.size(), kLongestQuote);
  while (length < text.size() && length > 0 &&
         (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) {
    --length;
  }
  return "\"" + std::string(text.substr(0, length)) + (length < text.size() ? "…" : "") + "\"";
}

std::string found(const Node& node, bool secret) {
  switch (node.kind) {
    case Node::Kind::null: return "nothing: write a value or remove the key";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a mapping of keys";
    case Node::Kind::scalar: break;
  }
  if (secret || node.hidden) {
    return "something else (not shown)";
  }
  if (!node.quoted && parse_number(node.text)) {
    return "the number " + node.text;
  }
  if (!node.quoted && parse_boolean(node.text)) {
    return node.text;
  }
  return "the text " + quote(node.text);
}

class Checker {
 public:
  explicit Checker(std::vector<Problem>& problems) : problems_(problems) {}

  std::unique_ptr<Section> section(const Node& node, const Schema& schema,
                                   const std::string& path) {
    auto out = std::make_unique<Section>(node.where);
    const bool usable = node.kind == Node::Kind::map || node.unset;
    if (!usable && !node.broken) {
      report(node.where, path, "expected a mapping of keys, found " + found(node, false));
    }
    // What cannot be read is not also reported as lacking its keys.
    const bool complete = usable && !node.broken;
    for (const Field& field : schema.fields) {
      out->set(field.name, slot(node, field, path, complete));
    }
    if (usable) {
      report_unknown(node, schema, path);
    }
    return out;
  }

 private:
  void report(const Mark& where, const std::string& path, std::string text) {
    problems_.emplace_back(where, path, std::move(text));
  }

  void report_unknown(const Node& node, const Schema& schema, const std::string& path) {
    std::vector<std::string> known;
    for (const Field& field : schema.fields) {
      known.push_back(field.name);
    }
    for (const Entry& entry : node.entries) {
      if (std::find(known.begin(), known.end(), entry.key) != known.end()) {
        continue;
      }
      std::string text = "unknown key" + suggestion(entry.key, known);
      text += known.empty() ? "; no keys are known here" : " (known: " + listing(known) + ")";
      report(entry.where, join(path, entry.key), std::move(text));
    }
  }

  Section::Slot slot(const Node& parent, const Field& field, const std::string& path,
                     bool complete) {
    Section::Slot out;
    out.type = field.type;
    out.where = parent.where;
    const std::string full = join(path, field.name);
    const Entry* const entry = parent.find(field.name);
    if (entry != nullptr && !entry->value.unset) {
      out.written = true;
      out.where = entry->value.where;
      if (!entry->value.broken || entry->value.kind == Node::Kind::map ||
          entry->value.kind == Node::Kind::list) {
        out.value = value(entry->value, field, full);
        return out;
      }
    } else if (field.required && complete) {
      const Mark& where = entry != nullptr ? entry->value.where : parent.where;
      report(where, full,
             std::string(entry != nullptr ? "required, but the expression gives nothing"
                                          : "required, but missing") +
                 (field.doc.empty() ? "" : ": " + field.doc));
    }
    out.value = absent(parent, field, full);
    return out;
  }

  // What a field reads as when it is not written.
  Section::Slot::Value absent(const Node& parent, const Field& field, const std::string& path) {
    if (field.default_text) {
      std::vector<Problem> findings;
      Section::Slot::Value out = default_value(field, path, findings);
      if (!findings.empty()) {
        report(parent.where, path,
               "the declared default " + quote(*field.default_text) +
                   " is not valid (a bug of the program): " + findings.front().text);
      }
      return out;
    }
    if (field.type != Type::object) {
      return {};
    }
    Node empty;
    empty.kind = Node::Kind::map;
    empty.where = parent.where;
    if (!field.children) {
      return empty;
    }
    // Keys that the section would require do not matter while it is not written.
    std::vector<Problem> ignored;
    empty.broken = true;
    return Checker(ignored).section(empty, *field.children, path);
  }

  static Section::Slot::Value default_value(const Field& field, const std::string& path,
                                            std::vector<Problem>& findings) {
    Node node;
    if (field.type == Type::list || field.type == Type::object) {
      Tree tree = read_yaml(*field.default_text, "");
      findings = std::move(tree.problems);
      node = std::move(tree.root);
    } else {
      node.kind = Node::Kind::scalar;
      node.text = *field.default_text;
      if (node.text.size() >= 2 && (node.text.front() == '"' || node.text.front() == '\'')) {
        Tree tree = read_yaml(node.text, "");
        findings = std::move(tree.problems);
        node = std::move(tree.root);
      }
    }
    return Checker(findings).value(node, field, path);
  }

  Section::Slot::Value value(const Node& node, const Field& field, const std::string& path) {
    if (field.type == Type::object) {
      return object(node, field, path);
    }
    if (field.type == Type::list) {
      return list(node, field, path);
    }
    return scalar(node, field, field.type, path);
  }

  Section::Slot::Value object(const Node& node, const Field& field, const std::string& path) {
    if (field.children) {
      return section(node, *field.children, path);
    }
    if (node.kind != Node::Kind::map && !node.broken) {
      report(node.where, path, "expected a mapping of keys, found " + found(node, false));
      Node empty;
      empty.kind = Node::Kind::map;
      empty.where = node.where;
      empty.broken = true;
      return empty;
    }
    return node;
  }

  Section::Slot::Value list(const Node& node, const Field& field, const std::string& path) {
    if (node.kind != Node::Kind::list) {
      if (!node.broken) {
        report(node.where, path, "expected a list, found " + found(node, false));
      }
      return {};
    }
    std::vector<std::string> texts;
    std::vector<std::unique_ptr<Section>> sections;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Node& item = node.items[i];
      const std::string item_path = path + "[" + std::to_string(i) + "]";
      if (field.children) {
        sections.push_back(section(item, *field.children, item_path));
      } else if (!item.broken && !item.unset) {
        scalar(item, field, field.element, item_path);
        texts.push_back(item.text);
      }
    }
    if (field.children) {
      return sections;
    }
    return texts;
  }

  Section::Slot::Value scalar(const Node& node, const Field& field, Type type,
                              const std::string& path) {
    if (node.broken) {
      return {};
    }
    Section::Slot::Value out = read(node, type);
    if (std::holds_alternative<std::monostate>(out)) {
      const bool secret = field.type == Type::secret || type == Type::secret;
      std::string text =
          "expected " + std::string(describe(type)) + ", found " + found(node, secret);
      if (node.kind == Node::Kind::scalar && node.quoted) {
        Node bare = node;
        bare.quoted = false;
        if (!std::holds_alternative<std::monostate>(read(bare, type))) {
          text += "; remove the quotes";
        }
      }
      report(node.where, path, std::move(text));
      return {};
    }
    check_choice(node, field, type, path);
    check_range(node, field, type, out, path);
    return out;
  }

  // monostate: not of this type.
  static Section::Slot::Value read(const Node& node, Type type) {
    const auto wrap = [](auto parsed) -> Section::Slot::Value {
      if (parsed) {
        return *parsed;
      }
      return {};
    };
    if (node.kind != Node::Kind::scalar) {
      return {};
    }
    switch (type) {
      case Type::string:
      case Type::secret:
      case Type::path: return node.text;
      // Durations and sizes are notations of text, so quotes do not matter.
      case Type::duration: return wrap(parse_duration(node.text));
      case Type::size: return wrap(parse_size(node.text));
      case Type::boolean:
        return node.quoted ? Section::Slot::Value() : wrap(parse_boolean(node.text));
      case Type::integer:
        return node.quoted ? Section::Slot::Value() : wrap(parse_integer(node.text));
      case Type::number:
        return node.quoted ? Section::Slot::Value() : wrap(parse_number(node.text));
      case Type::list:
      case Type::object: break;
    }
    return {};
  }

  void check_choice(const Node& node, const Field& field, Type type, const std::string& path) {
    if (field.one_of.empty() ||
        std::find(field.one_of.begin(), field.one_of.end(), node.text) != field.one_of.end()) {
      return;
    }
    std::string text =
        "expected one of " + listing(field.one_of) + ", found " + found(node, type == Type::secret);
    if (!node.hidden && type != Type::secret) {
      text += suggestion(node.text, field.one_of);
    }
    report(node.where, path, std::move(text));
  }

  void check_range(const Node& node, const Field& field, Type type,
                   const Section::Slot::Value& parsed, const std::string& path) {
    double amount = 0;
    if (const auto* integer = std::get_if<std::int64_t>(&parsed)) {
      amount = static_cast<double>(*integer);
    } else if (const auto* number = std::get_if<double>(&parsed)) {
      amount = *number;
    } else if (const auto* duration = std::get_if<std::chrono::milliseconds>(&parsed)) {
      amount = static_cast<double>(duration->count());
    } else if (const auto* size = std::get_if<std::uint64_t>(&parsed)) {
      amount = static_cast<double>(*size);
    } else {
      return;
    }
    if ((!field.min || amount >= *field.min) && (!field.max || amount <= *field.max)) {
      return;
    }
    std::string allowed;
    if (field.min && field.max) {
      allowed =
          "between " + format_bound(type, *field.min) + " and " + format_bound(type, *field.max);
    } else if (field.min) {
      allowed = "at least " + format_bound(type, *field.min);
    } else {
      allowed = "at most " + format_bound(type, *field.max);
    }
    report(node.where, path,
           (node.hidden ? "the value" : node.text) + " is out of range: it must be " + allowed);
  }

  std::vector<Problem>& problems_;
};

}  // namespace

std::unique_ptr<Section> check(const Node& node, const Schema& schema, const std::string& path,
                               std::vector<Problem>& problems) {
  return Checker(problems).section(node, schema, path);
}

void sort(std::vector<Problem>& problems) {
  std::sort(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.where.file, a.where.line, a.where.column, a.path, a.text) <
           std::tie(b.where.file, b.where.line, b.where.column, b.path, b.text);
  });
}

std::string to_string(const Problem& problem) {
  std::string out = problem.where.file;
  if (problem.where.line > 0) {
    out += (out.empty() ? "" : ":") + std::to_string(problem.where.line);
    out += ":" + std::to_string(problem.where.column);
  }
  if (!out.empty()) {
    out += ": ";
  }
  if (!problem.path.empty()) {
    out += problem.path + ": ";
  }
  return out + problem.text;
}

}  // namespace ferry::config
