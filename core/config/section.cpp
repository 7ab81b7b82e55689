#include "config/section.hpp"

#include <algorithm>
#include <stdexcept>

namespace ferry::config {

const Section::Slot& Section::slot(std::string_view name) const {
  const auto found = slots_.find(name);
  if (found == slots_.end()) {
    throw std::logic_error("option '" + std::string(name) + "' is not declared in the schema");
  }
  return found->second;
}

template <class T>
const T& Section::get(std::string_view name, std::initializer_list<Type> types) const {
  const Slot& s = slot(name);
  if (std::find(types.begin(), types.end(), s.type) == types.end()) {
    throw std::logic_error("option '" + std::string(name) + "' is declared with another type");
  }
  if (const T* const value = std::get_if<T>(&s.value)) {
    return *value;
  }
  static const T absent{};
  return absent;
}

bool Section::has(std::string_view name) const {
  return slot(name).written;
}

bool Section::boolean(std::string_view name) const {
  return get<bool>(name, {Type::boolean});
}

std::int64_t Section::integer(std::string_view name) const {
  return get<std::int64_t>(name, {Type::integer});
}

double Section::number(std::string_view name) const {
  return get<double>(name, {Type::number});
}

std::string Section::string(std::string_view name) const {
  return get<std::string>(name, {Type::string, Type::secret, Type::path});
}

std::chrono::milliseconds Section::duration(std::string_view name) const {
  return get<std::chrono::milliseconds>(name, {Type::duration});
}

std::uint64_t Section::size(std::string_view name) const {
  return get<std::uint64_t>(name, {Type::size});
}

std::vector<std::string> Section::strings(std::string_view name) const {
  return get<std::vector<std::string>>(name, {Type::list});
}

const View& Section::object(std::string_view name) const {
  return section(name);
}

std::vector<const View*> Section::objects(std::string_view name) const {
  const std::vector<const Section*> all = sections(name);
  return {all.begin(), all.end()};
}

Mark Section::mark(std::string_view name) const {
  return slot(name).where;
}

const Node& Section::raw(std::string_view name) const {
  return get<Node>(name, {Type::object});
}

const Section& Section::section(std::string_view name) const {
  const auto& owned = get<std::unique_ptr<Section>>(name, {Type::object});
  if (!owned) {
    throw std::logic_error("option '" + std::string(name) + "' is declared without children");
  }
  return *owned;
}

std::vector<const Section*> Section::sections(std::string_view name) const {
  std::vector<const Section*> out;
  for (const auto& owned : get<std::vector<std::unique_ptr<Section>>>(name, {Type::list})) {
    out.push_back(owned.get());
  }
  return out;
}

}  // namespace ferry::config
