#include "config/reference.hpp"

#include "config/scalar.hpp"

#include <sstream>

namespace ferry::config {
namespace {

constexpr std::size_t kWidth = 100;

std::string alternatives(const Field& field) {
  std::string out;
  for (const std::string& one : field.one_of) {
    out += (out.empty() ? "" : " | ") + one;
  }
  return out;
}

std::string type_text(const Field& field) {
  const Type scalar = field.type == Type::list ? field.element : field.type;
  std::string out = field.one_of.empty() ? std::string(name_of(scalar)) : alternatives(field);
  if (field.type == Type::list) {
    out = field.children ? "list of mappings" : "list of " + out;
  }
  if (field.min && field.max) {
    out += ", " + format_bound(scalar, *field.min) + " to " + format_bound(scalar, *field.max);
  } else if (field.min) {
    out += ", at least " + format_bound(scalar, *field.min);
  } else if (field.max) {
    out += ", at most " + format_bound(scalar, *field.max);
  }
  return out;
}

class YamlWriter {
 public:
  void section(const Schema& schema, int level, bool commented) {
    bool first = true;
    for (const Field& field : schema.fields) {
      if (!first && level == 0) {
        out_ << "\n";
      }
      first = false;
      describe(field, level);
      write(field, level, commented);
    }
  }
  std::string text() const { return out_.str(); }

 private:
  static std::string margin(int level) {
    return std::string(static_cast<std::size_t>(level) * 2, ' ');
  }

  void comment(const std::string& text, int level) {
    std::istringstream words(text);
    std::string line;
    for (std::string word; words >> word;) {
      if (!line.empty() && margin(level).size() + 3 + line.size() + word.size() > kWidth) {
        out_ << margin(level) << "# " << line << "\n";
        line.clear();
      }
      line += (line.empty() ? "" : " ") + word;
    }
    if (!line.empty()) {
      out_ << margin(level) << "# " << line << "\n";
    }
  }

  void describe(const Field& field, int level) {
    comment(field.doc, level);
    std::string facts = "(" + type_text(field);
    facts += field.required ? "; required" : "";
    facts += field.reloadable ? "; reloaded on SIGHUP" : "";
    comment(facts + ")", level);
  }

  void line(const std::string& text, int level, bool commented) {
    out_ << margin(level) << (commented ? "#" : "") << text << "\n";
  }

  void write(const Field& field, int level, bool commented) {
    if (field.type == Type::object) {
      write_object(field, level, commented);
    } else if (field.default_text) {
      line(field.name + ": " + (field.default_text->empty() ? "\"\"" : *field.default_text), level,
           commented);
    } else if (field.children) {
      line(field.name + ":", level, true);
      write_item(*field.children, level + 1);
    } else {
      // Without a default only a required example is something to start from.
      const bool inactive = commented || !field.required || field.example.empty();
      line(field.name + ":" + (field.example.empty() ? "" : " " + field.example), level, inactive);
    }
  }

  void write_object(const Field& field, int level, bool commented) {
    if (!field.children || field.children->fields.empty()) {
      line(field.name + ": {}", level, commented);
      return;
    }
    bool active = false;
    for (const Field& child : field.children->fields) {
      active = active || is_active(child);
    }
    line(field.name + (active ? ":" : ": {}"), level, commented);
    section(*field.children, level + 1, commented || !active);
  }

  static bool is_active(const Field& field) {
    return field.type == Type::object || field.default_text ||
           (field.required && !field.example.empty() && !field.children);
  }

  void write_item(const Schema& schema, int level) {
    bool first = true;
    for (const Field& field : schema.fields) {
      comment(field.doc, level + 1);
      const std::string value =
          field.example.empty() ? field.default_text.value_or("") : field.example;
      line((first ? "- " : "  ") + field.name + ":" + (value.empty() ? "" : " " + value), level,
           true);
      first = false;
    }
  }

  std::ostringstream out_;
};

std::string cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') {
      out += "\\|";
    } else {
      out += c == '\n' ? ' ' : c;
    }
  }
  return out;
}

void rows(const Schema& schema, const std::string& prefix, std::ostringstream& out) {
  for (const Field& field : schema.fields) {
    const std::string name =
        prefix + field.name + (field.type == Type::list && field.children ? "[]" : "");
    std::string fallback = field.required ? "required" : "–";
    if (field.default_text) {
      fallback = field.default_text->empty() ? "empty" : "`" + cell(*field.default_text) + "`";
    }
    std::string doc = field.doc;
    if (!field.example.empty()) {
      doc += " Example: `" + field.example + "`.";
    }
    if (field.reloadable) {
      doc += " Reloaded on SIGHUP.";
    }
    out << "| `" << name << "` | " << cell(type_text(field)) << " | " << fallback << " | "
        << cell(doc) << " |\n";
    if (field.children) {
      rows(*field.children, name + ".", out);
    }
  }
}

}  // namespace

std::string reference_yaml(const Schema& schema, int indent) {
  YamlWriter writer;
  writer.section(schema, indent, false);
  return writer.text();
}

std::string reference_markdown(const Schema& schema, const std::string& prefix) {
  std::ostringstream out;
  if (!schema.summary.empty()) {
    out << schema.summary << "\n\n";
  }
  out << "| Option | Type | Default | Meaning |\n|---|---|---|---|\n";
  rows(schema, prefix, out);
  return out.str();
}

}  // namespace ferry::config
