#pragma once
#include "config/node.hpp"

#include <map>
#include <memory>
#include <variant>

namespace ferry::config {

/// The values of one checked section. Owns them; refers neither to the tree nor to the schema.
class Section final : public View {
 public:
  /// One declared field.
  struct Slot {
    using Value =
        std::variant<std::monostate, bool, std::int64_t, double, std::string,
                     std::chrono::milliseconds, std::uint64_t, std::vector<std::string>,
                     std::unique_ptr<Section>, std::vector<std::unique_ptr<Section>>, Node>;
    Type type = Type::string;
    bool written = false;
    Mark where;
    Value value;
  };

  explicit Section(Mark where) : where_(std::move(where)) {}

  void set(std::string name, Slot slot) {
    slots_.insert_or_assign(std::move(name), std::move(slot));
  }

  bool has(std::string_view name) const override;
  bool boolean(std::string_view name) const override;
  std::int64_t integer(std::string_view name) const override;
  double number(std::string_view name) const override;
  std::string string(std::string_view name) const override;
  std::chrono::milliseconds duration(std::string_view name) const override;
  std::uint64_t size(std::string_view name) const override;
  std::vector<std::string> strings(std::string_view name) const override;
  const View& object(std::string_view name) const override;
  std::vector<const View*> objects(std::string_view name) const override;
  Mark mark(std::string_view name) const override;

  /// An object declared without children: as written, an empty mapping when absent.
  const Node& raw(std::string_view name) const;
  const Section& section(std::string_view name) const;  ///< object(), as what it is
  std::vector<const Section*> sections(std::string_view name) const;
  const Mark& where() const noexcept { return where_; }

 private:
  const Slot& slot(std::string_view name) const;
  template <class T>
  const T& get(std::string_view name, std::initializer_list<Type> types) const;

  Mark where_;
  std::map<std::string, Slot, std::less<>> slots_;
};

}  // namespace ferry::config
