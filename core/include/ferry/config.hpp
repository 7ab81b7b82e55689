#pragma once
#include <ferry/abi.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ferry::config {

/// A place in a configuration file; line and column count from 1, 0 = unknown.
struct Mark {
  std::string file;
  int line = 0;
  int column = 0;
};

/// One finding. All findings of a file are collected and printed together; none is thrown.
struct Problem {
  Problem() = default;
  Problem(Mark w, std::string p, std::string t)
      : where(std::move(w)), path(std::move(p)), text(std::move(t)) {}
  Mark where;
  std::string path;  ///< "storage.options.path"
  std::string text;  ///< a sentence for the operator
};

/// How a scalar is read. Nothing is coerced: "010" is no integer, quoted text is always text.
enum class Type : std::uint8_t {
  boolean,   ///< true | false
  integer,   ///< [+-]?(0|[1-9][0-9]*)
  number,    ///< decimal
  string,    ///< any scalar but null
  duration,  ///< 250ms, 30s, 10m, 12h, 7d
  size,      ///< bytes: 512, 64KiB, 10MiB, 2GB
  secret,    ///< a string that is never printed or logged
  path,      ///< a string naming a file or folder
  list,      ///< sequence; `children` describes the element when it is a mapping, else `element`
  object,    ///< mapping described by `children`
};

struct Field;

/// The options of one section, as plain data: the host validates, prints and documents it without
/// running plugin code.
struct Schema {
  Schema() = default;
  std::string summary;
  std::vector<Field> fields;
};

struct FERRY_API Field {
  Field() = default;
  Field(std::string n, Type t, std::string d) : name(std::move(n)), type(t), doc(std::move(d)) {}

  // Chained setters, so that a schema reads as a table.
  Field&& required_() && {
    required = true;
    return std::move(*this);
  }
  Field&& default_(std::string text) && {
    default_text = std::move(text);
    return std::move(*this);
  }
  Field&& range_(double lo, double hi) && {
    min = lo;
    max = hi;
    return std::move(*this);
  }
  Field&& one_of_(std::vector<std::string> v) && {
    one_of = std::move(v);
    return std::move(*this);
  }
  Field&& example_(std::string text) && {
    example = std::move(text);
    return std::move(*this);
  }
  Field&& element_(Type t) && {
    element = t;
    return std::move(*this);
  }
  Field&& reloadable_() && {
    reloadable = true;
    return std::move(*this);
  }
  Field&& children_(Schema s) && {
    children = std::make_shared<Schema>(std::move(s));
    return std::move(*this);
  }

  std::string name;
  Type type = Type::string;
  std::string doc;                          ///< one sentence with a full stop
  std::optional<std::string> default_text;  ///< as written in YAML
  bool required = false;
  bool reloadable = false;    ///< takes effect on SIGHUP
  std::optional<double> min;  ///< integer, number; milliseconds of a duration; bytes of a size
  std::optional<double> max;
  std::vector<std::string> one_of;
  std::string example;
  Type element = Type::string;       ///< of a list of scalars
  std::shared_ptr<Schema> children;  ///< of an object, or of a list of mappings
};

/// A section that passed its Schema: accessors of declared fields cannot fail, and return the
/// default when the key is absent (a field without default that is absent reads as zero/empty;
/// ask has()). Asking for an undeclared field is a bug and throws std::logic_error.
class FERRY_API View {
 public:
  virtual ~View();
  virtual bool has(std::string_view name) const = 0;  ///< written in the file
  virtual bool boolean(std::string_view name) const = 0;
  virtual std::int64_t integer(std::string_view name) const = 0;
  virtual double number(std::string_view name) const = 0;
  virtual std::string string(std::string_view name) const = 0;  ///< string, secret, path
  virtual std::chrono::milliseconds duration(std::string_view name) const = 0;
  virtual std::uint64_t size(std::string_view name) const = 0;                ///< bytes
  virtual std::vector<std::string> strings(std::string_view name) const = 0;  ///< list of scalars
  virtual const View& object(std::string_view name) const = 0;
  virtual std::vector<const View*> objects(std::string_view name) const = 0;  ///< list of mappings
  virtual Mark mark(std::string_view name) const = 0;  ///< of the value, else of the section
};

}  // namespace ferry::config
